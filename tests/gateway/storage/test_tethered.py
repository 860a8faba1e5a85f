"""A program that ends with the process that started it."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.support.processes import is_gone
from tests.support.waiting import eventually

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")

_PARENT = """
import os, subprocess, sys
child = subprocess.Popen([sys.executable, "-m", "gateway.storage.tethered", str(os.getpid()), "sleep", "60"])
print(child.pid, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def parent():
    with subprocess.Popen([sys.executable, "-c", _PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        yield running


async def test_it_ends_with_its_parent(parent: subprocess.Popen):
    """However that ends."""
    child = psutil.Process(int(parent.stdout.readline()))
    await eventually(lambda: child.name() == "sleep")
    parent.kill()
    await eventually(lambda: is_gone(child))


def test_it_does_not_begin_without_its_parent(tmp_path: Path):
    """Where that has ended before there was anything to tether."""
    marker = tmp_path / "began"
    command = [sys.executable, "-m", "gateway.storage.tethered", str(os.getpid() + 1), "touch", str(marker)]
    assert subprocess.run(command, check=False, timeout=120).returncode == 1
    assert not marker.exists()
