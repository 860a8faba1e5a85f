"""What a record says of its exchange."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.detecting.facts import AHEAD_S, Blind, Call, facts
from tests.gateway.detecting.traffic import failed, fired, record
from tests.gateway.incidents.symptoms import T0
from tests.gateway.watch.records import record as rendered
from tests.gateway.watch.records import traced

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def test_an_answered_exchange():
    """Whose it was, who answered, and when it ended."""
    said = facts(record(T0))
    assert said is not None
    assert (said.app, said.model, said.upstream, said.policy, said.user) == ("shop", "gpt-4o", "openai", "default@aaaa00000000", "u1")
    assert (said.started, said.ended, said.latency_ms) == (T0, T0 + 1.0, 900.0)
    assert (said.language, said.template, said.tool, said.answered_by) == ("en", "t1", "", "gpt-4o")
    assert said.looked == ("pii", "secrets", "injection")
    assert said.calls == (Call("openai", T0 + 0.05, 0.9, is_failed=False),)
    assert said.is_answered
    assert not said.is_error


def test_a_failed_call():
    """The upstream is the one that was asked, and the fault is not of whoever asked."""
    made = record(T0)
    failed(made)
    said = facts(made)
    assert said is not None
    assert (said.upstream, said.is_error, said.is_answered) == ("openai", True, False)
    assert said.calls[0].is_failed is True


@pytest.mark.parametrize(
    ("status", "outcome", "is_error"),
    [(200, "completed", False), (200, "upstream_reset", True), (429, "upstream_error", False), (503, "upstream_error", True),
     (400, "content_filter", False), (500, "internal_error", True), (200, "client_disconnected", False)],
)  # fmt: skip
def test_whose_fault_it_is(status: int, outcome: str, *, is_error: bool):
    """What an upstream or the gateway could not do is a fault; what it would not do is none."""
    said = facts(record(T0, status=status, outcome=outcome))
    assert said is not None
    assert said.is_error is is_error


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


@pytest.mark.parametrize("fields", [{"ts": None}, {"ts": "now"}, {"ts": float("nan")}, {"ts": True}, {"ts": -1.0}, {"decision": None}])
def test_no_record(fields: dict):
    """What says no time, or nothing that was decided, is none."""
    assert facts(record(T0) | fields) is None


def test_the_future():
    """Nothing ended later than a minute after what was read."""
    said = facts(record(T0 + 9999), now=T0)
    assert said is not None
    assert said.ended == T0 + AHEAD_S


@given(st.dictionaries(st.sampled_from(sorted(record(T0))), JSON, max_size=12))
def test_anything(fields: dict):
    """Whatever a record holds, nothing is raised, and words are bounded."""
    said = facts(record(T0) | fields)
    if said is not None:
        assert all(len(word) <= 64 for word in (said.app, said.model, said.upstream, said.policy, said.template, *said.rules, *said.looked))
        assert said.ended >= said.started
