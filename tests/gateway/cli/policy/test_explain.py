"""``oddgate policy explain`` as a script sees it: what it prints, and its exit code."""

import io
import json


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


def test_explain_shows_what_it_is_made_of(oddgate, folder):
    """The files in the order in which they were merged, where each rule's words stand, and the bounds with what is done outside of them."""
    bounds = "{request: {max_tokens: 500}, input: {max_chars: 9, action: flag}}"
    top = f"name: top\nextends: p\ndomain: {bounds}\nrules:\n- {{id: mail, action: flag}}\n"
    (folder / "policies" / "top.yaml").write_text(top)
    _, out, _ = oddgate("explain", "--policy", "policies/top.yaml", "hello")
    lines = out.splitlines()
    assert "merged    policies/p.yaml, then policies/top.yaml: what lies on top wins" in lines
    assert "origin    mail: policies/p.yaml:3, then policies/top.yaml:5" in lines
    assert "bound     domain.input.max_chars: 9; outside: flag" in lines
    assert "bound     domain.request.max_tokens: 500; outside: block" in lines
    _, out, _ = oddgate("explain", "--json", "--policy", "policies/top.yaml", "hello")
    told = json.loads(out)
    assert told["layers"] == ["policies/p.yaml", "policies/top.yaml"]
    assert told["origins"] == {"mail": ["policies/p.yaml:3", "policies/top.yaml:5"]}
    assert told["domain"]["domain.request.max_tokens"] == {"bound": "500", "action": "block"}


def test_explain_conditions(oddgate, folder):
    """A rule whose condition does not hold was not asked; one without an answer could not run, and fails as it says."""
    rules = [
        "{id: staff, detect: pii, entities: [EMAIL_ADDRESS], when: \"exchange.group == 'staff'\", action: block}",
        "{id: drift, detect: pii, entities: [EMAIL_ADDRESS], when: signals.drift.topics > 0.2, action: block, on_error: flag}",
    ]
    (folder / "policies" / "q.yaml").write_text("name: q\nrules:\n" + "".join(f"- {rule}\n" for rule in rules))
    _, out, _ = oddgate("explain", "--policy", "policies/q.yaml", "write to a@example.com")
    assert "decision  flag" in out
    assert "rule      staff: not asked: its condition does not hold here (exchange.group == 'staff')" in out
    assert "rule      drift: could not run: its condition has no answer here (signals.drift.topics > 0.2): flag" in out
    _, out, _ = oddgate("explain", "--policy", "policies/q.yaml", "--group", "staff", "write to a@example.com")
    assert "rule      staff: fired: block" in out


def test_explain_the_form_of_an_answer(oddgate, folder):
    """What an answer breaks of its domain is named; what would be restored at once is not asked."""
    rule = "{id: mail, detect: pii, entities: [EMAIL_ADDRESS], action: tokenize}"
    (folder / "policies" / "q.yaml").write_text(f"name: q\ndomain: {{output: {{max_chars: 5}}}}\nrules: [{rule}]\n")
    _, out, _ = oddgate("explain", "--policy", "policies/q.yaml", "--scope", "output", "write to a@example.com")
    assert "bound     domain.output.max_chars: broken" in out
    assert "rule      mail: not asked: in an answer, what it replaces would be restored at once" in out


def test_explain_needs_one_thing(oddgate, folder):
    """A text or an exchange, not both, not neither."""
    for arguments in (["x", "--exchange", "r1"], []):
        assert oddgate("explain", *arguments) == (2, "", "oddgate policy: name a text, or an exchange with --exchange ID\n")
