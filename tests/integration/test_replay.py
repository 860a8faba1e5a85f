"""What a real gateway has written down is decided again under its own policy, and under a draft."""

import json
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from gateway.cli.main import main
from tests.support.gateway import running_gateway

pytestmark = pytest.mark.slow

BOUNDED = """
name: bounded
domain:
  action: flag
  groups: [staff, guests]
  input: {max_chars: 40, max_messages: 2, modalities: [text]}
  request: {models: [m], max_tokens: 100, temperature: {max: 1}, n: {max: 1}}
  tools: {allow: [look]}
  output: {max_chars: 100000}
rules:
  - {id: mails, detect: pii, entities: [EMAIL_ADDRESS], scope: [user], action: redact}
  - {id: guests, detect: pii, entities: [EMAIL_ADDRESS], scope: [user], action: block, when: exchange.group == "guests"}
"""
DRAFT = (
    BOUNDED.replace("max_tokens: 100", "max_tokens: 50, action: block").replace("[staff, guests]", "[staff]").replace("[look]", "[send]")
)
LOOK = {"type": "function", "function": {"name": "look", "parameters": {}}}
ASKED = (
    ({"max_tokens": 10}, "staff"),
    ({"max_tokens": 70, "temperature": 0.5}, "staff"),
    ({"max_tokens": 500, "temperature": 1.5, "n": 2}, "guests"),
    ({"max_tokens": 10, "tools": [LOOK]}, "guests"),
    ({}, "others"),
)


def ask(url: str, parameters: dict, group: str, text: str) -> str:
    """The decision, as the client sees it."""
    body = {"model": "m", "messages": [{"role": "user", "content": text}], **parameters}
    headers = {"Content-Type": "application/json", "x-oddgate-group": group}
    request = urllib.request.Request(f"{url}/v1/chat/completions", json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.headers["x-oddgate-decision"]
    except urllib.error.HTTPError as error:
        return error.headers["x-oddgate-decision"]


def replayed(capsys: pytest.CaptureFixture[str], folder: Path, draft: Path) -> dict:
    journal, against = str(folder / "journal"), str(folder / "policies" / "bounded.yaml")
    main(["policy", "replay", str(draft), "--from", journal, "--against", against, "--json"])
    return json.loads(capsys.readouterr().out)


def test_what_was_written_is_decided_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of a journal under bounds and conditions all can be told, also under other bounds."""
    with running_gateway(tmp_path, {}, policies={"bounded": BOUNDED}, labels={"trust": ["group", "session"]}) as gateway:
        texts = ("hello", "mail a@example.com at once")
        decisions = [ask(gateway.url, parameters, group, text) for parameters, group in ASKED for text in texts]
    assert decisions == ["allow", "redact", "allow", "redact", "flag", "block", "allow", "block", "flag", "redact"]
    draft = tmp_path / "draft.yaml"
    draft.write_text(BOUNDED)
    told = replayed(capsys, tmp_path, draft)
    assert (told["exchanges"], told["changes"]) == ({"read": 10, "decided": 10, "untold": 0, "repeated": 0, "held_off": 0}, [])
    draft.write_text(DRAFT)
    told = replayed(capsys, tmp_path, draft)
    assert told["exchanges"] == {"read": 10, "decided": 10, "untold": 0, "repeated": 0, "held_off": 0}
    changed = {(each["old"], each["new"]): each["count"] for each in told["changes"]}
    assert changed == {("allow", "block"): 1, ("redact", "block"): 2, ("flag", "block"): 2, ("allow", "flag"): 1}
