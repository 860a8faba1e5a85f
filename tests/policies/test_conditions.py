"""What conditions say, and what they refuse."""

import math
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("signals.drift.topics > 0.25", "stale"),
        ("exchange.stream || signals.incident.severity > 1", "stale"),
        ("exchange.stream", True),
        ("findings[7].score > 0.1", "condition"),
    ],
)
def test_stale_signals(text, expected):
    """While signals are too old, what asks for any has no answer, whatever they say; nothing else is touched by it."""
    about = circumstances(fired())
    about.signals = replace(about.signals, is_stale=True)
    condition = Condition(text)
    assert condition.told(about) == expected
    assert Conditions([condition, Condition("exchange.app == 'bot'")]).answers(about, with_findings=True) in (
        (expected, True),
        (True, expected),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("signals.drift.topics > 0.25", "stale"),
        ("signals.incident.severity > 1", False),
        ("signals.incident.open > 0 || signals.drift.topics > 0.25", "stale"),
        ("exchange.stream", True),
    ],
)
def test_signals_of_one_kind_that_are_stale(text, expected):
    """What does not ask about that kind has its answer, also beside what does."""
    about = circumstances(fired())
    about.signals = replace(about.signals, incident_severity=0, incidents_open=0, stale_kinds=frozenset({"drift"}))
    assert Condition(text).told(about) == expected
    assert Conditions([Condition(text), Condition("exchange.stream")]).answers(about, with_findings=True)[0] == expected


def test_findings_grow():
    """A condition on findings sees those that came since it was last asked, and none of what could not be checked."""
    condition, about = Condition("size(findings) >= 2"), circumstances(fired())
    assert condition.needs_findings
    assert not condition.holds(about)
    about.found(Scope.OUTPUT, [fired(why="timeout")])
    assert not condition.holds(about)
    about.found(Scope.OUTPUT, [fired("pii.US_SSN")])
    assert condition.holds(about)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("findings.exists(f, f.score > 0.9)", True),
        ("findings.filter(f, f.entity == 'US_SSN' && f.score > 0.9).size() == 1", True),
        ("findings.filter(f, f.entity == 'US_SSN').size() >= 2", False),
        ("findings.filter(f, f.entity == 'EMAIL_ADDRESS').size() >= 500", True),
        ("findings.all(f, f.rule == 'pii')", True),
        ("size(findings) <= 1000", True),
        ("exchange.findings == 20001", True),
        ("exchange.findings > 20001", False),
    ],
)
def test_many_findings(text, expected):
    """However many there are, a condition has its answer: of each kind the highest scores are there, and the count is of all."""
    mails = [fired(score=number / 20_000 / 2) for number in range(20_000)]
    assert Condition(text).holds(circumstances(*mails[:10_000], fired("pii.US_SSN", 0.95), *mails[10_000:])) is expected


def test_many_kinds_of_findings():
    """Even of more kinds than are listed, each that is listed stands there, and the rest is counted."""
    about = circumstances(*[fired(f"pii.KIND_{number}") for number in range(5000)])
    assert Condition("findings.exists(f, f.entity == 'KIND_999') && size(findings) == 1000 && exchange.findings == 5000").holds(about)


@given(st.lists(st.tuples(st.sampled_from(["a.X", "a.Y", "b.Z"]), st.sampled_from([0.2, 0.8])), max_size=60), st.integers(0, 1200))
@settings(max_examples=20, deadline=None)
def test_whether_something_was_found(few, many):
    """Whether something was found with some score or more is the same in any crowd and any order."""
    crowd = [fired("crowd.X", 0.1)] * many
    about = circumstances(*[fired(*each) for each in few], *crowd)
    for kind in ("a.X", "a.Y", "b.Z"):
        is_found = (kind, 0.8) in few
        assert Condition(f"findings.exists(f, f.kind == '{kind}' && f.score >= 0.5)").holds(about) is is_found
    assert Condition(f"exchange.findings == {len(few) + many}").holds(about)


@pytest.mark.parametrize("said", [math.nan, math.inf, 1e200, 2.0**63, 1e10])
def test_a_limit_beyond_all_limits(said):
    """What is no number of tokens, or too many of them, is more than any bound, and one may reckon with it."""
    about = Circumstances(Subject("bot", "m", "chat"), Asked(max_tokens=said, messages=10**30))
    assert Condition("exchange.max_tokens * 2 + 1 > 1000000 && exchange.messages + 1 > 5").holds(about)


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


def alone(condition: Condition, about: Circumstances) -> bool | str:
    try:
        return condition.holds(about)
    except UndecidableError as error:
        return error.why


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
