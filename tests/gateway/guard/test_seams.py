"""Texts that are read as one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.guard.seams import REACH, Part, Run, merged, runs
from gateway.wire.model import Form, Place, Segment
from policies.verdict import Action, Edit
from policies.vocabulary import Scope


def segment(text: str, role: str = "user", *, joins: Place = ("messages", 0), form: Form = Form.TEXT) -> Segment:
    return Segment(text, role, Scope.USER if role == "user" else Scope.SYSTEM, (text,), form, joins=joins)


def test_runs_are_of_one_turn_and_scope_and_form() -> None:
    """A text goes on from the last of its turn and kind, whatever stands between; one that is of no turn neither joins nor parts others."""
    later = ("messages", 1)
    texts = [
        segment("a"),
        segment("n", form=Form.IDENTIFIER),
        segment("b"),
        segment("s", "system"),
        segment("c"),
        segment("d", joins=later),
        segment("u", joins=()),
        segment("e", joins=later),
    ]
    assert [(run.indexes, run.starts, run.text) for run in runs(texts)] == [((0, 2, 4), (0, 1, 2), "abc"), ((5, 7), (0, 1), "de")]
    assert runs([segment("a", joins=()), segment("b", joins=()), segment("c", joins=later)]) == []


@given(st.lists(st.text("ab ", max_size=2 * REACH), min_size=2, max_size=6))
def test_windows_hold_all_within_reach(texts: list[str]) -> None:
    """Each character within reach of a seam lies in exactly one window, at its place."""
    (run,) = runs([segment(text) for text in texts])
    windows = list(run.windows())
    assert all(run.text[window.start :].startswith(window.text) for window in windows)
    assert [window.start + seam for window in windows for seam in window.seams] == list(run.starts[1:])
    covered = [at for window in windows for at in range(window.start, window.start + len(window.text))]
    near = {at for seam in run.starts[1:] for at in range(max(0, seam - REACH), min(len(run.text), seam + REACH))}
    assert near <= set(covered)


def test_ten_thousand_parts_are_one_window() -> None:
    """A text in single characters is looked at once, not once for every seam."""
    (run,) = runs([segment("x")] * 10_000)
    (window,) = run.windows()
    assert len(window.text) == 10_000


def test_a_word_is_read_from_its_beginning() -> None:
    """A run of base64 would say nothing if it were begun in its middle."""
    (run,) = runs([segment("see " + "Q" * 1000), segment("Q" * 20)])
    assert [window.start for window in run.windows()] == [4]


@pytest.mark.parametrize(
    ("start", "end", "crosses", "splits"), [(0, 3, False, False), (2, 4, True, True), (5, 8, True, False), (3, 6, False, False)]
)
def test_what_lies_across_a_seam(start: int, end: int, *, crosses: bool, splits: bool) -> None:
    """A piece crosses a seam if it stands in two texts, and splits a word if letters meet there."""
    run = Run((0, 1, 2), (0, 3, 6), "abcdef. Zz")
    assert run.crosses(start, end) is crosses
    assert run.splits_word(start, end) is splits


def test_parts_are_of_the_segments() -> None:
    """A piece of a run is found again in each of its texts, an empty one aside from none."""
    assert Run((4, 7, 9), (0, 3, 6), "abcdefgh").parts(1, 8) == [Part(0, 1, 3), Part(1, 0, 3), Part(2, 0, 2)]


def test_edits_that_meet_are_one() -> None:
    """The union takes the style that keeps least, and a value comes back only if every rule would have it so."""
    one, other = Edit(0, 4, "pii.A", Action.TOKENIZE, True), Edit(3, 9, "pii.B", Action.MASK, False)
    assert merged([other, one, Edit(9, 10, "pii.C", Action.HASH, False)]) == [
        Edit(0, 9, "pii.B", Action.MASK, False),
        Edit(9, 10, "pii.C", Action.HASH, False),
    ]
