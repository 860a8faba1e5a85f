"""Rules that suddenly say far more than usual, or nothing."""

from random import Random

import orjson
import pytest

from gateway.detecting.bursts import LEARN, STEP_S, Bursts
from gateway.detecting.facts import facts
from gateway.incidents.symptom import Symptom
from tests.gateway.detecting.traffic import fired, record
from tests.gateway.incidents.symptoms import T0


def told(bursts: Bursts, start: int, steps: int, share: float, rate: int = 100, app: str = "shop", action: str = "block") -> list[Symptom]:
    """Steps in which the rule fires on that share: what is told by the last one."""
    chance, found = Random(start), []
    for step in range(start, start + steps):
        for number in range(rate):
            made = record(T0 + step * STEP_S, step * 1000 + number, app=app)
            if chance.random() < share:
                fired(made, "injection", action)
            said = facts(made)
            assert said is not None
            bursts.take(said)
        found = list(bursts.tick(T0 + (step + 1) * STEP_S))
    return found


def test_a_burst():
    """It is told of the rule, and of the application, while it goes on; then no more."""
    bursts = Bursts()
    assert told(bursts, 0, 60, 0.02) == []
    everywhere, of_app = told(bursts, 60, 2, 0.3)
    assert everywhere.dimensions == (("rule", "injection"),)
    assert of_app.dimensions == (("app", "shop"), ("rule", "injection"))
    assert (of_app.modality, of_app.kind, of_app.about, of_app.is_harm) == ("guard", "verdict burst", "blocks", False)
    assert of_app.onset == T0 + 60 * STEP_S
    assert of_app.level >= 1
    assert of_app.evidence
    assert of_app.note.startswith("fires in 3")
    assert told(bursts, 62, 10, 0.3)
    assert told(bursts, 72, 5, 0.02) == []


def test_a_silence():
    """A rule that no longer says anything is told; so is one that is rewriting, but it is of no blocks."""
    bursts = Bursts()
    assert told(bursts, 0, 60, 0.4, action="tokenize") == []
    found = told(bursts, 60, 2, 0.0)
    assert {(each.kind, each.about) for each in found} == {("verdict silence", "other")}


@pytest.mark.parametrize("rate", [3, 100, 400])
def test_quiet(rate: int):
    """Nothing is told of traffic as it is, whatever there is of it."""
    bursts = Bursts()
    assert [told(bursts, step, 1, 0.05, rate) for step in range(120)] == [[]] * 120


def test_a_busy_hour():
    """Five times the traffic with the same share is no burst."""
    bursts = Bursts()
    told(bursts, 0, 60, 0.1, 50)
    assert [told(bursts, step, 1, 0.1, 250) for step in range(60, 80)] == [[]] * 20


def test_what_is_not_known_yet():
    """Nothing is told before what is usual is known."""
    bursts = Bursts()
    told(bursts, 0, LEARN - 5, 0.0)
    assert told(bursts, LEARN - 5, 3, 0.5) == []


def test_nobody_comes():
    """A burst of which nothing more is seen is over."""
    bursts = Bursts()
    told(bursts, 0, 60, 0.02)
    assert told(bursts, 60, 2, 0.5)
    assert list(bursts.tick(T0 + 62 * STEP_S + 300)) == []


def test_a_flood_of_apps():
    """Made-up applications move out none that is known."""
    bursts = Bursts(most=20)
    told(bursts, 0, 60, 0.02)
    for number in range(50):
        told(bursts, 60, 1, 0.0, rate=1, app=f"made up {number}")
    assert bursts.evicted > 0
    assert ("shop", "injection") in {(app, rule) for app, rule, *_ in bursts.as_json()}
    assert len(bursts.as_json()) == 20


def test_restored():
    """What goes on goes on after a restart."""
    bursts, other = Bursts(), Bursts()
    told(bursts, 0, 60, 0.02)
    told(bursts, 60, 2, 0.3)
    other.read_json(orjson.loads(orjson.dumps(bursts.as_json())))
    for steps in ((62, 0.3), (63, 0.02), (64, 0.02)):
        one, same = (told(each, steps[0], 1, steps[1]) for each in (bursts, other))
        assert [(each.level, each.value, each.onset) for each in one] == [(each.level, each.value, each.onset) for each in same]
