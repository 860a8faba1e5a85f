"""The journal: whole lines in segments that sort by age, bounded, and none lost or mixed up when the disk fails."""

import errno
import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.telemetry import journal as module
from gateway.telemetry.journal import Journal, segment_files


class Clock:
    """Seconds since the epoch, as told."""

    def __init__(self) -> None:
        self.now = 1_795_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def new(tmp_path: Path, clock: Clock):
    made: list[Journal] = []

    def make(segment_bytes: int = 1000, keep_bytes: int = 10**6, **options: bool) -> Journal:
        made.append(Journal(tmp_path / "journal", segment_bytes, keep_bytes, clock, **options))
        return made[-1]

    yield make
    for journal in made:
        journal.close()


def records(folder: Path) -> list[object]:
    """Every whole record, oldest first, as a reader sees them."""
    found = []
    for segment in segment_files(folder / "journal"):
        for line in segment.read_bytes().splitlines(keepends=True):
            if line.endswith(b"\n"):
                found.append(json.loads(line))
    return found


def test_a_record_is_there_when_append_returns(new: Callable[..., Journal], tmp_path: Path):
    """One line of JSON for each record, in order, with nothing held in memory."""
    journal = new()
    for number in range(3):
        journal.append({"n": number, "text": "a\nb"})
        assert records(tmp_path)[-1] == {"n": number, "text": "a\nb"}
    assert [record["n"] for record in records(tmp_path)] == [0, 1, 2]


def test_only_the_owner_may_read_it(new: Callable[..., Journal], tmp_path: Path):
    """Records say who talked when."""
    new()
    assert [path.stat().st_mode & 0o777 for path in segment_files(tmp_path / "journal")] == [0o600]


def test_segments(new: Callable[..., Journal], tmp_path: Path, clock: Clock):
    """A segment ends before it would outgrow its bound; names sort by age; a record larger than the bound is alone in its segment."""
    journal = new(segment_bytes=100)
    for number in range(20):
        journal.append({"n": number, "fill": "x" * (200 if number == 7 else 10)})
        clock.now += 0.3
    segments = segment_files(tmp_path / "journal")
    assert len(segments) > 5
    assert [record["n"] for record in records(tmp_path)] == list(range(20))
    assert all(segment.stat().st_size <= 100 or segment.read_bytes().count(b"\n") == 1 for segment in segments)
    assert [segment.stat().st_mtime_ns for segment in segments] == sorted(segment.stat().st_mtime_ns for segment in segments)


def test_names_sort_by_age_over_a_restart(new: Callable[..., Journal], tmp_path: Path, clock: Clock):
    """What a later process writes comes later."""
    for number in range(3):
        new().append({"n": number})
        clock.now += 1
    assert [record["n"] for record in records(tmp_path)] == [0, 1, 2]


def test_pruning(new: Callable[..., Journal], tmp_path: Path):
    """The oldest segments go first, and what stays is within the bound, the segment being written aside."""
    journal = new(segment_bytes=100, keep_bytes=300)
    for number in range(100):
        journal.append({"n": number, "fill": "x" * 30})
    kept = [record["n"] for record in records(tmp_path)]
    assert kept == list(range(kept[0], 100))
    *closed, _ = segment_files(tmp_path / "journal")
    assert 200 <= sum(segment.stat().st_size for segment in closed) <= 300


def test_pruning_never_removes_the_segment_that_is_written(new: Callable[..., Journal], tmp_path: Path, clock: Clock):
    """Not even if the clock was set back, so that the newest segment's name is the oldest."""
    journal = new(segment_bytes=100, keep_bytes=1)
    journal.append({"fill": "x" * 90})
    clock.now -= 10_000
    journal.append({"n": "last"})
    assert records(tmp_path) == [{"n": "last"}]
    journal.append({"n": "after"})
    assert records(tmp_path)[-1] == {"n": "after"}


def test_somebody_else_cleans_up(new: Callable[..., Journal], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A segment that is gone before it is pruned is no error."""
    journal = new(segment_bytes=50, keep_bytes=1)
    ghost = tmp_path / "journal" / "19990101T000000-1-000001.jsonl"
    monkeypatch.setattr(module, "segment_files", lambda folder: [ghost, *segment_files(folder)])
    for number in range(5):
        journal.append({"n": number, "fill": "x" * 30})


@pytest.mark.parametrize("written", [0, 1, 10])
def test_a_torn_record(new: Callable[..., Journal], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: int):
    """A record of which the disk took a part is an error; it spoils no record before or after it."""
    journal = new()
    journal.append({"n": 1})
    real = os.write
    monkeypatch.setattr(module.os, "write", lambda file, data: real(file, data[:written]))
    with pytest.raises(OSError, match="part of a record"):
        journal.append({"n": 2, "fill": "x" * 30})
    monkeypatch.setattr(module.os, "write", real)
    journal.append({"n": 3})
    journal.append({"n": 4})
    assert [record["n"] for record in records(tmp_path)] == [1, 3, 4]
    assert len(segment_files(tmp_path / "journal")) == 2


def test_a_full_disk(new: Callable[..., Journal], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """While no segment can be begun, each record is an error and nothing goes to a file that is not ours; then all is well again."""
    journal = new(segment_bytes=60)
    journal.append({"n": 1, "fill": "x" * 30})
    real = os.open

    def full(*args: object, **kwargs: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module.os, "open", full)
    for _ in range(3):
        with pytest.raises(OSError, match="No space"):
            journal.append({"n": 2, "fill": "x" * 30})
        with (tmp_path / "innocent").open("w+b") as innocent:  # would get the descriptor of a segment that was closed too early
            with pytest.raises(OSError, match="No space"):
                journal.append({"n": 2, "fill": "x" * 30})
            assert innocent.read() == b""
    monkeypatch.setattr(module.os, "open", real)
    journal.append({"n": 3})
    assert [record["n"] for record in records(tmp_path)] == [1, 3]


_LIMITED = """
import signal, sys
from pathlib import Path
from gateway.telemetry.journal import Journal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
journal = Journal(Path(sys.argv[1]), 10**6, 10**7, lambda: 1_795_000_000.0)
outcomes = []
for number in range(8):
    try:
        journal.append({"n": number, "fill": "x" * 40})
        outcomes.append(number)
    except OSError:
        outcomes.append(None)
print(outcomes)
"""


def test_a_file_that_may_not_grow(tmp_path: Path):
    """With the system's own limit, exactly the records that were acknowledged can be read again."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (150, 150))

    done = subprocess.run(
        [sys.executable, "-c", _LIMITED, str(tmp_path / "journal")], check=True, capture_output=True, preexec_fn=limit, timeout=30
    )
    acknowledged = [number for number in json.loads(done.stdout.replace(b"None", b"null")) if number is not None]
    assert [record["n"] for record in records(tmp_path)] == acknowledged
    assert 2 < len(acknowledged) < 8


def test_fsync(new: Callable[..., Journal], monkeypatch: pytest.MonkeyPatch):
    """``sync`` brings to the disk what was written since; with ``sync_each`` every record is on the disk when ``append`` returns."""
    synced: list[int] = []
    monkeypatch.setattr(module.os, "fsync", synced.append)
    journal = new()
    journal.sync()
    assert synced == []
    journal.append({})
    journal.append({})
    assert synced == []
    journal.sync()
    journal.sync()
    assert len(synced) == 1
    each = new(sync_each=True)
    each.append({})
    each.append({})
    assert len(synced) == 3


def test_a_segment_is_on_the_disk_before_the_next_begins(new: Callable[..., Journal], monkeypatch: pytest.MonkeyPatch):
    """Rotation loses nothing that an interval would have saved."""
    synced: list[int] = []
    monkeypatch.setattr(module.os, "fsync", synced.append)
    journal = new(segment_bytes=50)
    journal.append({"fill": "x" * 40})
    journal.append({"fill": "x" * 40})
    assert len(synced) == 1


def test_a_failing_disk_is_an_error(new: Callable[..., Journal], monkeypatch: pytest.MonkeyPatch):
    """Where every record must be on the disk, one that is not is an error."""
    journal = new(sync_each=True)

    def broken(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(module.os, "fsync", broken)
        with pytest.raises(OSError, match="Input/output"):
            journal.append({})


def test_segment_files(tmp_path: Path):
    """Other files in the folder are not segments."""
    for name in ("20261122T101500-1-000002.jsonl", "20261122T101500-1-000001.jsonl", "notes.txt", ".jsonl.swp"):
        (tmp_path / name).touch()
    assert [path.name[-12:] for path in segment_files(tmp_path)] == ["000001.jsonl", "000002.jsonl"]
