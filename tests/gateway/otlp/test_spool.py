"""What is put by for the watch: in files of a bounded size, by a thread that nobody waits for."""

import os
import threading
from pathlib import Path

import pytest

from gateway.otlp import spool as module
from gateway.otlp.observing import Observing
from gateway.otlp.spool import Spool
from gateway.telemetry.observed import LogSeen, from_line
from gateway.wire.otlp.exports import SIGNALS
from tests.support.waiting import eventually

NOW = 1_795_000_000.0
OBSERVING = Observing(b"k" * 32, "", NOW, keeps_text=True)


def logs(*bodies: str) -> object:
    records = [{"body": {"string_value": body}, "time_unix_nano": int(NOW) * 10**9} for body in bodies]
    return SIGNALS["/v1/logs"].request(resource_logs=[{"scope_logs": [{"log_records": records}]}])


def put_by(folder: Path) -> list[str]:
    return [from_line(line).body for path in sorted(folder.glob("*.jsonl")) for line in path.read_bytes().splitlines()]


def whole_lines(folder: Path) -> list[bytes]:
    lines = [line for path in sorted(folder.glob("*.jsonl")) for line in path.read_bytes().splitlines(keepends=True)]
    return [line for line in lines if line.endswith(b"\n")]


def opened(folder: Path, max_bytes: int = 1 << 20) -> Spool:
    spool = Spool(folder, max_bytes, lambda: NOW)
    spool.start()
    return spool


def test_it_is_put_by(tmp_path: Path):
    """Line by line, before it ends, in files and a folder for their owner alone."""
    folder = tmp_path / "received"
    spool = opened(folder)
    spool.put(OBSERVING.seen(logs("a", "b")), 10)
    spool.put(OBSERVING.seen(logs("c")), 10)
    spool.close()
    assert put_by(folder) == ["a", "b", "c"]
    assert (spool.kept, spool.dropped, spool.errors) == (3, 0, 0)
    assert [path.stat().st_mode & 0o077 for path in (folder, *folder.iterdir())] == [0, 0]


def test_the_oldest_goes(tmp_path: Path):
    """However much is received, there is no more of it than may be, and it is the newest."""
    spool = opened(tmp_path, 64 << 10)
    for number in range(200):
        spool.put(OBSERVING.seen(logs(f"{number:04d}" + "x" * 1000)), 10)
        while spool._waiting:
            pass
    spool.close()
    assert spool.kept == 200
    kept = put_by(tmp_path)
    assert kept[-1].startswith("0199")
    assert 40 < len(kept) < 64
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 64 << 10


def test_what_others_left(tmp_path: Path):
    """Files of an earlier gateway count, and go first; one that another process writes to stays."""
    for number in range(20):
        (tmp_path / f"20260101T000000-1-{number:06d}.jsonl").write_bytes(b"x" * 4000)
    with (tmp_path / "20260101T000000-1-000000.jsonl").open("ab") as held:
        module.fcntl.flock(held, module.fcntl.LOCK_EX)
        spool = opened(tmp_path, 64 << 10)
        spool.put(OBSERVING.seen(logs("a")), 1)
        spool.close()
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names[0].endswith("-000000.jsonl")
    assert names[1] == "20260101T000000-1-000006.jsonl"
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 64 << 10


def test_small_files(tmp_path: Path):
    """Of processes that come and go there are no more files than so many."""
    for number in range(module.MAX_FILES + 50):
        (tmp_path / f"20260101T000000-1-{number:06d}.jsonl").write_bytes(b"x\n")
    spool = opened(tmp_path)
    spool.put(OBSERVING.seen(logs("a")), 1)
    spool.close()
    names = sorted(path.name for path in tmp_path.iterdir())
    assert len(names) == module.MAX_FILES
    assert names[0] == "20260101T000000-1-000051.jsonl"


@pytest.mark.parametrize(("bound", "value"), [("MAX_WAITING", 2), ("MAX_WAITING_BYTES", 25)])
def test_one_that_is_slow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bound: str, value: int):
    """What does not fit meanwhile is dropped and counted, and whoever puts it never waits."""
    monkeypatch.setattr(module, bound, value)
    goes_on = threading.Event()
    real = Spool._keep

    def keep(self: Spool, seen: object) -> None:
        goes_on.wait(60)
        real(self, seen)

    monkeypatch.setattr(Spool, "_keep", keep)
    spool = opened(tmp_path)
    spool.put(OBSERVING.seen(logs("first")), 5)
    while spool._waiting:
        pass
    for number in range(5):
        spool.put(OBSERVING.seen(logs(str(number))), 10)
    goes_on.set()
    spool.close()
    assert (put_by(tmp_path), spool.dropped) == (["first", "0", "1"], 3)


async def test_a_disk_that_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture):
    """What cannot be written is dropped and said once; later ones are written again, and no line is torn but at a file's end."""
    fails, real = [True, True], os.write

    def write(file: int, content: bytes) -> int:
        if content.startswith(b'["log"') and fails:
            fails.pop()
            return real(file, content[:10])
        return real(file, content)

    monkeypatch.setattr(module.os, "write", write)
    spool = opened(tmp_path)
    for body in ("a", "b", "c"):
        spool.put(OBSERVING.seen(logs(body)), 1)
    await eventually(lambda: spool.kept)
    spool.close()
    assert (spool.kept, spool.errors) == (1, 2)
    assert [from_line(line) for line in whole_lines(tmp_path)] == [LogSeen(NOW, "otlp", 0, "c", "")]
    assert len(caplog.records) == 1


async def test_a_folder_that_goes(tmp_path: Path):
    """Nothing ends: it is counted."""
    folder = tmp_path / "gone"
    spool = opened(folder)
    folder.rmdir()
    spool.put(OBSERVING.seen(logs("a")), 1)
    await eventually(lambda: spool.errors)
    folder.mkdir()
    spool.put(OBSERVING.seen(logs("b")), 1)
    spool.close()
    assert (put_by(folder), spool.kept) == (["b"], 1)


async def test_a_fault_of_ours(tmp_path: Path):
    """It takes one export with it, and not those that follow."""
    spool = opened(tmp_path)
    spool.put(OBSERVING.seen(object()), 1)
    spool.put(OBSERVING.seen(logs("b")), 1)
    spool.close()
    assert (put_by(tmp_path), spool.errors) == (["b"], 1)


def test_an_export_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Of one export only so much is put by; that there was more is counted."""
    monkeypatch.setattr(module, "MAX_EXPORT_BYTES", 10_000)
    monkeypatch.setattr(module, "_WRITE_BYTES", 2_000)
    spool = opened(tmp_path)
    spool.put(OBSERVING.seen(logs(*["x" * 900] * 100)), 1)
    spool.close()
    assert (len(put_by(tmp_path)), spool.kept, spool.dropped) == (10, 10, 1)


def test_nothing_came(tmp_path: Path):
    """There is no file, and its end is at once."""
    spool = opened(tmp_path)
    spool.close()
    assert list(tmp_path.iterdir()) == []
