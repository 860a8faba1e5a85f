"""The list of faults, and that each can be done to what it is done to."""

from typing import get_args

import pytest

from bench.drill.endpoints import Behaviour
from bench.drill.faults import FAULTS, QUICK, chosen
from bench.drill.traffic import usual
from gateway.incidents.symptom import About


def test_there_are_at_least_25_faults_each_under_its_own_name():
    """And what they are about are words that symptoms have."""
    assert len({fault.name for fault in FAULTS}) == len(FAULTS) >= 25
    assert all(fault.about and fault.about <= set(get_args(About)) for fault in FAULTS)


def test_every_fault_has_a_cause_that_can_be_named():
    """So that the share of right causes is one of all faults."""
    assert [fault.name for fault in FAULTS if not fault.causes] == []


def test_the_quick_faults_are_among_all():
    """A name that does not exist is refused, with those that do."""
    assert len(chosen(QUICK)) == len(QUICK)
    with pytest.raises(ValueError, match="no fault is called") as refused:
        chosen(["the moon falls down"])
    assert "upstream slow" in str(refused.value)


class _Site:
    def __init__(self) -> None:
        self.manners = usual(12.0)
        self.east, self.west, self.service = (type("Held", (), {"behaviour": Behaviour()})() for _ in range(3))


@pytest.mark.parametrize("name", ["upstream slow", "keys in answers", "injections", "one tenant's loop", "a retry storm", "other topics"])
def test_a_fault_changes_the_site(name: str):
    """What it says is switched is there, and is other than before."""
    site, before = _Site(), _Site()
    chosen([name])[0].begin(site)  # type: ignore[arg-type]
    after = (site.manners, site.east.behaviour, site.west.behaviour)  # type: ignore[attr-defined]
    assert after != (before.manners, before.east.behaviour, before.west.behaviour)  # type: ignore[attr-defined]
