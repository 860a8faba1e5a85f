"""A ClickHouse to test against: one that ``ODDGATE_CLICKHOUSE_URL`` names, or its engine (``chdb``) behind its HTTP interface."""

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bench.processes import free_port

_START_S = 120
_STOP_S = 60


@contextmanager
def running_clickhouse() -> Iterator[str]:
    """The URL of a database, whose user needs a password. Skips the test where there is no ClickHouse.

    ``ODDGATE_CHDB_PYTHON``: an interpreter that has ``chdb``, where this one has none; it is too large for everybody.
    """
    pytest.importorskip("clickhouse_connect", reason="needs oddgate[clickhouse]")
    if url := os.environ.get("ODDGATE_CLICKHOUSE_URL"):
        yield url
        return
    python = os.environ.get("ODDGATE_CHDB_PYTHON") or (sys.executable if importlib.util.find_spec("chdb") else None)
    if python is None:
        pytest.skip("needs a ClickHouse (ODDGATE_CLICKHOUSE_URL), or chdb (ODDGATE_CHDB_PYTHON)")
    folder, port = tempfile.mkdtemp(prefix="oddgate-clickhouse-"), free_port()
    command = [python, str(Path(__file__).with_name("clickhouse_http.py")), str(port), folder, "se cret"]
    server = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(port, server)
        yield f"clickhouse://odd:se%20cret@127.0.0.1:{port}/default"
    finally:
        server.terminate()
        server.wait(_STOP_S)
        shutil.rmtree(folder, ignore_errors=True)


def _wait(port: int, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _START_S
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=5).close()
        except OSError:
            assert server.poll() is None, "it ended"
            assert time.monotonic() < until, "it does not listen in time"
            time.sleep(0.05)
        else:
            return
