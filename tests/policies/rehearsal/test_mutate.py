"""Each way to weaken a policy, and which cases notice."""

import pytest

from detectors.finding import Finding
from policies.decide import Outcome
from policies.rehearsal.cases import load_cases
from policies.rehearsal.mutate import CaseRunner, mutants

POLICY = """\
name: p
domain: {input: {max_chars: 100}}
rules:
- id: mail
  detect: pii
  scope: [user, system]
  entities: [EMAIL_ADDRESS, PHONE_NUMBER]
  min_score: 0.5
  action: redact
  on_error: flag
  on_timeout: allow
- {id: own, detect: secrets, patterns: [{name: A, regex: a}, {name: B, regex: b}], action: flag, mode: shadow}
flows: [{from: tool_results, to: output, action: block}, {id: g, from: system, to: output, action: flag}]
on_uninspectable: {image: allow, audio: allow, file: flag, tokens: allow, vector: allow, encrypted: allow, unknown: allow}
"""
EXPECTED = [
    ("rules.mail", "removed"),
    ("rules.mail.action", "redact -> flag"),
    ("rules.mail.mode", "enforce -> shadow"),
    ("rules.mail.scope", "without user"),
    ("rules.mail.scope", "without system"),
    ("rules.mail.entities", "without EMAIL_ADDRESS"),
    ("rules.mail.entities", "without PHONE_NUMBER"),
    ("rules.mail.min_score", "0.5 -> 0.75"),
    ("rules.mail.on_error", "flag -> allow"),
    ("rules.mail.on_unavailable", "block -> allow"),
    ("rules.own", "removed"),
    ("rules.own.patterns", "without A"),
    ("rules.own.patterns", "without B"),
    ("rules.own.on_error", "block -> allow"),
    ("rules.own.on_timeout", "block -> allow"),
    ("rules.own.on_unavailable", "block -> allow"),
    ("flows.0", "removed"),
    ("flows.0.action", "block -> flag"),
    ("flows.g", "removed"),
    ("domain.input.max_chars", "removed"),
    ("on_uninspectable.file", "flag -> allow"),
]


class Scan:
    """Finds ``@`` as an address and ``a`` and ``b`` as what the patterns are called, and counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, rule, text):
        self.asked += 1
        kinds = {"pii": {"@": "pii.EMAIL_ADDRESS"}, "secrets": {"a": "secrets.A", "b": "secrets.B"}}[rule.detect]
        return Outcome(tuple(Finding(rule.detect, kinds[c], at, at + 1, 0.6) for at, c in enumerate(text) if c in kinds))


def test_mutants(loaded):
    """Each part that does anything is weakened, and nothing else."""
    policy = loaded(POLICY).policy
    assert [(mutant.key, mutant.change) for mutant in mutants(policy)] == EXPECTED
    assert all(mutant.policy != policy for mutant in mutants(policy))


@pytest.fixture
def runner(tmp_path, loaded):
    """The policy's cases, as these lines say."""

    def make(*cases: str) -> tuple[CaseRunner, Scan]:
        path = tmp_path / "p.cases.yaml"
        path.write_text("".join(f"- {{name: c{index}, {case}}}\n" for index, case in enumerate(cases)))
        scan = Scan()
        return CaseRunner(loaded(POLICY).policy, [case for _, case in load_cases(path)], scan), scan

    return make


def noticed(runner, loaded):
    return {(mutant.key, mutant.change) for mutant in mutants(loaded(POLICY).policy) if runner.noticed_by(mutant)}


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        (
            "given: {text: '@'}, expect: {decision: redact}",
            {("rules.mail", "removed"), ("rules.mail.action", "redact -> flag"), ("rules.mail.mode", "enforce -> shadow"),
             ("rules.mail.scope", "without user"), ("rules.mail.entities", "without EMAIL_ADDRESS"),
             ("rules.mail.min_score", "0.5 -> 0.75")},
        ),
        ("given: {text: a}, expect: {shadow: [own]}", {("rules.own", "removed"), ("rules.own.patterns", "without A")}),
        (
            "given: {text: x, not_checked: [{detector: pii, reason: error}]}, expect: {decision: flag}",
            {("rules.mail", "removed"), ("rules.mail.mode", "enforce -> shadow"), ("rules.mail.scope", "without user"),
             ("rules.mail.on_error", "flag -> allow")},
        ),
        ("given: {uninspectable: [file]}, expect: {decision: flag}", {("on_uninspectable.file", "flag -> allow")}),
        (
            "given: {texts: [{scope: tool_results, text: AB-1234}, {scope: output, text: AB-1234}]}, expect: {rules: [flows.0]}",
            {("flows.0", "removed")},
        ),
        ("given: {text: hello}, expect: {decision: allow}", set()),
    ],
)  # fmt: skip
def test_what_cases_notice(runner, loaded, case, expected):
    """A case notices what it depends on."""
    assert noticed(runner(case)[0], loaded) == expected


def test_detectors_look_once(runner, loaded):
    """However many mutants there are."""
    made, scan = runner("given: {text: 'a @ b'}, expect: {decision: redact}")
    asked = scan.asked
    noticed(made, loaded)
    assert asked == scan.asked == 2


def test_cases_that_the_policy_fails(runner):
    """They are named: of a policy that fails its own cases nothing can be learnt."""
    assert runner("given: {text: '@'}, expect: {decision: allow}", "given: {text: x}, expect: {decision: allow}")[0].failing == ("c0",)


OVERLAPPING = """\
name: p
rules:
- {id: a, detect: secrets, scope: [user], action: flag}
- {id: b, detect: secrets, scope: [user, output], action: flag, on_error: flag}
- {id: c, detect: secrets, scope: [system], action: flag}
- {id: d, detect: pii, scope: [user], action: flag}
"""


def test_a_detector_fails_for_all_its_rules(loaded):
    """One that looks at the same scope would hold a text all the same, so what they say of it is weakened together."""
    (mutant,) = [mutant for mutant in mutants(loaded(OVERLAPPING).policy) if mutant.key == "rules.a.on_error"]
    assert [rule.on_error for rule in mutant.policy.rules] == ["allow", "allow", "block", "block"]
    assert [rule.on_timeout for rule in mutant.policy.rules] == ["block"] * 4
