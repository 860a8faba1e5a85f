"""What is usual."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.series.baseline import Baseline
from detectors.series.dayparts import PARTS


def made(rows: dict[int, list[int]]) -> Baseline:
    baseline = Baseline(len(next(iter(rows.values()))))
    for part, counts in rows.items():
        baseline.add(part, counts)
    return baseline


@given(
    st.dictionaries(st.integers(0, PARTS - 1), st.lists(st.integers(0, 500), min_size=4, max_size=4), min_size=1), st.integers(0, PARTS - 1)
)
def test_shares(rows: dict[int, list[int]], part: int):
    """For every part, known or not, the shares are above 0 and make 1, and they are worth no more than all that was seen."""
    expected = made(rows).expected(part)
    assert sum(expected.shares) == pytest.approx(1)
    assert min(expected.shares) > 0
    assert 1 <= expected.worth <= max(1, sum(map(sum, rows.values())))


def test_parts_that_are_alike_lend_all_they_have():
    """Where no part differs, a small one expects what all show, and nearly as surely."""
    baseline = made({part: [900, 100] for part in range(7)} | {7: [60, 0]})
    expected = baseline.expected(7)
    assert expected.shares[1] == pytest.approx(0.099, abs=0.005)
    assert expected.worth > 3000


def test_parts_that_differ_lend_little():
    """Where each part has its own shares, a part expects its own, and one that is not known expects little surely."""
    baseline = made({part: [1000 - 100 * part, 100 * part] for part in range(1, 8)})
    assert baseline.expected(2).shares[1] == pytest.approx(0.2, abs=0.01)
    assert baseline.expected(12).worth < 30


def test_one_part_says_little_of_the_others():
    """With a single part known, others might be otherwise."""
    baseline = made({3: [5000, 5000]})
    assert baseline.expected(3).worth == 10_000
    assert baseline.expected(4).worth == 100


def test_forget():
    """The old shares stay, and weigh less."""
    baseline = made({0: [300, 100]})
    baseline.forget(0, 100)
    assert (baseline.as_json()[0], baseline.of_part(0)) == ([75.0, 25.0], 100)
    baseline.forget(0, 1000)
    assert baseline.of_part(0) == 100


def test_json():
    """Counts that were kept are the same again; those of another shape are refused."""
    baseline = made({0: [3, 1], 16: [0, 2]})
    assert Baseline(2, baseline.as_json()).expected(16) == baseline.expected(16)
    with pytest.raises(ValueError, match="shape"):
        Baseline(3, baseline.as_json())
