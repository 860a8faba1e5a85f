"""What is seen of others, as lines of the spool."""

from contextlib import suppress

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.telemetry.observed import Buckets, Kind, LogSeen, Sample, SpanSeen, UnreadableError, from_line, to_line

numbers = st.floats(allow_nan=False, allow_infinity=False)
words = st.text(max_size=20)
buckets = st.builds(Buckets, numbers, st.tuples(numbers), st.tuples(numbers)) | st.none()
labels = st.lists(st.tuples(words, words), max_size=3).map(tuple)
seen = st.one_of(
    st.builds(Sample, numbers, words, words, labels, st.sampled_from(Kind), numbers, buckets, numbers),
    st.builds(SpanSeen, numbers, words, words, st.integers(0, 5), numbers, st.booleans(), words, words, words),
    st.builds(LogSeen, numbers, words, st.integers(0, 24), words, words),
)


@given(seen)
def test_there_and_back(each: Sample | SpanSeen | LogSeen):
    """What is put by is what is read, in one line."""
    line = to_line(each)
    assert line.index(b"\n") == len(line) - 1
    assert from_line(line) == each


@pytest.mark.parametrize(
    "line",
    [
        b"", b"\n", b"null", b"{}", b"[]", b"\xff", b'["span"]', b'["other",1,"a"]', b'["log",1,"a",1,"b"]', b'["log","1","a",1,"b","c"]',
        b'["log",1,2,1,"b","c"]', b'["span",1,"a","b",1,1,1,"","",""]', b'["sample",1,"a","b",[],"gauge","1",0]',
        b'["sample",1,"a","b",[],"no",1,0]', b'["sample",1,"a","b",[["x"]],"gauge",1,0]', b'["sample",1,"a","b",[],"histogram",1,0,1]',
        b'["sample",1,"a","b",[],"histogram",1,0,1,[1],["x"]]', b'["sample",1,"a","b",3,"gauge",1,0]', b'["sample",1,"a","b",{},"gauge"]',
        b'{"v":1,"kind":"segment"}', b"[" * 5000,
    ],
)  # fmt: skip
def test_other_lines(line: bytes):
    """A line that is none of ours is said to be none."""
    with pytest.raises(UnreadableError):
        from_line(line)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner, max_size=12)))
def test_whatever_json(value: object):
    """It is read, or said to be unreadable; nothing else is raised."""
    try:
        line = orjson.dumps(value)
    except TypeError:  # an integer that has no form in this JSON
        return
    for what in (line, b'["sample",1,"a",' + line[1:], b'["span",1,"a",' + line[1:]):
        with suppress(UnreadableError):
            from_line(what)
