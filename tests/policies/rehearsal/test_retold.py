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
        witness = Retold(found.exchange, found.record, Sources(new, loaded(OLD).policy, {"pii": frozenset({"EMAIL_ADDRESS"})}))
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
    witness = Retold(found.exchange, found.record, Sources(new, loaded(CONDITIONAL).policy, {}))
    decided = Decider(new).decide(found.exchange, witness)
    assert (decided.decision, decided.untold) == (decision, untold)
