"""Values to bins."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.series.bins import (
    MAX_CATEGORIES,
    MAX_CHARS,
    MISSING,
    OTHER,
    CategoryBins,
    NumericBins,
    SketchBins,
    as_json,
    category_bins,
    from_json,
    numeric_bins,
)
from detectors.series.observation import BUCKETS

NAMES = tuple(f"v{at}" for at in range(40))


@pytest.mark.parametrize(
    ("value", "label"),
    [(0, "value < 1"), (1, "1 ≤ value < 5"), (4.9, "1 ≤ value < 5"), (5, "5 ≤ value"), (float("nan"), MISSING), (float("inf"), MISSING)],
)
def test_numbers(value: float, label: str):
    """A number lies at or above an edge or below it; what is no number is missing, and never zero."""
    bins = NumericBins((1.0, 5.0))
    assert bins.label(bins.code(value)) == label


@given(st.lists(st.floats(-1e9, 1e9), min_size=1))
def test_every_number_has_a_bin(values: list[float]):
    """Whatever was seen, each value has a bin that is not that of what is missing, and greater values have no lesser bins."""
    bins = numeric_bins(values)
    codes = [bins.code(value) for value in sorted(values)]
    assert codes == sorted(codes)
    assert all(0 <= code < bins.size - 1 for code in codes)


def test_a_constant_has_its_own_bin():
    """A column that was always 7: less and more are told from it."""
    bins = numeric_bins([7.0] * 100)
    assert [bins.code(value) for value in (6.999, 7.0, 7.001)] == [0, 1, 2]


def test_most_values_zero():
    """Where most are 0 and the rest spread, 0 is a bin of its own."""
    bins = numeric_bins([0.0] * 80 + list(range(1, 21)))
    assert bins.code(0.0) not in {bins.code(-0.5), bins.code(1.0)}


def test_categories():
    """The most frequent values by their names, ties by the alphabet; all that is new, or rare, is other."""
    bins = category_bins(["b", "a", "b", "c"])
    assert bins.values == ("b", "a", "c")
    assert bins.label(bins.code("new")) == OTHER
    assert bins.label(bins.size - 1) == MISSING
    many = category_bins([name for at, name in enumerate(NAMES) for _ in range(len(NAMES) - at)])
    assert many.values == NAMES[:MAX_CATEGORIES]
    assert many.label(many.code(NAMES[-1])) == OTHER


def test_a_long_name_is_cut_the_same_way_twice():
    """A name beyond the limit is known by its beginning."""
    assert CategoryBins(("x" * MAX_CHARS,)).code("x" * 500) == 0


@pytest.mark.parametrize(("value", "code"), [(0, 0), (BUCKETS - 1, BUCKETS - 1), (BUCKETS, BUCKETS), (-1, BUCKETS)])
def test_sketches(value: int, code: int):
    """A bucket is its own bin; a number that is none is missing."""
    assert SketchBins().code(value) == code


@pytest.mark.parametrize("bins", [NumericBins((1.0, 5.0)), CategoryBins(("a", "b")), SketchBins()])
def test_ranges_lie_within_the_bins(bins: NumericBins | CategoryBins | SketchBins):
    """Each range has a bin, and the last bin, of what is missing, is a range of its own."""
    assert all(0 <= low < high <= bins.size for low, high in bins.ranges())
    assert (bins.size - 1, bins.size) in bins.ranges()
    assert len(set(bins.ranges())) == len(bins.ranges())


@pytest.mark.parametrize("bins", [NumericBins((1.0, 5.0)), CategoryBins(("a", "b")), SketchBins()])
def test_json(bins: NumericBins | CategoryBins | SketchBins):
    """Bins that were kept are the same again."""
    assert from_json(as_json(bins)) == bins
