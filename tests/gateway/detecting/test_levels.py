"""What each step makes of the tallies."""

import random

from gateway.detecting.facts import facts
from gateway.detecting.levels import Levels
from gateway.incidents.symptom import Symptom
from tests.gateway.detecting.simulated_hours import FAILED, NOW, App, record

APPS = tuple(App(f"app{number}", "m-1", "near", 1.0) for number in range(6))
FIRST = int(NOW // 10)


def step(levels: Levels, at: int, failing: tuple[str, ...] = (), each: int = 12, apps: tuple[App, ...] = APPS) -> list[Symptom]:
    """One in which each application has so many exchanges."""
    rng = random.Random(at)
    for app in apps:
        for number in range(each):
            said = FAILED if app.name in failing else {}
            found = facts(record(at * 1000 + number, NOW + at * 10, rng, app, **said))
            assert found
            levels.count(found, NOW + at * 10, FIRST + at)
    return levels.close(FIRST + at)


def learned() -> Levels:
    levels = Levels(50)
    for at in range(40):
        assert step(levels, at) == []
    return levels


def test_what_is_the_same_of_several_keys_is_told_once():
    """The whole's failures are all of one upstream's model, and that is told, not both."""
    told = step(learned(), 40, tuple(app.name for app in APPS))
    names = [(each.series, each.kind, each.dimensions) for each in told]
    assert len(names) == len(set(names))
    assert ("failed exchanges", "rise", (("model", "m-1"), ("upstream", "near"))) in names


def test_it_has_the_dimensions_that_nearly_all_it_hits_have():
    """One application's failures are told as its own, wherever they are seen."""
    told = [each for each in step(learned(), 40, ("app3",)) if each.series == "failed exchanges"]
    assert told
    assert {each.dimensions for each in told} == {(("app", "app3"), ("model", "m-1"), ("upstream", "near"))}


def test_its_dimensions_stay_while_it_lasts():
    """Though others are hit later; so it stays one thing."""
    levels = learned()
    first = {each.fingerprint for each in step(levels, 40, ("app3",))}
    for at in range(41, 50):
        told = step(levels, at, ("app3", "app4"))
        assert first <= {each.fingerprint for each in told}


def test_a_key_begins_with_an_answer():
    """What only fails is counted in the whole, and takes no room."""
    levels = Levels(50)
    for number in range(100):
        found = facts(record(number, NOW, app=f"app{number}", **{**FAILED, "attempts": []}))
        assert found
        levels.count(found, NOW, FIRST)
    assert [len(sort) for sort in levels.as_json()["tallies"]] == [0, 0, 0, 0]
    assert levels.evicted == 0
    assert not levels.is_steady("app1")


def test_keys_beyond_the_bound_find_no_room():
    """Those that are alive stay."""
    levels = Levels(4)
    for at in range(4):
        step(levels, at, apps=APPS[:4])
    for at in range(4, 8):
        step(levels, at)
    sizes = [len(sort) for sort in levels.as_json()["tallies"]]
    assert sizes == [1, 1, 4, 4]
    assert levels.evicted
    assert [levels.is_steady(app.name) for app in APPS] == [True] * 4 + [False] * 2


def test_the_more_is_looked_at_the_less_is_told():
    """By how many things are ready to be told of."""
    levels = learned()
    ready = levels.as_json()["counts"][1]
    assert ready > 6 * len(APPS)
