"""Starts the servers under test, each on its core, and reads what their process trees use."""

import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import psutil

SERVER_CORE = 0
LOAD_CORE = 1
_LEAST_PORT, _PORTS = 10_000, 20_000
_steps = count(secrets.randbelow(_PORTS))
_PROJECT = Path(__file__).parent.parent
_START_S = 60
_STOP_S = 15


def pin(core: int) -> None:
    """Keeps this process and its children to come on one core, where the system has that many and allows it."""
    if hasattr(os, "sched_setaffinity") and core in os.sched_getaffinity(0):
        os.sched_setaffinity(0, {core})


def is_pinnable() -> bool:
    return hasattr(os, "sched_getaffinity") and {SERVER_CORE, LOAD_CORE} <= os.sched_getaffinity(0)


def free_port() -> int:
    """Nobody listens on it, and no client gets it before it is taken, as systems give those from 32,768 on to clients. None is given twice
    in a row: each process begins somewhere, and goes on from there.
    """
    while True:
        port = _LEAST_PORT + next(_steps) % _PORTS
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port


@dataclass(frozen=True, slots=True)
class Server:
    name: str
    port: int
    process: psutil.Process

    def cpu_s(self) -> float:
        """CPU seconds of the whole tree so far."""
        return sum(_cpu_s(process) for process in self._tree())

    def own_cpu_s(self) -> float:
        """Of the first process alone."""
        return _cpu_s(self.process)

    def rss_mb(self) -> float:
        return sum(_rss_mb(process) for process in self._tree())

    def rss_mb_of(self, command: str) -> float:
        """Of those that were started with this word among their arguments."""
        return sum(_rss_mb(process) for process in self._tree()[1:] if command in _arguments(process))

    def own_rss_mb(self) -> float:
        """Of the first process alone: pages that workers share with it are not counted twice."""
        return _rss_mb(self.process)

    def _tree(self) -> list[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)]


def _cpu_s(process: psutil.Process) -> float:
    with suppress(OSError, AttributeError):
        return time.clock_gettime(~process.pid << 3 | 2)  # Linux: a process's CPU clock, in nanoseconds
    with suppress(psutil.NoSuchProcess):
        times = process.cpu_times()  # in hundredths of a second
        return times.user + times.system
    return 0.0


def _arguments(process: psutil.Process) -> list[str]:
    with suppress(psutil.NoSuchProcess):
        return process.cmdline()
    return []


def _rss_mb(process: psutil.Process) -> float:
    with suppress(psutil.NoSuchProcess):
        return process.memory_info().rss / 2**20
    return 0.0


@contextmanager
def running(name: str, command: Sequence[str], port: int, *, core: int, log: Path) -> Iterator[Server]:
    """The server while the block runs. It is stopped by its own process ids, with all that it started."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, preexec_fn=lambda: pin(core), cwd=Path(__file__).parent.parent
        )
        server = Server(name, port, psutil.Process(process.pid))
        try:
            _wait_until_open(server, process, log)
            yield server
        finally:
            _stop(server, process)


def _wait_until_open(server: Server, process: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        with suppress(OSError), socket.create_connection(("127.0.0.1", server.port), timeout=1):
            return
        time.sleep(0.05)
    sys.exit(f"{server.name} did not start; the end of its output:\n{log.read_text(errors='replace')[-2000:]}")


def _stop(server: Server, process: subprocess.Popen) -> None:
    tree = server.process.children(recursive=True) if process.poll() is None else []
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(_STOP_S)
    for left in [server.process, *tree]:
        with suppress(psutil.NoSuchProcess):
            left.kill()
    process.wait(_STOP_S)
