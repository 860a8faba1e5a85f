"""How long something usually takes, and chances."""

import math
import statistics
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.series.durations import MOST, Durations, logged, normal_tail, tail


@given(st.lists(st.floats(1e-6, 1e4), min_size=20, max_size=300), st.sampled_from([0.1, 0.5, 0.95]))
def test_quantiles(seconds: list[float], share: float):
    """A quantile is off by less than a bin."""
    usual = Durations()
    usual.learn(map(logged, seconds))
    ordered = sorted(seconds)
    near = [ordered[max(0, min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1 + off))] for off in (0, 1)]
    (found,) = usual.quantiles((share,))
    assert math.log(near[0]) - 0.0501 <= found <= math.log(near[1]) + 0.0501


def test_older_ones_weigh_less():
    """What has changed for long enough is usual, and what is kept does not grow."""
    usual = Durations()
    for second in [0.1] * 10_000 + [1.0] * 10_000:
        usual.learn([logged(second)])
    assert math.exp(usual.quantiles((0.5,))[0]) == pytest.approx(1.0, rel=0.06)
    assert usual.weight <= MOST
    for _ in range(5):
        usual.learn([0.0] * 20_000)
    assert usual.weight <= MOST


def test_without_any():
    """Nothing known has no quantile that breaks anything."""
    assert Durations().quantiles((0.5, 0.9)) == [0.0, 0.0]


def test_saved():
    """What is saved is as it was."""
    usual = Durations()
    usual.learn([logged(each / 7) for each in range(1, 50)])
    again = Durations.from_json(usual.as_json())
    assert (again.as_json(), again.weight) == (usual.as_json(), usual.weight)


@pytest.mark.parametrize(("seconds", "expected"), [(-1.0, 1e-6), (0.0, 1e-6), (2.0, 2.0), (1e9, 1e5), (math.inf, 1e5)])
def test_logged(seconds: float, expected: float):
    """No duration is out of bounds."""
    assert math.exp(logged(seconds)) == pytest.approx(expected)


@pytest.mark.parametrize(("tries", "usual_hits", "usual_tries"), [(30, 10.0, 200.0), (5, 0.0, 300.0), (8, 0.0, 0.0)])
def test_tail_sums(tries: int, usual_hits: float, usual_tries: float):
    """The chances of all numbers of hits make one, and more hits are less likely."""
    tails = [tail(hits, tries, usual_hits, usual_tries) for hits in range(tries + 1)]
    assert tails[0] == 1.0
    assert all(more < less for less, more in pairwise(tails))
    mean = sum(tails[1:])
    assert mean == pytest.approx(tries * (usual_hits + 1) / (usual_tries + 2))


def test_tail_of_a_known_rate():
    """Of a rate that is known well, it is the binomial's."""
    binomial = sum(math.comb(20, hits) * 0.1**hits * 0.9 ** (20 - hits) for hits in range(5, 21))
    assert tail(5, 20, 1e7, 1e8) == pytest.approx(binomial, rel=1e-3)


def test_normal_tail():
    """As the standard library has it."""
    assert normal_tail(1.7) == pytest.approx(1 - statistics.NormalDist().cdf(1.7))
