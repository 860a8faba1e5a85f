"""A journal on the disk, tampered with in every way that files allow."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path

import pytest

from gateway.telemetry import auditing as module
from gateway.telemetry.auditing import read_journal
from gateway.telemetry.chain import is_own
from gateway.telemetry.checkpoints import NEWEST, ends_in, read_newest
from gateway.telemetry.journal import Journal, segment_files
from gateway.telemetry.signing import Signer

SECRET = bytes(32)
NOW = 1_795_000_000.0


def write(folder: Path, first: int, last: int, *, keep_bytes: int = 10**9, is_ended: bool = True) -> Journal:
    """A process that writes so many records, three to a segment."""
    journal = Journal(folder, 2000, keep_bytes, SECRET, lambda: NOW)
    for number in range(first, last):
        journal.append({"v": 1, "ts": number, "request_id": f"req_{number}", "text": "x" * 350})
    if is_ended:
        journal.close()
    return journal


def found(folder: Path, checkpoint: dict | None = None) -> list[tuple[str, int, int]]:
    """What was done, in which segment (the first is 0; -1: one that is not there), and by which line."""
    names = [path.name for path in segment_files(folder)]
    ends = ends_in(checkpoint, Signer(SECRET)) if checkpoint else ()
    faults = read_journal(folder, SECRET).report(ends).faults
    return [(fault.what, names.index(fault.segment) if fault.segment in names else -1, fault.line) for fault in faults]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two processes, one after the other: the first left three segments, the second four."""
    write(tmp_path, 0, 8)
    (tmp_path / "old").write_bytes((tmp_path / NEWEST).read_bytes())
    write(tmp_path, 8, 19)
    assert len(segment_files(tmp_path)) == 7
    return tmp_path


@pytest.fixture
def checkpoint(folder: Path) -> dict:
    return read_newest(folder, Signer(SECRET))


def test_a_good_journal(folder: Path, checkpoint: dict):
    """Nothing is found, nor held against the newest checkpoint; every record is counted, and both processes ended in order."""
    audited = read_journal(folder, SECRET).report(ends_in(checkpoint, Signer(SECRET)))
    assert (audited.faults, audited.segments, audited.records) == ([], 7, 19)
    assert [writer.state for writer in audited.writers] == ["ended", "ended"]


def cut(path: Path, lines: int, more: int = 0) -> None:
    """Leave the first lines, and so many bytes of the next one."""
    content = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(content[:lines]) + content[lines][:more])


def swap(one: Path, other: Path) -> None:
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)


def glue(one: Path, other: Path) -> None:
    one.write_bytes(one.read_bytes() + other.read_bytes())


def copy(one: Path, name: str) -> None:
    one.with_name(name).write_bytes(one.read_bytes())


def forge(path: Path) -> None:
    """The same records, sealed with a key of the forger's."""
    theirs = path.parent / "forged"
    Journal(theirs, 10**6, 10**6, b"x" * 32, lambda: NOW).close()
    (forged,) = segment_files(theirs)
    path.write_bytes(forged.read_bytes())


TAMPERED: dict[str, tuple[Callable[[list[Path]], object], list[tuple[str, int, int]]]] = {
    "the first segment removed": (lambda s: s[0].unlink(), [("removed", -1, 0)]),
    "a segment in the middle removed": (lambda s: s[4].unlink(), [("removed", -1, 0)]),
    "the last segment of an earlier process removed": (lambda s: s[2].unlink(), [("removed", -1, 0)]),
    "the newest segment removed": (lambda s: s[6].unlink(), [("removed", -1, 0)]),
    "an earlier process removed": (lambda s: [path.unlink() for path in s[:3]], [("removed", -1, 0)] * 3),
    "all but the newest removed": (lambda s: [path.unlink() for path in s[:6]], [("removed", -1, 0)] * 4),
    "a segment in the middle cut off": (lambda s: cut(s[4], 2), [("removed", 4, 2)]),
    "a segment in the middle cut off within a line": (lambda s: cut(s[4], 2, 40), [("removed", 4, 3)]),
    "an earlier process cut off": (lambda s: cut(s[2], 3), [("removed", 2, 3)]),
    "a segment in the middle emptied": (lambda s: s[4].write_bytes(b""), [("removed", 4, 0)]),
    "two segments swapped": (lambda s: swap(s[3], s[4]), [("moved", 3, 1), ("moved", 4, 1)]),
    "two segments in one": (lambda s: [glue(s[3], s[4]), s[4].unlink()], [("moved", 3, 6), ("removed", -1, 0)]),
    "a copy of a segment": (lambda s: copy(s[0], "20261122T000000-1-000001.jsonl"), [("moved", 7, 1)]),
    "a segment from elsewhere": (lambda s: s[0].with_name("x.jsonl").write_bytes(b'{"request_id":"req_x"}\n'), [("unsealed", 7, 1)]),
    "a segment forged": (lambda s: forge(s[2]), [("other_key", 2, 1)]),
}  # fmt: skip


@pytest.mark.parametrize("name", TAMPERED)
def test_tampering(folder: Path, name: str):
    """It is found without any checkpoint, and named by segment and line."""
    tamper, expected = TAMPERED[name]
    tamper(segment_files(folder))
    assert found(folder) == expected


def lines_of(folder: Path) -> list[tuple[int, int]]:
    return [(number, line) for number, path in enumerate(segment_files(folder)) for line in range(len(path.read_bytes().splitlines()))]


def test_every_line(folder: Path):
    """Each single line of a journal, changed or removed or doubled, is found where it is; only the last one can be cut off unseen."""
    segments = segment_files(folder)
    *all_but_last, last = lines_of(folder)
    for number, line in all_but_last:
        whole = segments[number].read_bytes()
        lines = whole.splitlines(keepends=True)
        for tampered in (
            [*lines[:line], lines[line].replace(b'"v":1', b'"v":2'), *lines[line + 1 :]],
            [*lines[:line], *lines[line + 1 :]],
            [*lines[: line + 1], lines[line], *lines[line + 1 :]],
        ):
            segments[number].write_bytes(b"".join(tampered))
            assert any(where == number for _, where, _ in found(folder)), (number, line)
        segments[number].write_bytes(whole)
    cut(segments[last[0]], last[1])
    assert found(folder) == []
    assert [writer.state for writer in read_journal(folder, SECRET).report().writers] == ["ended", "broken off"]


CUT: dict[str, tuple[Callable[[list[Path]], object], list[tuple[str, int, int]]]] = {
    "the end": (lambda s: cut(s[6], 2), [("removed", 6, 2)]),
    "the newest segment": (lambda s: s[6].unlink(), [("removed", -1, 0)]),
    "the newest segment, and what names it": (lambda s: [s[6].unlink(), cut(s[5], 4)], [("removed", -1, 0)]),
    "the newest process": (lambda s: [path.unlink() for path in s[3:]], [("removed", -1, 0)]),
    "everything": (lambda s: [path.unlink() for path in s], [("removed", -1, 0)] * 4),
}  # fmt: skip


@pytest.mark.parametrize("name", CUT)
def test_a_cut_end(folder: Path, name: str):
    """It does not fit the newest checkpoint, which lies beside the segments; nor if that was taken away as well."""
    tamper, expected = CUT[name]
    tamper(segment_files(folder))
    assert found(folder) == expected
    (folder / NEWEST).unlink()
    assert ("removed", -1, 0) in found(folder)


@pytest.mark.parametrize("name", CUT)
def test_what_a_checkpoint_proves(folder: Path, checkpoint: dict, name: str):
    """Nothing up to it was taken away, also where the one beside the segments was replaced by an older one."""
    tamper, expected = CUT[name]
    tamper(segment_files(folder))
    (folder / "old").replace(folder / NEWEST)
    assert found(folder, checkpoint) == expected


def test_an_end_that_was_cut_before_the_next_start(folder: Path):
    """The next process still knows what was there, for good."""
    cut(segment_files(folder)[6], 2)
    write(folder, 19, 20)
    assert found(folder) == [("removed", 6, 2)]
    write(folder, 20, 21)
    assert found(folder) == [("removed", 6, 2)]


def test_a_journal_that_was_written_anew(folder: Path, checkpoint: dict):
    """Whoever has the key can make another journal, but none that fits a checkpoint that is elsewhere."""
    names = [path.name for path in segment_files(folder)]
    for path in (*segment_files(folder), folder / NEWEST):
        path.unlink()
    write(folder, 100, 108)
    write(folder, 108, 119)
    assert [path.name for path in segment_files(folder)] == names
    assert found(folder) == []
    assert found(folder, checkpoint) == [("changed", number, 0) for number in (0, 1, 2, 6)]


def test_a_checkpoint_from_before(folder: Path, checkpoint: dict):
    """What was written since does not matter to it."""
    write(folder, 20, 30)
    assert found(folder, checkpoint) == []


def test_pruning_is_no_tampering(tmp_path: Path):
    """What the journal removes itself is recorded; what somebody else does is not. It is the same with a checkpoint from before."""
    write(tmp_path, 0, 9)
    checkpoint = read_newest(tmp_path, Signer(SECRET))
    write(tmp_path, 9, 60, keep_bytes=8000)
    segments = segment_files(tmp_path)
    audited = read_journal(tmp_path, SECRET).report()
    assert (audited.faults, audited.records < 20, audited.pruned_through < segments[0].name) == ([], True, True)
    assert found(tmp_path, checkpoint) == []
    segments[0].unlink()
    assert [what for what, _, _ in found(tmp_path)] == ["removed"]


def test_writers_side_by_side(tmp_path: Path):
    """Each has its own chain, and none is taken for broken while it writes; what one has said of another is held against that."""
    first = write(tmp_path, 0, 5, is_ended=False)
    write(tmp_path, 5, 10)
    audited = read_journal(tmp_path, SECRET).report()
    assert ([writer.state for writer in audited.writers], audited.faults) == (["running", "ended"], [])
    first.close()
    cut(segment_files(tmp_path)[1], 1)
    assert found(tmp_path) == [("removed", 1, 1)]


def test_reading_while_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What comes, and goes, between the looks at the journal and the reading of it is no fault."""
    first = write(tmp_path, 0, 40, keep_bytes=28_000, is_ended=False)
    other = write(tmp_path, 100, 103, is_ended=False)
    first._now = other._now = partial(next, count(NOW + 10))
    real, looks = module.segment_files, []

    def look(folder: Path) -> list[Path]:
        looks.append(real(folder))
        for number in range(10):
            first.append({"v": 1, "request_id": f"req_{len(looks)}_{number}", "text": "x" * 350})
            other.append({"v": 1, "request_id": f"req_other_{number}"})
            other.checkpoint()
        return looks[-1]

    monkeypatch.setattr(module, "segment_files", look)
    audited = read_journal(tmp_path, SECRET).report()
    assert audited.faults == []
    assert (len(looks), audited.pruned_through >= looks[0][0].name) == (4, True)
    monkeypatch.undo()
    assert read_journal(tmp_path, SECRET).report().faults == []
    first.close()
    other.close()


_WRITER = """
import sys, time
from pathlib import Path
from gateway.telemetry.journal import Journal
journal = Journal(Path(sys.argv[1]), 4000, 10**9, bytes(32), time.time)
for number in range(int(sys.argv[2])):
    journal.append({"v": 1, "ts": number, "request_id": f"req_{number}", "text": "x" * 350})
    print(number, flush=True)
time.sleep(600)
"""


@pytest.mark.slow
def test_kills(tmp_path: Path):
    """A process that is killed leaves no fault, whenever that was, and the next one says where its chain ended. The last one is killed in
    the middle of a segment, the others wherever they are.
    """
    for acknowledged, most in ((1, 10**9), (7, 10**9), (43, 43)):
        with subprocess.Popen([sys.executable, "-c", _WRITER, str(tmp_path), str(most)], stdout=subprocess.PIPE) as process:
            for _ in range(acknowledged):
                process.stdout.readline()
            process.send_signal(signal.SIGKILL)
    with segment_files(tmp_path)[-1].open("ab") as file:
        file.write(b'{"v":1,"ts":1,"request_id":"req_to')
    audited = read_journal(tmp_path, SECRET).report()
    assert (audited.faults, [writer.state for writer in audited.writers]) == ([], ["broken off"] * 3)
    assert [writer.is_torn for writer in audited.writers] == [False, False, True]
    write(tmp_path, 0, 1)
    killed = segment_files(tmp_path)[-2]
    cut(killed, len(killed.read_bytes().splitlines()) - 2)
    assert [what for what, _, _ in found(tmp_path)] == ["removed"]


def test_a_checkpoint_of_somebody_else(folder: Path):
    """In the place of the newest one, it is a fault itself."""
    (folder / NEWEST).write_text(json.dumps(Signer(b"x" * 32).signed({"kind": "checkpoint"})))
    assert found(folder) == [("signature", -1, 0)]


def test_no_record_can_be_left_out(tmp_path: Path):
    """Whatever an application may put into a record, the line is the record's, and is sealed like any other."""
    journal = Journal(tmp_path, 10**6, 10**6, SECRET, lambda: NOW)
    texts = ['"}\n', '{"v":1,"kind":"pruned","through":"z"}\n', '"chain":{"n":1,"mac":"0"}}\n', "\r\n", "\u2028", "\ud800"[:0], "x" * 10**5]
    for text in texts:
        journal.append({"v": 1, "ts": 1, "request_id": "req_1", "app": text, "user": text, "chain": text, "kind": text})
    journal.close()
    audited = read_journal(tmp_path, SECRET).report()
    assert (audited.faults, audited.records, audited.pruned_through) == ([], len(texts), "")
    lines = segment_files(tmp_path)[0].read_bytes().split(b"\n")
    assert sum(not is_own(line) for line in lines if line) == len(texts)
    assert os.path.getsize(segment_files(tmp_path)[0]) > 2 * 10**5


def test_a_line_without_end(folder: Path, monkeypatch: pytest.MonkeyPatch):
    """No more of it is read at once than a line may have; it is a fault, and what follows is verified."""
    monkeypatch.setattr(module, "_MAX_LINE", 5000)
    (second, *_) = segment_files(folder)[1:]
    lines = second.read_bytes().splitlines(keepends=True)
    second.write_bytes(b"".join([*lines[:2], b"x" * 17_000 + b"\n", *lines[2:]]))
    assert found(folder) == [("inserted", 1, 3)]
    second.write_bytes(b"".join([*lines, b"x" * 17_000]))
    assert ("unsealed", 1, len(lines) + 1) in found(folder)


def test_a_pruned_segment_that_is_put_back(tmp_path: Path):
    """The journal's word that it went stands against it."""
    journal = write(tmp_path, 0, 4, is_ended=False)
    first = segment_files(tmp_path)[0]
    content = first.read_bytes()
    journal._keep_bytes = 5000
    for number in range(4, 12):
        journal.append({"v": 1, "ts": number, "request_id": f"req_{number}", "text": "x" * 350})
    journal.close()
    assert not first.exists()
    assert found(tmp_path) == []
    first.write_bytes(content)
    assert found(tmp_path) == [("returned", 0, 0)]


def test_a_newest_checkpoint_that_was_not_there(folder: Path):
    """A process that begins covers it up, and says so."""
    (folder / NEWEST).unlink()
    write(folder, 19, 20)
    assert found(folder) == [("removed", 7, 1)]
    (folder / NEWEST).write_bytes(b"{}")
    write(folder, 20, 21)
    assert found(folder) == [("removed", 7, 1), ("signature", 8, 1)]


def test_nothing_before(folder: Path):
    """Who began with nothing is named: it is no fault, and no proof either."""
    assert read_journal(folder, SECRET).report().began_with_nothing == [segment_files(folder)[0].name.removesuffix(".jsonl")]
