"""Why, as far as exchanges say."""

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.series.traces import Ranked
from gateway.detecting.causes import Causes
from gateway.incidents.incident import Incident, advance
from gateway.incidents.rootcause import MAX_HINTS, Change, Hint
from gateway.incidents.symptom import UPSTREAM_DOWN
from tests.gateway.detecting.test_facts import JSON
from tests.gateway.detecting.traffic import Fault, exchanges, failed, fired, record, slow
from tests.gateway.incidents.symptoms import T0, incident, symptom

TENANT = Causes().tenant("shop", "shop-u0")


def of(change: Callable[[dict], None], share: float, **where: str) -> Fault:
    """So many of the exchanges there are changed."""

    def fault(said: dict, chance: Random) -> None:
        if all(said[name] == value for name, value in where.items()) and chance.random() < share:
            change(said)

    return fault


def looped(said: dict, chance: Random) -> None:
    """Half of the traffic is one tenant's."""
    if chance.random() < 0.5:
        said.update(app="shop", user="shop-u0")


def rolled_out(said: dict, chance: Random) -> None:
    """A new policy blocks what it should not."""
    said["policy"] = "default@bbbb00000000"
    if chance.random() < 0.3:
        fired(said, "pii", "block", kind="pii.PERSON")


def replaced(said: dict, chance: Random) -> None:
    """Another model answers, and refuses."""
    if said["model"] == "gpt-4o" and said["attempts"]:
        said["answer"] = {"model": "gpt-3", "finish": ["refusal" if chance.random() < 0.4 else "stop"]}


def seen(fault: Fault | None, seed: int = 1, rate: float = 20.0, **made: object) -> Causes:
    """Some minutes as ever, and then one with the fault."""
    causes = Causes(**made)
    for said in exchanges(seed, T0 - 180, 180):
        causes.take(said)
        causes.tick(said["ts"])
    for said in exchanges(seed + 1000, T0, 60, rate, fault):
        causes.take(said)
        causes.tick(said["ts"])
    return causes


def about(name: str, **where: str) -> Incident:
    return incident(symptom(T0 + 50, about=name, onset=T0 + 5, where=where))


CLAUDE = [{"app": "desk", "model": "claude"}, {"app": "desk", "upstream": "anthropic"}]
"""The same exchanges."""
FAULTS = [
    ("errors", of(failed, 1.0, upstream="openai"), {"upstream": "openai"}),
    ("errors", of(failed, 0.3, upstream="azure"), {"upstream": "azure"}),
    ("upstream", of(failed, 0.6, app="desk"), {"app": "desk"}),
    ("errors", of(failed, 0.9, user="shop-u0"), {"tenant": TENANT}),
    ("errors", of(failed, 0.7, app="shop", upstream="openai"), {"app": "shop", "upstream": "openai"}),
    ("latency", of(slow, 0.8, model="gpt-4o"), {"model": "gpt-4o"}),
    ("latency", of(slow, 0.9, app="shop", model="gpt-4o-mini"), {"app": "shop", "model": "gpt-4o-mini"}),
    ("blocks", of(fired, 0.8, user="shop-u0"), {"tenant": TENANT}),
    ("cost", of(lambda said: said.update(cost_usd=1.0), 0.8, app="search"), {"app": "search"}),
    ("traffic", looped, {"tenant": TENANT}),
    ("drift", of(lambda said: said["observed"]["input"].update(language="ja"), 1.0, app="shop"), {"language": "ja"}),
]


@pytest.mark.parametrize(("name", "fault", "where"), FAULTS, ids=[f"{name} {'+'.join(where)}" for name, _, where in FAULTS])
def test_the_part_of_the_traffic(name: str, fault: Fault, where: dict):
    """The part that has the fault is named first."""
    causes = seen(fault, rate=40.0 if name == "traffic" else 20.0)
    first = causes.hints(about(name), T0 + 60)[0]
    assert dict(first.conditions) == where
    assert first.what == "slice"
    assert first.confidence > 0.8


def test_the_rule():
    """Of blocks, also which rule it was."""
    found = seen(of(fired, 0.5, app="desk")).hints(about("blocks"), T0 + 60)
    assert [dict(hint.conditions) for hint in found[:2]] == [{"app": "desk"}, {"rule": "injection"}]


@pytest.mark.parametrize(("fault", "name", "what"), [(rolled_out, "blocks", "policy"), (replaced, "refusals", "model")])
def test_what_changed(fault: Fault, name: str, what: str):
    """A policy or a model that was changed just before is among the first three, before that it is all of the traffic."""
    causes = seen(fault)
    found = causes.hints(about(name), T0 + 60)
    assert what in [hint.what for hint in found[:3]]
    assert [hint.name for hint in found].count("all traffic") == (found[-1].name == "all traffic")
    assert what in [change.what for change in causes.changes]


@pytest.mark.parametrize("name", ["errors", "blocks", "traffic", "refusals", "cost"])
def test_nothing_has_changed(name: str):
    """Then there is no hint."""
    assert seen(None).hints(about(name), T0 + 60) == []


def test_two_at_a_time():
    """Of two faults at a time, that one is named of which the incident is."""

    def both(said: dict, chance: Random) -> None:
        of(failed, 0.9, app="desk", model="claude")(said, chance)
        of(failed, 0.5, app="shop")(said, chance)

    causes = seen(both)
    assert dict(causes.hints(about("errors", app="desk"), T0 + 60)[0].conditions) in CLAUDE
    assert dict(causes.hints(about("errors", app="shop"), T0 + 60)[0].conditions) == {"app": "shop"}


def test_steps():
    """The step that got slow is told of what is slow, and of nothing else."""
    asked = []

    def ranking(dimensions, now: float) -> list[Ranked]:
        asked.append((dimensions, now))
        return [Ranked("stream of openai", "openai", 30.0, 4.0, 1.0, 50, is_on_the_way=True)]

    causes = seen(None, ranking=ranking)
    assert "operation" not in [hint.what for hint in causes.hints(about("errors", app="shop"), T0 + 60)]
    assert "operation" in [hint.what for hint in causes.hints(about("latency", app="shop"), T0 + 60)]
    assert asked == [((("app", "shop"),), T0 + 60)]


@pytest.mark.parametrize(
    ("hint", "line"),
    [
        (Hint("slice", "app=shop", 0.974, {"hits": 214, "expected": 3.2, "rows": 400, "of": 220}),
         ("likely cause", "app=shop: 214 of 220 affected exchanges, 3 to be expected (confidence 0.97)")),
        (Hint("operation", "stream", 0.9, {"z": 30.0, "seconds": 4.0, "usual_seconds": 1.0, "spans": 50}),
         ("slow step", "stream: 4 s, usually 1 s (confidence 0.90)")),
        (Hint("policy", "default a → b", 0.8, {"overlap": 1.0, "seconds_before": 80.0}),
         ("changed just before", "policy default a → b, 80 s before (confidence 0.80)")),
        (Hint("deploy", "v2", 0.8, {}), ("changed just before", "deploy v2, 0 s before (confidence 0.80)")),
    ],
    ids=["part", "step", "change", "little"],
)  # fmt: skip
def test_lines(hint: Hint, line: tuple[str, str]):
    """People are told each in one line."""
    assert Causes().said(hint) == line


def test_tenants():
    """What a user is called is told to nobody; without the key it cannot be tried out."""
    causes = Causes(key=b"k" * 100)
    assert causes.tenant("shop", "") == ""
    assert len({causes.tenant("shop", "u"), causes.tenant("desk", "u"), causes.tenant("shop", "v"), Causes().tenant("shop", "u")}) == 4
    said = [str(each) for each in seen(of(failed, 0.9, user="shop-u0"), key=b"k").hints(about("errors"), T0 + 60)]
    assert said
    assert not any("shop-u0" in each for each in said)


def test_restored():
    """After a restart the same part is named, and what changed is known."""
    causes, other = seen(of(failed, 1.0, upstream="openai")), Causes()
    causes.changed(Change(T0 - 10, "deploy", "v2"))
    assert causes.configured("a", T0 - 20) == []
    assert [change.what for change in causes.configured("b", T0 - 5)] == ["config"]
    data = causes.snapshot()
    other.restore(data)
    assert dict(other.hints(about("errors"), T0 + 60)[0].conditions) == {"upstream": "openai"}
    assert other.changes == causes.changes
    assert 0 < len(other) < len(causes)
    assert len(data) < 400_000


def test_nothing_is_known():
    """Of an incident of which no exchange is remembered, there is no hint."""
    for name in ("errors", "latency", "traffic", "logs", "drift"):
        assert Causes().hints(about(name), T0 + 60) == []


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.dictionaries(st.sampled_from(sorted(record(T0))), JSON, max_size=6), max_size=12),
    st.sampled_from(["errors", "cost", "drift"]),
)
def test_anything(fields: list[dict], name: str):
    """Whatever records hold, nothing is raised; what is none is counted, and hints are few."""
    causes = Causes()
    for each in [*fields, {}]:
        causes.take(record(T0) | each)
        causes.tick(T0)
    causes.take({})
    assert causes.unusable >= 1
    assert causes.evicted == 0
    assert len(causes.hints(about(name), T0 + 60)) <= MAX_HINTS
    Causes().restore(causes.snapshot())


@pytest.mark.parametrize(
    "data", [b"{}", b"[]", b"null", b'{"v":2}', b'{"v":1,"recent":{"words":["a"],"steps":[[1,0,[[1,2,[5],[],0,1,1]]]]}}']
)
def test_no_snapshot(data: bytes):
    """What is none is said to be none."""
    with pytest.raises(ValueError, match=r"snapshot|row"):
        Causes().restore(data)


def test_what_is_known_to_be_broken():
    """An upstream that is down is named as the likely cause, also where nothing is left to compare it with."""
    down = symptom(T0, modality="state", about="upstream", kind=UPSTREAM_DOWN, series="calls", where={"upstream": "east"}, level=2.0)
    (hint,) = Causes().hints(incident(down), T0 + 10)
    assert (hint.conditions, Causes().said(hint)) == (
        (("upstream", "east"),),
        ("likely cause", "upstream=east: upstream down (confidence 0.95)"),
    )


def test_an_application_that_is_silent():
    """What no longer comes is of the part of the traffic that there was."""
    causes = Causes()
    for said in exchanges(1, T0 - 180, 180):
        causes.take(said)
        causes.tick(said["ts"])
    for said in exchanges(2, T0, 45):
        if said["app"] != "shop":
            causes.take(said)
            causes.tick(said["ts"])
    gone = incident(symptom(T0 + 45, about="traffic", kind="silence", onset=T0, where={"app": "shop"}))
    assert dict(causes.hints(gone, T0 + 45)[0].conditions) == {"app": "shop"}


def test_what_else_it_is_of():
    """Where what says best what is wrong is of no part of the traffic, something else that is wrong may be."""
    causes = seen(of(lambda said: said.update(answer={"finish": ["length"]}), 0.6, model="claude"))
    cut = symptom(T0 + 50, about="other", series="answers cut short", onset=T0 + 5, level=1.0, where={"model": "claude"})
    errors = symptom(T0 + 50, about="errors", series="failed exchanges", onset=T0 + 5, level=9.0, where={"model": "claude"})
    of_both = advance(incident(errors), cut, T0 + 50)[0]
    assert of_both.headline == errors
    assert dict(causes.hints(of_both, T0 + 60)[0].conditions).items() <= {"model": "claude", "upstream": "anthropic"}.items()


def test_what_has_drifted():
    """Each part of the traffic once, with what has drifted there most; where the exchanges say more, that comes first."""
    where = {"app": "desk", "model": "claude"}
    topics = symptom(modality="drift", about="drift", kind="input", series="chat input.topics", level=3.0, where=where)
    length = symptom(modality="drift", about="drift", kind="input", series="chat input.characters", level=2.0, where=where)
    both = advance(incident(length), topics, T0)[0]
    (hint,) = Causes().hints(both, T0 + 60)
    assert (hint.name, hint.confidence) == ("app=desk, model=claude: drift of chat input.topics", 0.6)


def test_what_others_say_of_themselves():
    """A step of another service that is slow is a cause, if not as sure a one as a part that is known not to work."""
    slower = symptom(modality="trace", kind="slow operation", series="otlp/db query", where={"source": "otlp/db"})
    (hint,) = Causes().hints(incident(slower), T0 + 60)
    assert (hint.what, hint.name, hint.confidence) == ("state", "source=otlp/db: slow operation of otlp/db query", 0.8)
