"""A finder of states."""

from dataclasses import replace

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.detecting.states import STEP_S, States
from gateway.incidents.symptom import UPSTREAM_DOWN, Symptom
from policies.signals import Level
from tests.gateway.detecting.test_facts import JSON
from tests.gateway.detecting.test_shifts import EPISODE
from tests.gateway.detecting.traffic import exchanges, failed, fired, record
from tests.gateway.incidents.symptoms import T0


def bad(said: dict, _: object) -> None:
    """One upstream is down, and a detector is dead."""
    if said["upstream"] == "openai":
        failed(said)
    fired(said, "secrets", "flag", "error", "toxicity")


def run(states: States, start: float, seconds: float, seed: int = 1, *, is_bad: bool = False) -> list[Symptom]:
    """As the watch does: each second's exchanges, then a tick."""
    found: list[Symptom] = []
    now = start
    for said in exchanges(seed, start, seconds, 10.0, bad if is_bad else None):
        while said["ts"] >= now + 1:
            now += 1
            found += states.tick(now)
        assert not list(states.take(said))
    return found


def test_faults():
    """Within a minute each is told, once a step, and nothing before; within a minute after, nothing any more."""
    states = States()
    assert run(states, T0, 400) == []
    found = run(states, T0 + 400, 60, 2, is_bad=True)
    assert {(each.kind, each.dimensions) for each in found} == {
        (UPSTREAM_DOWN, (("upstream", "openai"),)), ("cannot look", (("detector", "toxicity"), ("rule", "secrets"))),
    }  # fmt: skip
    assert len([each for each in found if each.kind == UPSTREAM_DOWN]) >= 3
    run(states, T0 + 460, 60, 3)
    assert run(states, T0 + 520, 60, 4) == []


def test_quiet_hours():
    """Nothing is told of traffic as it is."""
    assert run(States(), T0, 1800) == []


def test_what_others_know():
    """Figures, drifts and disparities are told when they are asked about."""
    states = States()
    assert list(states.figures({"store_errors": 0}, T0)) == []
    assert [each.series for each in states.figures({"store_errors": 9}, T0 + STEP_S)] == ["store_errors"]
    assert [each.modality for each in states.drift([EPISODE], T0)] == ["drift"]
    assert [each.modality for each in states.bias([Level("disparity", "refused", 2.0, T0 + 60, "shop")], T0)] == ["bias"]


@given(st.dictionaries(st.sampled_from(sorted(record(T0))), JSON, max_size=6), st.floats(T0 - 100, T0 + 1e5))
def test_anything(fields: dict, now: float):
    """Whatever a record holds, nothing is raised; what is none is counted."""
    states = States()
    states.take(record(T0) | fields)
    list(states.tick(now))
    states.take(record(T0) | fields)
    states.take({})
    assert states.unusable >= 1
    States().restore(states.snapshot())


@settings(max_examples=10, deadline=None)
@given(st.integers(5, 35))
def test_restored(at: int):
    """At any point of an outage it goes on as it would have; only examples may be others."""
    states, other = States(), States()
    run(states, T0, 60)
    run(states, T0 + 60, at, 2, is_bad=True)
    other.restore(states.snapshot())
    one, same = (run(each, T0 + 60 + at, 40, 3, is_bad=True) for each in (states, other))
    assert [replace(each, evidence=(), traces=()) for each in one] == [replace(each, evidence=(), traces=()) for each in same]


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"v":2}', b'{"v":1,"now":null,"told":0,"unusable":0,"calls":[[1]]}', b"null"])
def test_no_snapshot(data: bytes):
    """What is none is said to be none."""
    with pytest.raises(ValueError, match=r"(?i)snapshot|unexpected|json|unpack|input"):
        States().restore(data)


def test_bounds():
    """A flood of made-up names leaves a snapshot of a bounded size."""
    states = States()
    for number in range(3000):
        made = record(T0 + number / 100, number, app=f"app {number}", model=f"m {number}", upstream=f"u {number}")
        made["attempts"] = [{**made["attempts"][0], "upstream": f"u {number}"}]
        fired(made, f"rule {number}", "flag", "error", f"detector {number}")
        states.take(made)
    assert states.evicted > 0
    assert len(states.snapshot()) < 300_000
    assert orjson.loads(states.snapshot())["v"] == 1


def test_guards_that_go_silent():
    """A rule that fired steadily and fires no more, and a detector that fails in most exchanges, go on or not, are told within a minute."""
    states, found = States(), []
    for number in range(5500):
        now, is_bad = T0 + number / 10, number >= 5000
        made = record(now, number)
        if number % 5 == 0 and not is_bad:
            fired(made, "pii", "tokenize", kind="pii.EMAIL_ADDRESS")
        if number % 10 and is_bad:
            fired(made, "secrets", "flag" if number % 2 else "block", "timeout" if number % 3 else "error", "toxicity")
        states.take(made)
        found += [(each, is_bad) for each in states.tick(now)] if number % 10 == 0 else []
    assert {(each.kind, each.dimensions) for each, is_bad in found if is_bad} == {
        ("verdict silence", (("app", "shop"), ("rule", "pii"))), ("verdict silence", (("rule", "pii"),)),
        ("cannot look", (("app", "shop"), ("detector", "toxicity"), ("rule", "secrets"))),
    }  # fmt: skip
    assert all(is_bad for _, is_bad in found)
