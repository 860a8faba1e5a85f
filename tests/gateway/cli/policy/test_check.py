"""``oddgate policy check`` as a script sees it: what it prints, and its exit code."""

import json

import pytest

from policies.load import library, policy_files


def test_check_of_good_policies(oddgate, folder):
    """Each policy is named with its version and size; ./policies is looked at unless told otherwise."""
    code, out, _ = oddgate("check")
    assert code == 0
    first = out.splitlines()[0]
    assert first.startswith("policies/p.yaml: ok: p@")
    assert first.endswith(", 1 rule")


OWNED = "name: p\nowner: me\nrules:\n- {id: mail, detect: pii, entities: [EMAIL_ADDRESS], action: redact}\n"


def test_warnings(oddgate, folder):
    """What is allowed and hardly meant is named with a code; only --strict makes it fail."""
    assert oddgate("check", "--strict")[0] == 1
    code, out, _ = oddgate("check")
    assert code == 0
    assert out.splitlines()[1].startswith("policies/p.yaml:1: name: no owner is named")
    assert out.endswith(" [no-owner]\n")
    (folder / "policies" / "p.yaml").write_text(OWNED)
    code, out, _ = oddgate("check", "--strict")
    assert (code, len(out.splitlines())) == (0, 1)


def test_warnings_as_json(oddgate, folder):
    """Warnings beside problems, each with its code; they are no problems."""
    code, out, _ = oddgate("check", "--json")
    told = json.loads(out)
    assert (code, told["ok"], told["problems"]) == (0, True, [])
    assert told["warnings"][0] | {"message": ""} == {
        "file": "policies/p.yaml", "line": 1, "key": "name", "message": "", "code": "no-owner",
    }  # fmt: skip


def test_warnings_run_the_detectors(oddgate, folder):
    """A value that the rule would not find is remarked among those that it is to let pass."""
    rule = OWNED.replace("action:", "allow_list: [help@example.com, help.example.com], action:")
    (folder / "policies" / "p.yaml").write_text(rule)
    _, out, _ = oddgate("check")
    assert [line.partition(": no value")[0] for line in out.splitlines()[1:]] == ["policies/p.yaml:4: rules[0].allow_list[1]"]


def test_codes(oddgate):
    """Every code with its meaning."""
    code, out, _ = oddgate("check", "--codes")
    assert code == 0
    assert "no-owner                nobody is named as owner" in out.splitlines()


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


def test_library_is_good(oddgate, tmp_path, monkeypatch):
    """What comes with the package passes its own check and cases, and is what is looked at where there is no ./policies."""
    monkeypatch.chdir(tmp_path)
    code, out, _ = oddgate("check")
    assert code == 0
    assert out.count(str(library())) == len(policy_files(library()))
    code, out, _ = oddgate("test")
    assert (code, out.splitlines()[-1].endswith(" 0 failed")) == (0, True), out


def test_a_new_version_by_itself(oddgate, folder):
    """A file alone is held to the policies beside it, as its folder is."""
    (folder / "policies" / "new.yaml").write_text("name: new\nowner: me\nrollout: {of: nix, percent: 5}\n")
    told = "policies/new.yaml:1: rollout.of: there is no other policy nix; allowed: p\n"
    assert oddgate("check", "policies/new.yaml")[:2] == (1, told)
    assert oddgate("check", "policies")[:2] == (1, told)
    (folder / "policies" / "new.yaml").write_text("name: new\nowner: me\nrollout: {of: p, percent: 5}\n")
    assert oddgate("check", "policies/new.yaml")[0] == 0


def test_a_pattern_of_answers_that_is_none(oddgate, folder):
    """What a parser reports over many lines is told in one, with its cause."""
    (folder / "policies" / "p.yaml").write_text("name: p\nowner: me\ndomain: {output: {regex: '(('}}\n")
    code, out, _ = oddgate("check")
    assert (code, len(out.splitlines())) == (1, 1)
    assert out.startswith("policies/p.yaml:3: domain.output.regex: ")
    assert out.endswith("unclosed group\n")
