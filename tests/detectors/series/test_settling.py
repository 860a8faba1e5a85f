"""Values that wait for their bins."""

import orjson
import pytest

from detectors.series.bins import CategoryBins, NumericBins, SketchBins
from detectors.series.settling import Settling


def test_numbers_come_out_as_counts_by_part():
    """Each batch is counted at its own part of the week, with what was missing."""
    settling = Settling("numeric")
    for value in (1.0, 2.0, float("nan")):
        settling.put(value)
    settling.close(3, 5, counts_missing=True)
    settling.put(2.0)
    settling.close(4, 1, counts_missing=True)
    assert settling.exchanges == 6
    assert list(settling.counted(NumericBins((2.0,)))) == [(3, [1, 1, 3]), (4, [0, 1, 0])]


def test_batches_of_one_part_are_kept_as_one():
    """Ten thousand batches of one exchange take the place of one."""
    settling = Settling("numeric")
    for _ in range(10_000):
        settling.close(0, 1, counts_missing=True)
    assert len(settling.as_json()["batches"]) == 1
    assert settling.exchanges == 10_000


def test_categories():
    """Names come out as they went in, and what is one too many is other."""
    settling = Settling("categorical")
    for at in range(300):
        settling.put(f"v{at}")
    settling.close(0, 300, counts_missing=True)
    bins = settling.bins()
    assert isinstance(bins, CategoryBins)
    ((_, counts),) = settling.counted(bins)
    assert sum(counts) == 300
    assert counts[-2] == 270  # all but the thirty that have a bin
    assert len(settling.as_json()["names"]) == 128


def test_what_is_not_counted_as_missing_is_not_there():
    """Of feedback, only exchanges that have it count."""
    settling = Settling("categorical")
    settling.put("good")
    settling.close(0, 50, counts_missing=False)
    assert settling.exchanges == 1


@pytest.mark.parametrize(
    ("exchanges", "values", "expected"), [(99, 99, False), (100, 100, True), (100, 10, False), (499, 10, False), (500, 10, True)]
)
def test_is_enough(exchanges: int, values: int, expected: bool):
    """Rare values are waited for, but not for ever."""
    settling = Settling("numeric")
    for at in range(values):
        settling.put(float(at))
    settling.close(0, exchanges, counts_missing=True)
    assert settling.is_enough(100) is expected


def test_drop():
    """Of a batch that does not count, nothing stays."""
    settling = Settling("sketch")
    settling.put(5)
    settling.close(0, 1, counts_missing=True)
    settling.put(6)
    settling.drop()
    settling.close(0, 0, counts_missing=True)
    ((_, counts),) = settling.counted(SketchBins())
    assert (counts[5], counts[6], sum(counts)) == (1, 0, 1)


def test_json():
    """Values that were kept are the same again."""
    settling, other = Settling("categorical"), Settling("categorical")
    for value in ("a", "b", "a"):
        settling.put(value)
    settling.close(1, 4, counts_missing=True)
    other.restore(orjson.loads(orjson.dumps(settling.as_json())))
    assert list(other.counted(other.bins())) == list(settling.counted(settling.bins()))
