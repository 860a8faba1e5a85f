"""What a record says of how its exchange went."""

import pytest

from gateway.detecting.went import Hit, Took, Went, went
from tests.gateway.detecting.simulated_hours import FAILED, NOW, record

DEAD = [{"rule": "toxicity", "kind": "toxicity", "action": "block", "shadow": False, "why": "unavailable"}]
SHADOW = [{"rule": "later", "kind": "pii.URL", "action": "block", "shadow": True, "why": "match"}]


def known(**fields: object) -> Went:
    found = went(record(1, NOW, **fields))
    assert found
    return found


@pytest.mark.parametrize(
    ("fields", "hits"),
    [
        ({}, 0),
        (FAILED, Hit.FAILED),
        ({"status": 503, "outcome": "guard_unavailable", "upstream": None, "attempts": []}, Hit.FAILED),
        ({"outcome": "upstream_reset"}, Hit.FAILED | Hit.UNFINISHED),
        ({"status": 429, "outcome": "upstream_error"}, Hit.LIMITED),
        ({"status": 429, "upstream": None, "attempts": []}, Hit.REJECTED),
        ({"status": 404, "outcome": "model_not_routed", "upstream": None, "attempts": []}, Hit.REJECTED),
        ({"status": 400, "decision": "block", "outcome": "content_filter"}, Hit.BLOCKED),
        ({"status": 200, "decision": "block", "outcome": "content_filter", "answer": {}}, Hit.BLOCKED),
        ({"status": 503, "decision": "block", "outcome": "guard_unavailable"}, Hit.FAILED),
        ({"answer": {"finish": []}}, Hit.UNFINISHED),
        ({"answer": {"finish": ["length"]}}, Hit.CUT_SHORT),
        ({"answer": {"finish": ["max_tokens"]}}, Hit.CUT_SHORT),
        ({"answer": {"finish": ["refusal"]}}, Hit.REFUSED),
        ({"observed": {"output": {"refusal": True}}}, Hit.REFUSED),
        ({"outcome": "client_disconnected", "answer": {}}, 0),
        ({"surface": "unknown", "answer": {}}, 0),
        ({"surface": "responses", "answer": {"finish": []}}, 0),
        ({"surface": "embeddings", "answer": {}}, 0),
        ({"attempts": [{"upstream": "a"}, {"upstream": "b"}]}, Hit.RETRIED),
        ({"findings": DEAD}, Hit.UNLOOKED),
    ],
)
def test_what_it_was_hit_by(fields: dict, hits: int):
    """Each once: a block is no client's fault, and a limit of our own is no upstream's."""
    found = known(**fields)
    assert found.hits == hits
    assert found.hits & ~found.known == 0


def test_a_stopped_or_abandoned_answer_says_nothing_of_ends():
    """So that neither counts among those that ended well."""
    for fields in ({"decision": "block"}, {"outcome": "client_disconnected"}, {"surface": "files"}, {"status": 404}):
        assert not known(**fields).known & (Hit.UNFINISHED | Hit.REFUSED | Hit.CUT_SHORT)


def test_which_rules_found_what():
    """The rule that blocked is not one in shadow, and one that could not look has found nothing."""
    assert known(findings=DEAD).found == frozenset()
    assert known(findings=DEAD).rule == "toxicity"
    assert known(findings=SHADOW).found == {("later", "pii.URL")}
    assert known(findings=SHADOW).rule == ""


def test_the_upstream_is_that_which_was_called_last():
    """Also where it has not answered."""
    assert known(upstream=None, attempts=[{"upstream": "a"}, {"upstream": "b"}]).upstream == "b"
    assert known(**FAILED).upstream == "near"


def test_what_it_took():
    """Only of calls that were made, and of answers as they end; it ended when all of it was over."""
    said = {"timings_ms": {"total": 2000.0, "guards": 5, "upstream": 1900.0}, "tokens": {"input": 7, "output": 9}, "cost_usd": 0.5}
    found = known(**said, ts=NOW, attempts=[{"upstream": "a", "first": 300.0}])
    assert found.took == Took(1900.0, 300.0, 5, 9, 7, 0.5)
    assert found.at == NOW + 2
    assert known(**said, status=502, attempts=[{"upstream": "a", "first": None}]).took == Took(None, None, 5, None, None, 0.5)
    assert known(**said, stream=False).took.first is None


@pytest.mark.parametrize(
    "fields",
    [{"ts": None}, {"ts": "now"}, {"ts": float("nan")}, {"ts": -1}, {"ts": True}, {"status": "200"}, {"status": None}, {"decision": 7}],
)
def test_what_is_no_record_of_an_exchange(fields: dict):
    """It has a time, a status and a decision, or it is none."""
    assert went(record(1, NOW) | fields) is None


@pytest.mark.parametrize("said", [[], 7, None, "x"])
def test_what_is_no_record_at_all(said: object):
    """Nothing is raised."""
    assert went(said) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("name", sorted(record(1, NOW).keys() - {"ts", "status", "decision"}))
@pytest.mark.parametrize("value", [None, 7, "x", [], {}, [[]], {"a": 1}, float("inf"), -1.0, True])
def test_what_is_said_otherwise_is_missing(name: str, value: object):
    """Whichever part of a record it is."""
    found = went(record(1, NOW) | {name: value})
    assert found
    assert all(each is None or each >= 0 for each in found.took)
