"""A policy made ready to run; every guard's tests run one."""

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from gateway.guard.plan import Check, options_of, tightened
from policies.conditions import Answer, Circumstances, Condition, UndecidableError
from policies.policy import PatternSpec
from policies.subject import Asked, Signals, Subject
from policies.verdict import Action, Fired
from policies.vocabulary import Scope
from tests.policies.test_measures import measure
from tests.support.guards import DIGITS, plan, policy, rule

WHENS = (
    None,
    "exchange.app == 'bot'",
    "exchange.app != 'bot'",
    "exchange.stream",
    "signals.drift.topics > 0.5",
    "size(findings) > 0",
    "findings[0].score > 0.5",
)


def test_options_of():
    """A rule's own patterns, entities and allow-list reach its detector."""
    spec = PatternSpec(name="EMP_ID", regex="E[0-9]{6}", score=0.7, validator="luhn", context=("badge",))
    asked = rule("own", "flag", entities=["EMP_ID"], patterns=[spec], allow_list=["E000000"])
    options = options_of(asked, "model", "cache")
    assert (options.entities, options.allow_list, options.ner_model, options.cache_dir) == (("EMP_ID",), ("E000000",), "model", "cache")
    (pattern,) = options.patterns
    assert (pattern.name, pattern.regex, pattern.score, pattern.validator, pattern.context) == (
        "EMP_ID",
        "E[0-9]{6}",
        0.7,
        "luhn",
        ("badge",),
    )


def about(app: str = "bot", signals: Signals | None = None, *, stream: bool = False) -> Circumstances:
    return Circumstances(Subject(app, "gpt", "chat"), Asked(stream=stream), signals or Signals())


def asked_alone(check: Check, circumstances: Circumstances, *, with_findings: bool) -> Answer:
    condition = Condition(check.rule.when) if check.rule.when else None
    if condition is None or (condition.needs_findings and not with_findings):
        return True
    try:
        return condition.holds(circumstances)
    except UndecidableError as error:
        return error.why


circumstances = st.builds(
    lambda app, drift, stale, stream, finds: (app, Signals({} if drift is None else {"topics": drift}, is_stale=stale), stream, finds),
    st.sampled_from(["bot", "cat"]),
    st.sampled_from([None, 0.1, 0.9]),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)


@given(st.lists(st.sampled_from(WHENS), max_size=12), st.lists(circumstances, max_size=6))
def test_asked(whens, exchanges):
    """Whatever was asked before, the checks of an exchange are those whose conditions hold, and, without detectors, those whose have no
    answer: before and after its findings are known. What has the same mark is the same.
    """
    checks = plan(policy(*[rule(f"r{index}", "flag", when=when) for index, when in enumerate(whens)]), [DIGITS]).on_request
    marked = {}
    for app, signals, stream, finds in exchanges:
        given_ = about(app, signals, stream=stream)
        asked = checks
        for with_findings in (False, True):
            asked = asked.asked(given_, with_findings=with_findings)
            alone = [(check, asked_alone(check, given_, with_findings=with_findings)) for check in checks.all]
            expected = [(check.rule.id, answer if isinstance(answer, str) else None) for check, answer in alone if answer is not False]
            assert [(check.rule.id, check.undecided) for check in asked.all] == expected
            assert all(bool(check.inline) is (check.undecided is None) for check in asked.all)
            assert marked.setdefault(asked.mark, expected) == expected
            if finds:
                given_.found(Scope.USER, [Fired("r", "pii.PERSON", 0, 1, 0.9, Action.FLAG, shadow=False)])


def test_choices_are_remembered():
    """Exchanges whose conditions have the same answers share what was made for the first; no more than a bounded number is kept."""
    names = [f"n{index}" for index in range(7)]
    checks = plan(policy(*[rule(name, "flag", when=f"signals.drift.{name} > 0.5") for name in names]), [DIGITS]).on_request

    def asked(levels: tuple[float, ...]) -> object:
        return checks.asked(about(signals=Signals(drift=dict(zip(names, levels, strict=True)))), with_findings=False)

    assert asked((0.6,) * 7) is asked((0.7,) * 7)
    for levels in product((0.1, 0.9), repeat=7):
        asked(levels)
    assert checks._choices._of.cache_info().currsize == checks._choices._of.cache_info().maxsize == 64


def test_alike_conditions_are_one():
    """Rules with the same condition have one between them, so that it is asked once."""
    made = plan(policy(rule("a", "flag", when="exchange.stream"), rule("b", "block", when="exchange.stream")), [DIGITS])
    first, second = made.on_request.all
    assert first.condition is second.condition
    assert first.condition is not None


def test_flows_have_time_of_their_own():
    """A policy of flows alone lets a request be followed as long as one with a rule does."""
    flow = {"from": "tool_results.inbox", "to": "tool_arguments.send"}
    assert plan(policy(flows=(flow,)), ()).patience_s == 2.0


def test_what_looks_at_answers_that_are_kept():
    """Where texts are kept redacted, rules that rewrite look at every text of an answer, and say nothing where they have nothing to do."""
    rules = rule("a", "tokenize", scope=["user"]), rule("b", "redact", scope=["output"]), rule("c", "flag", scope=["output"])
    asked = {keep: plan(policy(*rules), (DIGITS,), keep).on_answer for keep in ("none", "redacted", "full")}
    looking = {keep: [(check.rule.id, check.is_unsaid) for check in checks.of(Scope.OUTPUT)] for keep, checks in asked.items()}
    assert looking["none"] == looking["full"] == [("b", False), ("c", False)]
    assert looking["redacted"] == [("a", True), ("b", False), ("c", False)]
    assert [(check.rule.id, check.is_unsaid, check.holds) for check in asked["redacted"].of(Scope.REASONING)] == [
        ("a", True, False),
        ("b", True, False),
    ]
    assert asked["redacted"].rule_ids(Scope.OUTPUT) == ("b", "c")
    assert asked["redacted"].rule_ids(Scope.REASONING) == ()


def test_a_plan_under_measures():
    """What becomes stricter holds, and is told apart from the plan without measures; its conditions and detectors stay the same."""
    own = plan(policy(rule("a", "flag", when="exchange.app == 'bot'"), rule("b", "redact")), [DIGITS])
    stricter = tightened(
        own, [measure({"tighten": {"rule": "a", "action": "block"}}), measure({"tighten": {"rule": "b", "action": "flag"}})]
    )
    assert [(check.rule.action, check.holds) for check in stricter.on_request.all] == [(Action.BLOCK, True), (Action.REDACT, True)]
    assert [(check.rule.action, check.holds) for check in stricter.on_answer.all] == [(Action.BLOCK, True), (Action.REDACT, True)]
    for before, after in zip(own.on_request.all, stricter.on_request.all, strict=True):
        assert (after.condition, after.inline) == (before.condition, before.inline)
    assert len(stricter.measures) == 1
    assert stricter.mark != own.mark
    assert stricter.redacting == own.redacting == {"b"}
    assert tightened(own, []) is own


def test_a_gauge_under_measures():
    """Where a calibrated rule finds more, that is where its border lies."""
    own = plan(policy(rule("a", "flag", max_fpr=0.01)), [DIGITS])
    stricter = tightened(own, [measure({"tighten": {"rule": "a", "max_fpr": 0.05}})])
    assert [check.gauge.border for each in (own, stricter) for check in each.on_request.all] == [0.01, 0.05]
