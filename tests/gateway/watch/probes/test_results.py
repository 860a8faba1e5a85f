"""What probes have shown, by application."""

import orjson
import pytest

from detectors.series.probes import Answer, Method, Pair
from gateway.watch.probes.results import APPS, POLICIES, POLICY_S, Results, StateError, method
from policies.signals import DISPARITY

NOW = 1_795_000_000.0


def refused(number: int, *, swapped: bool) -> Pair:
    no, yes = Answer({"refused": False}), Answer({"refused": swapped})
    return Pair("gender", "male", "female", no, yes, no) if number % 2 else Pair("gender", "female", "male", yes, no, yes)


def filled(pairs: int, *, swapped: bool, app: str = "shop") -> Results:
    results = Results(method())
    for number in range(pairs):
        results.update(app, refused(number, swapped=swapped), NOW + number)
    return results


def test_levels():
    """What differs is told by how much, since when, and as what in the report; what does not is not told."""
    (level,) = filled(60, swapped=True).levels(NOW + 200)
    assert (level.kind, level.name, level.app, level.level, level.expires) == ("disparity", "probes", "shop", 1.0, NOW + 200)
    assert level.name in DISPARITY
    assert NOW < level.since < NOW + 60
    shown = filled(60, swapped=True).shown()
    assert level.evidence in [each["id"] for each in shown[0]["differences"]]
    assert filled(60, swapped=False).levels(NOW) == []


def blocked(version: str, pairs: int, *, swapped: bool = True, start: float = NOW, results: Results | None = None) -> Results:
    results = results or Results(method())
    for number in range(pairs):
        pair = Pair("gender", "male", "female", Answer({"guard_question_blocked": False}), Answer({"guard_question_blocked": swapped}))
        results.update_guard("shop", version, pair, ["names"], start + number)
    return results


def test_policies():
    """A policy that treats a pair otherwise is told of as an endpoint is, by its version; one that does not is shown, and not told."""
    results = blocked("careful@1", 40)
    (level,) = results.levels(NOW)
    ((app,), (shown,)) = results.shown(), results.shown()[0]["differences"]
    assert (level.level, level.evidence, shown["policy"], shown["state"]) == (1.0, shown["id"], "careful@1", "disparity")
    assert app["guards"] == [{"policy": "careful@1", "pairs": 40, "lost": {}, "not_compared": {"names": 40}}]
    fair = blocked("careful@1", 40, swapped=False)
    assert (fair.levels(NOW), len(fair.shown()[0]["differences"])) == ([], 1)


def test_a_policy_that_was_mended():
    """What was found of it is forgotten with its next version; beside a new one that is rolled out it stays."""
    results = blocked("careful@1", 40)
    blocked("canary@1", 1, swapped=False, results=results)
    assert len(results.levels(NOW)) == 1
    blocked("careful@2", 1, swapped=False, results=results)
    assert results.levels(NOW) == []
    assert [guard["policy"] for guard in results.shown()[0]["guards"]] == ["careful@2", "canary@1"]


def test_a_policy_that_is_met_no_more():
    """It is told of for a day, while others are met; and of few policies at a time."""
    results = blocked("old@1", 40)
    blocked("new@1", 1, swapped=False, start=NOW + POLICY_S, results=results)
    assert len(results.levels(NOW)) == 1
    blocked("new@1", 1, swapped=False, start=NOW + POLICY_S + 60, results=results)
    assert results.levels(NOW) == []
    for number in range(POLICIES + 3):
        blocked(f"p{number}@1", 1, start=NOW + POLICY_S + 100 + number, results=results)
    assert len(results.shown()[0]["guards"]) == POLICIES


def test_few_pairs_show_nothing():
    """Of fewer than are needed to show anything, there are no figures."""
    (app,) = filled(10, swapped=True).shown()
    assert {each["state"] for each in app["differences"]} == {"not enough data"}
    assert {each["shift"] for each in app["differences"]} == {None}


def test_bounded():
    """Applications beyond the limit are counted, and nothing of them is kept."""
    results = Results(method())
    for number in range(APPS + 3):
        results.update(f"app{number}", refused(1, swapped=True), NOW)
    assert (results.pairs, results.ignored, len(results.shown())) == (APPS, 3, APPS)


def test_restart():
    """After it, all is as before."""
    results = blocked("careful@1", 40, results=filled(60, swapped=True))
    again = Results(Method(most_keys=256))
    again.restore(orjson.loads(orjson.dumps(results.snapshot())), NOW)
    assert again.shown() == results.shown()
    assert again.levels(NOW) == results.levels(NOW)


@pytest.mark.parametrize(
    "saved", [{}, {"apps": [["shop", None, {}, []]], "ignored": 0}, {"apps": 5, "ignored": 0}, {"apps": [[]], "ignored": 0}]
)
def test_no_state(saved: dict):
    """What is none is refused, by its own error."""
    with pytest.raises(StateError):
        Results(method()).restore(saved, NOW)
