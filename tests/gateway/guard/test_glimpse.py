"""What is looked at of an exchange's texts."""

from typing import Any

import pytest

from bench.driving import dump
from gateway.guard.glimpse import MAX_ASKED, MAX_SAID, MAX_SYSTEM, MAX_TOOLS, Glimpse, glimpse
from gateway.wire.model import Event, Origin, Request
from gateway.wire.routes import routes

ROUTES = routes(())
ORIGIN = Origin("req_1", "m", 0)


def asked(path: str, body: Any) -> Request:
    match = ROUTES.find("POST", path)
    return match.dialect.parse_request(dump(body), match.call("POST", "application/json"))


def seen(path: str, body: Any) -> Glimpse:
    found = glimpse(asked(path, body))
    assert found
    return found


def answer(path: str, body: Any) -> Event:
    return ROUTES.find("POST", path).dialect.parse_completion(dump(body), "application/json")


def chat(*messages: tuple[str, Any], **more: Any) -> Any:
    return {"model": "m", "messages": [{"role": role, "content": content} for role, content in messages], **more}


CHAT, RESPONSES, MESSAGES = "/v1/chat/completions", "/v1/responses", "/v1/messages"
PARTS = [{"type": "text", "text": "first"}, {"type": "text", "text": "second"}]
RESULT = {"type": "tool_result", "tool_use_id": "t", "content": "a result"}


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        (CHAT, chat(("system", "be kind"), ("user", "old"), ("assistant", "yes"), ("user", "new"), user="Maria"), ("new", "be kind")),
        (CHAT, chat(("developer", "be kind"), ("user", PARTS)), ("first\nsecond", "be kind")),
        (CHAT, chat(("system", "be kind"), ("user", "new"), ("system", "be brief")), ("new", "be kind")),
        (CHAT, chat(("user", "new"), tools=[{"type": "function", "function": {"name": "f", "description": "what for"}}]), ("new", "")),
        (RESPONSES, {"model": "m", "input": "new", "instructions": "be kind"}, ("new", "be kind")),
        (RESPONSES, {"model": "m", "input": [{"role": "user", "content": "new"}]}, ("new", "")),
        (
            MESSAGES,
            {**chat(("user", "old"), ("assistant", "yes"), ("user", [RESULT, PARTS[1]])), "system": "be kind", "max_tokens": 9},
            ("second", "be kind"),
        ),
        ("/v1/completions", {"model": "m", "prompt": "new"}, ("new", "")),
        ("/v1/embeddings", {"model": "m", "input": ["old", "new"]}, ("new", "")),
        ("/v1/embeddings", {"model": "m", "input": [1, 2, 3]}, ("", "")),
    ],
    ids=["chat", "parts", "later rules", "tools", "responses", "items", "messages", "completions", "embeddings", "tokens"],
)
def test_what_was_asked(path: str, body: Any, expected: tuple[str, str]):
    """The user's last turn and the prompt's first, and nothing that only stands beside them."""
    found = seen(path, body)
    assert (found.asked, found.system) == expected


@pytest.mark.parametrize(("path", "body"), [("/v1/moderations", {"input": "x"}), ("/v1/images/generations", {"prompt": "x"})])
def test_only_what_a_model_answers_in_words(path: str, body: Any):
    """Nothing is looked at on other surfaces."""
    assert glimpse(asked(path, body)) is None


def test_only_beginnings_are_held():
    """However long the texts are; how long they are is known."""
    found = seen(CHAT, chat(("system", "s" * 9999), ("user", "u" * 9999)))
    for _ in range(3):
        found.hear(answer(CHAT, {"choices": [{"index": 0, "message": {"content": "a" * 9999}}]}))
    assert (len(found.asked), found.asked_chars, len(found.system), len(found.said)) == (MAX_ASKED, 9999, MAX_SYSTEM, MAX_SAID)


def test_a_turn_of_many_parts_is_bounded():
    """The beginnings of all together are no longer than that of one."""
    found = seen(CHAT, chat(("user", [{"type": "text", "text": "part"}] * 3000)))
    assert len(found.asked) == MAX_ASKED


def message(**said: Any) -> Any:
    return {"choices": [{"index": 0, "message": said, "finish_reason": "stop"}, {"index": 1, "message": {"content": "the other"}}]}


def call(name: str) -> Any:
    return {"id": "c", "type": "function", "function": {"name": name, "arguments": '{"text": "an argument"}'}}


@pytest.mark.parametrize(
    ("path", "body", "said", "tools", "has_refused"),
    [
        (CHAT, message(content="yes"), "yes", [], False),
        (CHAT, message(content="yes", reasoning_content="thought"), "yes", [], False),
        (CHAT, message(content=None, refusal="no"), "no", [], True),
        (CHAT, message(content=None, tool_calls=[call("f"), call("g"), call("f")]), "", ["f", "g"], False),
        (CHAT, message(tool_calls=[call(f"f{at}") for at in range(50)]), "", [f"f{at}" for at in range(MAX_TOOLS)], False),
        ("/v1/completions", {"choices": [{"index": 0, "text": "yes"}]}, "yes", [], False),
        (
            MESSAGES,
            {"content": [{"type": "text", "text": "yes"}, {"type": "tool_use", "id": "t", "name": "f", "input": {}}]},
            "yes",
            ["f"],
            False,
        ),
        (
            RESPONSES,
            {
                "object": "response",
                "output": [
                    {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "yes"}]},
                    {"type": "function_call", "name": "f", "arguments": "{}", "call_id": "c"},
                ],
            },
            "yes",
            ["f"],
            False,
        ),
    ],
    ids=["text", "reasoning", "refusal", "calls", "many calls", "completions", "messages", "responses"],
)
def test_what_was_answered(path: str, body: Any, said: str, tools: list[str], has_refused: bool):
    """The first choice's own words and the names of its tools: no thoughts, no arguments, no other choice."""
    found = Glimpse("", 0, "")
    found.hear(answer(path, body))
    assert (found.said, found.tools, found.has_refused) == (said, tools, has_refused)


def test_a_stream_is_heard_piece_by_piece():
    """As the same answer in one piece would be, with a tool's name in pieces."""
    found = Glimpse("", 0, "")
    pieces = [{"content": "ye"}, {"content": "s"}, {"tool_calls": [{"index": 0, "function": {"name": "look"}}]}]
    pieces += [{"tool_calls": [{"index": 0, "function": {"name": "up", "arguments": "{}"}}]}, {"content": ", no"}]
    stream = ROUTES.find("POST", CHAT).dialect.open_stream("text/event-stream", ORIGIN)
    assert stream
    for piece in pieces:
        for event in stream.feed(b"data: " + dump({"choices": [{"index": 0, "delta": piece}]}) + b"\n\n"):
            found.hear(event)
    assert (found.said, found.tools) == ("yes, no", ["lookup"])


def test_another_answer_is_heard_anew():
    """Of one that was not accepted, nothing is left."""
    found = seen(CHAT, chat(("system", "be kind"), ("user", "new")))
    found.hear(answer(CHAT, message(refusal="no", tool_calls=[call("f")])))
    again = found.anew()
    assert (again.asked, again.asked_chars, again.system) == ("new", 3, "be kind")
    assert (again.said, again.tools, again.has_refused) == ("", [], False)
