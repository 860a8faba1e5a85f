"""``oddgate policy test`` as a script sees it: what it prints, and its exit code."""

import json

CASES = "- {name: mail, given: {text: to a@example.com}, expect: {decision: redact, text: 'to [EMAIL_ADDRESS]'}}\n"


def test_test_passes(oddgate, folder):
    """Cases run with the real detectors; a policy, its cases or its folder may be named."""
    (folder / "policies" / "p.cases.yaml").write_text(CASES)
    for path in ("policies", "policies/p.yaml", "policies/p.cases.yaml"):
        assert oddgate("test", path) == (0, "1 case: 1 passed, 0 failed\n", "")


def test_test_fails(oddgate, folder):
    """A case that does not hold is named by file and line, with what came instead."""
    (folder / "policies" / "p.cases.yaml").write_text("# first\n" + CASES.replace("decision: redact", "decision: block"))
    code, out, _ = oddgate("test")
    assert code == 1
    assert out.splitlines() == ["policies/p.cases.yaml:2: mail: expected decision block, got redact", "1 case: 0 passed, 1 failed"]
    code, out, _ = oddgate("test", "--json")
    told = json.loads(out)
    assert (code, told["ok"]) == (1, False)
    assert told["cases"][0]["failures"] == ["expected decision block, got redact"]


def test_test_of_nothing(oddgate, folder):
    """No cases are no success; nor are cases that cannot be read."""
    code, out, _ = oddgate("test")
    assert (code, out) == (1, "no cases were found: nothing was tested\n")
    (folder / "policies" / "p.cases.yaml").write_text("- {name: [")
    code, out, _ = oddgate("test")
    assert code == 1
    assert "policies/p.cases.yaml:1: this is not YAML" in out


def test_forms_of_answers(oddgate, folder):
    """Are judged by the gateway's own parsers."""
    (folder / "policies" / "p.yaml").write_text('name: p\ndomain: {output: {regex: "[0-9]+"}}\n')
    case = "- {name: NAME, given: {scope: output, text: TEXT}, expect: {decision: DECISION}}\n"
    cases = [("a", "'12'", "allow"), ("b", "twelve", "block")]
    (folder / "policies" / "p.cases.yaml").write_text(
        "".join(case.replace("NAME", name).replace("TEXT", text).replace("DECISION", decision) for name, text, decision in cases)
    )
    assert oddgate("test") == (0, "2 cases: 2 passed, 0 failed\n", "")


def test_what_a_terminal_would_act_upon(oddgate, folder):
    """Whatever a case is called, not one control character is printed."""
    (folder / "policies" / "p.cases.yaml").write_text('- {name: "a\\e[2J\\x9b", given: {text: x}, expect: {decision: block}}\n')
    _, out, _ = oddgate("test")
    assert out.splitlines()[0] == "policies/p.cases.yaml:1: a\\x1b[2J\\x9b: expected decision block, got allow"


def test_under_a_measure(oddgate, folder):
    """Cases hold, or not, as they would while a measure is in force."""
    (folder / "policies" / "p.cases.yaml").write_text(CASES)
    (folder / "measure.yaml").write_text("tighten: {rule: mail, action: block}")
    code, out, _ = oddgate("test", "--measure", "measure.yaml")
    assert (code, "expected decision redact, got block" in out) == (1, True)
    (folder / "measure.yaml").write_text("tighten: {rule: mail, action: flag}")
    assert oddgate("test", "--measure", "measure.yaml")[0] == 0
    (folder / "measure.yaml").write_text("quarantine: {app: shop}")
    assert oddgate("test", "--measure", "measure.yaml")[0] == 2
