"""A real Redis (or Valkey) as a process of its own, on a free port of this machine, with nothing left behind."""

import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bench.processes import free_port

_START_S = 120
_STOP_S = 60


@dataclass(slots=True)
class RedisServer:
    """Keeps its port, and nothing else, over a restart. ``url`` needs a password where the options set one."""

    port: int
    folder: Path
    command: tuple[str, ...]
    scheme: str = "redis"
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        self.process = subprocess.Popen(self.command, cwd=self.folder, stdin=subprocess.DEVNULL)
        until = time.monotonic() + _START_S
        while not self._listens():
            assert self.process.poll() is None, (self.folder / "redis.log").read_text(errors="replace")
            assert time.monotonic() < until, "it does not listen in time"
            time.sleep(0.01)

    def kill(self) -> None:
        """At once, as a crash would; it must have been started."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait(_STOP_S)

    def pause(self) -> None:
        """It takes connections and answers nothing, until ``resume``."""
        assert self.process
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        assert self.process
        self.process.send_signal(signal.SIGCONT)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


def skip_without_redis() -> str:
    """The server that is installed; or the test is skipped."""
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if program is None:
        pytest.skip("needs redis-server or valkey-server on the PATH")
    return program


@contextmanager
def running_redis(folder: Path, *options: str, tls: bool = False) -> Iterator[RedisServer]:
    """With options as on its command line, such as ``--requirepass``, ``x``. Skips the test where no server is installed."""
    program = skip_without_redis()
    port = free_port()
    ports = ("--port", "0", "--tls-port", str(port)) if tls else ("--port", str(port))
    fixed = ("--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(folder), "--logfile", str(folder / "redis.log"))
    server = RedisServer(port, folder, (program, *ports, *fixed, *options), "rediss" if tls else "redis")
    server.start()
    try:
        yield server
    finally:
        server.kill()
