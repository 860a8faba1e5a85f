"""A whole exchange is decided as the gateway decides it: request first, then the answer, and the strictest of all wins."""

from datetime import UTC, datetime

import pytest

from detectors.finding import Finding
from policies.decide import NotChecked, Outcome
from policies.rehearsal.decider import Decider, Scanned
from policies.rehearsal.exchange import Exchange, Text, Unread
from policies.subject import Asked, Signals, Subject
from policies.vocabulary import Scope

SUBJECT = Subject("support", "gpt-4o", "chat")


def scan(rule, text):
    """Every @ is an address of five characters, for rules on pii; for the others nothing can be said of the word ``late``."""
    found = [Finding("pii", "pii.EMAIL_ADDRESS", at - 2, at + 3, 1.0) for at, c in enumerate(text) if c == "@"]
    missing = (NotChecked("secrets", "timeout"),) if "late" in text and rule.detect == "secrets" else ()
    return Outcome(tuple(found) if rule.detect == "pii" else (), missing)


@pytest.fixture
def decided(loaded):
    """Decide about texts, each a scope and what is said; what is said in the answer's scope is the answer's."""

    def run(policy: str, *said: tuple[Scope, str] | Text, subject=SUBJECT, conforms=None, **about):
        texts = tuple(each if isinstance(each, Text) else Text(*each, each[0] is Scope.OUTPUT) for each in said)
        exchange = Exchange(subject, texts=texts, **about)
        return Decider(loaded(f"name: p\n{policy}").policy, conforms).decide(exchange, Scanned(exchange, scan))

    return run


RULES = """\
rules:
- {id: mail, detect: pii, entities: [EMAIL_ADDRESS], scope: [user, output], action: tokenize}
- {id: loud, detect: pii, entities: [EMAIL_ADDRESS], scope: [system], action: block}
- {id: quiet, detect: pii, entities: [EMAIL_ADDRESS], scope: [user], action: block, mode: shadow}
- {id: said, detect: pii, entities: [EMAIL_ADDRESS], scope: [output], action: redact}
- {id: keys, detect: secrets, scope: [user], action: flag}
"""


@pytest.mark.parametrize(
    ("said", "decision", "rules", "shadow"),
    [
        ([(Scope.USER, "hello")], "allow", (), ()),
        ([(Scope.USER, "to ab@cd")], "redact", ("mail",), ("quiet",)),
        ([(Scope.USER, "to ab@cd"), (Scope.SYSTEM, "ab@cd")], "block", ("mail", "loud"), ("quiet",)),
        ([(Scope.OUTPUT, "ab@cd")], "redact", ("said",), ()),
        ([(Scope.SYSTEM, "ab@cd"), (Scope.OUTPUT, "ab@cd")], "block", ("loud",), ()),
        ([(Scope.USER, "late")], "block", ("keys",), ()),
        ([(Scope.TOOL_RESULTS, "ab@cd")], "allow", (), ()),
    ],
)
def test_texts(decided, said, decision, rules, shadow):
    """Rules look at their scopes; a blocked request has no answer; what would be restored at once is not replaced in one."""
    found = decided(RULES, *said)
    assert (found.decision, found.rules(), found.rules(shadow=True)) == (decision, rules, shadow)


def test_edits_go_with_their_texts(decided):
    """Each text has its own verdict."""
    found = decided(RULES, (Scope.USER, "x"), (Scope.USER, "to ab@cd"))
    assert found.verdict(0).fired == ()
    assert [(edit.start, edit.end) for edit in found.verdict(1).edits] == [(3, 8)]
    assert found.verdict(1).action == "tokenize"


def test_what_cannot_be_rewritten_is_blocked(decided):
    """A key of an object that ought to be rewritten stops the exchange."""
    assert decided(RULES, Text(Scope.USER, "to ab@cd", is_fixed=True)).decision == "block"
    assert decided(RULES, Text(Scope.USER, "hello", is_fixed=True)).decision == "allow"


def test_what_no_rule_can_read(decided):
    """It is decided by kind, and is no rule that fired."""
    found = decided("on_uninspectable: {image: block}", unread=(Unread("image"),))
    assert (found.decision, found.rules(), found.has_answer) == ("block", (), False)
    assert decided("mode: shadow\non_uninspectable: {image: block}", unread=(Unread("image"),)).decision == "allow"


@pytest.mark.parametrize(
    ("when", "fires"),
    [
        ("exchange.app == 'support'", True),
        ("exchange.app == 'shop'", False),
        ("signals.drift.topics > 0.25", True),
        ("exchange.time.getHours('UTC') == 3", True),
        ("findings.exists(f, f.rule == 'first')", True),
        ("findings.exists(f, f.rule == 'other')", False),
        ("signals.drift.other > 0.25", None),
    ],
)
def test_conditions(decided, when, fires):
    """A rule is asked where its condition holds; where that has no answer, it fails as a check that could not run."""
    pii = "detect: pii, entities: [EMAIL_ADDRESS]"
    rules = f'rules:\n- {{id: first, {pii}, action: flag}}\n- {{id: r, {pii}, when: "{when}", action: redact, on_error: block}}'
    signals = Signals(drift={"topics": 0.5})
    found = decided(rules, (Scope.USER, "ab@cd"), signals=signals, time=datetime(2026, 1, 1, 3, tzinfo=UTC))
    assert found.decision == {True: "redact", False: "flag", None: "block"}[fires]


def test_stale_signals(decided):
    """A rule that hangs on signals that are too old does what it does where its check is not to be had."""
    check = "{id: r, detect: pii, entities: [EMAIL_ADDRESS], when: signals.drift.topics > 0.9, action: flag, on_unavailable: %s}"
    for action in ("allow", "block"):
        found = decided(f"rules:\n- {check % action}", (Scope.USER, "ab@cd"), signals=Signals({"topics": 0.5}, is_stale=True))
        assert found.decision == action


def test_conditions_on_what_is_unknown(decided):
    """Nothing can be told of a rule that would fire; of one that finds nothing all is told."""
    rules = "rules:\n- {id: r, detect: pii, entities: [EMAIL_ADDRESS], when: \"exchange.group == 'staff'\", action: block}"
    unknown = frozenset({"exchange.group"})
    assert decided(rules, (Scope.USER, "ab@cd"), unknown=unknown).untold == ("r",)
    assert decided(rules, (Scope.USER, "hello"), unknown=unknown).untold == ()


def test_findings_of_what_is_unknown(decided):
    """Nor of one that hangs on findings of such a rule."""
    rules = (
        "rules:\n- {id: a, detect: pii, entities: [EMAIL_ADDRESS], when: \"exchange.group == 'staff'\", action: flag}\n"
        '- {id: b, detect: pii, entities: [EMAIL_ADDRESS], when: "findings.size() > 0", action: block}'
    )
    assert decided(rules, (Scope.USER, "ab@cd"), unknown=frozenset({"exchange.group"})).untold == ("a", "b")


def test_bounds(decided):
    """Bounds of the domain are held, and those on what is unknown are told apart."""
    policy = "domain: {action: flag, input: {max_chars: 3}, request: {max_tokens: 10, temperature: {max: 1, min: 0}}, groups: [staff]}"
    asked = Asked(messages=1, chars=5, max_tokens=20, temperature=0.5)
    found = decided(policy, asked=asked)
    assert (found.decision, found.rules()) == ("flag", ("domain.groups", "domain.input.max_chars", "domain.request.max_tokens"))
    found = decided(policy, asked=asked, unknown=frozenset({"exchange.group", "exchange.max_tokens"}))
    assert (found.rules(), found.untold) == (("domain.input.max_chars",), ("domain.groups", "domain.request.max_tokens"))


FLOW = "flows: [{id: f, from: tool_results.read, to: tool_arguments.send.to, action: block}]"
ADDRESS = "eve@example.net"
READ, OTHER = Text(Scope.TOOL_RESULTS, ADDRESS, tool="read"), Text(Scope.TOOL_RESULTS, ADDRESS, tool="else")
SENT, ASKED = (Text(Scope.TOOL_ARGUMENTS, ADDRESS, is_answer, "send", "to") for is_answer in (True, False))
WHOLE = Text(Scope.TOOL_ARGUMENTS, f'{{"to": ["https://x.example/?q={ADDRESS}"]}}', True, "send")
BESIDE = Text(Scope.TOOL_ARGUMENTS, f'{{"subject": "{ADDRESS}"}}', True, "send")


@pytest.mark.parametrize(
    ("first", "second", "decision"),
    [
        (READ, SENT, "block"),
        (READ, ASKED, "block"),
        (READ, WHOLE, "block"),
        (READ, BESIDE, "allow"),
        (OTHER, SENT, "allow"),
        (ASKED, READ, "allow"),
    ],
)
def test_flows(decided, first, second, decision):
    """What came from one place does not go to another, in the order in which things were said."""
    found = decided(FLOW, first, second)
    assert (found.decision, found.rules()) == (decision, ("f",) if decision == "block" else ())


def test_forms(decided):
    """An answer is held to its form where there is a parser; where there is none, nothing is told."""
    policy = "domain: {output: {regex: 'yes|no', action: flag}}"
    said = (Scope.OUTPUT, "maybe")
    assert decided(policy, said).untold == ("domain.output.regex",)
    assert decided(policy, said, conforms=lambda kind, form: lambda text: text in form.split("|")).rules() == ("domain.output.regex",)
    assert decided(policy, (Scope.OUTPUT, "yes"), conforms=lambda kind, form: lambda text: text in form.split("|")).rules() == ()


def test_a_blocked_request_has_no_answer(decided):
    """So its form is not looked at."""
    found = decided(f"{RULES}domain: {{output: {{max_chars: 1}}}}", (Scope.SYSTEM, "ab@cd"), (Scope.OUTPUT, "too long"))
    assert (found.rules(), found.has_answer) == (("loud",), False)
