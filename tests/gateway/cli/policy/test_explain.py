"""``oddgate policy explain`` as a script sees it: what it prints, and its exit code."""

import io
import json

import pytest


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
    bounds = "{request: {max_tokens: 500}, input: {max_chars: 9, action: flag}, tools: {allow: [a], action: reask}}"
    top = f"name: top\nextends: p\ndomain: {bounds}\nrules:\n- {{id: mail, action: flag}}\n"
    (folder / "policies" / "top.yaml").write_text(top)
    _, out, _ = oddgate("explain", "--policy", "policies/top.yaml", "hello")
    lines = out.splitlines()
    assert "merged    policies/p.yaml, then policies/top.yaml: what lies on top wins" in lines
    assert "origin    mail: policies/p.yaml:3, then policies/top.yaml:5" in lines
    assert "bound     domain.input.max_chars: 9; outside: flag" in lines
    assert "bound     domain.request.max_tokens: 500; outside: block" in lines
    assert "bound     domain.tools.allow: a; outside: block, in an answer reask" in lines
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


BOUNDS = """name: q
domain:
  input: {max_chars: 20, modalities: [text]}
  request: {models: [gpt-*], max_tokens: 100, temperature: {max: 1}, top_p: {max: 0.9}, n: {max: 1}}
  tools: {allow: [search]}
  groups: [staff]
  hours: {days: [mon], timezone: Europe/Berlin, action: flag}
rules:
- {id: drift, detect: pii, entities: [EMAIL_ADDRESS], when: signals.drift.topics > 0.2 && signals.incident.open == 2, action: flag}
"""
KEPT = ("--model", "gpt-4o", "--group", "staff", "--max-tokens", "100", "--time", "2026-11-23T10:00:00+01:00")


@pytest.mark.parametrize(
    ("options", "decision", "bounds"),
    [
        (KEPT, "allow", []),
        ((*KEPT, "--tools", "search", "--temperature", "1", "--top-p", "0.5", "--n", "1"), "allow", []),
        ((*KEPT, "--tools", "search,pay"), "block", ["domain.tools.allow: broken: block"]),
        ((*KEPT, "--temperature", "1.1"), "block", ["domain.request.temperature: broken: block"]),
        ((*KEPT, "--top-p", "1"), "block", ["domain.request.top_p: broken: block"]),
        ((*KEPT, "--n", "2"), "block", ["domain.request.n: broken: block"]),
        ((*KEPT, "--n", "0"), "block", ["domain.request.n: broken: block"]),
        ((*KEPT, "--max-tokens", "-1"), "block", ["domain.request.max_tokens: broken: block"]),
        ((*KEPT, "--max-tokens", "0"), "block", ["domain.request.max_tokens: broken: block"]),
        ((*KEPT, "--temperature", "-1"), "block", ["domain.request.temperature: broken: block"]),
        ((*KEPT, "--temperature", "nan"), "block", ["domain.request.temperature: broken: block"]),
        ((*KEPT, "--temperature", "0", "--top-p", "0"), "allow", []),
        ((*KEPT, "--group", "guests"), "block", ["domain.groups: broken: block"]),
        (
            (*KEPT, "--model", "llama", "--max-tokens", "101"),
            "block",
            ["domain.request.models: broken*", "domain.request.max_tokens: broken*"],
        ),
        ((*KEPT, "--time", "2026-11-22T22:59:00+00:00"), "flag", ["domain.hours: broken: flag"]),
        ((*KEPT, "--time", "2026-11-22T23:00:00+00:00"), "allow", []),
        (
            KEPT[-2:],
            "allow, as far as can be told",
            [
                "domain.groups: not judged: say --group",
                "domain.request.models: not judged: say --model",
                "domain.request.max_tokens: not judged: say --max-tokens",
            ],
        ),
    ],
)
def test_explain_bounds_of_a_request(oddgate, folder, options, decision, bounds):
    """What is stated of a request is held to the bounds as the gateway does; of what is not, it is said that nothing can be told."""
    (folder / "policies" / "q.yaml").write_text(BOUNDS)
    code, out, _ = oddgate("explain", "--policy", "policies/q.yaml", *options, "hello")
    told = [line.removeprefix("bound     ") for line in out.splitlines() if "broken" in line or "not judged" in line]
    assert f"decision  {decision}" in out.splitlines()
    assert len(told) == len(bounds)
    assert all(line.startswith(bound.removesuffix("*")) for line, bound in zip(told, bounds, strict=True))
    assert code == (not decision.startswith("allow"))


def test_explain_bounds_as_json(oddgate, folder):
    """The same for a script; nothing of the request is judged by the text of an answer."""
    (folder / "policies" / "q.yaml").write_text(BOUNDS)
    told = json.loads(
        oddgate("explain", "--json", "--policy", "policies/q.yaml", *KEPT[:4], "--n", "3", "a long text of many characters")[1]
    )
    assert told["decision"] == "block"
    assert set(told["bounds_broken"]) >= {"domain.input.max_chars", "domain.request.n"}
    assert told["bounds_not_judged"] == ["domain.request.max_tokens"]
    told = json.loads(oddgate("explain", "--json", "--policy", "policies/q.yaml", "--scope", "output", "a long text of many characters")[1])
    assert (told["decision"], told["bounds_broken"], len(told["bounds_not_judged"])) == ("allow", [], 10)


def test_explain_signals(oddgate, folder):
    """Conditions are asked about the signals that are stated."""
    (folder / "policies" / "q.yaml").write_text(BOUNDS)
    command = ("explain", "--policy", "policies/q.yaml", *KEPT, "a@example.com")
    assert "rule      drift: fired: flag" in oddgate(*command, "--signals", "drift.topics=0.3,incident.open=2")[1]
    assert "rule      drift: not asked" in oddgate(*command, "--signals", "drift.topics=0.1")[1]
    assert "rule      drift: could not run" in oddgate(*command, "--signals", "incident.open=2")[1]


@pytest.mark.parametrize(
    "options", [("--signals", "drft.x=1"), ("--signals", "drift.x=much"), ("--time", "noon"), ("--time", "2026-11-22"), ("--n", "x")]
)
def test_explain_what_cannot_be_stated(oddgate, folder, options):
    """A signal that there is not, and what is no time or number, are a wrong use."""
    with pytest.raises(SystemExit) as raised:
        oddgate("explain", "--policy", "policies/p.yaml", *options, "x")
    assert raised.value.code == 2


def test_explain_a_score_below_a_rate(oddgate, folder):
    """What a bound with a rate passes over is said to be so for its score."""
    topic = "{name: %s, examples: [%s]}"
    cards = topic % ("card", "I lost my card, my card was stolen, where is my card, block my card, my card is gone")
    pay = topic % ("pay", "pay my bill, send money, I want to pay, make a transfer, move my money")
    (folder / "policies" / "q.yaml").write_text(f"name: q\ndomain: {{topics: {{allow: [{cards}, {pay}], outside: {{max_fpr: 0.0001}}}}}}\n")
    _, out, _ = oddgate("explain", "--policy", "policies/q.yaml", "how do I bake a cake with cherries")
    assert "passed over, its score 0." in out
    assert "is below what max_fpr 0.0001 stops" in out
