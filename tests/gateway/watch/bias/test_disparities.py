"""Who is watched for disparities."""

import math
import random

import orjson
import pytest

from detectors.series.outcome import Outcome
from gateway.watch.bias.disparities import APPS, LEVEL_OF, Disparities, StateError, method
from gateway.watch.observe import outcome
from policies.signals import DISPARITY
from tests.gateway.watch.groups import grouped, traffic
from tests.gateway.watch.records import NOW


def filled(records: list[dict], apps: int = APPS) -> Disparities:
    disparities = Disparities(method(), apps)
    for each in records:
        disparities.update(outcome(each))
    while disparities.look(NOW, 1):
        pass
    return disparities


def test_levels():
    """What differs is told by how many times, since when, and as what in the report."""
    disparities = filled(traffic(3000, more=3.0))
    (level,) = disparities.levels(NOW + 120)
    assert (level.kind, level.name, level.app, level.expires) == ("disparity", "blocked", "shop", NOW + 120)
    assert 2 < level.level < 4.5
    assert NOW < level.since < NOW + 3000
    (app,) = disparities.shown()
    assert (app["state"], app["outcomes"]) == ("disparity", 3000)
    assert level.evidence in [cell["id"] for cell in app["cells"] if cell["state"] == "disparity"]


@pytest.mark.parametrize("seed", range(3))
def test_no_difference(seed: int):
    """Nothing is told."""
    disparities = filled(traffic(3000, seed))
    assert disparities.levels(NOW) == []
    assert disparities.shown()[0]["state"] in ("learning", "fair so far")


@pytest.mark.parametrize(("worse", "told"), [(0.2, ["scores"]), (0.0, [])])
def test_what_a_detector_scores(worse: float, told: list[str]):
    """A rule that scores answers, of toxicity say, is compared without anybody's having named it: told where it differs."""
    chance = random.Random(1)
    records = []
    for number in range(3000):
        group = chance.choice("ab")
        score = min(1.0, max(0.0, chance.gauss(0.3 + worse * (group == "b"), 0.3)))
        records.append(grouped(number, group, scores={"toxicity": {"score": score, "by": "made up"}}))
    disparities = filled(records)
    assert [level.name for level in disparities.levels(NOW)] == told
    assert set(told) <= set(DISPARITY)
    assert "score.toxicity" in {cell["outcome"] for cell in disparities.shown()[0]["cells"]}


def test_rules_that_score_are_bounded():
    """What comes beyond as many as there is room for is counted, and no other outcome goes for it."""
    records = [grouped(number, "ab"[number % 2], scores={f"rule-{number}": {"score": 0.5}}) for number in range(90)]
    (app,) = filled(records).shown()
    compared = {cell["outcome"] for cell in app["cells"]}
    assert {"blocked", "refused", "no_tool", "answer_chars", "latency_ms"} == {name for name in compared if name in LEVEL_OF}
    assert 0 < len([name for name in compared if name.startswith("score.")]) == 90 - app["lost"]["names"] < 10


def test_every_outcome_has_a_name():
    """What is told is what policies may ask for."""
    assert set(LEVEL_OF.values()) <= set(DISPARITY)
    found = outcome(grouped(1, "a"))
    assert set(LEVEL_OF) == {*found.rates, *found.numbers}


def test_ten_exchanges():
    """Of few people nothing is shown, not even how many they are."""
    (app,) = filled(traffic(10, more=20)).shown()
    assert app["state"].startswith("not enough data")
    assert app["cells"]
    for cell in app["cells"]:
        assert (cell["size"], cell["others_size"], cell["here"], cell["adjusted"], cell["examples"]) == (None, None, None, None, ())


def test_a_group_of_three():
    """Neither is a small group told from the others'."""
    disparities = filled([*traffic(600), *(grouped(1000 + each, "c", blocked=True) for each in range(3))])
    cells = [cell for cell in disparities.shown()[0]["cells"] if cell["group"] == "c"]
    assert {(cell["state"], cell["size"], cell["here"]) for cell in cells} == {("not enough data", None, None)}
    assert disparities.levels(NOW) == []


def test_looked_at_in_turn():
    """One application at a time, that which waits longest, and only where there is news."""
    disparities = Disparities(method())
    for app in ("one", "two"):
        disparities.update(outcome(grouped(1, "a", app=app)))
    assert [disparities.look(NOW + each, 20) for each in range(3)] == [True, True, False]
    disparities.update(outcome(grouped(2, "a", app="one")))
    assert not disparities.look(NOW + 19, 20)
    assert disparities.look(NOW + 20, 20)


def test_bounded():
    """There is no room for more applications than are allowed; one that little is known of goes first."""
    disparities = filled([*traffic(100, app="known"), *(grouped(200 + each, "a", app=f"made up {each}") for each in range(50))], apps=3)
    assert (len(disparities), disparities.evicted) == (3, 48)
    assert disparities.shown()[0]["app"] == "known"


def test_restart():
    """After it, all goes on as if there had been none."""
    records = traffic(1200, more=3.0)
    whole, first, second = filled(records), filled(records[:500]), Disparities(method())
    second.restore(orjson.loads(orjson.dumps(first.snapshot())))
    for each in records[500:]:
        second.update(outcome(each))
    second.look(NOW, 1)
    assert second.shown() == whole.shown()
    assert orjson.dumps(second.snapshot()) == orjson.dumps(whole.snapshot())


@pytest.mark.parametrize("saved", [{}, {"apps": 1, "evicted": 0}, {"apps": [["shop", {}]], "evicted": 0}, {"apps": [], "evicted": "x"}])
def test_no_state(saved: dict):
    """What is none is refused, by its own error."""
    with pytest.raises(StateError):
        Disparities(method()).restore(saved)


def test_a_ratio_to_nothing_is_shown():
    """Where one group alone is blocked, the ratio is infinite, and the level is a number all the same."""
    records = [grouped(number, "ab"[number % 2], blocked=number % 2 == 0) for number in range(400)]
    disparities = filled(records)
    assert all(math.isfinite(level.level) for level in disparities.levels(NOW))
    assert orjson.loads(orjson.dumps(disparities.shown()))


def test_an_app_with_a_long_name():
    """Names are cut, so that none of them takes the room of many."""
    disparities = Disparities(method())
    disparities.update(Outcome(NOW, "req_1", "x" * 5000, "", {"group": "a"}, {"blocked": True}, {}))
    assert len(disparities.shown()[0]["app"]) == 128
