"""``oddgate watch`` as a process: told to stop, it has kept everything."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gateway.cli.main import main
from gateway.storage.sqlite import open_sqlite
from gateway.watch.store import Query
from tests.gateway.watch.records import line


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "var" / "journal").mkdir(parents=True)
    (tmp_path / "var" / "journal" / "1.jsonl").write_bytes(line(1) + line(2))
    return tmp_path


def start(folder: Path, *options: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd()), "ODDGATE_STORE__RETAIN_DAYS": "3660"}
    command = [sys.executable, "-m", "gateway.cli.main", "watch", *options]
    return subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)


def kept(folder: Path) -> int:
    store = open_sqlite(folder / "var" / "oddgate.db", 1, read_only=True)
    try:
        return len(store.page(Query(), None, 10))
    finally:
        store.close()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop(folder: Path, how: signal.Signals):
    """What is in the journal is kept, and it ends well."""
    with start(folder) as watch:
        while not (folder / "var" / "watch.json").exists() and watch.poll() is None:
            time.sleep(0.05)
        watch.send_signal(how)
        _, said = watch.communicate(timeout=60)
    assert (watch.returncode, kept(folder), said) == (0, 2, b"")


def test_attached(folder: Path):
    """It ends with its input, even if that ended before it began, and not by an interrupt that is meant for the gateway."""
    with start(folder, "--attached") as watch:
        watch.stdin.close()
        assert watch.wait(60) == 0
    assert kept(folder) == 2


def test_settings_that_are_wrong(tmp_path: Path, capsys: pytest.CaptureFixture):
    """The place is named, and nothing is read."""
    (tmp_path / "oddgate.yaml").write_text("store: {url: 'mysql://host'}\n")
    assert main(["watch", "--config", str(tmp_path / "oddgate.yaml")]) == 2
    assert "oddgate.yaml:1: store.url: this is not the URL of a store of exchanges; allowed: sqlite:///PATH" in capsys.readouterr().err
