"""What carries a shift."""

import pytest

from detectors.series.baseline import Expected
from detectors.series.bins import CategoryBins
from detectors.series.explaining import examples, risen, segments
from detectors.series.feature import Feature
from detectors.series.reference import Reference
from detectors.series.rows import UNKNOWN, Row


def feature(name: str, at: int) -> Feature:
    made = Feature(name, "categorical", at, Reference(), counts_missing=True)
    made.bins = CategoryBins(("a", "b"))
    return made


SHIFTED, LANGUAGE, OTHER = feature("output.finish", 0), feature("input.language", 1), feature("input.topics", 2)
BY = {"input.language": LANGUAGE, "input.topics": OTHER, "output.finish": SHIFTED}
USUAL = [Row(f"u{at}", bytes([0, at % 2, 0])) for at in range(100)]


@pytest.mark.parametrize(
    ("counts", "expected"),
    [([70, 30, 0], set()), ([40, 60, 0], {1}), ([0, 50, 50], {1, 2}), ([10, 88, 2], {1})],
    ids=["nothing", "one", "two", "one, and a little of another"],
)
def test_risen(counts: list[int], expected: set[int]):
    """The bins that gained, but not those that gained next to nothing."""
    assert risen(counts, Expected((0.7, 0.3, 0.0), 1e6)) == expected


def test_examples_are_the_newest():
    """A few ids, of exchanges in the bins that rose; without such bins, none."""
    rows = [Row(f"x{at}", bytes([at % 2])) for at in range(40)]
    assert examples(rows, 0, frozenset({1})) == ("x1", "x3", "x5", "x7", "x9")
    assert examples(rows, 0, frozenset()) == ()


def test_segments():
    """The value of another feature that the rise lies in, and its share of it; not the feature itself."""
    late = [Row(f"x{at}", bytes([1, 1, at % 2])) if at % 4 else Row(f"x{at}", bytes([0, 0, 0])) for at in range(100)]
    found = segments(SHIFTED, frozenset({1}), late, USUAL, BY)
    assert (found[0].feature, found[0].value, found[0].share) == ("input.language", "b", 1.0)
    assert {each.feature for each in found} == {"input.language", "input.topics"}


@pytest.mark.parametrize("late", [[], [Row("x", bytes([1, 1, 1]))] * 19])
def test_too_few_rows_say_nothing(late: list[Row]):
    """No segment is named by a handful of exchanges."""
    assert segments(SHIFTED, frozenset({1}), late, USUAL, BY) == ()


def test_what_was_not_binned_is_no_segment():
    """Rows from before a feature had bins are left out."""
    late = [Row(f"x{at}", bytes([1, UNKNOWN, UNKNOWN])) for at in range(100)]
    assert segments(SHIFTED, frozenset({1}), late, USUAL, BY) == ()
