"""Cases say what is expected, and tell what came instead."""

import pytest

from detectors.finding import Finding
from policies import cases
from policies.cases import load_cases, run_cases
from policies.decide import Outcome
from policies.problems import ProblemsError

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


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("a: 1", ["1: cases: must be a list"]),
        ("- name: a\n  given: {text: x}", ["1: cases[0].expect: this key is required"]),
        ("- name: a\n  given: {}\n  expect: {rules: []}", ["2: cases[0].given: text or findings must be given"]),
        (
            "- name: a\n  given: {text: x}\n  expect: {}",
            ["3: cases[0].expect: nothing is expected; allowed: decision, rules, shadow, text"],
        ),
        (
            "- name: a\n  given: {text: x, findings: [{kind: pii.X, text: y}]}\n  expect: {rules: []}",
            ["2: cases[0].given: the text of every finding must stand in the text"],
        ),
        (
            "- name: a\n  given: {text: x}\n  expect: {decision: tokenize}",
            ["3: cases[0].expect.decision: 'tokenize' is not allowed here; allowed: allow, flag, redact, block"],
        ),
        (
            "- {name: a, given: {text: x}, expect: {rules: []}}\n- {name: a, given: {text: x}, expect: {rules: []}}",
            ["2: cases[1].name: another case has this name"],
        ),
    ],
)
def test_refusals(tmp_path, text, problems):
    """A case file is as strict as a policy, and names its problems the same way."""
    path = tmp_path / "p.cases.yaml"
    path.write_text(text)
    with pytest.raises(ProblemsError) as error:
        load_cases(path)
    assert str(error.value).splitlines() == [f"{path}:{problem}" for problem in problems]


def test_documented_example_parses(tmp_path):
    """The example in the module's description is a good case file."""
    path = tmp_path / "p.cases.yaml"
    path.write_text(str(cases.__doc__).split("\n\n")[1])
    assert [line for line, _ in load_cases(path)] == [1, 9, 13]
