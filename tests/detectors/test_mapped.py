"""Texts made from others, with the way back."""

from hypothesis import given
from hypothesis import strategies as st

from detectors.finding import Finding
from detectors.mapped import unchanged, with_signs


def test_changes_keep_the_way_back():
    """What is put in, left out, or left as it is stands for its own piece of the original."""
    read = unchanged("a%40b\u200bc").changed([(1, 4, "@"), (5, 6, "")]).changed([(0, 1, "xy")])
    assert read.text == "xy@bc"
    assert list(zip(read.starts, read.ends, strict=True)) == [(0, 1), (0, 1), (1, 4), (4, 5), (6, 7)]


def test_findings_come_back_over_all_they_stand_for():
    """A finding over a part of what a piece says is over the whole piece."""
    (found,) = unchanged("a%40b").changed([(1, 4, "(at)")]).back([Finding("pii", "pii.X", 2, 3, 1.0)])
    assert (found.start, found.end) == (1, 4)


def test_no_change_makes_no_copy():
    """A text that a layer says nothing about is the same object, by which it is known."""
    text = unchanged("abc")
    assert text.changed([]) is text


@given(st.text(min_size=1, max_size=20), st.data())
def test_the_way_back_never_turns(text: str, data: st.DataObject):
    """However a text is changed, spans of the original are in bounds, not empty, and in order."""
    read = unchanged(text)
    for _ in range(3):
        cuts = sorted(data.draw(st.sets(st.integers(0, len(read.text)), max_size=6)))
        pairs = zip(cuts[::2], cuts[1::2], strict=False)
        read = read.changed([(start, end, data.draw(st.text(max_size=3))) for start, end in pairs])
    assert len(read.text) == len(read.starts) == len(read.ends)
    assert all(0 <= start < end <= len(text) for start, end in zip(read.starts, read.ends, strict=True))
    assert list(read.starts) == sorted(read.starts)
    assert list(read.ends) == sorted(read.ends)


@given(st.text("ab", max_size=12), st.sets(st.integers(0, 11), max_size=5))
def test_a_sign_stands_for_what_follows(text: str, places: set[int]):
    """Signs put between characters are as changes that put them before the next one, and slices are as lists."""
    kept = sorted(place for place in places if place < len(text))
    made, changed = with_signs(text, kept, "，"), unchanged(text).changed((place, place + 1, "，" + text[place]) for place in kept)
    assert (made.text, list(made.starts), list(made.ends)) == (changed.text, list(changed.starts), list(changed.ends))
    assert (made.starts[1:-1], made.ends[-2:]) == (list(changed.starts[1:-1]), list(changed.ends[-2:]))
