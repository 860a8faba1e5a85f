"""Numbers in log lines."""

from random import Random

import pytest

from detectors.series.parameters import Parameters


def learned() -> Parameters:
    chance, parameters = Random(1), Parameters()
    for _ in range(300):
        assert parameters.outlier("t1", [(2, chance.lognormvariate(4, 0.3)), (5, chance.random())]) is None
    return parameters


@pytest.mark.parametrize(("number", "told"), [(50, False), (150, False), (100_000, True), (-1000, True)])
def test_what_is_far_off_is_told(number: float, told: bool):
    """By orders of magnitude, with what is usual; twice or three times as large is not."""
    found = learned().outlier("t1", [(2, number)])
    assert (found is not None) == told
    if found:
        assert found[1] == number
        assert found[2] == pytest.approx(54, rel=0.2)
        assert found[0] < 0.01


def test_a_place_is_of_its_template():
    """What is usual at one place says nothing of another."""
    parameters = learned()
    assert parameters.outlier("t1", [(3, 1e5)]) is None
    assert parameters.outlier("t2", [(2, 1e5)]) is None


def test_numbers_that_count_up_are_usual():
    """As ids do."""
    parameters = Parameters()
    assert not any(parameters.outlier("t1", [(0, float(at))]) for at in range(1000, 5000))


def test_it_is_bounded():
    """The places that were not seen for longest are forgotten."""
    parameters = learned()
    for at in range(2000):
        parameters.outlier(f"x{at}", [(0, 1.0)])
    assert len(parameters.as_json()) == 1000
    assert parameters.outlier("t1", [(2, 1e5)]) is None


def test_restored():
    """The same is told; more places than the limit are refused."""
    other = Parameters()
    other.restore(learned().as_json())
    assert other.outlier("t1", [(2, 1e5)]) == learned().outlier("t1", [(2, 1e5)]) is not None
    with pytest.raises(ValueError):
        other.restore(learned().as_json() * 600)
