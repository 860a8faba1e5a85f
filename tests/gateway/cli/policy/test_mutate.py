"""``oddgate policy mutate`` as a script sees it: what it prints, and its exit code."""

import json

from tests.gateway.cli.policy.conftest import GOOD

LAX = "on_uninspectable: {image: allow, audio: allow, file: allow, tokens: allow, encrypted: allow, unknown: allow}\n"
FAILS = "on_error: allow, on_timeout: allow, on_unavailable: allow"
SEES = "- {name: a, given: {text: to a@example.com}, expect: {decision: redact}}\n"


def test_what_no_case_notices(oddgate, folder):
    """It is named by file and line, with what it is; exit 1."""
    (folder / "policies" / "p.yaml").write_text(GOOD + LAX)
    (folder / "policies" / "p.cases.yaml").write_text(SEES)
    code, out, _ = oddgate("mutate", "policies/p.yaml")
    assert code == 1
    assert out.splitlines() == [
        *(f"policies/p.yaml:3: rules.mail.{key}: block -> allow: no case notices" for key in ("on_error", "on_timeout", "on_unavailable")),
        "6 mutants: 3 noticed, 3 missed; score 0.50",
    ]
    assert oddgate("mutate", "policies/p.yaml", "--min-score", "0.5")[0] == 0


def test_all_is_noticed(oddgate, folder):
    """Exit 0; a case file stands for its policy."""
    (folder / "policies" / "p.yaml").write_text(GOOD.replace("action: redact", f"action: redact, {FAILS}") + LAX)
    (folder / "policies" / "p.cases.yaml").write_text(SEES)
    assert oddgate("mutate", "policies/p.cases.yaml")[:2] == (0, "3 mutants: 3 noticed, 0 missed; score 1.00\n")


def test_as_json(oddgate, folder):
    """Who notices what."""
    (folder / "policies" / "p.yaml").write_text(GOOD + LAX)
    (folder / "policies" / "p.cases.yaml").write_text(SEES)
    code, out, _ = oddgate("mutate", "--json", "policies/p.yaml")
    told = json.loads(out)
    assert (code, told["score"], len(told["mutants"])) == (1, 0.5, 6)
    assert told["mutants"][0] == {"key": "rules.mail", "change": "removed", "noticed_by": "a", "place": "policies/p.yaml:3"}


def test_where_it_stands_with_extends(oddgate, folder):
    """In the file that says it, the one on top first; what stands nowhere is shown at the file itself."""
    text = "name: q\nextends: p\nrules:\n- id: mail\n  on_error: flag\n"
    (folder / "policies" / "q.yaml").write_text(f"{text}{LAX}domain:\n  groups: [staff]\n")
    (folder / "policies" / "q.cases.yaml").write_text(SEES)
    _, out, _ = oddgate("mutate", "policies/q.yaml")
    assert "policies/q.yaml:5: rules.mail.on_error: flag -> allow: no case notices" in out
    assert "policies/q.yaml:8: domain.groups: removed: no case notices" in out


def test_a_policy_that_fails_its_cases(oddgate, folder):
    """Is a wrong use, as is one without cases."""
    (folder / "policies" / "p.cases.yaml").write_text(SEES.replace("redact", "block"))
    code, _, err = oddgate("mutate", "policies/p.yaml")
    assert (code, "itself does not pass the case 'a'" in err) == (2, True)
    (folder / "policies" / "p.cases.yaml").unlink()
    code, _, err = oddgate("mutate", "policies/p.yaml")
    assert (code, "p.cases.yaml: cannot be read" in err) == (2, True)
