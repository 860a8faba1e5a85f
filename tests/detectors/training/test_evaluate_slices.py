"""How often the part that has a fault is named."""

import pytest

from detectors.training.evaluate_slices import Scenario, simulated


@pytest.mark.parametrize(("share", "expected"), [(1.0, 1.0), (0.0, 0.0)])
def test_faults(share: float, expected: float):
    """A fault of all rows of a part is always found, and one of none never."""
    scenario = Scenario(1000, 1, share, 30)
    found = simulated(3, [scenario])
    assert {name: found["faults"][scenario.name][name] for name in ("first", "among_three", "f1")} == dict.fromkeys(
        ("first", "among_three", "f1"), expected
    )
    assert found["quiet"] == {"windows": 3, "told": 0}


def test_same_figures_again():
    """Chance is seeded."""
    scenario = Scenario(1000, 2, 0.3, 30, faults=2)
    one, other = (simulated(2, [scenario])["faults"][scenario.name] for _ in range(2))
    assert {**one, "p50_ms": 0} == {**other, "p50_ms": 0}
