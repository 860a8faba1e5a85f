"""Cases run: what holds, and what came instead."""

import pytest

from detectors.finding import Finding
from policies.decide import Outcome
from policies.rehearsal.trials import edited, review, run_cases
from policies.vocabulary import Scope

POLICY = """\
name: p
rules:
- {id: mail, detect: pii, scope: [user], action: tokenize}
- {id: loud, detect: secrets, scope: [user], action: block}
- {id: quiet, detect: pii, scope: [user], action: redact, mode: shadow}
- {id: digits, detect: pii, scope: [assistant], action: hash, entities: [PHONE_NUMBER]}
- {id: tail, detect: pii, scope: [system], action: mask, entities: [PHONE_NUMBER]}
"""


def scan(rule, text):
    """Finds every @ as an e-mail address of five characters."""
    found = [Finding("pii", "pii.EMAIL_ADDRESS", at - 2, at + 3, 1.0) for at, c in enumerate(text) if c == "@" and rule.detect == "pii"]
    return Outcome(tuple(found))


@pytest.fixture
def failures(tmp_path, loaded):
    """The failures of one case."""

    def run(case: str) -> list[str]:
        path = tmp_path / "p.cases.yaml"
        path.write_text(f"- name: c\n  {case}\n")
        (result,) = run_cases(path, loaded(POLICY).policy, scan)
        assert (result.case, result.line) == ("c", 1)
        return list(result.failures)

    return run


@pytest.mark.parametrize(
    "case",
    [
        "{given: {text: hello}, expect: {decision: allow, rules: [], shadow: [], text: hello}}",
        "{given: {text: to ab@cd now}, expect: {decision: redact, rules: [mail], shadow: [quiet], text: to <EMAIL_ADDRESS_*> now}}",
        "{given: {scope: output, text: to ab@cd now}, expect: {decision: allow, rules: [], text: to ab@cd now}}",
        "{given: {findings: [{kind: secrets.AWS_KEY, text: abc}]}, expect: {decision: block, rules: [loud], shadow: []}}",
        "{given: {text: a b a, findings: [{kind: pii.PERSON, text: a}]}, expect: {text: <PERSON_*> b <PERSON_*>}}",
        "{given: {text: hi, not_checked: [{detector: secrets, reason: overload}]}, expect: {decision: block, rules: [loud]}}",
        "{given: {scope: assistant, findings: [{kind: pii.PHONE_NUMBER, text: '5550132'}]}, expect: {text: PHONE_NUMBER_*}}",
        "{given: {scope: system, findings: [{kind: pii.PHONE_NUMBER, text: 415-555-0132}]}, expect: {text: '***-***-0132'}}",
    ],
)
def test_cases_that_hold(failures, case):
    """What is expected and comes is no failure."""
    assert failures(case.removeprefix("{").removesuffix("}").replace(", expect: ", "\n  expect: ")) == []


@pytest.mark.parametrize(
    ("expect", "message"),
    [
        ("decision: allow", "expected decision allow, got redact"),
        ("rules: [mail, loud]", "expected rules [loud, mail], got [mail]"),
        ("shadow: []", "expected shadow [], got [quiet]"),
        ("text: <PERSON_*>", "expected text '<PERSON_*>', got '<EMAIL_ADDRESS_"),
        ("text: <EMAIL_ADDRESS_*", "expected text '<EMAIL_ADDRESS_*', got '<EMAIL_ADDRESS_"),
    ],
)
def test_cases_that_do_not_hold(failures, expect, message):
    """Each difference is told by what was expected and what came."""
    (failure,) = failures(f"given: {{text: ab@cd}}\n  expect: {{{expect}}}")
    assert failure.startswith(message)


def test_text_of_what_is_blocked(failures):
    """Nothing goes on of what is blocked, so no text can be expected."""
    (failure,) = failures("given: {findings: [{kind: secrets.AWS_KEY, text: abc}]}\n  expect: {text: abc}")
    assert failure == "expected text 'abc', but nothing goes on: it is blocked"


WIDE = """\
name: p
domain: {action: block, request: {models: [gpt-*], max_tokens: 10}, groups: [staff], hours: {start: "08:00", end: "18:00"},
  input: {max_messages: 2}, output: {max_chars: 5, action: flag}}
rules:
- {id: mail, detect: pii, scope: [user], entities: [EMAIL_ADDRESS], action: redact, when: 'signals.incident.severity >= 2'}
flows: [{id: inbox, from: tool_results.read, to: tool_arguments.send.to, action: block}]
on_uninspectable: {image: block}
"""


@pytest.mark.parametrize(
    "case",
    [
        "given: {text: hello}\n  expect: {decision: allow, rules: []}",
        "given: {model: gpt-4o, group: staff, time: '2026-01-01T09:00:00+00:00', max_tokens: 5}\n  expect: {rules: []}",
        "given: {model: other}\n  expect: {decision: block, rules: [domain.request.models]}",
        "given: {group: guests}\n  expect: {rules: [domain.groups]}",
        "given: {time: '2026-01-01T20:00:00+00:00'}\n  expect: {rules: [domain.hours]}",
        "given: {max_tokens: 11}\n  expect: {rules: [domain.request.max_tokens]}",
        "given: {max_tokens: null}\n  expect: {rules: [domain.request.max_tokens]}",
        "given: {messages: 3}\n  expect: {rules: [domain.input.max_messages]}",
        "given: {text: ab@cd, signals: {incident_severity: 2}}\n  expect: {rules: [mail], text: '[EMAIL_ADDRESS]'}",
        "given: {text: ab@cd, signals: {incident_severity: 1}}\n  expect: {rules: [], text: ab@cd}",
        "given: {uninspectable: [image]}\n  expect: {decision: block, rules: []}",
        "given: {scope: output, text: too long}\n  expect: {decision: flag, rules: [domain.output.max_chars]}",
        """given:
    signals: {incident_severity: 2}
    texts: [{text: ab@cd}, {scope: system, text: ab@cd}]
  expect: {decision: redact, texts: ['[EMAIL_ADDRESS]', ab@cd]}""",
        """given:
    texts:
    - {scope: tool_results, tool: read, text: eve@example.net}
    - {scope: tool_arguments, tool: send, path: to, text: eve@example.net, answer: true}
  expect: {decision: block, rules: [inbox]}""",
    ],
)
def test_cases_of_whole_exchanges(tmp_path, loaded, case):
    """Bounds, conditions, flows and the unreadable; a bound on what a case does not state is kept."""
    path = tmp_path / "p.cases.yaml"
    path.write_text(f"- name: c\n  {case}\n")
    (result,) = run_cases(path, loaded(WIDE).policy, scan)
    assert result.failures == ()


def test_what_cannot_be_told(tmp_path, loaded):
    """A case on a form without its parser does not hold."""
    path = tmp_path / "p.cases.yaml"
    path.write_text("- {name: c, given: {scope: output, text: x}, expect: {decision: allow}}\n")
    policy = loaded("name: p\ndomain: {output: {regex: x, uncertainty: {max_entropy: 1}}}").policy
    assert run_cases(path, policy, scan)[0].failures == ("of domain.output.regex nothing can be told here",)
    assert run_cases(path, policy, scan, lambda kind, form: lambda text: text == form)[0].failures == ()


def test_review(loaded):
    """One text, by itself: its verdict, and what goes on."""
    verdict = review(loaded(POLICY).policy, Scope.SYSTEM, "ab@cd", scan)
    assert verdict.action == "allow"
    verdict = review(loaded(POLICY).policy, Scope.USER, "to ab@cd", scan)
    assert edited(verdict, "to ab@cd").startswith("to <EMAIL_ADDRESS_")


def test_a_recorded_exchange(tmp_path, loaded):
    """It is decided whole, as it was recorded: whose it is, what it asks for, and what of it is the answer's, or cannot be rewritten."""
    policy = """\
name: p
domain: {request: {models: [gpt-4o], max_tokens: 100}, hours: {days: [mon], start: "08:00", end: "18:00", timezone: UTC}}
rules:
- {id: mail, detect: pii, scope: [user], action: redact, when: "exchange.app == 'a'"}
- {id: said, detect: pii, scope: [output], entities: [EMAIL_ADDRESS], action: flag}
on_uninspectable: {image: block}
"""
    cases = """\
- {name: redacted, given: {exchange: {app: a, texts: [{scope: user, text: to ab@cd now}, {scope: output, text: ab@cd}]}},
   expect: {decision: redact, rules: [mail, said], texts: ["to [EMAIL_ADDRESS] now", null]}}
- {name: not asked, given: {exchange: {app: b, model: gpt-4o, texts: [{scope: user, text: to ab@cd now}]}}, expect: {rules: []}}
- {name: fixed, given: {exchange: {app: a, texts: [{scope: user, text: to ab@cd now, fixed: true}]}}, expect: {decision: block}}
- {name: bounded, given: {exchange: {model: o1, ts: 1000000000.0, asked: {max_tokens: 500, messages: 1}, texts: []}},
   expect: {rules: [domain.request.models, domain.request.max_tokens, domain.hours]}}
- {name: unread, given: {exchange: {uninspectable: [{kind: image}], texts: []}}, expect: {decision: block}}
- {name: wrong, given: {exchange: {app: a, texts: [{scope: user, text: to ab@cd now}]}}, expect: {decision: allow}}
"""
    path = tmp_path / "p.cases.yaml"
    path.write_text(cases)
    failing = {result.case: result.failures for result in run_cases(path, loaded(policy).policy, scan) if result.failures}
    assert failing == {"wrong": ("expected decision allow, got redact",)}
