"""Who is watched: everybody there is room for, and nobody loses what was learned to names that somebody makes up."""

from dataclasses import replace

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.watch.drift.roster import OTHERS, Limits, StateError
from policies.signals import DRIFT, Board, Told, parse, render
from policies.subject import Subject
from tests.gateway.watch.drifts import CHANGE, KEY, LEAST, drifted, observation, roster
from tests.gateway.watch.records import NOW

WEIRD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.none(), max_size=2),
)


def told(made) -> list[tuple]:
    return [(each.name, each.app, each.model, each.surface, each.since, each.evidence) for each in made.levels(NOW)]


def test_nothing_is_told_of_what_is_usual():
    """While it learns, and while all is usual, there are no levels; the overview says how far it is."""
    made = roster()
    for number in range(150):
        made.update(observation(number))
    assert made.overview()[0]["state"] == f"learning, 150 of {LEAST} exchanges"
    for number in range(150, CHANGE):
        made.update(observation(number))
    assert (made.overview()[0]["state"], made.levels(NOW)) == ("stable", [])


def test_a_drift():
    """It is told under the names that policies know, with the drift that it was told from, since about when it began."""
    made = drifted()
    (episode,) = made.episodes.newest_first()
    assert {name for name, *_ in told(made)} == {"input", "languages"} <= set(DRIFT)
    for name, *key, since, evidence in told(made):
        assert (tuple(key), evidence) == (KEY, episode.id), name
        assert abs(since - (NOW + CHANGE)) <= 50
    assert all(level.level > 0.5 for level in made.levels(NOW))
    assert made.overview()[0]["state"] == "drifting"
    assert (episode.feature, episode.kinds, episode.moved[0]["bin"], episode.ended) == ("input.language", ("input",), "other", None)


def test_a_drift_ends():
    """When traffic is as usual again, nothing is told any more, and the history says when."""
    made = drifted()
    for number in range(700, 1400):
        made.update(observation(number))
    assert made.levels(NOW) == []
    assert made.episodes.newest_first()[0].ended >= NOW + 700


@pytest.mark.parametrize("numbers", [50, 399, 425, 700])
def test_snapshot(numbers: int):
    """What was restored goes on as the one that gave the snapshot, also in the middle of a batch."""
    first = roster()
    for number in range(numbers):
        first.update(observation(number, "fr" if number >= CHANGE else None))
    second = roster()
    second.restore(orjson.loads(first.snapshot()))
    for number in range(numbers, 1200):
        said = "fr" if CHANGE <= number < 900 else None
        first.update(observation(number, said))
        second.update(observation(number, said))
    assert told(first) == told(second)
    assert first.snapshot() == second.snapshot()


@given(st.one_of(WEIRD, st.fixed_dictionaries({}, optional=dict.fromkeys(("v", "watched", "episodes", "evicted", "begun"), WEIRD))))
def test_what_is_no_state(saved):
    """It is refused, and nothing else is raised."""
    with pytest.raises(StateError):
        roster().restore(saved)


def test_another_version():
    """The state of a later version is not used."""
    saved = orjson.loads(drifted().snapshot())
    with pytest.raises(StateError, match="another version"):
        roster().restore({**saved, "v": 3})


def test_models_that_clients_make_up():
    """An application's own models are watched by themselves, and those beyond its limit together."""
    made = roster(Limits(keys=10, models=2))
    for number in range(100):
        made.update(observation(number, key=("shop", f"model-{number}", "chat")))
    assert {each["model"]: each["exchanges"] for each in made.overview()} == {OTHERS: 98, "model-0": 1, "model-1": 1}


def test_a_drift_of_models_that_are_watched_together():
    """It is told of every model that is not watched by itself, whatever it is called, and of no other."""
    made = roster(Limits(keys=10, models=2))
    for number in range(700):
        made.update(observation(number))
        made.update(observation(number, key=("shop", "gpt-5", "chat")))
        made.update(observation(number, "fr" if number >= CHANGE else None, key=("shop", f"made-up-{number}", "chat")))
    levels = made.levels(NOW)
    assert {(level.model, level.but) for level in levels} == {("", ("gpt-4o", "gpt-5"))}
    board = Told(parse(render(Board(NOW, NOW, levels))))
    seen = {name: board.about(Subject("shop", name, "chat"), NOW).drift["languages"] for name in ("made-up-3", "never", "gpt-4o", "gpt-5")}
    assert (seen["made-up-3"] == seen["never"] > 0.5, seen["gpt-4o"], seen["gpt-5"]) == (True, 0.0, 0.0)
    assert board.about(Subject("bank", "never", "chat"), NOW).drift["languages"] == 0.0


def test_models_that_nobody_answers_to():
    """However many names are made up, and however early: they are watched together, and a model that answers is watched by itself."""
    made = roster(Limits(keys=10, models=2))
    for number in range(300):
        made.update(replace(observation(number, key=("shop", f"made-up-{number}", "chat")), is_answered=False))
        made.update(observation(number))
    assert {each["model"]: each["exchanges"] for each in made.overview()} == {OTHERS: 300, "gpt-4o": 300}


def test_models_that_were_asked_once():
    """Those that an endpoint answers to whatever they are called make room after a day; those that have learned do not, nor do others."""
    made = roster(Limits(keys=10, models=3))
    for number in range(LEAST):
        made.update(observation(number))
    for name in ("a", "b", "c"):
        made.update(observation(LEAST, key=("shop", name, "chat")))
    day = 86_500
    made.update(observation(LEAST + day, key=("shop", "b", "chat")))
    made.update(observation(LEAST + day, key=("shop", "new", "chat")))
    made.update(observation(LEAST + day, key=("shop", "newer", "chat")))
    assert {each["model"] for each in made.overview()} == {"gpt-4o", "b", "new", OTHERS}
    assert made.evicted == 1


def test_applications_that_nobody_answers():
    """Names that come with requests which fail push out nothing but each other."""
    made = roster(Limits(keys=5))
    for number in range(20):
        made.update(observation(number, key=(f"real-{number % 4}", "gpt-4o", "chat")))
        made.update(replace(observation(number, key=(f"made-up-{number}", "gpt-4o", "chat")), is_answered=False))
    apps = {each["app"]: each["exchanges"] for each in made.overview()}
    assert {name: count for name, count in apps.items() if name.startswith("real")} == {f"real-{at}": 5 for at in range(4)}
    full = roster(Limits(keys=1))
    full.update(observation(0))
    assert full.update(replace(observation(1, key=("made-up", "x", "chat")), is_answered=False)) == []
    assert ([each["app"] for each in full.overview()], full.evicted) == (["shop"], 1)


def test_what_has_no_model():
    """It is never told of all models: it is watched with the others."""
    made = roster()
    made.update(observation(1, key=("shop", "", "chat")))
    assert [each["model"] for each in made.overview()] == [OTHERS]


def test_applications_that_clients_make_up():
    """Those who have learned stay, however many names are made up; who goes is counted."""
    made = roster(Limits(keys=5))
    for number in range(CHANGE):
        made.update(observation(number))
        made.update(observation(number, key=(f"app-{number}", "gpt-4o", "chat")))
    assert len(made) == 5
    assert made.overview()[0]["app"] == "shop"
    assert made.overview()[0]["exchanges"] == CHANGE
    assert made.evicted == CHANGE + 1 - 5


def test_a_key_that_goes():
    """Where all have learned, the one that was silent for longest goes, and its drifts end with it."""
    made = drifted(Limits(keys=1))
    made.update(observation(700, key=("bank", "gpt-4o", "chat")))
    assert (len(made), made.evicted, made.levels(NOW)) == (1, 1, [])
    assert made.episodes.newest_first()[0].ended == NOW + 700


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.booleans()), max_size=60), st.integers(1, 6), st.integers(1, 4))
def test_bounds(keys, most, models):
    """There are never more keys than there is room for, nor more models of one application than its limit and the others."""
    made = roster(Limits(most, models))
    for number, (app, model, is_chat) in enumerate(keys):
        made.update(observation(number, key=(f"a{app}", f"m{model}", "chat" if is_chat else "messages")))
        shown = made.overview()
        assert len(shown) == len(made) <= most
        pairs = [(each["app"], each["surface"]) for each in shown if each["model"] != OTHERS]
        assert all(pairs.count(pair) <= models for pair in pairs)


def test_features_that_are_chosen():
    """The others are not watched."""
    made = roster(features=frozenset({"output.tool"}))
    made.update(observation(1))
    assert made.overview()[0]["features"] == []
