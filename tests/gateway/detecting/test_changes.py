"""What was changed, as exchanges show it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.detecting.changes import MAX_CHANGES, Changes, settling
from gateway.incidents.rootcause import Change
from gateway.incidents.stages import Deploy
from tests.gateway.detecting.test_facts import JSON
from tests.gateway.detecting.traffic import exchanges, record
from tests.gateway.incidents.symptoms import T0


def shown(changes: Changes, number: int = 60, start: float = T0, **fields: object) -> list[Change]:
    return [change for at in range(number) for change in changes.take(record(start + at, at, **fields))]


@pytest.mark.parametrize(
    ("fields", "what", "name", "version", "where"),
    [
        ({"policy": "default@bbbb"}, "policy", "default", "aaaa00000000 → bbbb", {"policy": "default@bbbb"}),
        ({"policy": "strict@cccc"}, "policy", "of shop", "default → strict", {"app": "shop"}),
        ({"answer": {"model": "gpt-5"}}, "model", "gpt-4o of openai", "gpt-4o → gpt-5", {"model": "gpt-4o", "upstream": "openai"}),
        ({"upstream": "azure"}, "upstream", "for gpt-4o", "openai → azure", {"model": "gpt-4o", "upstream": "azure"}),
        ({"model": "claude"}, "model", "asked by shop", "gpt-4o → claude", {"app": "shop", "model": "claude"}),
        ({"observed": {"template": "t2"}}, "template", "of shop", "t1 → t2", {"app": "shop", "template": "t2"}),
    ],
)
def test_changes(fields: dict, what: str, name: str, version: str, where: dict):
    """Each is told once, with when it was seen first and the part of the traffic that it is of."""
    changes = Changes()
    assert shown(changes) == []
    (change,) = shown(changes, start=T0 + 100, **fields)
    assert change == Change(T0 + 100, what, name, version, tuple(sorted(where.items())))
    assert changes.recent == (change,)
    assert shown(changes, start=T0 + 200, **fields) == []


def test_names_that_nobody_answers_to():
    """A model that a client makes up is no change, nor is one that answers somebody once."""
    changes = Changes()
    shown(changes)
    assert shown(changes, 20, T0 + 100, model="made up", status=404, upstream=None) == []
    assert shown(changes, 1, T0 + 200, model="other") == []


def test_quiet_traffic():
    """Applications that use several templates, models and upstreams change nothing by that."""
    changes = Changes()
    told = [change for said in exchanges(1, T0, 600) for change in changes.take(said)]
    assert [change for change in told if change.at > T0 + 120] == []


def test_what_people_say():
    """A deploy is told once, and what others found is remembered with it; what says no time is none."""
    changes = Changes()
    (change,) = changes.deployed("v7", T0, {"app": "shop"}, "checkout\n2")
    assert change == Change(T0, "deploy", "checkout?2", "v7", (("app", "shop"),))
    assert changes.deployed("v7", T0, {}, "again") == []
    assert changes.deployed("v8", float("nan"), {}, "when") == []
    other = Change(T0, "config", "keys")
    changes.changed(other)
    changes.changed(other)
    assert changes.configured("d1", T0) == []
    (settings,) = changes.configured("d2", T0 + 5)
    assert (settings.what, settings.version) == ("config", "d1 → d2")
    assert changes.recent == (change, other, settings)


def test_what_settles():
    """For what is ours incidents wait a little, of whatever the policy is used for; not for what others do."""
    policy = Change(T0, "policy", "default", "a → b", (("policy", "default@b"),))
    assert settling(policy) is None
    assert settling(Change(T0, "deploy", "v2", "", (("app", "shop"),))) == Deploy(f"deploy v2  {T0:.0f}", T0, (("app", "shop"),))
    assert settling(Change(T0, "model", "m")) is None


def test_bounds():
    """A flood of made-up applications leaves what is known, and no more than there is room for."""
    changes = Changes(most=10)
    shown(changes)
    for number in range(3 * MAX_CHANGES):
        shown(changes, 1, T0 + 60, app=f"app {number}")
        changes.deployed(f"v{number}", T0, {}, "v")
    assert changes.evicted > 0
    assert len(changes.recent) == MAX_CHANGES
    assert [each.what for each in shown(changes, start=T0 + 70, policy="default@bbbb")] == ["policy"]


@given(st.dictionaries(st.sampled_from(sorted(record(T0))), JSON, max_size=8))
def test_anything(fields: dict):
    """Whatever a record holds, nothing is raised; what is none is counted."""
    changes = Changes()
    for _ in range(3):
        changes.take(record(T0) | fields)
    changes.take({"ts": "x"})
    assert changes.unusable >= 1
    Changes().restore(changes.snapshot())


@pytest.mark.parametrize("cut", [0, 3, 30, 70])
def test_restored(cut: int):
    """At any point it goes on as it would have."""
    records = [
        *(record(T0 + at, at) for at in range(60)),
        *(record(T0 + 60 + at, at, policy="default@bbbb", model="m") for at in range(60)),
    ]
    changes, other = Changes(), Changes()
    for each in records[:cut]:
        changes.take(each)
    changes.deployed("v1", T0, {"app": "shop"}, "one")
    other.restore(changes.snapshot())
    for each in records[cut:]:
        assert changes.take(each) == other.take(each)
    assert changes.recent == other.recent
    assert other.deployed("v1", T0, {}, "one") == []


@pytest.mark.parametrize(
    "data", [b"{}", b"[]", b'{"v":2}', b'{"v":1,"known":[[["made up"],[1]]]}', b'{"v":1,"known":[],"recent":[[1,"x","","",[]]]}']
)
def test_no_snapshot(data: bytes):
    """What is none is said to be none."""
    with pytest.raises(ValueError, match="snapshot"):
        Changes().restore(data)
