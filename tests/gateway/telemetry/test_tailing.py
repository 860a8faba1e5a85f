"""Reading the journal on: whole lines, each once, from where somebody was."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.telemetry import tailing as module
from gateway.telemetry.tailing import JournalReader


def line(number: int) -> bytes:
    return b'{"n":%d,"fill":"0123456789"}\n' % number


def write(folder: Path, segment: str, content: bytes) -> None:
    with (folder / f"{segment}.jsonl").open("ab") as file:
        file.write(content)


def test_reading_on(tmp_path: Path):
    """Each whole line is read once, oldest first, over segments; a torn one when it is whole, or never."""
    reader = JournalReader(tmp_path)
    write(tmp_path, "1", line(1) + line(2))
    assert list(reader.read()) == [line(1), line(2)]
    write(tmp_path, "1", line(3)[:20])
    assert list(reader.read()) == []
    write(tmp_path, "1", line(3)[20:])
    write(tmp_path, "2", line(4))
    assert list(reader.read()) == [line(3), line(4)]
    write(tmp_path, "2", b'{"torn"')
    write(tmp_path, "3", line(5))
    assert list(reader.read()) == [line(5)]
    (tmp_path / "1.jsonl").unlink()
    assert list(reader.read()) == []


def test_stopping_half_way(tmp_path: Path):
    """What was not taken is read the next time."""
    write(tmp_path, "1", line(1) + line(2))
    reader = JournalReader(tmp_path)
    assert next(reader.read()) == line(1)
    assert list(reader.read()) == [line(2)]


def test_going_on_elsewhere(tmp_path: Path):
    """Whoever knows how far another has read goes on from there."""
    write(tmp_path, "1", line(1) + line(2))
    first = JournalReader(tmp_path)
    assert next(first.read()) == line(1)
    assert list(JournalReader(tmp_path, first.offsets).read()) == [line(2)]


def test_in_parts(tmp_path: Path):
    """No more lines than reach so many bytes are read at once."""
    write(tmp_path, "1", line(1) + line(2))
    write(tmp_path, "2", line(3))
    reader = JournalReader(tmp_path)
    assert [list(reader.read(len(line(1)) + 1)) for _ in range(3)] == [[line(1), line(2)], [line(3)], []]


def test_how_far_behind(tmp_path: Path):
    """What is there and not read counts, also a torn end; what is removed before it is read is told once."""
    write(tmp_path, "1", line(1) + line(2))
    reader = JournalReader(tmp_path)
    assert next(reader.read()) == line(1)
    assert reader.lag_bytes == len(line(2))
    (tmp_path / "1.jsonl").unlink()
    write(tmp_path, "2", b"torn")
    assert list(reader.read()) == []
    assert (reader.lag_bytes, reader.take_missed(), reader.take_missed()) == (4, len(line(2)), 0)
    assert reader.offsets == {}


@given(cuts=st.lists(st.integers(1, 40), max_size=20), sizes=st.lists(st.integers(1, 90), min_size=1, max_size=20))
def test_any_way_of_writing(tmp_path_factory, cuts: list[int], sizes: list[int]):
    """However the bytes come, and however many are taken at a time, each line is read once and whole."""
    folder = tmp_path_factory.mktemp("journal")
    lines = [line(number) for number in range(len(cuts) + 3)]
    content, read = b"".join(lines), []
    reader = JournalReader(folder)
    for number, cut in enumerate([*cuts, len(content)]):
        write(folder, "1", content[:cut])
        content = content[cut:]
        read += reader.read(sizes[number % len(sizes)])
    while more := list(reader.read(50)):
        read += more
    assert read == lines


def pruned(**sizes: int) -> bytes:
    said = {"v": 1, "kind": "pruned", "ts": 1, "sizes": {f"{name}.jsonl": size for name, size in sizes.items()}}
    return json.dumps(said, separators=(",", ":")).encode() + b"\n"


def test_removed_before_another_reader_came(tmp_path: Path):
    """What the last reader had seen counts, but for what is known to be read by then; once."""
    seen: dict[str, int] = {}
    write(tmp_path, "1", line(1) + line(2))
    JournalReader(tmp_path, {}, seen).look()
    (tmp_path / "1.jsonl").unlink()
    reader = JournalReader(tmp_path, {"1.jsonl": len(line(1))}, seen)
    assert list(reader.read()) == []
    assert (reader.offsets, reader.take_missed(), seen) == ({}, len(line(2)), {})


def test_what_the_journal_says_it_removed(tmp_path: Path):
    """Also what came and went unseen counts, and what went before anybody read does not; said of what was read, it adds nothing."""
    write(tmp_path, "t5", pruned(s1=70, s4=1000, s7=30, s8=9))
    reader = JournalReader(tmp_path, {"s4.jsonl": 400, "s8.jsonl": 9})
    assert len(list(reader.read())) == 1
    assert (reader.take_missed(), reader.take_missed(), reader.offsets.keys()) == (630, 0, {"t5.jsonl"})


def test_what_comes_again(tmp_path: Path):
    """A reader that goes back says the same again, and what went meanwhile was not read."""
    write(tmp_path, "1", line(1))
    reader = JournalReader(tmp_path)
    assert list(reader.read()) == [line(1)]
    reader.go_back({})
    assert (reader.lag_bytes, list(reader.read())) == (len(line(1)), [line(1)])
    reader.go_back({})
    (tmp_path / "1.jsonl").unlink()
    assert (list(reader.read()), reader.take_missed()) == ([], len(line(1)))


@pytest.mark.parametrize(
    "bad", [b"{}", b'{"v":1,"kind":"pruned"', b'{"v":1,"kind":"pruned","sizes":7}', b'{"v":1,"kind":"pruned","sizes":{"a":"b"}}']
)
def test_no_word_on_what_was_removed(tmp_path: Path, bad: bytes):
    """It is a line as others, and says nothing."""
    write(tmp_path, "1", bad + b"\n")
    reader = JournalReader(tmp_path)
    assert (list(reader.read()), reader.take_missed()) == ([bad + b"\n"], 0)


def test_what_cannot_be_read(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    """It counts as not read, is told once, and holds up nothing else."""
    (tmp_path / "1.jsonl").mkdir()
    write(tmp_path, "2", line(1))
    reader = JournalReader(tmp_path)
    assert list(reader.read()) == [line(1)]
    write(tmp_path, "2", line(2))
    assert list(reader.read()) == [line(2)]
    assert reader.lag_bytes == (tmp_path / "1.jsonl").stat().st_size
    assert [record.message.split(" cannot")[0] for record in caplog.records] == ["the journal's 1.jsonl"]


def test_many_segments_that_are_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """No more of them are remembered than that, and what comes is read all the same."""
    monkeypatch.setattr(module, "_MAX_SEEN", 3)
    seen: dict[str, int] = {}
    reader = JournalReader(tmp_path, {}, seen)
    for number in range(9):
        write(tmp_path, str(number), line(number))
        assert list(reader.read()) == [line(number)]
        (tmp_path / f"{number}.jsonl").unlink()
    assert len(seen) == 3
