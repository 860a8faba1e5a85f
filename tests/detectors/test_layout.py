"""Pieces cover the whole and overlap; words make lines by where they stand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.layout import OVERLAP, SIDE, Box, lines, mended, merged, piece_count, pieces


@given(st.integers(1, 6000), st.integers(1, 6000), st.data())
def test_pieces(width: int, height: int, data: st.DataObject):
    """Whatever is no larger than the overlap stands whole in one piece; no piece is larger than it may be, and they are as many as told."""
    cut = list(pieces(width, height))
    assert len(cut) == piece_count(width, height)
    assert all(0 <= left < right <= min(width, left + SIDE) for left, _, right, _ in cut)
    assert all(0 <= top < bottom <= min(height, top + SIDE) for _, top, _, bottom in cut)
    x, y = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    right, bottom = min(width, x + OVERLAP), min(height, y + OVERLAP)
    assert any(piece[0] <= x and piece[1] <= y and right <= piece[2] and bottom <= piece[3] for piece in cut)


def test_a_small_picture_is_one_piece():
    """Nothing is cut that need not be."""
    assert list(pieces(SIDE, 40)) == [(0, 0, SIDE, 40)]


@pytest.mark.parametrize(
    ("words", "read"),
    [
        ([], []),
        ([(Box(100, 0, 190, 20), "1111"), (Box(0, 2, 90, 22), "4111")], ["4111 1111"]),
        ([(Box(0, 30, 90, 50), "below"), (Box(0, 0, 90, 20), "above")], ["above", "below"]),
        ([(Box(0, 0, 20, 300), "tall"), (Box(30, 0, 90, 20), "beside its top")], ["beside its top", "tall"]),
        ([(Box(0, 0, 9, 20), "a"), (Box(10, 8, 19, 28), "b"), (Box(20, 16, 29, 36), "c")], ["a b c"]),
    ],
)
def test_lines(words: list[tuple[Box, str]], read: list[str]):
    """Words at one height are one line, in the order in which they are read; others are lines of their own."""
    assert lines(words) == read


@pytest.mark.parametrize(
    ("line", "read"),
    [
        ("4111 1111 11l1 I1i1", "4111 1111 1111 1111"),
        ("536-22-18O0", "536-22-1800"),
        ("1ll1|", "11111"),
        ("Ill, oil and IO", "Ill, oil and IO"),
        ("", ""),
    ],
)
def test_mended(line: str, read: str):
    """Only beside a digit is a letter taken for one."""
    assert mended(line) == read


@pytest.mark.parametrize(
    ("boxes", "one"),
    [
        ([Box(0, 0, 800, 20), Box(560, 1, 1300, 21), Box(1100, 0, 1900, 20)], [Box(0, 0, 1900, 21)]),  # a line that was cut twice
        ([Box(0, 0, 20, 800), Box(1, 560, 21, 1300)], [Box(0, 0, 21, 1300)]),  # one that goes down
        ([Box(0, 0, 90, 20), Box(100, 0, 190, 20)], [Box(0, 0, 90, 20), Box(100, 0, 190, 20)]),  # beside each other
        ([Box(0, 0, 90, 20), Box(5, 15, 80, 35)], [Box(0, 0, 90, 20), Box(5, 15, 80, 35)]),  # below each other
        ([Box(0, 0, 900, 300), Box(400, 100, 500, 130)], [Box(0, 0, 900, 300), Box(400, 100, 500, 130)]),  # small within large
        ([], []),
    ],
)
def test_merged(boxes: list[Box], one: list[Box]):
    """What pieces have of one line is one, in whatever order it was found; what only touches another line is not."""
    assert merged(boxes) == merged(boxes[::-1]) == one
