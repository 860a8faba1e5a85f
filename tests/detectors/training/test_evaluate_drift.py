"""The evaluation of drift."""

import math

import pytest

from detectors.training import evaluate_drift
from detectors.training.drift_streams import Change, Text
from detectors.training.evaluate_drift import (
    Found,
    LabelledStream,
    Scenario,
    burst_alarms,
    delays,
    domains,
    false_alarms,
    judged,
    recovery,
)

TEXTS = {name: [Text(at * 20 + each, 20 + each) for each in range(5)] for at, name in enumerate(("a", "b", "c", "oos"))}


@pytest.mark.parametrize(("split", "expected"), [("dev", ["a", "c"]), ("held-out", ["b"]), ("all", ["a", "b", "c"])])
def test_domains(split: str, expected: list[str]):
    """Every second one is for tuning; what is out of scope is no domain."""
    assert domains(TEXTS, split) == expected


def test_found():
    """The median counts what was not found as never; without a number where that is most."""
    assert Found((100.0, 200.0, math.inf), 1).as_json() == {"runs": 3, "found": 0.667, "median": 200.0, "p90": None, "false": 1}
    assert Found((math.inf,), 0).as_json()["median"] is None


@pytest.mark.slow
def test_delays_and_recovery(monkeypatch: pytest.MonkeyPatch):
    """A new topic of half of the traffic is found soon, and its end as well; a change that shows on no side is never found."""
    monkeypatch.setattr(evaluate_drift, "SEEDS", 1)
    scenarios = (Scenario("half", Change(new_topic=0.5), ("input",)), Scenario("nothing", Change(), ("input",)))
    found = delays(TEXTS, "held-out", scenarios)
    assert found["half"].delays[0] <= 200
    assert found["nothing"] == Found((math.inf,), 0)
    assert recovery(TEXTS, "held-out").delays[0] <= 1000


@pytest.mark.slow
def test_no_alarms():
    """None over days without drift, nor by one user's burst."""
    assert false_alarms(TEXTS, "b", 20_000, "s") == []
    assert burst_alarms(TEXTS, "b", "s", 2000) == []


@pytest.mark.parametrize(
    ("change_at", "after", "delay", "false"), [(700, 9, 50, 0), (None, 9, None, 1), (700, 1, None, 0)], ids=["found", "false", "none"]
)
def test_labelled_streams(change_at: int | None, after: int, delay: int | None, false: int):
    """A change is found after the time it is labelled with; where there is no label, what is found is false."""
    texts = [Text(1 + at % 3, 20, 0.0) for at in range(700)] + [Text(after + at % 3, 20, 0.0) for at in range(500)]
    found = judged(LabelledStream("s", "k", texts, change_at))
    assert (found["delay"], found["false"]) == (delay, false)
