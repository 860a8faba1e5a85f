"""Readings of texts that grow."""

from base64 import b64encode, encodebytes
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.confusables import LATIN
from detectors.contract import Disguise
from detectors.finding import Finding
from detectors.reading import Reading
from detectors.readings import MAX_TOKEN, Readings, distinct, read

_PIECES = [
    *(
        "a",
        "b1",
        "@",
        ".",
        "-",
        " ",
        " ",
        "\n",
        "\r\n",
        "–",
        "é",
        "\u00a0",
        "\u200b",
        "%40",
        "&#64;",
        r"\u0040",
        r"\n",
        "о",
        "Ａ",
        "日",
        "カ",
        "ก\u0e35",
        "c d",
        "{",
        '"',
    ),
    *("am9obkBleGFtcGxlLmNvbQ==", "6a6f686e406578616d706c652e636f6d", "\u200b" * 900, "41" * 300, "%41" * 700),
    *(b64encode(b"hello john@example.com " * 100).decode(), encodebytes(b"hello john@example.com " * 8).decode()),
]
_ASKED: tuple[Disguise, ...] = ("spaced", "leet")
_TEXTS = st.lists(st.one_of(st.sampled_from(_PIECES), st.text(max_size=4)), max_size=10).map("".join)


def _shown(readings: Readings) -> list[Any]:
    return [level and (level.text, level.end, _way_back(level)) for level in readings.levels] + readings.forks


def _way_back(level: Reading) -> list[tuple[int, int]]:
    part = level.part(level.base, level.length)
    return list(zip(part.starts, part.ends, strict=True))


@settings(max_examples=300, deadline=None)
@given(_TEXTS, st.lists(st.integers(0, 10_000), max_size=8))
def test_readings_do_not_depend_on_the_cutting(text: str, places: list[int]):
    """Fed at once, in pieces, or character by character, a text has the same readings with the same way back."""
    whole = _shown(read(text, _ASKED))
    cuts = sorted({0, len(text), *(place % (len(text) + 1) for place in places)})
    for pieces in ([text[a:b] for a, b in pairwise(cuts)], list(text)):
        readings = Readings(_ASKED)
        for piece in pieces:
            readings.feed(piece)
        readings.close()
        assert _shown(readings) == whole


@settings(max_examples=300, deadline=None)
@given(_TEXTS)
def test_the_way_back_is_in_bounds_and_in_order(text: str):
    """Each character of a reading stands for something of the text, in order, and the readings are of all of it."""
    for level in filter(None, read(text, _ASKED).levels):
        assert level.end == len(text)
        back = _way_back(level)
        assert all(0 <= start < end <= len(text) for start, end in back)
        assert back == sorted(back)
        assert [level.origin(at) for at in range(level.length)] == [start for start, _ in back]


@settings(max_examples=200, deadline=None)
@given(_TEXTS, st.data())
def test_a_piece_says_again_what_it_said(text: str, data: st.DataObject):
    """What a span of a reading stands for has, read by itself, at least what was in the span."""
    level = read(text).levels[1]
    if level is None or len(text) > MAX_TOKEN or "\\" in text or "\ufffd" in text:
        return
    words = [word for word in level.text.split() if word.isascii() and word.isalnum()]
    if not words:
        return
    word = data.draw(st.sampled_from(words))
    start = level.text.index(word)
    (found,) = level.back([Finding("pii", "pii.X", start, start + len(word), 1.0)])
    if any(char in LATIN for char in text[found.start : found.end]):
        return  # a look-alike is one by what stands beside it
    again = filter(None, read(text[found.start : found.end]).levels)
    assert any(word in each.text for each in again)


@pytest.mark.parametrize("first", ['{"a": 1}', " [", '"'])
def test_json_is_known_by_its_first_character(first: str):
    """There the text as it stands is not a reading: an escape is an escape."""
    levels = read(first + r" x\ny@z").levels[:3]
    assert levels[0]
    assert levels[0].text.endswith(" x\ny@z")
    assert levels[1:] == [None, None]


def test_a_backslash_may_be_meant():
    """Elsewhere both readings count."""
    plain, folded, _ = read(r"CORP\nancy@b.c").levels[:3]
    assert plain
    assert folded
    assert (plain.text, folded.text) == (r"CORP\nancy@b.c", "CORP\nancy@b.c")


@pytest.mark.parametrize("before", ["", "data:text/plain;base64,", "x:\u200b"])
def test_a_long_run_is_read_in_pieces_without_a_seam(before: str):
    """Pieces end between groups, so that a value across them is whole in the reading."""
    said = " ".join(f"user{n}@example.com" for n in range(600))
    deepest = read(before + b64encode(said.encode()).decode() + " end").deepest
    assert said in deepest.text


def test_wrapped_base64_is_one():
    """Lines of base64, as mails have them, are read on; a line end behind the last one parts it from what follows."""
    said = "words before, then jane.roe@example.com and after " * 4
    text = encodebytes(said.encode()).decode().replace("\n", "\r\n")
    assert read(f"{text}next").deepest.text == f"{said}\r\nnext"


def test_what_is_forgotten_is_gone():
    """A reading keeps what its users need, and speaks of that as before."""
    readings = Readings()
    for _ in range(3000):
        readings.feed("a%40b cd ")
    length = readings.deepest.length
    origin = readings.deepest.origin(length - 10)
    readings.forget([lambda _, level: readings.levels[level].length - 20])
    assert [len(level.text) for level in readings.levels if level] == [20, 20]
    assert readings.deepest.origin(length - 10) == origin
    assert len(readings.deepest._points) < 20


def test_distinct_keeps_the_surest():
    """One place and kind is one finding."""
    low, high, other = (Finding("pii", kind, 0, 4, score) for kind, score in (("pii.A", 0.4), ("pii.A", 0.9), ("pii.B", 0.1)))
    assert distinct([low, high, other]) == [high, other]
