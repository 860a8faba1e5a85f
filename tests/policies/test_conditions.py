"""What conditions say, and what they refuse."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.conditions import Circumstances, Condition, ConditionError, Conditions, UndecidableError
from policies.subject import Asked, Signals, Subject
from policies.verdict import Action, Fired
from policies.vocabulary import Scope

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
DEPTH = 32
ASKED = Asked(stream=True, messages=3, chars=400, max_tokens=100, tools=("search", "send_mail"))


def circumstances(*fired: Fired) -> Circumstances:
    signals = Signals(drift={"topics": 0.3}, incident_severity=1)
    found = Circumstances(Subject("bot", "gpt-4o", "chat", user="u1", group="staff"), ASKED, signals, NOON)
    found.found(Scope.USER, fired)
    return found


def fired(kind="pii.EMAIL_ADDRESS", score=0.8, why="match"):
    return Fired("pii", kind, 0, 5, score, Action.FLAG, shadow=False, why=why)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("signals.drift.topics > 0.25 || signals.incident.severity >= 2", True),
        ("signals.drift.topics > 0.5", False),
        ("has(signals.drift.tokens) && signals.drift.tokens > 1.0", False),
        ("exchange.app == 'bot' && exchange.group == 'staff' && exchange.surface == 'chat'", True),
        ("exchange.model.startsWith('gpt-4')", True),
        ("exchange.stream && exchange.messages == 3 && exchange.tokens == 100 && exchange.max_tokens <= 100", True),
        ("'send_mail' in exchange.tools", True),
        ("exchange.time.getHours('America/New_York') == 7", True),
        ("exchange.time.getDayOfWeek() == 0", True),
        ("findings.exists(f, f.entity == 'EMAIL_ADDRESS' && f.score > 0.5 && f.scope == 'user')", True),
        ("size(findings) > 1", False),
        ("signals.incident.open == 0", True),
        ("exchange.user == 'u1' && exchange.session == '' && exchange.chars == 400", True),
        ("size(signals.disparity) + size(signals.anomaly) == 0", True),
        ("exchange // whose\n . app == 'bot' // ours", True),
    ],
)
def test_answers(text, expected):
    """A condition is asked about the exchange, its findings and the signals."""
    assert Condition(text).holds(circumstances(fired())) is expected


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("exchange.apq == 'x'", "1:9: undeclared reference to 'exchange.apq'"),
        ("signals.drift >", "1:16: Syntax error"),
        ("exchange.app == 1", "1:14: found no matching overload"),
        ("exchange.chars + 1", "it is no condition: it gives int"),
        ("'yes'", "it is no condition: it gives string"),
        ("(" * 400 + "true" + ")" * 400, "recursion limit"),
        ("\0", "1:1: Syntax error"),
    ],
)
def test_refusals(text, why):
    """Unknown names, wrong types and what is no condition are found when the policy is loaded."""
    with pytest.raises(ConditionError) as raised:
        Condition(text)
    assert why in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "text",
    [
        "signals.drift.nobody > 0.1",
        "signals.incident.severity / 0 > 1",
        "findings[7].score > 0.1",
        f"{''.join(f'[1,2,3,4,5,6,7,8,9,0].all({name}, ' for name in 'abcdef')}true{')' * 6}",
        "findings[0].kind",
    ],
)
def test_undecidable(text):
    """What has no answer is neither true nor false."""
    with pytest.raises(UndecidableError):
        Condition(text).holds(circumstances(fired()))


def test_findings_grow():
    """A condition on findings sees those that came since it was last asked, and none of what could not be checked."""
    condition, about = Condition("size(findings) >= 2"), circumstances(fired())
    assert condition.needs_findings
    assert not condition.holds(about)
    about.found(Scope.OUTPUT, [fired(why="timeout")])
    assert not condition.holds(about)
    about.found(Scope.OUTPUT, [fired("pii.US_SSN")])
    assert condition.holds(about)


DEEPEST = f"{'(' * DEPTH}true{')' * DEPTH}"
ASKABLE = (
    "exchange.app == 'bot'",
    "exchange.app == 'cat' // not ours",
    "exchange.messages > 2",
    "signals.drift.topics > 0.25",
    "signals.drift.nobody > 0.1",
    "size(findings) == 1",
    "findings[7].score > 0.1",
    "findings[0].kind",
    DEEPEST,
)


@pytest.mark.parametrize("with_findings", [True, False])
@given(st.lists(st.sampled_from(ASKABLE), max_size=40), st.integers(0, 40))
def test_together_as_alone(with_findings, texts, plain):
    """However many conditions are asked together, each has the answer that it has alone, or none; one on findings holds before those."""
    conditions = [Condition(text) for text in texts] + [Condition(f"exchange.chars > {390 + number}") for number in range(plain)]
    together = Conditions([*conditions, *conditions])
    assert sorted(map(id, together.each)) == sorted(map(id, conditions))
    about = circumstances(fired())
    assert together.answers(about, with_findings=with_findings) == tuple(
        (condition.needs_findings and not with_findings) or alone(condition, about) for condition in together.each
    )


def alone(condition: Condition, about: Circumstances) -> bool | None:
    try:
        return condition.holds(about)
    except UndecidableError:
        return None


def test_depth():
    """The deepest condition of these tests is as deep as one can be."""
    Condition(DEEPEST)
    with pytest.raises(ConditionError):
        Condition(f"({DEEPEST})")


@given(st.text(max_size=60))
def test_any_text_is_a_condition_or_refused(text):
    """Whatever stands in a policy, loading it ends in a condition or in an error that is ours."""
    with suppress(ConditionError):
        assert isinstance(Condition(text).needs_findings, bool)
