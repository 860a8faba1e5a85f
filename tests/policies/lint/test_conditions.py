"""Conditions that come to the same for every exchange."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.conditions import Circumstances, Condition
from policies.lint.conditions import constant
from policies.subject import Asked, Signals, Subject


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("true", True),
        ("1 > 2", False),
        ("'a' == 'a' || exchange.stream", True),
        ("exchange.messages < 0", False),
        ("exchange.messages >= 0", True),
        ("signals.incident.severity < 0", False),
        ("exchange.messages > 3 && exchange.messages < 2", False),
        ("exchange.messages > 3 || exchange.messages <= 3", True),
        ("exchange.messages > 2 && exchange.messages < 3", False),
        ("exchange.messages > 2 && exchange.messages < 4", None),
        ("5 < exchange.chars && exchange.chars < 5", False),
        ("exchange.app == 'a' && exchange.app == 'b'", False),
        ("exchange.app != 'a' || exchange.app != 'b'", True),
        ("exchange.app in ['a', 'b'] && exchange.app == 'c'", False),
        ("exchange.app in ['a', 'b'] && exchange.app == 'b'", None),
        ("exchange.stream || !exchange.stream", True),
        ("!(exchange.stream && !exchange.stream)", True),
        ("signals.drift.topics > 0.25 && signals.drift.topics < 0.2", False),
        ("signals.drift.topics > 0.25 && signals.drift.topics < 0.2501", None),
        ("signals.drift.topics >= 0.0", None),
        ("exchange.max_tokens < 0", None),
        ("exchange.tokens < 0", False),
        ("exchange.tokens >= 0", True),
        ("exchange.tokens > 4 && exchange.tokens <= 5", None),
        ("0 > exchange.messages - 5", None),
        ("3 < exchange.messages + 1", None),
        ("exchange.chars > 4 && exchange.tokens > 4", None),
        ("exchange.app == exchange.model", None),
        ("exchange.app.startsWith('a') && exchange.app == 'b'", None),
        ("size(findings) < 0", None),
        ("has(signals.drift.topics) && signals.drift.topics > 1.0", None),
        ("exchange.app == 'exchange.messages < 0'", None),
    ],
)
def test_constant(text, outcome):
    """Always, never, or not to be told: what is not understood is left alone."""
    assert constant(Condition(text)) is outcome


COMPARISONS = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
NUMBERS = st.builds("exchange.messages {} {}".format, COMPARISONS, st.integers(-2, 6)) | st.builds(
    "{} {} exchange.messages".format, st.integers(-2, 6), COMPARISONS
)
WORDS = st.builds("exchange.app {} '{}'".format, st.sampled_from(["==", "!="]), st.sampled_from(["", "a", "b"]))
LEVELS = st.builds("signals.drift.x {} {}".format, COMPARISONS, st.sampled_from(["0.0", "0.5", "0.75", "-1.5"]))
ATOMS = NUMBERS | WORDS | LEVELS | st.sampled_from(["true", "exchange.stream", "!exchange.stream"])
CONDITIONS = st.recursive(ATOMS, lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from(["&&", "||"]), inner), max_leaves=5)


@given(CONDITIONS, st.integers(0, 8), st.sampled_from(["", "a", "b", "c"]), st.floats(-3, 3), st.booleans())
def test_is_never_wrong(text, messages, app, level, stream):
    """What is said to be always so is so for every exchange."""
    outcome = constant(Condition(text))
    if outcome is not None:
        about = Circumstances(Subject(app, "", ""), Asked(stream=stream, messages=messages), Signals(drift={"x": level}))
        assert Condition(text).holds(about) is outcome
