"""Drifts and disparities as symptoms."""

from dataclasses import replace

import orjson
import pytest

from gateway.detecting.shifts import LASTS_S, MAX_EPISODES, MAX_LEVELS, Disparate, of_drift
from gateway.watch.drift.episodes import Episode
from policies.signals import Level
from tests.gateway.incidents.symptoms import T0

EPISODE = Episode("drift-1", "shop", "gpt-4o", "chat", "input.language", ("input",), T0 - 900, T0, 0.4, 0.3, 0.5, examples=("req_1",))
LEVEL = Level("disparity", "refused", 1.5, T0 + 100, "shop", since=T0 - 600, evidence="bias-1")


def moved(**shares: tuple[float, float]) -> tuple[dict, ...]:
    return tuple({"bin": name, "usual": usual, "late": late} for name, (usual, late) in shares.items())


def test_a_drift():
    """It is told with its beginning, its level in terms of what matters, and what shows it."""
    (symptom,) = of_drift([EPISODE], T0 + 10)
    assert (symptom.modality, symptom.about, symptom.kind, symptom.series) == ("drift", "drift", "input", "chat input.language")
    assert symptom.dimensions == (("app", "shop"), ("model", "gpt-4o"))
    assert (symptom.onset, symptom.at, symptom.level, symptom.is_harm) == (T0 - 900, T0 + 10, 2.0, False)
    assert symptom.evidence == ("drift-1", "req_1")


@pytest.mark.parametrize(
    ("feature", "about", "bins", "is_harm"),
    [
        ("output.refused", "refusals", moved(yes=(0.01, 0.3), no=(0.99, 0.7)), True),
        ("output.refused", "refusals", moved(yes=(0.3, 0.01)), False),
        ("upstream.outcome", "errors", moved(completed=(0.99, 0.6)), True),
        ("upstream.outcome", "errors", moved(completed=(0.6, 0.99)), False),
        ("upstream.latency_ms", "latency", (), False),
        ("cost.usd", "cost", (), False),
        ("output.topics", "drift", moved(yes=(0.0, 0.9)), False),
    ],
)
def test_what_users_see(feature: str, about: str, bins: tuple[dict, ...], *, is_harm: bool):
    """More refusals, and fewer answers."""
    (symptom,) = of_drift([replace(EPISODE, feature=feature, moved=bins)], T0)
    assert (symptom.about, symptom.is_harm) == (about, is_harm)


@pytest.mark.parametrize("feature", ["detector.pii", "detector.score.pii"])
def test_a_rule(feature: str):
    """What is of a rule's verdicts or scores says which rule."""
    (symptom,) = of_drift([replace(EPISODE, feature=feature)], T0)
    assert symptom.dimensions == (("app", "shop"), ("model", "gpt-4o"), ("rule", "pii"))


def test_drifts_that_are_over():
    """What has ended is not told, nor what has lasted for hours; and of many only so many."""
    assert list(of_drift([replace(EPISODE, ended=T0)], T0)) == []
    assert list(of_drift([EPISODE], T0 + LASTS_S + 1)) == []
    assert len(list(of_drift([EPISODE] * 500, T0))) == MAX_EPISODES
    assert next(iter(of_drift([replace(EPISODE, since=None, found=None, model="(others)")], T0))).dimensions == (("app", "shop"),)


def test_a_disparity():
    """Four fifths is where it matters; of probes, a tenth."""
    (symptom,) = Disparate().take([LEVEL], T0)
    assert (symptom.modality, symptom.kind, symptom.series, symptom.dimensions) == ("bias", "disparity", "refused", (("app", "shop"),))
    assert (symptom.level, symptom.onset, symptom.is_harm, symptom.evidence) == (pytest.approx(1.2), T0 - 600, False, ("bias-1",))
    (probed,) = Disparate().take([replace(LEVEL, name="probes", level=0.2)], T0)
    assert (probed.level, probed.kind) == (2.0, "differs for others")


def test_other_levels():
    """Of drift there are episodes, and what has expired is not so any more."""
    assert list(Disparate().take([replace(LEVEL, kind="drift"), replace(LEVEL, expires=T0 - 1)], T0)) == []


def test_how_long():
    """Some hours after it was told first it is how things are, also over a restart; what was gone in between is told again."""
    disparate, other = Disparate(), Disparate()
    assert list(disparate.take([LEVEL], T0))
    other.read_json(orjson.loads(orjson.dumps(disparate.as_json())))
    later = T0 + LASTS_S + 1
    for each in (disparate, other):
        assert list(each.take([replace(LEVEL, expires=later)], later)) == []
        assert list(each.take([], later)) == []
        assert list(each.take([replace(LEVEL, expires=later)], later))
    many = [replace(LEVEL, app=f"app {number}") for number in range(2 * MAX_LEVELS)]
    assert len(list(disparate.take(many, T0))) == MAX_LEVELS
