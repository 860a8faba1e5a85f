import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.demo.script import Call, Reply
from gateway.demo.surfaces.anthropic_answer import events, message
from gateway.demo.surfaces.anthropic_request import read_request


def _message(reply: Reply, said: str = "hello", **fields: object) -> dict:
    body = {"model": "demo", "max_tokens": 999, "messages": [{"role": "user", "content": said}], **fields}
    return message(read_request(body), reply, "msg_1")


def _deltas(streamed: list[dict], type_: str, name: str) -> str:
    return "".join(event["delta"][name] for event in streamed if event.get("delta", {}).get("type") == type_)


@given(st.text(), st.text())
def test_joined_the_deltas_are_the_text(text: str, reasoning: str):
    """Of what is said and of what is thought."""
    whole = _message(Reply(text, reasoning=reasoning), max_tokens=100_000)
    streamed = list(events(whole))
    assert _deltas(streamed, "text_delta", "text") == whole["content"][-1]["text"] == text
    assert _deltas(streamed, "thinking_delta", "thinking") == reasoning


def test_calls():
    """Fragments of JSON that begin with an empty one."""
    streamed = list(events(_message(Reply(calls=(Call("look", {"a": "ü"}),)))))
    assert json.loads(_deltas(streamed, "input_json_delta", "partial_json")) == {"a": "ü"}
    assert streamed[3]["delta"]["partial_json"] == ""


def test_thoughts_that_are_hidden():
    """Nothing of them is legible."""
    hidden = _message(Reply("Hi.", reasoning="ann@example.org"), "TRIGGER_REDACTED_THINKING")["content"][0]
    assert hidden["type"] == "redacted_thinking"
    assert "example" not in str(hidden)


@pytest.mark.parametrize("content", [Reply("Hi."), Reply(calls=(Call("look", {}), Call("find", {}))), Reply("Hi.", reasoning="Hm.")])
def test_blocks_open_and_close(content: Reply):
    """One after another, by their index, between the start and the stop of the message."""
    streamed = list(events(_message(content)))
    marks = [(event["type"], event["index"]) for event in streamed if event["type"] in {"content_block_start", "content_block_stop"}]
    count = len(marks) // 2
    assert marks == [(f"content_block_{mark}", index) for index in range(count) for mark in ("start", "stop")]
    assert [streamed[0]["type"], streamed[-2]["type"], streamed[-1]["type"]] == ["message_start", "message_delta", "message_stop"]
    assert streamed[0]["message"]["content"] == []
