"""What a symptom passes before it is an incident's: tables of what is muted, what is one thing, and what is not."""

import math

import pytest

from gateway.incidents.incident import CALM_S, MAX_MEMBERS, advance
from gateway.incidents.stages import (
    AGAIN_S,
    DEPLOY_S,
    MAX_ACTIVE,
    MAX_SILENCE_S,
    NEAR_S,
    STORM,
    Deploy,
    Silence,
    group,
    hold_until,
    inhibited_by,
    is_explained,
    same_before,
    silenced_by,
)
from gateway.incidents.symptom import TELEMETRY_LOST, UPSTREAM_DOWN, dimensions
from tests.gateway.incidents.symptoms import T0, burn, incident, symptom

DOWN = symptom(modality="state", about="upstream", kind=UPSTREAM_DOWN, series="up", where={"upstream": "u-1"})
LOST = symptom(modality="state", about="telemetry", kind=TELEMETRY_LOST, series="up", where={"source": "s-1"})


@pytest.mark.parametrize(
    ("source", "about", "kind", "where", "is_muted"),
    [
        (DOWN, "latency", "spike", {"app": "a", "upstream": "u-1"}, True),
        (DOWN, "retries", "retry storm", {"upstream": "u-1"}, True),
        (DOWN, "cost", "spike", {"upstream": "u-1"}, True),
        (DOWN, "drift", "drift", {"upstream": "u-1"}, True),
        (DOWN, "errors", "spike", {"upstream": "u-1"}, False),
        (DOWN, "latency", "spike", {"upstream": "u-2"}, False),
        (DOWN, "latency", "spike", {"app": "a"}, False),
        (LOST, "traffic", "silence", {"source": "s-1"}, True),
        (LOST, "traffic", "dip", {"source": "s-1"}, True),
        (LOST, "traffic", "spike", {"source": "s-1"}, False),
        (LOST, "traffic", "silence", {"app": "a"}, False),
        (LOST, "errors", "spike", {"source": "s-1"}, False),
        (symptom(where={"upstream": "u-1"}), "latency", "spike", {"upstream": "u-1"}, False),
    ],
)
def test_inhibition(source, about, kind, where, is_muted):
    """An upstream that is down explains what is slow there, telemetry that is lost explains silence; nothing else, nowhere else."""
    muted = inhibited_by(symptom(about=about, kind=kind, where=where), [incident(source)], T0 + 60)
    assert (muted is not None) is is_muted


def test_inhibition_ends():
    """An upstream that has been up for a while explains nothing any more."""
    slow = symptom(about="latency", where={"upstream": "u-1"})
    assert inhibited_by(slow, [incident(DOWN)], T0 + CALM_S - 1)
    assert inhibited_by(slow, [incident(DOWN)], T0 + CALM_S) is None


def test_nothing_explains_itself():
    """An incident is explained by others alone, and only where all of it is."""
    slow = incident(symptom(about="latency", where={"upstream": "u-1"}))
    down = incident(DOWN)
    assert is_explained(slow, [slow, down], T0)
    assert not is_explained(slow, [slow], T0)
    wider, _ = advance(slow, symptom(where={"app": "a"}), T0)
    assert not is_explained(wider, [wider, down], T0)
    both, _ = advance(down, symptom(about="latency", where={"upstream": "u-1"}), T0)
    assert not is_explained(both, [both], T0)


def silence(**fields: object) -> Silence:
    made = {
        "id": "s",
        "dimensions": dimensions({"app": "shop"}),
        "reason": "load test",
        "by": "ops",
        "starts": T0,
        "ends": T0 + 60,
        **fields,
    }
    return Silence(**made)


@pytest.mark.parametrize(
    ("fields", "now", "is_silenced"),
    [
        ({}, T0, True),
        ({}, T0 + 60, False),
        ({}, T0 - 1, False),
        ({"kind": "level shift"}, T0, True),
        ({"kind": "spike"}, T0, False),
        ({"dimensions": dimensions({"app": "shop", "model": "m-1"})}, T0, True),
        ({"dimensions": dimensions({"app": "shop", "tool": "x"})}, T0, False),
        ({"dimensions": dimensions({"app": "other"})}, T0, False),
    ],
)
def test_silence(fields, now, is_silenced):
    """It is of what has all its dimensions, while it lasts."""
    assert (silenced_by(symptom(), [silence(**fields)], now) is not None) is is_silenced


@pytest.mark.parametrize(
    "fields",
    [
        {"dimensions": ()},
        {"reason": " "},
        {"reason": 301 * "x"},
        {"by": ""},
        {"ends": T0},
        {"ends": T0 + MAX_SILENCE_S + 1},
        {"ends": math.inf},
        {"ends": math.nan},
        {"starts": -math.inf},
    ],
)
def test_no_silence_of_everything_or_for_ever(fields):
    """A silence says of what, why, by whom and until when."""
    with pytest.raises(ValueError):
        silence(**fields)


@pytest.mark.parametrize(
    ("first", "second", "is_one"),
    [
        ({"where": {"app": "a", "model": "m"}}, {"where": {"app": "b", "model": "m"}}, False),
        ({"where": {"app": "a", "model": "m", "upstream": "u"}}, {"where": {"app": "b", "model": "m", "upstream": "u"}}, True),
        ({"where": {"app": "a"}}, {"where": {"app": "a", "model": "m"}}, True),
        ({"where": {"app": "a", "model": "m"}}, {"where": {"app": "a"}}, True),
        ({"where": {"app": "a"}}, {"where": {"app": "b"}}, False),
        ({"where": {}}, {"where": {"app": "a"}}, True),
        ({"where": {"app": "a"}}, {"where": {"app": "a"}, "onset": T0 + NEAR_S}, True),
        ({"where": {"app": "a"}}, {"where": {"app": "a"}, "onset": T0 + NEAR_S + 1}, False),
        ({"where": {"app": "a"}}, {"where": {"app": "a"}, "onset": T0 - NEAR_S - 1}, False),
        ({"where": {"app": "a"}, "traces": tuple("abcdefghij")}, {"where": {"app": "b"}, "traces": tuple("abcxyzuvwq")}, True),
        ({"where": {"app": "a"}, "traces": tuple("abcdefghij")}, {"where": {"app": "b"}, "traces": tuple("abxyzuvwqr")}, False),
        ({"where": {"app": "a"}, "traces": ("t",)}, {"where": {"app": "b"}, "traces": ("t",), "onset": T0 + NEAR_S + 1}, False),
    ],
)
def test_group(first, second, is_one):
    """Things are one that began within ten minutes and share a slice, two dimensions, or three in ten of the traces that failed."""
    found = group(symptom(series="x", **second), [incident(symptom(**first))], T0 + NEAR_S)
    assert (found is not None) is is_one


def test_the_nearest_is_chosen():
    """Of several incidents, the one with which a symptom has most in common."""
    wide, near = incident(symptom(where={"app": "a"})), incident(symptom(where={"app": "a", "model": "m"}))
    for active in ([wide, near], [near, wide]):
        assert group(symptom(where={"app": "a", "model": "m", "tool": "t"}), active, T0) is near


def test_all_at_once():
    """When very many things begin at once, what comes then is taken for more of the greatest of them."""
    active = [incident(symptom(where={"app": f"a-{each}"})) for each in range(STORM)]
    great, _ = advance(active[3], active[3].headline, T0)
    active[3] = great
    other = symptom(where={"app": "other"})
    assert group(other, active, T0) is great
    assert group(other, active[1:], T0) is None
    assert group(other, active, T0 + NEAR_S + 1) is None
    assert group(other, active * (MAX_ACTIVE // STORM), T0 + 10 * NEAR_S) is great
    assert MAX_ACTIVE * MAX_MEMBERS <= 10_000


def test_same_before():
    """The last incident that began with the same, within a day."""
    older, newer, other = incident(), incident(symptom(T0 + 60), T0 + 60), incident(symptom(series="other"))
    assert same_before(symptom(), [older, newer, other], T0 + 120) is newer
    assert same_before(symptom(), [older], T0 + AGAIN_S) is older
    assert same_before(symptom(), [older], T0 + AGAIN_S + 1) is None
    assert same_before(symptom(where={"app": "x"}), [older, newer, other], T0) is None


@pytest.mark.parametrize(
    ("at", "where", "is_held"),
    [(T0, {}, True), (T0 - DEPLOY_S, {}, True), (T0 - DEPLOY_S - 1, {}, False), (T0 + 3600, {}, False), (T0, {"app": "shop"}, True),
     (T0, {"app": "x"}, False)],
)  # fmt: skip
def test_deploys(at, where, is_held):
    """What began while a deploy of it settles, waits until it has."""
    until = hold_until(incident(), [Deploy("d", at, dimensions(where))])
    assert until == (at + DEPLOY_S if is_held else 0.0)


def test_deploys_do_not_delay_for_ever():
    """However many follow each other, an incident waits for those alone that were there when it began."""
    deploys = [Deploy(str(each), T0 + each * 60) for each in range(100)]
    assert hold_until(incident(), deploys) <= T0 + 60 + DEPLOY_S


def test_two_applications_of_one_upstream():
    """What burns at the same upstream at the same time is one; what burns elsewhere is not."""
    burning = incident(burn(app="shop", upstream="u"))
    for upstream, is_one in (("u", True), ("v", False), ("", False)):
        assert (group(burn(T0 + 60, app="hr", upstream=upstream), [burning], T0 + 60) is burning) is is_one


def test_another_application_of_the_same_upstream():
    """What fails for one application at an upstream, and for another whose traffic goes there, is one."""
    burning = incident(burn(app="shop", upstream="u"))

    def share(asked, now):
        return 0.0 if ("upstream", "v") in asked else 0.5

    failing = symptom(T0 + 60, about="errors", where={"app": "hr", "operation": "call"})
    assert group(failing, [burning], T0 + 60, share) is burning
    elsewhere = incident(burn(app="shop", upstream="v"))
    assert group(failing, [elsewhere], T0 + 60, share) is None


@pytest.mark.parametrize(
    ("fields", "where", "to_upstream", "is_one"),
    [
        ({"about": "errors"}, {"app": "shop"}, 0.9, True),
        ({"about": "latency"}, {"app": "shop", "model": "m-1"}, 0.4, True),
        ({"about": "drift", "kind": "upstream model"}, {"app": "shop"}, 0.9, True),
        ({"about": "drift", "kind": "input"}, {"app": "shop"}, 0.9, False),
        ({"about": "errors"}, {"app": "shop"}, 0.2, False),
        ({"about": "blocks"}, {"app": "shop"}, 0.9, False),
        ({"about": "errors"}, {"upstream": "other"}, 0.9, False),
    ],
)
def test_traffic_that_goes_there(fields, where, to_upstream, is_one):
    """What users see of an upstream that is down is of its incident, as far as their traffic goes there; else it is one of its own."""
    down = incident(symptom(modality="state", about="upstream", kind=UPSTREAM_DOWN, series="calls", where={"upstream": "u"}))

    def share(asked, now):
        return 0.5 * (to_upstream if ("upstream", "u") in asked else 1)

    found = group(symptom(T0 + 60, **fields, where=where), [down], T0 + 60, share)
    assert (found is down) is is_one
