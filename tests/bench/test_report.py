"""The figures that the bench compares are medians of differences and ratios within a round."""

import pytest

from bench.bodies import FRESH, REPEATED, SOAK
from bench.compare import Results, Sample, added, median_of, percentile, ratio
from bench.soak import slope


def _results(**by_target: list[float]) -> Results:
    samples = [
        Sample(target, "short", 1, number, {"cpu_us": figure})
        for target, figures in by_target.items()
        for number, figure in enumerate(figures)
    ]
    return Results(samples, {})


def test_a_noisy_round_does_not_decide():
    """A round in which everything was slow changes neither difference nor ratio."""
    results = _results(bare=[100, 100, 900], ours=[200, 200, 1800])
    assert median_of(results, "cpu_us", "ours", "short", 1) == 200
    assert ratio(results, "cpu_us", "ours", "short", 1, to="bare") == 2
    assert added(results, "cpu_us", "ours", "short", 1, to="bare") == 100


@pytest.mark.parametrize(("values", "expected"), [(range(1, 101), 100), ([5], 5), ([3, 1, 2], 3)])
def test_percentiles(values: list, expected: float):
    """The 99th percentile is one of the values."""
    assert percentile(list(values), 99) == expected


def test_slopes():
    """A line's slope is found, and a flat one is flat."""
    assert slope([(0, 1), (1, 3), (2, 5)]) == pytest.approx(2)
    assert slope([(0, 4), (1, 4), (2, 4)]) == 0


def test_fresh_bodies_differ_and_keep_their_length():
    """No two numbers give the same body, and the length in the header stays right."""
    for body in (*FRESH, *(body for body, _ in SOAK)):
        rendered = {body.render(number) for number in range(100)}
        assert len(rendered) == 100
        assert {len(each) for each in rendered} == {len(body.content)}
    assert all(body.render(1) == body.content for body in REPEATED)


def test_sizes_are_what_the_names_say():
    """Short, 2 kB and 12 kB."""
    sizes = {body.name: len(body.content) for body in REPEATED}
    assert sizes["short"] < 300
    assert 1800 < sizes["2k"] < 2300
    assert 11_000 < sizes["history"] < 14_000
    assert 11_000 < sizes["history+pii"] < 14_000
