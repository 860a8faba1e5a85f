"""A real Prometheus as a process of its own, on a free port of this machine, and its tool for rules and settings."""

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from bench.processes import free_port

_START_S = 120
_STOP_S = 60


@dataclass(frozen=True, slots=True)
class Prometheus:
    url: str

    def ask(self, path: str, **params: str) -> dict:
        """What its API answers; what it refuses raises ``HTTPError``."""
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(params)}", timeout=10) as response:
            return json.load(response)["data"]

    def values(self, query: str) -> list[float]:
        return [float(sample["value"][1]) for sample in self.ask("query", query=query)["result"]]


@contextmanager
def running_prometheus(config: Path) -> Iterator[Prometheus]:
    """With these settings; its data is kept beside them. Skips the test where no server is installed."""
    program = _program("prometheus")
    url = f"http://127.0.0.1:{(port := free_port())}"
    options = (f"--config.file={config}", f"--storage.tsdb.path={config.parent / 'data'}", f"--web.listen-address=127.0.0.1:{port}")
    with (config.parent / "prometheus.log").open("wb") as log:
        server = subprocess.Popen([program, *options], cwd=config.parent, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        _wait(f"{url}/-/ready", server, config.parent / "prometheus.log")
        yield Prometheus(url)
    finally:
        server.terminate()
        server.wait(_STOP_S)


def _program(name: str) -> str:
    """On the PATH, or beside the Python that runs this, where `make test` puts it."""
    program = shutil.which(name, path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    if program is None:
        pytest.skip(f"needs {name}")
    return program


def _wait(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + _START_S
    while server.poll() is None and time.monotonic() < until:
        with suppress(OSError), urllib.request.urlopen(url, timeout=2):
            return
        time.sleep(0.05)
    raise AssertionError(f"it is not ready in time:\n{log.read_text(errors='replace')[-3000:]}")


def promtool(*arguments: str, cwd: Path) -> str:
    """What it says; a complaint fails the test. Skips the test where it is not installed."""
    done = subprocess.run([_program("promtool"), *arguments], cwd=cwd, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr
