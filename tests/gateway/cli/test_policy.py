"""``oddgate policy`` as a script sees it: what it prints, and its exit code."""

import argparse
import io
import json
from pathlib import Path

import pytest

from gateway.cli import policy
from policies.load import library

GOOD = "name: p\nrules:\n- {id: mail, detect: pii, entities: [EMAIL_ADDRESS], action: redact}\n"
CASES = "- {name: mail, given: {text: to a@example.com}, expect: {decision: redact, text: 'to [EMAIL_ADDRESS]'}}\n"


@pytest.fixture
def oddgate(capsys):
    """Run a command; its exit code, output and error output."""

    def run(*arguments: object) -> tuple[int, str, str]:
        parser = argparse.ArgumentParser()
        policy.add_parser(parser.add_subparsers())
        args = parser.parse_args(["policy", *map(str, arguments)])
        code = args.run(args)
        output = capsys.readouterr()
        return code, output.out, output.err

    return run


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """A folder that holds ``policies/p.yaml``, from inside."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "p.yaml").write_text(GOOD)
    return tmp_path


def test_check_of_good_policies(oddgate, folder):
    """Each policy is named with its version and size; ./policies is looked at unless told otherwise."""
    code, out, _ = oddgate("check")
    assert code == 0
    assert out.startswith("policies/p.yaml: ok: p@")
    assert out.endswith(", 1 rule\n")


def test_check_names_problems(oddgate, folder):
    """Problems of policies and of their cases, by file, line and key."""
    (folder / "policies" / "bad.yaml").write_text("name: bad\nmode: off\n")
    code, out, _ = oddgate("check", "policies/p.yaml", "policies/bad.yaml")
    assert code == 1
    assert out.splitlines()[-1] == "policies/bad.yaml:2: mode: 'off' is not allowed here; allowed: enforce, shadow"
    (folder / "policies" / "p.cases.yaml").write_text("- {name: a}")
    code, out, _ = oddgate("check", "policies/p.yaml")
    assert code == 1
    assert "policies/p.cases.yaml:1: cases[0].given: this key is required" in out


def test_check_as_json(oddgate, folder):
    """The same for a script."""
    (folder / "policies" / "bad.yaml").write_text("name: bad\nmode: off\n")
    code, out, _ = oddgate("check", "--json", "policies/p.yaml", "policies/bad.yaml")
    told = json.loads(out)
    assert code == 1
    assert told["ok"] is False
    assert told["policies"][0]["rules"] == ["mail"]
    assert told["problems"][0] | {"message": ""} == {"file": "policies/bad.yaml", "line": 2, "key": "mode", "message": ""}


@pytest.mark.parametrize("command", ["check", "test"])
def test_paths_that_are_not_there(oddgate, folder, command):
    """A wrong path is a wrong use; a folder without policies is a failure, for nothing was looked at."""
    code, _, err = oddgate(command, "policies/none.yaml")
    assert (code, err) == (2, "oddgate policy: there is no file or folder policies/none.yaml\n")
    (folder / "empty").mkdir()
    code, out, _ = oddgate(command, "empty")
    assert code == 1
    assert "empty: no policies (*.yaml) here" in out


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


def test_explain(oddgate, folder):
    """Which rule fires, on what, where, and what goes on; values are not repeated."""
    code, out, _ = oddgate("explain", "--policy", "policies/p.yaml", "write to a@example.com today")
    assert code == 1
    lines = out.splitlines()
    assert lines[0].startswith("policy    p@")
    assert "decision  redact" in lines
    assert "rule      mail: fired: redact" in lines
    assert any("pii.EMAIL_ADDRESS at 9-22, score 1.00" in line for line in lines)
    assert lines[-1] == "text      write to [EMAIL_ADDRESS] today"
    assert "a@example.com" not in out


def test_explain_what_does_not_fire(oddgate, folder):
    """A quiet rule says why: nothing found, not what it means, or not its scope."""
    rules = [
        "{id: quiet, detect: pii, scope: [user], entities: [US_SSN], action: block}",
        "{id: picky, detect: pii, scope: [user], entities: [EMAIL_ADDRESS], min_score: 1, action: block}",
        "{id: elsewhere, detect: pii, scope: [system], entities: [EMAIL_ADDRESS], action: block}",
        "{id: shadow, detect: pii, scope: [user], entities: [EMAIL_ADDRESS], action: block, mode: shadow}",
    ]
    (folder / "policies" / "q.yaml").write_text("name: q\nrules:\n" + "".join(f"- {rule}\n" for rule in rules))
    _, out, _ = oddgate("explain", "--policy", "policies/q.yaml", "write to a@example.com today")
    assert "rule      quiet: did not fire: pii found nothing" in out
    assert "rule      elsewhere: not asked: its scope is system" in out
    assert "rule      shadow: fired: would block, but only says so (shadow)" in out
    assert "decision  " in out


def test_explain_passed_over(oddgate, folder):
    """A finding that a rule does not mean is shown with the reason."""
    patterns = "patterns: [{name: EMP_ID, regex: 'E[0-9]{6}', context: [badge]}]"
    rule = f"{{id: r, detect: pii, entities: [EMP_ID], {patterns}, min_score: 0.9, action: block}}"
    (folder / "policies" / "q.yaml").write_text(f"name: q\nrules:\n- {rule}\n")
    code, out, _ = oddgate("explain", "--policy", "policies/q.yaml", "it is E123456")
    assert code == 0
    assert "rule      r: did not fire: pii found nothing that the rule means" in out
    assert "pii.EMP_ID at 6-13, score 0.60 (pattern): passed over, its score is below the rule's min_score 0.9" in out


def test_explain_from_standard_input_as_json(oddgate, folder, monkeypatch):
    """A dash reads the text; the default policy is the library's."""
    monkeypatch.setattr("sys.stdin", io.StringIO("Their card number is 4111 1111 1111 1111."))
    code, out, _ = oddgate("explain", "--json", "--scope", "output", "-")
    told = json.loads(out)
    assert code == 1
    assert told["policy"].startswith("default@")
    assert told["decision"] == "flag"
    assert [rule["id"] for rule in told["rules"] if rule["fired"]] == ["pii-in-answers"]
    assert told["rules"][1]["findings"] == [{"kind": "pii.CREDIT_CARD", "start": 21, "end": 40, "score": 1.0, "selected": True}]


def test_explain_bad_policy(oddgate, folder):
    """A policy that cannot be used is a wrong use, with its problems."""
    (folder / "policies" / "p.yaml").write_text("name: 5")
    code, _, err = oddgate("explain", "--policy", "policies/p.yaml", "x")
    assert code == 2
    assert "policies/p.yaml:1: name: must be a string" in err


def test_explain_what_is_no_text(oddgate, folder, monkeypatch):
    """Bytes that are not UTF-8 are a wrong use, as an argument and from standard input."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"\xff"), "utf-8"))
    for text in ("-", "\udcff"):
        assert oddgate("explain", "--policy", "policies/p.yaml", text) == (2, "", "oddgate policy: the text is not UTF-8\n")


def test_library_is_good(oddgate, tmp_path, monkeypatch):
    """What comes with the package passes its own check and cases, and is what is looked at where there is no ./policies."""
    monkeypatch.chdir(tmp_path)
    code, out, _ = oddgate("check")
    assert code == 0
    assert out.count(str(library())) == 2
    code, out, _ = oddgate("test")
    assert (code, out.splitlines()[-1].endswith(" 0 failed")) == (0, True), out
