"""The journal: whole lines in segments that sort by age, bounded, and none lost or mixed up when the disk fails."""

import errno
import fcntl
import json
import os
import resource
import subprocess
import sys
import threading
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from gateway.telemetry import journal as module
from gateway.telemetry.auditing import read_journal
from gateway.telemetry.chain import is_own, read_seal
from gateway.telemetry.checkpoints import NEWEST, read_newest
from gateway.telemetry.journal import Journal, is_written, segment_files
from gateway.telemetry.signing import Signer

SECRET = bytes(32)


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

    def make(segment_bytes: int = 1000, keep_bytes: int = 10**6, **options: str) -> Journal:
        made.append(Journal(tmp_path / "journal", segment_bytes, keep_bytes, SECRET, clock, **options))
        return made[-1]

    yield make
    for journal in made:
        journal.close()


def lines(folder: Path) -> list[bytes]:
    """Every whole line, oldest first."""
    found = [line for segment in segment_files(folder / "journal") for line in segment.read_bytes().splitlines(keepends=True)]
    return [line for line in found if line.endswith(b"\n")]


def records(folder: Path) -> list[dict]:
    """Every whole record, oldest first, as a reader sees them, without its place in the chain."""
    found = [json.loads(line) for line in lines(folder) if not is_own(line)]
    return [{name: value for name, value in record.items() if name != "chain"} for record in found]


def said(folder: Path, kind: str) -> list[dict]:
    """What the chain says of itself."""
    return [line for line in map(json.loads, lines(folder)) if line.get("kind") == kind]


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
    """A segment's records end before it would outgrow its bound; names sort by age; one larger than the bound is alone in its segment."""
    journal = new(segment_bytes=1000)
    for number in range(20):
        journal.append({"n": number, "fill": "x" * (2000 if number == 7 else 100)})
        clock.now += 0.3
    segments = segment_files(tmp_path / "journal")
    assert len(segments) > 5
    assert [record["n"] for record in records(tmp_path)] == list(range(20))
    for segment in segments:
        own = [line for line in segment.read_bytes().splitlines(keepends=True) if not (is_own(line) and b'"rotation"' in line)]
        assert sum(map(len, own)) <= 1000 or sum(not is_own(line) for line in own) == 1
    assert [segment.stat().st_mtime_ns for segment in segments] == sorted(segment.stat().st_mtime_ns for segment in segments)


def test_names_sort_by_age_over_a_restart(new: Callable[..., Journal], tmp_path: Path, clock: Clock):
    """What a later process writes comes later."""
    for number, later in enumerate((1, 0, -5000, 1)):
        new().append({"n": number})
        clock.now += later
    assert [record["n"] for record in records(tmp_path)] == [0, 1, 2, 3]


def test_pruning(new: Callable[..., Journal], tmp_path: Path):
    """The oldest segments go first, and what stays is within the bound, the segment being written aside; that they went is written down."""
    journal = new(segment_bytes=1000, keep_bytes=6000)
    for number in range(100):
        journal.append({"n": number, "fill": "x" * 200})
    kept = [record["n"] for record in records(tmp_path)]
    assert kept == list(range(kept[0], 100))
    *closed, _ = segments = segment_files(tmp_path / "journal")
    assert 4000 <= sum(segment.stat().st_size for segment in closed) <= 6000
    last = said(tmp_path, "pruned")[-1]
    assert (last["segments"], last["kept"], last["through"] < segments[0].name) == (1, [], True)
    assert [*last["sizes"]] == [last["through"]]
    assert 0 < last["sizes"][last["through"]] < 2000


def test_pruning_leaves_alone_what_another_process_writes(new: Callable[..., Journal], tmp_path: Path):
    """It would write to a file that is not there any more."""
    other = new()
    other.append({"n": "theirs"})
    journal = new(segment_bytes=500, keep_bytes=1)
    for number in range(3):
        journal.append({"n": number, "fill": "x" * 400})
    assert [record["n"] for record in records(tmp_path)] == ["theirs", 2]
    assert [event["kept"] for event in said(tmp_path, "pruned")] == [[segment_files(tmp_path / "journal")[0].name]]


def test_pruning_never_removes_the_segment_that_is_written(new: Callable[..., Journal], tmp_path: Path, clock: Clock):
    """Not even if the clock was set back."""
    journal = new(segment_bytes=1000, keep_bytes=1)
    journal.append({"fill": "x" * 900})
    clock.now -= 10_000
    journal.append({"n": "last"})
    assert records(tmp_path) == [{"n": "last"}]
    journal.append({"n": "after"})
    assert records(tmp_path)[-1] == {"n": "after"}


def test_somebody_else_cleans_up(new: Callable[..., Journal], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A segment that is gone before it is pruned is no error."""
    journal = new(segment_bytes=500, keep_bytes=1)
    ghost = tmp_path / "journal" / "19990101T000000-1-000001.jsonl"
    monkeypatch.setattr(module, "segment_files", lambda folder: [ghost, *segment_files(folder)])
    for number in range(5):
        journal.append({"n": number, "fill": "x" * 300})


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
    journal = new(segment_bytes=800)
    journal.append({"n": 1, "fill": "x" * 400})
    real = os.open

    def full(*args: object, **kwargs: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module.os, "open", full)
    for _ in range(3):
        with pytest.raises(OSError, match="No space"):
            journal.append({"n": 2, "fill": "x" * 400})
        with (tmp_path / "innocent").open("w+b") as innocent:  # would get the descriptor of a segment that was closed too early
            with pytest.raises(OSError, match="No space"):
                journal.append({"n": 2, "fill": "x" * 400})
            assert innocent.read() == b""
    monkeypatch.setattr(module.os, "open", real)
    journal.append({"n": 3})
    assert [record["n"] for record in records(tmp_path)] == [1, 3]


_LIMITED = """
import signal, sys
from pathlib import Path
from gateway.telemetry.journal import Journal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
journal = Journal(Path(sys.argv[1]), 10**6, 10**7, bytes(32), lambda: 1_795_000_000.0)
outcomes = []
for number in range(8):
    try:
        journal.append({"n": number, "fill": "x" * 400})
        outcomes.append(number)
    except OSError:
        outcomes.append(None)
print(outcomes)
"""


def test_a_file_that_may_not_grow(tmp_path: Path):
    """With the system's own limit, exactly the records that were acknowledged can be read again."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2500, 2500))

    done = subprocess.run(
        [sys.executable, "-c", _LIMITED, str(tmp_path / "journal")], check=True, capture_output=True, preexec_fn=limit, timeout=30
    )
    acknowledged = [number for number in json.loads(done.stdout.replace(b"None", b"null")) if number is not None]
    assert [record["n"] for record in records(tmp_path)] == acknowledged
    assert 2 < len(acknowledged) < 8


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that were brought to the disk, by name."""
    names: list[str] = []
    monkeypatch.setattr(module.os, "fsync", lambda file: names.append(Path(os.readlink(f"/proc/self/fd/{file}")).name))
    return names


def test_fsync(new: Callable[..., Journal], synced: list[str]):
    """``sync`` brings to the disk what was written since; with ``always`` every record is on the disk when ``append`` returns."""
    journal = new()
    journal.sync()
    synced.clear()
    journal.sync()
    assert synced == []
    journal.append({})
    journal.append({})
    assert synced == []
    journal.sync()
    journal.sync()
    assert len(synced) == 1
    each = new(fsync="always")
    synced.clear()
    each.append({})
    each.append({})
    assert len(synced) == 2


def test_rotation_waits_for_no_disk(new: Callable[..., Journal], tmp_path: Path, synced: list[str]):
    """What was written to a full segment is brought to the disk by the next ``sync``, with the newest checkpoint, once."""
    journal = new(segment_bytes=800)
    journal.sync()
    synced.clear()
    journal.append({"fill": "x" * 400})
    journal.append({"fill": "x" * 400})
    journal.append({"fill": "x" * 400})
    assert synced == []
    journal.sync()
    names = [path.name for path in segment_files(tmp_path / "journal")]
    assert len(names) == 3
    assert [name for name in synced if name.endswith(".jsonl")] == names
    assert (len(synced), read_newest(tmp_path / "journal", Signer(SECRET))["why"]) == (4, "rotation")
    journal.sync()
    assert len(synced) == 4


def test_a_segment_that_was_pruned_before_it_was_synced(new: Callable[..., Journal], synced: list[str]):
    """There is nothing to bring to the disk, and the others are."""
    journal = new(segment_bytes=500, keep_bytes=1)
    for number in range(4):
        journal.append({"n": number, "fill": "x" * 400})
    synced.clear()
    journal.sync()
    assert len([name for name in synced if name.endswith(".jsonl")]) == 1


def test_always(new: Callable[..., Journal], tmp_path: Path, synced: list[str]):
    """A segment is on the disk before the next begins, and each checkpoint is before it replaces another."""
    journal = new(segment_bytes=800, fsync="always")
    journal.append({"fill": "x" * 400})
    before = len(synced)
    journal.append({"fill": "x" * 400})
    first, second = segment_files(tmp_path / "journal")
    assert [name for name in synced[before:] if name.endswith(".jsonl")] == [first.name, second.name]
    assert len(synced) == before + 3


def test_never(tmp_path: Path, synced: list[str]):
    """Nobody waits for the disk, from the first line to the last."""
    journal = Journal(tmp_path / "journal", 800, 10**6, SECRET, Clock(), fsync="never")
    for number in range(4):
        journal.append({"n": number, "fill": "x" * 400})
    journal.checkpoint()
    journal.close()
    assert synced == []
    assert read_newest(tmp_path / "journal", Signer(SECRET))["why"] == "end"


def test_what_a_writer_finds(tmp_path: Path):
    """The first line says whether the newest checkpoint was there: missing beside what others began just now is no loss."""
    folder = tmp_path / "journal"

    def new() -> Journal:
        return Journal(folder, 1000, 10**6, SECRET, Clock())

    first = new()
    (folder / NEWEST).unlink()
    new().close()
    first.close()
    new().close()
    (folder / NEWEST).unlink()
    new().close()
    (folder / NEWEST).write_bytes(b"{}")
    new().close()
    begins = [begin["found"] for begin in said(tmp_path, "segment")]
    assert begins == ["nothing", "nothing", "there", "missing", "bad"]


def test_a_failing_disk_is_an_error(new: Callable[..., Journal], monkeypatch: pytest.MonkeyPatch):
    """Where every record must be on the disk, one that is not is an error."""
    journal = new(fsync="always")

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


def test_the_chain(new: Callable[..., Journal], tmp_path: Path):
    """Every line has the next number, its own seal as its last member, and a chain goes on from segment to segment."""
    journal = new(segment_bytes=800)
    for number in range(6):
        journal.append({"n": number, "fill": "x" * 300})
    seals = [read_seal(line) for line in lines(tmp_path)]
    assert [seal.link.n for seal in seals] == list(range(1, len(seals) + 1))
    for line, seal in zip(lines(tmp_path), seals, strict=True):
        assert list(json.loads(line))[-1] == "chain"
        assert json.loads(line)["chain"] == seal.link._asdict()
    begins = said(tmp_path, "segment")
    assert len(begins) > 2
    assert [begin["segment"] for begin in begins] == [path.name for path in segment_files(tmp_path / "journal")]
    assert begins[0]["previous"] is None
    for before, begin in pairwise(begins):
        assert begin["previous"]["segment"] == before["segment"]
        assert begin["previous"]["n"] == begin["chain"]["n"] - 1


def test_checkpoints(new: Callable[..., Journal], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """At the start, on demand where there was something new, after so many records, at each rotation and at the end; each is signed."""
    monkeypatch.setattr(module, "CHECKPOINT_RECORDS", 4)
    journal = Journal(tmp_path / "journal", 2400, 10**6, SECRET, Clock())
    journal.checkpoint()
    journal.append({"n": 1})
    journal.checkpoint()
    journal.checkpoint()
    for number in range(4):
        journal.append({"n": number})
    journal.append({"fill": "x" * 2000})
    journal.close()
    words = said(tmp_path, "checkpoint")
    assert [word["why"] for word in words] == ["start", "interval", "interval", "rotation", "end"]
    assert all(Signer(SECRET).is_signed(word) for word in words)
    assert words[3]["next"] == segment_files(tmp_path / "journal")[1].name
    assert all(word["n"] == word["chain"]["n"] - 1 for word in words)


def test_a_new_process_says_where_the_others_were(new: Callable[..., Journal], tmp_path: Path):
    """What was there when it began can no longer go unnoticed; what is torn off at an end is not part of it."""
    first = new()
    first.append({"n": 1})
    (old,) = segment_files(tmp_path / "journal")
    with old.open("ab") as file:
        file.write(b'{"torn"')
    new()
    assert said(tmp_path, "checkpoint")[-1]["heads"] == [{"segment": old.name, "n": 3, "mac": said_mac(old)}]


@pytest.mark.parametrize("kind", [b'"segment"', b'"checkpoint"'])
def test_a_journal_that_cannot_be_begun(new: Callable[..., Journal], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: bytes):
    """It leaves nothing behind."""
    real = os.write
    monkeypatch.setattr(module.os, "write", lambda file, data: real(file, data[:5] if kind in data[:30] else data))
    with pytest.raises(OSError, match="part of a record"):
        new()
    assert segment_files(tmp_path / "journal") == []


def test_ending_after_a_torn_record(new: Callable[..., Journal], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Nothing is written behind it: it looks as if the process had been killed."""
    journal = Journal(tmp_path / "journal", 1000, 10**6, SECRET, Clock())
    real = os.write
    monkeypatch.setattr(module.os, "write", lambda file, data: real(file, data[:5]))
    with pytest.raises(OSError, match="part of a record"):
        journal.append({"n": 1})
    monkeypatch.setattr(module.os, "write", real)
    journal.checkpoint()
    journal.close()
    audited = read_journal(tmp_path / "journal", SECRET).report()
    assert [(writer.state, writer.is_torn) for writer in audited.writers] == [("broken off", True)]
    assert audited.faults == []


def test_many_restarts(new: Callable[..., Journal], tmp_path: Path):
    """A checkpoint stays small, however many processes there were; the newest are in it."""
    for _ in range(50):
        new()
    heads = said(tmp_path, "checkpoint")[-1]["heads"]
    assert [head["segment"] for head in heads] == [path.name for path in segment_files(tmp_path / "journal")[-33:-1]]


def said_mac(segment: Path) -> str:
    return read_seal(segment.read_bytes().rpartition(b"\n")[0].splitlines(keepends=True)[-1] + b"\n").link.mac


def test_who_writes(tmp_path: Path):
    """A segment is known to be written to as long as its process has it open."""
    journal = Journal(tmp_path / "journal", 1000, 10**6, SECRET, Clock())
    (segment,) = segment_files(tmp_path / "journal")
    assert is_written(segment)
    journal.close()
    assert not is_written(segment)


@pytest.mark.parametrize("written", [0, 10])
def test_a_segment_that_cannot_be_begun(new: Callable[..., Journal], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: int):
    """The old one goes on, no file stays behind, and the chain is whole."""
    journal = new(segment_bytes=900)
    journal.append({"n": 1, "fill": "x" * 400})
    real = os.write
    monkeypatch.setattr(module.os, "write", lambda file, data: real(file, data[:written] if b'"segment"' in data[:30] else data))
    with pytest.raises(OSError, match="part of a record"):
        journal.append({"n": 2, "fill": "x" * 400})
    assert len(segment_files(tmp_path / "journal")) == 1
    monkeypatch.setattr(module.os, "write", real)
    journal.append({"n": 3, "fill": "x" * 400})
    assert [record["n"] for record in records(tmp_path)] == [1, 3]
    assert read_journal(tmp_path / "journal", SECRET).report().faults == []


def test_processes_that_begin_at_once(new: Callable[..., Journal], tmp_path: Path):
    """One after the other: none takes what another has half begun for what is left of a theft."""
    folder = tmp_path / "journal"
    folder.mkdir()
    lock = os.open(folder, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    beginning = threading.Thread(target=new)
    beginning.start()
    beginning.join(0.2)
    assert (beginning.is_alive(), segment_files(folder)) == (True, [])
    os.close(lock)
    beginning.join(60)
    assert len(segment_files(folder)) == 1


def test_a_slow_writer_is_not_forgotten(new: Callable[..., Journal], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """However many segments others have begun since: what is cut off from its end is found."""
    slow = new()
    slow.append({"n": 1})
    slow.append({"n": 2})
    (segment,) = segment_files(tmp_path / "journal")
    monkeypatch.setattr(module.os, "getpid", lambda: 99)
    fast = new()
    for number in range(40):
        fast.append({"n": number, "fill": "x" * 1000})
    fast.checkpoint()
    assert len(segment_files(tmp_path / "journal")) > 40
    segment.write_bytes(b"".join(segment.read_bytes().splitlines(keepends=True)[:-1]))
    faults = read_journal(tmp_path / "journal", SECRET).report().faults
    assert [(fault.what, fault.segment) for fault in faults] == [("removed", segment.name)]
