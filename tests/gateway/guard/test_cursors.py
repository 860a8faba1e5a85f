"""Cursors over the readings of a growing text."""

from collections.abc import Iterable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from detectors.contract import InlineDetector
from detectors.finding import Finding
from detectors.readings import Readings, scan
from detectors.text.custom import CustomPattern
from detectors.text.custom_scan import PiiCustom
from gateway.guard.cursors import InlineCursor, PooledCursor
from tests.support.guards import DIGITS, Names, cut

_WORDS = [
    "call",
    "1234",
    "12%34",
    "１２３４",
    "1\u200b234",
    "MTIzNCA1Njc4IDkw",
    "31323334353637383930",
    "12\\n34",
    "12345",
    " ",
    "\n",
    "日",
    "{",
    "é",
    "卡1234",
    "1234号",
    "c a l l",
    "1 2 34",
    "c.4.1.1 . .b",
    "ca11 2",
]
_TEXTS = st.lists(st.sampled_from(_WORDS), max_size=12).map(" ".join)


_TERM = PiiCustom([CustomPattern("TERM", r"l[ -]?123", disguises=frozenset({"spaced", "leet"}))])
_LETTERS = PiiCustom([CustomPattern("LETTERS", r"call[ -]?[a-z]{2}", disguises=frozenset({"spaced", "leet"}))])


def _found(detector: InlineDetector, pieces: Iterable[str]) -> list[Finding]:
    readings, cursor = Readings(("spaced", "leet")), InlineCursor(detector)
    found: list[Finding] = []
    for piece in pieces:
        readings.feed(piece)
        found += cursor.advance(readings, closed=False)
        read = readings.levels[0].end if readings.levels[0] else 0
        assert all(each.end <= read for each in found)
        readings.forget([cursor.kept])
    readings.close()
    found += cursor.advance(readings, closed=True)
    assert cursor.at == len("".join(pieces))
    return found


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([DIGITS, _TERM, _LETTERS]), _TEXTS, st.lists(st.integers(0, 1000), max_size=8))
@example(_TERM, "c a l l - 1 2 34", [])
def test_findings_do_not_depend_on_the_cutting(detector: InlineDetector, text: str, places: list[int]) -> None:
    """Piece by piece, with the past forgotten, a cursor finds what every reading shown to it of the whole has, each place once."""
    expected = sorted(scan(detector, text), key=lambda f: (f.start, f.end))
    for pieces in (cut(text, places), list(text)):
        assert sorted(_found(detector, pieces), key=lambda f: (f.start, f.end)) == expected


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("a １２３４ b", [(2, 6)]),
        ("a 1\u200b2\u200b34 b", [(2, 8)]),
        ("a MTIzNDU2IDc4OTAxMg== b", [(2, 22)]),
        ("a 1234 b", [(2, 6)]),
    ],
)
def test_findings_are_those_of_the_text_as_it_stands(text: str, spans: list[tuple[int, int]]) -> None:
    """Each covers all that the value was written with, and is found once though several readings have it."""
    assert sorted({(each.start, each.end) for each in _found(DIGITS, [text])}) == spans


def test_sentences_are_those_of_the_deepest_reading() -> None:
    """A model is shown what is said, and its findings come back to what was written."""
    readings, cursor = Readings(), PooledCursor(Names(), 1.0, str.encode, whole=False)
    readings.feed("ask Ａnna. and ")
    job = cursor.needs(readings, closed=False)
    assert job
    assert job.units == ("ask Anna. ",)
    cursor.settle(job, (Names.scan("ask Anna. "),))
    found, missing = cursor.advance(readings)
    assert [(each.start, each.end) for each in found] == [(4, 8)]
    assert missing == []
    assert cursor.at == 10
