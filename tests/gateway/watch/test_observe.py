"""What records say to those who look for drift and bias."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.series.disparity import Disparity
from detectors.series.drift import MAX_FEATURES, DriftWatch
from gateway.watch.observe import observe, outcome
from tests.gateway.watch.records import NOW, feedback, record

OBSERVED = {
    "input": {"chars": 120, "bucket": 17, "unknown": 0.25, "script": "latin", "language": "en"},
    "template": "0123456789abcdef",
    "output": {"bucket": 33, "unknown": 0.5, "script": "latin", "refusal": False},
    "tools": ["lookup", "mail"],
    "mentions": {"gender": "female"},
}
FULL = {
    "observed": OBSERVED,
    "user": "u-1",
    "group": "east",
    "upstream": "openai",
    "tokens": {"input": 30, "output": 40},
    "cost_usd": 0.002,
    "released_chars": 80,
    "answer": {"model": "gpt-4o-2024", "finish": ["stop"]},
    "rules": ["pii"],
    "would": ["later"],
    "coverage": {
        "request": [
            {"scope": "user", "inspected_by": ["pii", "quiet"], "texts": 3, "chars": 500},
            {"scope": "system", "inspected_by": ["pii"], "texts": 1, "chars": 5},
        ],
        "response": [{"scope": "output", "inspected_by": ["later"], "texts": 1, "chars": 80}],
    },
    "scores": {"domain": {"score": 0.75, "by": "x"}},
    "uncertainty": [{"choice": 0, "mean": 0.5}],
    "consistency": {"agreement": 0.9},
    "timings_ms": {"total": 500.0, "upstream": 400.0},
}
NOTHING = {"observed": None, "tokens": None, "coverage": None, "timings_ms": None, "released_chars": None, "scores": None, "upstream": None}

JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers(-(10**400), 10**400) | st.text(max_size=10),
    lambda each: st.lists(each, max_size=4) | st.dictionaries(st.text(max_size=8), each, max_size=4),
    max_leaves=20,
)


@st.composite
def spoiled(draw: st.DrawFn) -> dict[str, Any]:
    """A record of which some values, however deep, are of any other form."""
    said = json.loads(json.dumps(record(1, **FULL)))
    for _ in range(draw(st.integers(0, 6))):
        holder: Any = said
        while True:
            key = draw(st.sampled_from(sorted(holder) if isinstance(holder, dict) else range(len(holder))))
            if isinstance(holder[key], dict | list) and holder[key] and draw(st.booleans()):
                holder = holder[key]
                continue
            if key not in ("surface", "decision"):
                holder[key] = draw(JSON)
            break
    return said


def test_an_observation():
    """Every feature has what the record says of it."""
    seen = observe(record(1, **FULL), sentiment=0.5)
    assert seen
    assert (seen.id, seen.key, seen.ts) == (f"req_{1:024x}", ("shop", "gpt-4o", "chat"), NOW + 1)
    assert dict(seen.numeric) == {
        "input.characters": 120, "input.unknown_words": 0.25, "input.texts": 4, "input.tokens": 30, "output.characters": 80,
        "output.unknown_words": 0.5, "output.tokens": 40, "output.sentiment": 0.5, "output.uncertainty": 0.5, "output.agreement": 0.9,
        "upstream.latency_ms": 400.0, "cost.usd": 0.002, "detector.score.domain": 0.75,
    }  # fmt: skip
    assert dict(seen.categorical) == {
        "input.language": "en", "template.fingerprint": "0123456789abcdef", "output.language": None, "output.refused": "no",
        "output.tool": "lookup", "output.finish": "stop", "output.model": "gpt-4o-2024", "upstream.outcome": "completed",
        "policy.verdict": "allow", "detector.pii": "found", "detector.quiet": "none", "detector.later": "found",
    }  # fmt: skip
    assert dict(seen.sketches) == {"input.topics": 17, "output.topics": 33}


def test_an_outcome():
    """Groups are by the application's label and by what the text mentions; like topics are one stratum."""
    found = outcome(record(1, **FULL), sentiment=0.5)
    assert found
    assert (found.ts, found.id, found.app, found.stratum) == (NOW + 1, f"req_{1:024x}", "shop", "gpt-4o 1")
    assert dict(found.groups) == {"group": "east", "mentions.gender": "female"}
    assert dict(found.rates) == {"blocked": False, "refused": False, "no_tool": False}
    assert dict(found.numbers) == {
        "answer_chars": 80, "latency_ms": 400.0, "cost_micros": 2000.0, "sentiment": 0.5, "score.domain": 0.75,
    }  # fmt: skip


def test_scores_are_outcomes():
    """Of any rule that has one, but for the domain's, which score what is asked about."""
    scores = {"toxicity": {"score": 0.9, "by": "x"}, "domain.topics": {"score": 0.5, "by": "y"}, "other": {"score": "high"}}
    found = outcome(record(1, **{**FULL, "scores": scores}))
    assert found
    scored = {name: score for name, score in found.numbers.items() if name.startswith("score.")}
    assert scored == {"score.toxicity": 0.9, "score.other": None}


def test_what_is_not_said_is_missing():
    """Missing is None: not zero, not no, not none."""
    seen = observe(record(1, **NOTHING))
    assert seen
    assert {name for name, value in (*seen.numeric.items(), *seen.sketches.items()) if value is not None} == set()
    assert {name: value for name, value in seen.categorical.items() if value is not None} == {"policy.verdict": "allow"}
    found = outcome(record(1, **NOTHING, group="east"))
    assert found
    assert dict(found.rates) == {"blocked": False, "refused": None, "no_tool": None}
    assert set(found.numbers.values()) == {None}


def test_a_blocked_request_has_no_answer():
    """What was never said has no length, no refusal and no tool."""
    fields = {**FULL, "decision": "block", "released_chars": 0, "answer": None, "observed": {"input": OBSERVED["input"]}}
    found = outcome(record(1, **fields))
    assert found
    assert dict(found.rates) == {"blocked": True, "refused": None, "no_tool": None}
    assert found.numbers["answer_chars"] is None


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, True),
        ({"status": 101}, True),
        ({"status": 404}, False),
        ({"status": 0}, False),
        ({"status": None}, False),
        ({"status": "200"}, False),
        ({"decision": "block"}, False),
    ],
    ids=str,
)
def test_answered(fields: dict[str, Any], expected: bool):
    """A model of that name is there, as far as the record tells: what was blocked, or failed, does not tell it."""
    seen = observe(record(1, **fields))
    assert seen
    assert seen.is_answered is expected


@pytest.mark.parametrize(
    ("finish", "refusal", "expected"),
    [
        (["refusal"], False, "yes"),
        (["content_filter"], None, "yes"),
        (["stop"], True, "yes"),
        (["stop"], False, "no"),
        ([], False, "no"),
        (["tool_calls"], None, None),
    ],
)
def test_refusals(finish: list[str], refusal: bool | None, expected: str | None):
    """By the endpoint's word or by the text; where there is neither, nothing is known."""
    output = {} if refusal is None else {"refusal": refusal}
    seen = observe(record(1, answer={"finish": finish}, observed={"output": output}))
    assert seen
    assert seen.categorical["output.refused"] == expected


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ({"script": "latin", "language": "de"}, "de"),
        ({"script": "cyrillic"}, "cyrillic"),
        ({"script": "latin"}, None),
        ({}, None),
    ],
    ids=["guessed", "by its script", "not known", "no text"],
)
def test_languages(text: dict[str, str], language: str | None):
    """A script that is not Latin says enough."""
    seen = observe(record(1, observed={"input": text, "output": text}))
    assert seen
    assert (seen.categorical["input.language"], seen.categorical["output.language"]) == (language, language)


def test_sources_are_fingerprints():
    """One for a user whatever the session, another in another application, none where nobody is said to ask."""
    fields = [{"user": "u", "session": "s"}, {"user": "u", "session": "t"}, {"session": "s"}, {"user": "u", "app": "other"}, {}]
    one, same, session, elsewhere, nobody = (observe(record(1, **each)).source for each in fields)
    assert one == same
    assert len({one, session, elsewhere, nobody}) == 4
    assert nobody is None
    assert len(one) == 16


@pytest.mark.parametrize("surface", ["files", "models", "moderations", "unknown", "images", "otlp", None, ["chat"]])
def test_only_exchanges_with_a_model(surface: object):
    """Others are nothing that drifts."""
    said = record(1, **FULL) | {"surface": surface}
    assert observe(said) is None
    assert outcome(said) is None


def test_feedback_is_no_exchange():
    """Nor is anything else that the journal says beside exchanges."""
    assert observe(json.loads(feedback(1, "good"))) is None
    assert outcome(json.loads(feedback(1, "good"))) is None


def test_an_exchange_of_nobody_known_is_no_outcome():
    """There is nothing to compare it with."""
    assert outcome(record(1, **FULL) | {"group": "", "observed": {}}) is None


@given(spoiled())
def test_any_record(said: dict[str, Any]):
    """Nothing is raised, by these or by who takes what they say; what is there is of its form."""
    watch, disparity = DriftWatch(), Disparity()
    seen, found = observe(said), outcome(said)
    assert seen
    assert all(value is None or math.isfinite(value) for value in seen.numeric.values())
    assert all(value is None or (isinstance(value, str) and len(value) <= 64) for value in seen.categorical.values())
    assert len(seen.numeric) + len(seen.categorical) + len(seen.sketches) <= MAX_FEATURES
    watch.update(seen)
    if found:
        disparity.update(found)
    assert watch.snapshot()
    assert disparity.snapshot()


@given(st.dictionaries(st.sampled_from([*record(1), "observed", "answer", "user", "group"]), JSON))
def test_anything_at_all(said: dict[str, Any]):
    """Nothing is raised, though nothing is as it should be."""
    observe(said)
    outcome(said)


@pytest.mark.parametrize("outcome_of_it", [["quarantined"], {"quarantined": 1}, 7, None])
def test_a_measure_and_an_outcome_that_is_none(outcome_of_it: Any):
    """Of a record with a measure, too, whatever stands for its outcome raises nothing, and holds nobody off."""
    said = record(1, **FULL, measures=["m-1"]) | {"outcome": outcome_of_it}
    assert observe(said) is not None
    assert outcome(said) is not None
