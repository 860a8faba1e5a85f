"""What is made of what watchers find."""

import math

import pytest

from detectors.series.anomaly import Anomaly
from gateway.incidents.burn import RULES, Burn
from gateway.incidents.symptom import MAX_DIMENSIONS, MAX_LEVEL, dimensions, of_anomaly, of_burn, shown, sound
from tests.gateway.incidents.symptoms import T0, symptom


def anomaly(**fields: object) -> Anomaly:
    made = {
        "kind": "spike", "key": ("shop", "m-1"), "series": "errors", "onset": T0 - 60, "at": T0, "score": 1e-6, "value": 9.0,
        "baseline": 1.0, "n": 500, "evidence": ("x-1",), **fields,
    }  # fmt: skip
    return Anomaly(**made)


@pytest.mark.parametrize(
    ("kind", "modality"),
    [("spike", "metric"), ("silence", "metric"), ("new template", "log"), ("stall", "trace"), ("retry storm", "trace")],
)
def test_modality(kind, modality):
    """Each kind of anomaly is one kind of evidence."""
    assert of_anomaly(anomaly(kind=kind), "errors", ("app", "model"), 1e-3).modality == modality


def test_of_an_anomaly():
    """Its key gets names, its chance a level on the scale at which 1 opens."""
    made = of_anomaly(anomaly(), "errors", ("app", "model"), 1e-3, traces=["t"])
    assert made.dimensions == (("app", "shop"), ("model", "m-1"))
    assert made.level == pytest.approx(2.0)
    assert (made.is_harm, made.onset, made.n, made.evidence, made.traces) == (True, T0 - 60, 500, ("x-1",), ("t",))
    assert of_anomaly(anomaly(score=0.0), "errors", (), 1e-3).level == MAX_LEVEL


@pytest.mark.parametrize(
    ("about", "fields", "is_harm"),
    [
        ("errors", {}, True),
        ("errors", {"value": 0.1}, False),
        ("latency", {"baseline": None}, True),
        ("latency", {"kind": "dip", "baseline": None}, False),
        ("cost", {}, False),
        ("traffic", {"kind": "silence", "value": None}, False),
    ],
)
def test_harm(about, fields, is_harm):
    """Users see errors, latency, blocks and refusals; that there is less of them harms nobody."""
    assert of_anomaly(anomaly(**fields), about, ("app",), 1e-3).is_harm is is_harm


def test_of_a_burn():
    """Only the rules that page make a symptom that does; both rules that page are one thing."""
    fast, fast_too, slow = (of_burn("shop", Burn(rule, 1.5, 30, 100, T0 - 600), T0) for rule in RULES)
    assert [each.is_page for each in (fast, fast_too, slow)] == [True, True, False]
    assert fast.fingerprint == fast_too.fingerprint != slow.fingerprint
    assert (fast.note, fast.value, fast.level) == ("21.6 times the budget over 1 h and over 5 min", 0.3, 1.5)


def test_fingerprint():
    """Of what it is and where, not of how much and when."""
    assert symptom(value=1.0, level=3.0).fingerprint == symptom(T0 + 5).fingerprint
    different = [symptom(), symptom(where={"app": "x"}), symptom(series="x"), symptom(kind="spike"), symptom(modality="log")]
    assert len({each.fingerprint for each in different}) == len(different)
    assert symptom(where={"a": "b,c"}).fingerprint != symptom(where={"a": "b", "c": ""}).fingerprint


def test_sound():
    """Whatever a watcher says: no control characters, nothing long or endless, nothing of a time to come, and no half of a character."""
    made = sound(
        symptom(
            T0 + 99, series="a\nb\u202ec\ud800" + 99 * "x", value=math.inf, baseline=math.nan, level=1e9, share=7.0,
            evidence=("e\r\n",) * 50, traces=tuple(f"t{each}" for each in range(99)), where={"app": "a\0b"},
        ),
        T0,
    )  # fmt: skip
    assert made is not None
    assert made.series == "a?b?c?" + 58 * "x"
    assert (made.onset, made.at, made.value, made.baseline, made.level, made.share) == (T0, T0, None, None, MAX_LEVEL, 1.0)
    assert (made.evidence, len(made.traces), made.dimensions) == (("e??",), 50, (("app", "a?b"),))


@pytest.mark.parametrize("field", ["onset", "at", "level", "share"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_unsound(field, value):
    """What has no time or level is no symptom."""
    assert sound(symptom(**{field: value}) if field != "at" else symptom(value, onset=T0), T0) is None


def test_dimensions():
    """In one order, without what is empty, and not many."""
    assert dimensions({"b": "2", "a": "1", "c": ""}) == (("a", "1"), ("b", "2"))
    assert len(dimensions({f"d{each}": "x" for each in range(50)})) == MAX_DIMENSIONS
    assert len(shown("x" * 1000)) == 64
