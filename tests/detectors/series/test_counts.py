"""Counts that are too small for a range."""

from math import exp
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.series.counts import CountWatch, Settings


def poisson(mean: float, chance: Random) -> int:
    count, product, least = 0, chance.random(), exp(-mean)
    while product > least:
        count, product = count + 1, product * chance.random()
    return count


def learned(mean: float = 2, count: int = 500, seed: int = 1) -> CountWatch:
    chance, watch = Random(seed), CountWatch("errors", ("app",))
    assert [each for at in range(count) if (each := watch.update(at, poisson(mean, chance)))] == []
    return watch


@pytest.mark.parametrize(("count", "told"), [(0, False), (2, False), (6, False), (20, True), (1_000_000, True)])
def test_how_many_are_told(count: int, told: bool):
    """Of two a minute, six are nothing and twenty are a rare count."""
    found = learned().update(1000, count)
    assert (found is not None) == told
    if found:
        assert (found.kind, found.series, found.key, found.value, found.n) == ("rare count", "errors", ("app",), count, 501)
        assert found.score <= 1e-5
        assert found.baseline == pytest.approx(2, abs=0.3)


def test_none_where_there_were_many_is_told():
    """A count of nothing is a count: where forty were usual it is rare."""
    assert learned(2).update(1000, 0) is None
    found = learned(40).update(1000, 0)
    assert found is not None
    assert found.score < 1e-5


def test_what_goes_on_is_told_once():
    """Until it is over, and begins again."""
    watch = learned()
    counts = [30, 30, 30, 2, 2, 90]
    assert [at for at, count in enumerate(counts) if watch.update(1000 + at, count)] == [0, 5]


def test_whether_it_goes_on():
    """As long as the counts are unusual, and no longer."""
    watch = learned()
    seen = []
    for at, count in enumerate([30, 30, 2, 90]):
        watch.update(1000 + at, count)
        seen.append(watch.is_unusual)
    assert seen == [True, True, False, True]


def test_shares():
    """Three of four is little where one in ten is usual; thirty of forty is told."""
    chance = Random(1)
    for count, exposure, told in [(3, 4, False), (30, 40, True)]:
        watch = CountWatch("refusals")
        for at in range(200):
            of = chance.randint(1, 20)
            watch.update(at, sum(chance.random() < 0.1 for _ in range(of)), of, is_share=True)
        assert (watch.update(1000, count, exposure, is_share=True) is not None) == told


def test_counts_that_vary_more_are_rarer_told():
    """Where errors come in bursts of ten, a burst is usual."""
    chance, watch = Random(1), CountWatch("errors")
    found = [watch.update(at, 10 * poisson(0.5, chance)) for at in range(1000)]
    assert sum(each is not None for each in found) <= 2


def test_nothing_is_told_while_it_learns():
    """However many there are."""
    watch = CountWatch("errors", settings=Settings(learn=5))
    assert [watch.update(at, 10**at) for at in range(5)] == [None] * 5


@pytest.mark.parametrize(
    ("count", "exposure", "is_share"),
    [(-1, 1, False), (1, 0, False), (1, -1, False), (3, 2, True), (10**7, 1, False), (1, float("nan"), False)],
)
def test_counts_that_cannot_be(count: int, exposure: float, is_share: bool):
    """They are counted, and change nothing."""
    watch, other = learned(), learned()
    assert watch.update(1000, count, exposure, is_share=is_share) is None
    assert watch.ignored == 1
    assert watch.update(1001, 20) == other.update(1001, 20)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1_000_000), st.integers(1, 1_000_000), st.booleans()), max_size=60))
def test_any_counts_are_survived(points: list[tuple[int, int, bool]]):
    """A chance between 0 and 1, and a snapshot that goes on the same."""
    watch = CountWatch("x", settings=Settings(learn=2, alpha=0.5))
    for at, (count, exposure, is_share) in enumerate(points):
        found = watch.update(at, count, exposure, is_share=is_share)
        assert found is None or 0 <= found.score <= 1
    other = CountWatch.restore(watch.snapshot(), Settings(learn=2, alpha=0.5))
    assert [watch.update(1000 + at, at) for at in range(20)] == [other.update(1000 + at, at) for at in range(20)]


@pytest.mark.parametrize("data", [b"", b"{}", b'{"version": 2}', b'{"version": 1, "series": "x", "key": [], "state": [1]}'])
def test_what_is_no_snapshot(data: bytes):
    """Refused, as a ValueError."""
    with pytest.raises(ValueError):
        CountWatch.restore(data)
