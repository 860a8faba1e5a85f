"""Case files are as strict as policies."""

import pytest

from policies.problems import ProblemsError
from policies.rehearsal import cases
from policies.rehearsal.cases import load_cases

SHAPE = "- {name: a card number is hidden, given: {text: my card is 4111 1111 1111 1111}, expect: {decision: redact}}"


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("a: 1", [f"1: must be a list of cases: {SHAPE}"]),
        ("- name: a\n  given: {text: x}", ["1: cases[0].expect: this key is required"]),
        (
            "- name: a\n  given: {}\n  expect: {rules: []}",
            ["2: cases[0].given: nothing is given; allowed: text, texts, findings, exchange, or what the request asks for"],
        ),
        (
            "- name: a\n  given: {text: x}\n  expect: {}",
            ["3: cases[0].expect: nothing is expected; allowed: decision, rules, shadow, text, texts"],
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
    assert [line for line, _ in load_cases(path)] == [1, 9, 13, 18, 25, 28]


@pytest.mark.parametrize(
    ("given", "expect", "problem"),
    [
        ("{text: x, texts: [{text: y}]}", "{rules: []}", "given: text and texts are given; allowed: one of the two"),
        ("{time: noon}", "{rules: []}", "given.time: must be a time such as 2026-11-22T10:00:00+00:00"),
        ("{time: '2026-11-22T10:00:00'}", "{rules: []}", "given.time: needs its offset from UTC: 2026-11-22T10:00:00+00:00"),
        ("{texts: [{text: x}, {text: y}]}", "{text: x}", "one text is expected, and 2 are given; expect texts"),
        ("{texts: [{text: x}]}", "{texts: [x, y]}", "2 texts are expected, and 1 are given"),
        (
            "{exchange: {texts: []}, app: a}",
            "{rules: []}",
            "given: an exchange and something besides is given; allowed: the exchange alone",
        ),
        (
            "{exchange: {coverage: {}, findings: []}}",
            "{rules: []}",
            "given: the exchange has no texts: the journal's records have none, and decide nothing here",
        ),
        ("{exchange: {texts: [1]}}", "{rules: []}", "given: the exchange cannot be read: a text is no object"),
        ("{exchange: {texts: []}}", "{text: x}", "one text is expected, and 0 are given; expect texts"),
        ("{model: m}", "{text: x}", "one text is expected, and 0 are given; expect texts"),
    ],
)
def test_exchanges_that_do_not_hold_together(tmp_path, given, expect, problem):
    """What is given and what is expected fit together."""
    path = tmp_path / "p.cases.yaml"
    path.write_text(f"- {{name: a, given: {given}, expect: {expect}}}")
    with pytest.raises(ProblemsError) as error:
        load_cases(path)
    assert str(error.value).endswith(f"cases[0].{problem}" if problem.startswith("given") else f"cases[0]: {problem}")
