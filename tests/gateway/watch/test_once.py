"""Lines that several read: each of them gets all that a line says, whoever reads it first."""

import threading
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.watch import once as module
from gateway.watch.once import Once
from gateway.watch.row import Said, UnreadableError, parse_said
from tests.gateway.watch.records import feedback, line

LINES = [line(1), feedback(1, "bad"), b'{"v": 1, "kind": "segment"}\n', line(2, app="x" * 3000), line(3)]


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What was really parsed."""
    found: list[bytes] = []

    def parse(text: bytes) -> Said:
        found.append(text)
        return parse_said(text)

    monkeypatch.setattr(module, "parse_said", parse)
    return found


@given(st.lists(st.integers(0, 2), max_size=40), st.sampled_from([1, 2000, 1 << 20]))
def test_whoever_reads_when(turns: list[int], room: int):
    """Each reader is told of each line what it says, in whatever order they read, and no more waits than there is room for."""
    once = Once(room)
    readers = [once.reader() for _ in range(3)]
    at = [0, 0, 0]
    for turn in turns:
        text = LINES[at[turn] % len(LINES)]
        assert readers[turn](text) == parse_said(text)
        assert once.waiting_bytes <= room
        at[turn] += 1


def test_parsed_once(parsed: list[bytes]):
    """A line that all have read is parsed once, and nothing of it is left."""
    once = Once()
    readers = [once.reader() for _ in range(4)]
    for text in LINES:
        for read in readers:
            read(text)
    assert parsed == LINES
    assert once.waiting_bytes == 0


def test_nobody_else(parsed: list[bytes]):
    """For one reader nothing is kept."""
    once = Once()
    read = once.reader()
    assert [read(text) for text in LINES] == [parse_said(text) for text in LINES]
    assert (parsed, once.waiting_bytes) == (LINES, 0)


def test_the_oldest_go_first(parsed: list[bytes]):
    """One that is far behind reads for itself what there was no room for."""
    once = Once(len(line(1)) * 3)
    ahead, behind = once.reader(), once.reader()
    lines = [line(number) for number in range(5)]
    for read in (ahead, behind):
        for text in lines:
            assert read(text) == parse_said(text)
    assert parsed[:7] == [*lines, lines[0], lines[1]]


def test_a_long_line(parsed: list[bytes]):
    """It is read by each, and takes no room."""
    once = Once()
    text = line(1, app="x" * 40_000)
    for read in (once.reader(), once.reader()):
        assert read(text) == parse_said(text)
    assert (parsed, once.waiting_bytes) == ([text, text], 0)


def test_no_record():
    """What cannot be read, nobody can read."""
    once = Once()
    for read in (once.reader(), once.reader()):
        with pytest.raises(UnreadableError):
            read(b"{\n")
    assert once.waiting_bytes == 0


def test_several_threads():
    """Each gets every line, at whatever time the others get theirs."""
    once, told = Once(), list[list[Said]]()
    lines = [line(number) for number in range(300)]

    def run(read: Callable[[bytes], Said], found: list[Said]) -> None:
        found.extend(map(read, lines))

    threads = []
    for _ in range(4):
        told.append([])
        threads.append(threading.Thread(target=run, args=(once.reader(), told[-1])))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == [[parse_said(text) for text in lines]] * 4
