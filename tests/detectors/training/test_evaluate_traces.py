"""How well simulated traces are judged."""

import pytest

from detectors.training import trace_faults
from detectors.training.evaluate_traces import SCENARIOS, Scenario, judged, learned, quiet
from detectors.training.trace_faults import OPERATIONS, Fault, traces


@pytest.fixture(scope="module")
def usual() -> bytes:
    return learned("test", 2000)


@pytest.mark.parametrize("scenario", SCENARIOS[1:], ids=lambda scenario: scenario.name)
def test_faults(scenario: Scenario, usual: bytes):
    """A plain fault of each kind is told, and nothing else is blamed; what got slow is ranked first."""
    found = judged(scenario, [usual], 2)
    assert found["blamed_besides"] == 0.0
    if scenario.kind == "slow operation":
        assert found["first"] == 1.0
    else:
        assert found["told"] == 1.0


def test_quiet():
    """Where nothing is at fault, nothing is told."""
    found = quiet(3000)
    assert (found["traces"], found["windows"], found["anomalies"]) == (3000, 10, {})


def test_traces():
    """Chance is seeded; each trace has every operation, and nobody waits for what runs aside."""
    one, other = (list(traces("seed", 20)) for _ in range(2))
    assert one == other
    for trace in one:
        steps = {step.operation: step for step in trace.steps}
        assert steps.keys() == {*OPERATIONS, trace_faults.ASIDE}
        assert [step.operation for step in trace.steps if not step.is_critical] in ([trace_faults.ASIDE], [trace_faults.ASIDE, "upstream"])


@pytest.mark.parametrize(
    ("kind", "operations"),
    [("missing", {trace_faults.SCAN: 0}), ("extra", {"scan again": 1}), ("retries", {trace_faults.UPSTREAM: 3})],
)
def test_structure(kind: trace_faults.Kind, operations: dict[str, int]):
    """A fault of structure has the steps that it says."""
    for trace in traces("seed", 10, fault=Fault("", kind)):
        named = [step.operation for step in trace.steps]
        assert {name: named.count(name) for name in operations} == operations
