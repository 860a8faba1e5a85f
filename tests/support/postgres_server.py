"""A real PostgreSQL as a process of its own, on a free port of this machine, with nothing left behind."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from bench.processes import free_port

_START_S = 120
_STOP_S = 60


@contextmanager
def running_postgres() -> Iterator[str]:
    """The URL of an empty database, whose only user needs a password. Skips the test where no server is installed."""
    program = _program("initdb")
    if program is None:
        pytest.skip("needs PostgreSQL's server")
    owner = _owner()
    folder = Path(tempfile.mkdtemp(prefix="oddgate-postgres-"))
    try:
        (folder / "password").write_text("se cret")
        for path in (folder, folder / "password"):
            shutil.chown(path, owner, None)
        data, port = str(folder / "data"), free_port()
        _run([program, "-D", data, "-U", "odd", "-A", "scram-sha-256", "--pwfile", str(folder / "password"), "-N"], owner)
        options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories= -c fsync=off"
        server = subprocess.Popen(
            [_program("postgres"), "-D", data, *options.split()], cwd="/", user=owner, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            url = f"postgresql://odd:se%20cret@127.0.0.1:{port}/postgres"
            _wait(url, server)
            yield url
        finally:
            server.send_signal(subprocess.signal.SIGINT)
            server.wait(_STOP_S)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _program(name: str) -> str | None:
    installed = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return shutil.which(name) or (str(installed[-1]) if installed else None)


def _owner() -> str | None:
    """It refuses to run as root."""
    if os.getuid() != 0:
        return None
    with suppress(KeyError):
        return pwd.getpwnam("postgres").pw_name
    return "nobody"


def _run(command: list[str], owner: str | None) -> None:
    done = subprocess.run(command, user=owner, cwd="/", capture_output=True, text=True, timeout=_START_S)
    assert done.returncode == 0, done.stderr[-2000:]


def _wait(url: str, server: subprocess.Popen[bytes]) -> None:
    from gateway.storage.postgres import open_postgres
    from gateway.watch.store import StoreError

    until = time.monotonic() + _START_S
    while True:
        try:
            open_postgres(url, "wait", 1).close()
        except StoreError:
            assert server.poll() is None, "it ended"
            assert time.monotonic() < until, "it does not listen in time"
            time.sleep(0.05)
        else:
            return
