"""Rules that fall silent."""

from random import Random

import orjson
import pytest

from gateway.detecting.facts import facts
from gateway.detecting.silent import SilentRules
from gateway.incidents.symptom import Symptom
from tests.gateway.detecting.traffic import fired, record
from tests.gateway.incidents.symptoms import T0

STEP_S = 10


def run(
    rules: SilentRules, start: float, seconds: int, share: float, *, rate: float = 5.0, why: str = "", app: str = "shop", seed: int = 1,
    looked: bool = True,
) -> list[Symptom]:  # fmt: skip
    """Exchanges of an application, in a share of which a rule fires, and what is told after each step."""
    chance, found = Random(seed), []
    for step in range(0, seconds, STEP_S):
        for number in range(int(STEP_S * rate)):
            said = record(start + step + number / rate, number, app=app, **({} if looked else {"policy": "default@bbbb", "coverage": {}}))
            if why:
                fired(said, "pii", "flag", why, "pii")
            elif chance.random() < share:
                fired(said, "pii", "tokenize", kind="pii.EMAIL_ADDRESS")
            known = facts(said)
            assert known is not None
            rules.take(known)
        found += rules.told(start + step + STEP_S)
    return found


def test_a_rule_that_fires_no_more():
    """Is told within a minute while traffic goes on, with when it fired last and what is usual; and not before."""
    rules = SilentRules()
    assert run(rules, T0, 600, 0.2) == []
    found = run(rules, T0 + 600, 60, 0.0)
    assert found
    first = found[0]
    assert (first.kind, first.series, first.dimensions) == ("verdict silence", "verdicts", (("rule", "pii"),))
    assert first.level >= 1
    assert first.onset < T0 + 602 < first.at <= T0 + 650
    assert first.baseline == pytest.approx(1.0, abs=0.25)
    assert not first.is_page
    assert not first.is_harm


def test_a_rule_that_a_policy_no_longer_has():
    """Is told of the policy, whose other versions had it; not where it has no exchanges any more."""
    rules = SilentRules()
    assert run(rules, T0, 600, 0.2) == []
    found = run(rules, T0 + 600, 60, 0.0, looked=False)
    assert found
    assert {each.dimensions for each in found} == {(("rule", "pii"),)}


@pytest.mark.parametrize(
    "fields",
    [
        {"status": 502, "outcome": "upstream_unreachable", "upstream": None},
        {"status": 400, "decision": "block", "outcome": "content_filter", "upstream": None},
        {},
    ],
    ids=["nobody answers", "blocked before", "nothing of its kind comes"],
)
def test_a_rule_with_nothing_to_look_at(fields: dict):
    """Is not silent: what it is of does not come."""
    rules = SilentRules()
    assert run(rules, T0, 600, 0.2) == []
    for number in range(600):
        known = facts(record(T0 + 600 + number / 5, number, coverage={"request": [], "response": []}, **fields))
        assert known is not None
        rules.take(known)
        assert list(rules.told(T0 + 600 + number / 5)) == []


def test_a_rule_that_is_silent_for_one_application():
    """Is told of that one, while it fires for others."""
    rules = SilentRules()
    for at in range(0, 600, STEP_S):
        assert run(rules, T0 + at, STEP_S, 0.2, seed=at) == run(rules, T0 + at, STEP_S, 0.2, app="desk", seed=at + 1) == []
    found = []
    for at in range(600, 700, STEP_S):
        found += [*run(rules, T0 + at, STEP_S, 0.0), *run(rules, T0 + at, STEP_S, 0.2, app="desk", seed=at)]
    assert {each.dimensions for each in found} == {(("app", "shop"), ("rule", "pii"))}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"share": 0.2, "seconds": 100}, {"share": 0.0}),  # not known for long enough
        ({"share": 0.02, "seconds": 600}, {"share": 0.0}),  # it never fired often
        ({"share": 0.2, "seconds": 600}, {"share": 0.04}),  # it still fires
        ({"share": 0.2, "seconds": 600}, {"share": 0.0, "app": "desk"}),  # another application's exchanges go on
        ({"share": 0.2, "seconds": 600}, {"share": 0.0, "why": "error"}),  # it cannot look, which is told otherwise
    ],
)
def test_no_silence(before: dict, after: dict):
    """What is not known, may be chance, or has another reason, is told by nobody."""
    rules = SilentRules()
    assert run(rules, T0, **before) == []
    assert run(rules, T0 + before["seconds"], 120, **after, seed=2) == []


def test_steady_traffic_for_hours():
    """Chance alone is never told, for many rules' worth of exchanges."""
    for seed in range(2):
        assert run(SilentRules(), T0, 3600, 0.15, seed=seed) == []


def test_clusters():
    """A rule that has been quiet as long before is not told."""
    rules = SilentRules()
    for at in range(0, 1800, 90):
        assert run(rules, T0 + at, 60, 0.3, seed=at) == []
        assert run(rules, T0 + at + 60, 30, 0.0) == []
    assert run(rules, T0 + 1800, 20, 0.0) == []


def test_it_is_over():
    """Once it fires again, or nothing more comes, nothing is told; and what goes on for hours is usual."""
    rules = SilentRules()
    run(rules, T0, 600, 0.2)
    assert run(rules, T0 + 600, 60, 0.0)
    assert run(rules, T0 + 660, 120, 0.2) == []
    assert run(rules, T0 + 780, 60, 0.0)
    assert list(rules.told(T0 + 1000)) == []
    later = run(rules, T0 + 1000, 8000, 0.0)
    assert later
    assert later[-1].at < T0 + 780 + 2 * 3600 + 60


def test_restored():
    """It goes on as the one whose state it was."""
    rules, other = SilentRules(), SilentRules()
    run(rules, T0, 600, 0.2)
    run(rules, T0 + 600, 20, 0.0)
    other.read_json(orjson.loads(orjson.dumps(rules.as_json())))
    assert run(rules, T0 + 620, 40, 0.0) == run(other, T0 + 620, 40, 0.0) != []


@pytest.mark.parametrize("saved", [[[1]], [["a", "b", "c", *["x"] * 10, "v"]], [["a", "b", "c", *[float("nan")] * 10, "v"]]])
def test_no_state(saved: list):
    """What is none is said to be none."""
    with pytest.raises((ValueError, TypeError)):
        SilentRules().read_json(saved)


def test_bounds():
    """Names that are made up find no more room than there is."""
    rules = SilentRules(most=50)
    for number in range(200):
        run(rules, T0 + number, STEP_S, 1.0, app=f"app {number}", rate=1.0)
    assert rules.evicted > 0
    assert len(rules.as_json()) == 50
