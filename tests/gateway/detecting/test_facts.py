"""What a record says of its exchange, of what it was hit by, and of what it took."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.detecting.facts import MAX_WORD, Blind, Call, Facts, Hit, Took, facts
from tests.gateway.detecting.simulated_hours import FAILED, NOW
from tests.gateway.detecting.simulated_hours import record as hour_record
from tests.gateway.detecting.traffic import failed, fired, record
from tests.gateway.incidents.symptoms import T0
from tests.gateway.watch.records import record as rendered
from tests.gateway.watch.records import traced

DEAD = [{"rule": "toxicity", "kind": "toxicity", "action": "block", "shadow": False, "why": "unavailable"}]
SHADOW = [{"rule": "later", "kind": "pii.URL", "action": "block", "shadow": True, "why": "match"}]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def known(**fields: object) -> Facts:
    found = facts(hour_record(1, NOW, **fields))
    assert found
    return found


def test_an_answered_exchange():
    """Whose it was, who answered, and when it ended."""
    said = facts(record(T0))
    assert said is not None
    assert (said.app, said.model, said.upstream, said.policy, said.user) == ("shop", "gpt-4o", "openai", "default@aaaa00000000", "u1")
    assert (said.started, said.ended, said.called_ms) == (T0, T0 + 1.0, 900.0)
    assert (said.language, said.template, said.tool, said.answered_by) == ("en", "t1", "", "gpt-4o")
    assert said.looked == ("pii", "secrets", "injection")
    assert said.calls == (Call("openai", T0 + 0.05, 0.9, is_failed=False),)
    assert said.is_answered
    assert not said.hits & Hit.FAILED


def test_a_failed_call():
    """The upstream is the one that was asked, and the fault is not of whoever asked."""
    made = record(T0)
    failed(made)
    said = facts(made)
    assert said is not None
    assert (said.upstream, said.hits, said.is_answered) == ("openai", Hit.FAILED, False)
    assert said.calls[0].is_failed is True


@pytest.mark.parametrize(
    ("status", "outcome", "is_fault"),
    [(200, "completed", False), (200, "upstream_reset", True), (429, "upstream_error", False), (503, "upstream_error", True),
     (400, "content_filter", False), (500, "internal_error", True), (200, "client_disconnected", False)],
)  # fmt: skip
def test_whose_fault_it_is(status: int, outcome: str, *, is_fault: bool):
    """What an upstream or the gateway could not do is a fault; what it would not do is none."""
    said = facts(record(T0, status=status, outcome=outcome))
    assert said is not None
    assert bool(said.hits & Hit.FAILED) is is_fault


def test_a_rule_that_could_not_look():
    """It has not fired, and is told with its detector; what has nothing to do with the detector is not."""
    made = record(T0)
    fired(made, "pii", "tokenize", kind="pii.EMAIL_ADDRESS")
    fired(made, "injection", "block", "timeout", "injection")
    fired(made, "long", "flag", "too_long", "toxicity")
    said = facts(made)
    assert said is not None
    assert said.rules == ("pii", "long")
    assert said.blind == (Blind("injection", "injection", "timeout", stops=True),)


def test_records_as_they_are_written():
    """The gateway's own records are read."""
    said = facts(traced(1))
    assert said is not None
    assert (said.upstream, said.rules) == ("openai", ("pii",))
    assert facts(rendered(1)) is not None


def test_the_future():
    """What seems to be of then is moved as a whole; what is not stays as it is."""
    said = facts(record(T0 + 9999))
    assert said is not None
    before = said.by(T0)
    assert (before.started, before.ended) == (T0 - 1.0, T0)
    assert [each.begun for each in before.calls] == pytest.approx([T0 - 0.95])
    assert said.by(T0 + 1e6) is said


@given(st.dictionaries(st.sampled_from(sorted(record(T0))), JSON, max_size=12))
def test_anything(fields: dict):
    """Whatever a record holds, nothing is raised, and words are bounded."""
    said = facts(record(T0) | fields)
    if said is not None:
        assert all(
            len(word) <= MAX_WORD for word in (said.app, said.model, said.upstream, said.policy, said.template, *said.rules, *said.looked)
        )
        assert said.ended >= said.started


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
    assert known(findings=DEAD).blocked_by == "toxicity"
    assert known(findings=SHADOW).found == {("later", "pii.URL")}
    assert known(findings=SHADOW).blocked_by == ""


def test_the_upstream_is_that_which_was_called_last():
    """Also where it has not answered."""
    assert known(upstream=None, attempts=[{"upstream": "a"}, {"upstream": "b"}]).upstream == "b"
    assert known(**FAILED).upstream == "near"


def test_what_it_took():
    """Only of calls that were made, and of answers as they end; it ended when all of it was over."""
    said = {"timings_ms": {"total": 2000.0, "guards": 5, "upstream": 1900.0}, "tokens": {"input": 7, "output": 9}, "cost_usd": 0.5}
    found = known(**said, ts=NOW, attempts=[{"upstream": "a", "first": 300.0}])
    assert found.took == Took(1900.0, 300.0, 5, 9, 7, 0.5)
    assert found.ended == NOW + 2
    assert known(**said, status=502, attempts=[{"upstream": "a", "first": None}]).took == Took(None, None, 5, None, None, 0.5)
    assert known(**said, stream=False).took.first is None


@pytest.mark.parametrize(
    "fields",
    [{"ts": None}, {"ts": "now"}, {"ts": float("nan")}, {"ts": -1}, {"ts": True}, {"status": "200"}, {"status": None}, {"decision": 7},
     {"decision": None}, {"status": 1000}],
)  # fmt: skip
def test_what_is_no_record_of_an_exchange(fields: dict):
    """It has a time, a status and a decision, or it is none."""
    assert facts(hour_record(1, NOW) | fields) is None


@pytest.mark.parametrize("said", [[], 7, None, "x"])
def test_what_is_no_record_at_all(said: object):
    """Nothing is raised."""
    assert facts(said) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("name", sorted(hour_record(1, NOW).keys() - {"ts", "status", "decision"}))
@pytest.mark.parametrize("value", [None, 7, "x", [], {}, [[]], {"a": 1}, float("inf"), -1.0, True])
def test_what_is_said_otherwise_is_missing(name: str, value: object):
    """Whichever part of a record it is."""
    found = facts(hour_record(1, NOW) | {name: value})
    assert found
    assert all(each is None or each >= 0 for each in found.took)


@pytest.mark.parametrize(
    ("fields", "is_so"),
    [
        ({"measures": ["m"]}, True),
        ({}, False),
        ({"measures": ["m"], "outcome": "completed"}, False),
        ({"measures": [1], "outcome": []}, False),
    ],
)
def test_what_a_measure_refused(fields: dict, *, is_so: bool):
    """It is told by the outcome, where a measure was in force."""
    assert known(**{"status": 403, "outcome": "quarantined", **fields}).is_held_off is is_so
