"""A recorded exchange explained: what fired, what did not, what could not run, and why."""

import json
from dataclasses import replace

import pytest

from gateway.cli.policy.explain_record import RecordExplained, find_record
from gateway.telemetry.record import Exchange, render
from policies.load import load_text
from tests.policies.conftest import FakeCatalog

POLICY = """\
name: p
rules:
- {id: mail, detect: pii, scope: [user], entities: [EMAIL_ADDRESS], action: redact}
- {id: quiet, detect: pii, scope: [user], entities: [PHONE_NUMBER], action: block}
- {id: late, detect: secrets, scope: [user], action: block, on_timeout: flag}
- {id: tools, detect: pii, scope: [tool_results], entities: [EMAIL_ADDRESS], action: block}
- {id: staff, detect: pii, scope: [user], entities: [EMAIL_ADDRESS], action: block, when: "exchange.group == 'staff'"}
- {id: dark, detect: pii, scope: [user], entities: [EMAIL_ADDRESS], action: block, mode: shadow}
flows: [{id: stays, from: user, to: output}]
"""


def finding(rule: str, **more: object) -> dict[str, object]:
    made = {
        "rule": rule, "kind": "pii.EMAIL_ADDRESS", "place": "messages.0.content", "scope": "user", "start": 3, "end": 16, "score": 0.9,
        "action": "redact", "shadow": False, "why": "match", "fingerprint": "f00d",
    }  # fmt: skip
    return made | more


def record(**more: object) -> dict[str, object]:
    """As the journal has it: the real record's keys, with findings."""
    row = {"scope": "user", "inspected_by": ["mail", "quiet", "late", "dark"], "texts": 1, "chars": 40, "places": ["messages.0.content"]}
    said = {
        **render(Exchange("r1", 1795341600.0, 0.0, app="bot", surface="chat", model="gpt-4o")),
        "policy": "p@0123456789ab",
        "decision": "redact",
        "outcome": "completed",
        "status": 200,
        "findings": [
            finding("mail"),
            finding("late", kind="secrets", why="timeout", action="flag", score=0.0),
            finding("dark", action="block", shadow=True),
            finding("domain.request.max_tokens", kind="domain.request.max_tokens", place="", action="flag"),
            finding("stays", kind="flow.value", action="flag"),
            finding("gone", action="flag"),
        ],
        "findings_total": 9,
        "coverage": {"request": [row], "response": []},
        "uninspectable": [{"place": "messages.0.content.1", "kind": "image", "action": "flag", "why": "no_text"}],
    }
    return said | more


@pytest.fixture
def explained():
    return RecordExplained(load_text(POLICY, "p.yaml", FakeCatalog()), record())


def test_every_rule_has_its_outcome(explained):
    """Fired, did not, could not run, was not asked: each rule of the policy, and whatever fired besides."""
    lines = explained.lines()
    for line in (
        "exchange  r1: 2026-11-22T10:00:00+00:00 bot chat gpt-4o completed 200",
        "decision  redact by p@0123456789ab",
        "rule      mail: fired: redact",
        "            pii.EMAIL_ADDRESS at messages.0.content 3-16, score 0.90, user",
        "rule      quiet: did not fire: it looked at 1 text with 40 characters (user)",
        "rule      late: could not run (timeout): flag",
        "            secrets at messages.0.content: not checked, timeout",
        "rule      tools: not asked: there was no text of its scope (tool_results)",
        "rule      staff: not asked: its condition did not hold (exchange.group == 'staff')",
        "rule      dark: fired: would block, but only said so (shadow)",
        "rule      domain.request.max_tokens: fired: flag",
        "rule      stays: fired: flag",
        "rule      gone: fired: flag; it is not in this policy",
        "unread    image at messages.0.content.1: flag (no_text)",
        "note      the record lists 6 of 9 findings",
    ):
        assert line in lines
    assert any(line.startswith("note      the policy has changed since") for line in lines)
    assert explained.fired


def test_as_json(explained):
    """The same for a script."""
    told = json.loads(json.dumps(explained.as_json()))
    assert (told["request_id"], told["decided_by"], told["is_the_same_version"]) == ("r1", "p@0123456789ab", False)
    assert {rule["id"]: rule["why"] for rule in told["rules"]}["late"] == "could not run (timeout): flag"
    assert told["rules"][0]["findings_total"] == 1


def test_the_same_version():
    """Nothing is said of a change where there is none."""
    loaded = load_text(POLICY, "p.yaml", FakeCatalog())
    explained = RecordExplained(loaded, record(policy=f"p@{loaded.digest[:12]}", findings=[], findings_total=0))
    assert not any(line.startswith("note") for line in explained.lines())
    assert not explained.fired


def test_unguarded():
    """Where nothing was read, that is said."""
    loaded = load_text(POLICY, "p.yaml", FakeCatalog())
    empty = {"request": [], "response": []}
    assert (
        "note      the settings leave this path unread: no rule was asked"
        in RecordExplained(replace(loaded), record(unguarded=True, coverage=empty)).lines()
    )


def test_find_record(tmp_path):
    """By its id, the newest of them; lines that are no records, or are torn, are passed over."""
    other = json.dumps(record(request_id="r2", app="r1"))
    (tmp_path / "20260101T000000-1-000001.jsonl").write_text(json.dumps(record(app="old")) + "\n")
    (tmp_path / "20260102T000000-1-000001.jsonl").write_text(f'{other}\nnot "r1" json\n{json.dumps(record())}\n{{"request_id": "r1"')
    found = find_record(tmp_path, "r1")
    assert found
    assert found["app"] == "bot"
    assert find_record(tmp_path, "r3") is None


def test_command(oddgate, folder):
    """The policy is looked for by the name that the record has; what is not there is a wrong use."""
    (folder / "journal").mkdir()
    (folder / "journal" / "20260101T000000-1-000001.jsonl").write_text(json.dumps(record(findings=[], findings_total=0)) + "\n")
    code, out, _ = oddgate("explain", "--exchange", "r1", "--journal", "journal")
    assert code == 0
    assert "rule      mail: did not fire: it looked at 1 text with 40 characters (user)" in out
    for arguments, why in (
        (["--exchange", "r9", "--journal", "journal"], "there is no record of the exchange r9 in journal"),
        (["--exchange", "r1", "--journal", "none"], "there is no journal in none"),
    ):
        assert oddgate("explain", *arguments) == (2, "", f"oddgate policy: {why}\n")
    (folder / "policies" / "p.yaml").rename(folder / "p.yaml")
    assert oddgate("explain", "--exchange", "r1", "--journal", "journal")[0] == 2
    assert oddgate("explain", "--exchange", "r1", "--journal", "journal", "--policy", "p.yaml")[0] == 0
