"""What can be told of an exchange from a record of it, and what cannot."""

import pytest

from policies.rehearsal.decider import Decider
from policies.rehearsal.recorded import entry
from policies.rehearsal.retold import Retold, Sources

OLD = """\
name: p
domain: {request: {max_tokens: 100}}
rules:
- {id: mail, detect: pii, scope: [user], entities: [EMAIL_ADDRESS, PHONE_NUMBER], min_score: 0.5, action: flag, allow_list: [a]}
- {id: names, detect: pii, scope: [output], entities: [PERSON], stream: whole, action: redact}
- {id: all, detect: secrets, scope: [user], action: block}
flows: [{id: f, from: tool_results, to: user, action: flag}]
"""
MAIL = {"rule": "mail", "kind": "pii.EMAIL_ADDRESS", "place": "m.0", "scope": "user", "start": 1, "end": 9, "score": 0.8}
LATE = {"rule": "mail", "kind": "pii", "place": "m.0", "scope": "user", "start": 0, "end": 9, "score": 0, "why": "timeout"}
BOUND = {"rule": "domain.request.max_tokens", "kind": "domain.request.max_tokens", "place": "domain", "start": 0, "end": 0, "score": 1}
FLOW = MAIL | {"rule": "f", "kind": "flow.value"}


def record(*findings, scopes=("user",), chars=20):
    looked = {"user": ["mail", "all"], "output": ["names"]}
    rows = [
        {"scope": scope, "inspected_by": looked.get(scope, []), "texts": 1, "chars": chars, "places": ["m.0" if scope == "user" else "0"]}
        for scope in scopes
    ]
    halves = {"request": [row for row in rows if row["scope"] != "output"], "response": [row for row in rows if row["scope"] == "output"]}
    return {"request_id": "r", "ts": 1.0, "app": "a", "model": "m", "surface": "chat", "policy": "p@0", "decision": "flag"} | {
        "findings": list(findings), "findings_total": len(findings), "coverage": halves,
    }  # fmt: skip


@pytest.fixture
def decided(loaded):
    """Decide about a record under a policy with these rules, or whatever else it has."""

    def run(policy: str, line):
        found, new = entry(line), loaded(policy).policy
        witness = Retold(found.exchange, found.record, Sources(new, loaded(OLD).policy, {"pii": frozenset({"EMAIL_ADDRESS"})}, str))
        return Decider(new).decide(found.exchange, witness)

    return run


def test_the_same_policy(decided):
    """Under the policy that decided it, all is told, and it decides alike."""
    found = decided(OLD, record(MAIL, BOUND, FLOW, scopes=("user", "output")))
    assert (found.decision, set(found.rules()), found.untold) == ("block", {"mail", "f", "domain.request.max_tokens"}, ())
    assert decided(OLD, record(scopes=("user", "output"))).decision == "allow"


@pytest.mark.parametrize(
    ("rule", "fires"),
    [
        ("entities: [EMAIL_ADDRESS]", True),
        ("entities: [PHONE_NUMBER]", False),
        ("entities: [EMAIL_ADDRESS], min_score: 0.9", False),
        ("min_score: 0.7", True),
        ("entities: [EMAIL_ADDRESS], min_score: 0.4", None),
        ("entities: [EMAIL_ADDRESS, PERSON]", None),
        ("entities: [EMAIL_ADDRESS], allow_list: [a]", True),
        ("entities: [EMAIL_ADDRESS], allow_list: [a, b]", None),
        ("entities: [PHONE_NUMBER], allow_list: [a, b]", False),
        ("entities: [EMAIL_ADDRESS], allow_list: []", None),
        ("entities: [EMAIL_ADDRESS, X], patterns: [{name: X, regex: x}]", None),
        ("entities: [EMAIL_ADDRESS], patterns: [{name: EMAIL_ADDRESS, regex: x}]", None),
        ("entities: [EMAIL_ADDRESS], when: \"exchange.app == 'a'\"", True),
        ("entities: [EMAIL_ADDRESS], when: \"exchange.app == 'b'\"", False),
        ("entities: [EMAIL_ADDRESS], when: \"exchange.group == 'b'\"", None),
        ("entities: [PHONE_NUMBER], when: \"exchange.group == 'b'\"", False),
    ],
)
def test_rules(decided, rule, fires):
    """A rule is told where one that looked would have found all that it finds; else nothing is told of it."""
    keys = "" if "allow_list" in rule else ", allow_list: [a]"
    keys += "" if "min_score" in rule else ", min_score: 0.5"
    found = decided(f"name: q\nrules:\n- {{id: r, detect: pii, scope: [user], action: block, {rule}{keys}}}", record(MAIL))
    assert found.untold == (("r",) if fires is None else ())
    assert found.decision == ("block" if fires else "allow")


def test_a_scope_that_nobody_looked_at(decided):
    """Nothing is told of a text that no rule looked at, unless it is empty."""
    policy = "name: q\nrules:\n- {id: r, detect: pii, scope: [system], entities: [EMAIL_ADDRESS], action: block}"
    assert decided(policy, record(scopes=("system",))).untold == ("r",)
    assert decided(policy, record(scopes=("system",), chars=0)).untold == ()
    assert decided(policy, record()).untold == ()


def test_another_detector(decided):
    """Nor of what another detector would have found; of one whose entities are not told apart, a rule for them all."""
    assert decided("name: q\nrules:\n- {id: r, detect: secrets, scope: [user], action: block}", record(MAIL)).untold == ()
    policy = "name: q\nrules:\n- {id: r, detect: secrets, scope: [user], entities: [AWS_KEY], action: block}"
    assert decided(policy, record(MAIL)).untold == ()
    assert decided(policy.replace("[user]", "[output]"), record(MAIL, scopes=("user", "output"))).untold == ("r",)


def test_what_could_not_be_checked(decided):
    """It fails as the new rule fails."""
    policy = "name: q\nrules:\n- {id: r, detect: pii, scope: [user], entities: [EMAIL_ADDRESS], allow_list: [a], min_score: 1, action: flag"
    assert decided(f"{policy}, on_timeout: allow}}", record(LATE)).decision == "allow"
    assert decided(f"{policy}, on_error: allow}}", record(LATE)).decision == "block"


def test_what_could_not_be_rewritten(decided):
    """A place that could not be rewritten then cannot be now."""
    rule = "{id: r, detect: pii, scope: [user], entities: [EMAIL_ADDRESS], allow_list: [a], min_score: 0.5, action: mask}"
    policy = f"name: q\nrules:\n- {rule}"
    assert decided(policy, record(MAIL)).decision == "redact"
    assert decided(policy, record(MAIL, MAIL | {"why": "key"})).decision == "block"


@pytest.mark.parametrize(
    ("domain", "findings", "rules", "untold"),
    [
        ("request: {max_tokens: 100}", [BOUND], ("domain.request.max_tokens",), ()),
        ("request: {max_tokens: 100}", [], (), ()),
        ("request: {max_tokens: 50}", [], (), ("domain.request.max_tokens",)),
        ("request: {models: [other]}", [], ("domain.request.models",), ()),
        ("input: {max_chars: 10}", [], ("domain.input.max_chars",), ()),
        ("output: {max_chars: 10}", [], (), ("domain.output.max_chars",)),
        ("tools: {arguments: {a: {}}}", [], (), ()),
    ],
)
def test_bounds(decided, domain, findings, rules, untold):
    """A bound is told that can be told from the record, or that was the same then."""
    found = decided(f"name: q\ndomain: {{action: flag, {domain}}}", record(*findings, scopes=("user", "output")))
    assert (found.rules(), found.untold) == (rules, untold)


@pytest.mark.parametrize(
    ("flow", "scopes", "rules", "untold"),
    [
        ("{id: g, from: tool_results, to: user, action: block}", ("user",), ("g",), ()),
        ("{id: g, from: tool_results.x, to: user, action: block}", ("user", "tool_results"), (), ("g",)),
        ("{id: g, from: tool_results.x, to: user, action: block}", ("user",), (), ()),
    ],
)
def test_flows(decided, flow, scopes, rules, untold):
    """A flow is told that was the same then, or that has no source or no end here."""
    found = decided(f"name: q\nflows: [{flow}]", record(FLOW, scopes=scopes))
    assert (found.rules(), found.untold) == (rules, untold)


CONDITIONAL = """\
name: p
rules:
- {id: r, detect: pii, scope: [user], entities: [EMAIL_ADDRESS], when: "signals.drift.x > 0.5", action: block}
"""


@pytest.mark.parametrize(
    ("inspected_by", "why", "when", "decision", "untold"),
    [
        (["r"], "match", "signals.drift.x > 0.5", "block", ()),
        ([], "match", "signals.drift.x > 0.5", "allow", ()),
        (["r"], "condition", "signals.drift.x > 0.5", "block", ()),
        (["r"], "condition", "exchange.app == 'a'", "allow", ("r",)),
        (["r"], "match", "exchange.app == 'a'", "block", ()),
        (["r"], "match", "signals.drift.y > 0.5", "allow", ("r",)),
        ([], "match", "signals.drift.y > 0.5", "allow", ("r",)),
    ],
)
def test_conditions_on_what_is_not_recorded(loaded, inspected_by, why, when, decision, untold):
    """The same condition of the same rule held if the rule was asked; of any other, nothing is told, not even where nothing was found."""
    hit = {"rule": "r", "kind": "pii.EMAIL_ADDRESS", "place": "m.0", "scope": "user", "start": 0, "end": 1, "score": 1, "why": why}
    line = record(*([hit] if inspected_by else []))
    line["coverage"]["request"][0]["inspected_by"] = inspected_by
    found, new = entry(line), loaded(CONDITIONAL.replace("signals.drift.x > 0.5", when)).policy
    witness = Retold(found.exchange, found.record, Sources(new, loaded(CONDITIONAL).policy, {}, str))
    decided = Decider(new).decide(found.exchange, witness)
    assert (decided.decision, decided.untold) == (decision, untold)


TOPICS = """\
name: p
domain: {topics: {allow: [{name: a, examples: [one, two, three, four, five]}], outside: {action: block, max_fpr: 0.05}}}
rules:
- {id: mail, detect: pii, scope: [user], entities: [EMAIL_ADDRESS], action: flag}
"""
ASKED = {"domain.topics": {"score": 0.98, "by": "topics:1"}}
STOPPED = MAIL | {"rule": "domain.topics", "kind": "topics.outside", "score": 0.98}
LATE_TOPICS = STOPPED | {"kind": "topics", "score": 0, "why": "timeout"}


@pytest.fixture
def judged(loaded):
    """Decide under other words about two of a user's texts, of which the strangest had this score."""

    def run(old: str, new: str, scores=ASKED, findings=(STOPPED,), looked=("domain.topics",)):
        line = record(*findings, chars=20) | {"scores": scores}
        line["coverage"]["request"][0]["inspected_by"] = [*looked]
        line["coverage"]["request"][0]["places"] = ["m.0", "m.1"]
        found, draft = entry(line), loaded(TOPICS.replace(old, new)).policy
        witness = Retold(
            found.exchange,
            found.record,
            Sources(draft, loaded(TOPICS).policy, {}, lambda rule: f"topics:{1 + ('six' in str(rule.topics))}"),
        )
        return Decider(draft).decide(found.exchange, witness)

    return run


@pytest.mark.parametrize(
    ("old", "new", "decision"),
    [
        ("max_fpr: 0.05", "max_fpr: 0.05", "block"),
        ("max_fpr: 0.05", "max_fpr: 0.01", "allow"),
        ("max_fpr: 0.05", "max_fpr: 0.021", "block"),
        ("max_fpr: 0.05", "max_fpr: 0.3", "block"),
        ("action: block", "action: flag", "flag"),
        ("name: p", "name: p\nborders: {domain.topics: 0.01}", "allow"),
        ("name: p", "name: p\nborders: {domain.topics: 0.2}", "block"),
    ],
)
def test_a_calibrated_rule(judged, old, new, decision):
    """It is told from the score of what was asked, at whatever rate or border, and whatever is to be done about it."""
    for findings in ((STOPPED,), ()):
        found = judged(old, new, findings=findings, looked=("domain.topics", "mail"))
        assert (found.decision, found.untold, sum(fired.rule == "domain.topics" for _, fired in found.fired)) == (
            decision,
            (),
            int(decision != "allow"),
        )


@pytest.mark.parametrize(
    ("old", "new", "scores", "looked"),
    [
        ("five", "six", ASKED, ("domain.topics", "mail")),  # what another detector would have scored
        ("max_fpr: 0.05", "max_fpr: 0.01", {"domain.topics": {"score": 0.98, "by": "topics:2"}}, ("domain.topics", "mail")),
        ("max_fpr: 0.05", "max_fpr: 0.01", {}, ("domain.topics", "mail")),
        ("max_fpr: 0.05", "max_fpr: 0.01", ASKED, ("mail",)),
    ],
)
def test_a_calibrated_rule_of_which_nothing_is_known(judged, old, new, scores, looked):
    """Without a score that this very detector gave a text that it looked at, nothing is told at another rate."""
    assert judged(old, new, scores, (), looked).untold == ("domain.topics",)


def test_a_calibrated_rule_that_was_late(judged):
    """Of a text that it could not judge it is told that it could not, and of the others what it found."""
    found = judged("max_fpr: 0.05", "max_fpr: 0.01, on_timeout: flag", findings=(LATE_TOPICS,), looked=("domain.topics", "mail"))
    assert (found.decision, found.untold, [fired.why for _, fired in found.fired]) == ("flag", (), ["timeout"])
    found = judged("max_fpr: 0.05", "max_fpr: 0.5, on_timeout: flag", findings=(LATE_TOPICS,), looked=("domain.topics", "mail"))
    assert (found.decision, found.untold) == ("block", ())


@pytest.mark.parametrize(("why", "decision"), [("match", "flag"), ("unavailable", "block")])
def test_an_answer_that_could_not_be_measured(loaded, why, decision):
    """How unsure an answer was is decided as it was then; where that was not known, as the policy says of what is not available."""
    policy = loaded("name: p\ndomain: {output: {uncertainty: {max_entropy: 1, action: flag, on_unavailable: block}}}").policy
    name = "domain.output.uncertainty"
    unsure = {"rule": name, "kind": name, "place": "choices.0", "scope": "output", "start": 0, "end": 0, "score": 1, "why": why}
    found = entry(record(unsure, scopes=("user", "output")))
    assert (
        Decider(policy).decide(found.exchange, Retold(found.exchange, found.record, Sources(policy, policy, {}, str))).decision == decision
    )
