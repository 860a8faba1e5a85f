"""Detectors that cannot look."""

import orjson

from gateway.detecting.blind import KIND, BlindDetectors
from gateway.detecting.facts import facts
from gateway.incidents.symptom import Symptom
from tests.gateway.detecting.traffic import fired, record
from tests.gateway.incidents.symptoms import T0


def seen(
    blind: BlindDetectors, start: int, end: int, every: int = 0, action: str = "flag", why: str = "timeout", *, app: str = "shop"
) -> None:
    """An exchange a second; of each ``every``, one rule could not look."""
    for at in range(start, end):
        made = record(T0 + at, at, app=app)
        if every and at % every == 0:
            fired(made, "injection", action, why, "prompt_injection")
        said = facts(made)
        assert said is not None
        blind.take(said)


def told(blind: BlindDetectors, at: int) -> list[Symptom]:
    return list(blind.told(T0 + at))


def test_a_dead_detector():
    """It is told with its detector, and whether exchanges went on unseen; once it looks again, it is over."""
    blind = BlindDetectors()
    seen(blind, 0, 60)
    seen(blind, 60, 80, 1)
    (symptom,) = told(blind, 80)
    assert (symptom.modality, symptom.kind, symptom.series, symptom.dimensions) == (
        "guard", KIND, "timeout", (("app", "shop"), ("detector", "prompt_injection"), ("rule", "injection")),
    )  # fmt: skip
    assert len(symptom.traces) == 20
    assert symptom.onset == T0 + 60
    assert (symptom.about, symptom.is_harm, symptom.note) == ("other", False, "20 exchanges went on unseen by it")
    seen(blind, 80, 120)
    assert told(blind, 120) == []


def test_several_applications():
    """Where it fails for more than one it is told of none of them, and goes on to be told of what it was first."""
    blind = BlindDetectors()
    for at in range(60):
        seen(blind, at, at + 1, 1, app=f"app {at % 3}")
    assert {each.dimensions for each in told(blind, 60)} == {(("detector", "prompt_injection"), ("rule", "injection"))}
    other = BlindDetectors()
    seen(other, 0, 60, 1)
    (first,) = told(other, 60)
    seen(other, 60, 90, 1, app="desk")
    assert [each.dimensions for each in told(other, 90)] == [first.dimensions]
    again = BlindDetectors()
    again.read_json(orjson.loads(orjson.dumps(blind.as_json())))
    seen(again, 60, 61, 1, app="app 0")
    assert {each.dimensions for each in told(again, 61)} == {(("detector", "prompt_injection"), ("rule", "injection"))}


def test_fail_closed():
    """Where exchanges are stopped because of it, users see it."""
    blind = BlindDetectors()
    seen(blind, 0, 20, 1, "block", "unavailable")
    (symptom,) = told(blind, 20)
    assert (symptom.about, symptom.is_harm, symptom.series) == ("blocks", True, "unavailable")


def test_usual_timeouts():
    """A detector that now and then is too slow, as ever, tells nothing."""
    blind = BlindDetectors()
    seen(blind, 0, 3000, 10)
    assert told(blind, 3000) == []


def test_texts_that_are_too_long():
    """What is of the text is not of the detector."""
    blind = BlindDetectors()
    seen(blind, 0, 60, 1, why="too_long")
    assert told(blind, 60) == []


def test_restored():
    """What was known before a restart is known after it."""
    blind, other = BlindDetectors(), BlindDetectors()
    seen(blind, 0, 20, 1)
    other.read_json(orjson.loads(orjson.dumps(blind.as_json())))
    for each in (blind, other):
        seen(each, 20, 25)
    (one,), (same,) = told(blind, 25), told(other, 25)
    assert (one.onset, one.level, one.n, one.series) == (same.onset, same.level, same.n, same.series)
    assert blind.evicted == 0
