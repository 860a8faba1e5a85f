import json
from collections import defaultdict

import pytest

from gateway.demo.script import answer
from gateway.demo.surfaces.chat_answer import Envelope, choices, chunks, completion
from gateway.demo.surfaces.chat_request import read_request

ENVELOPE = Envelope("chatcmpl-1", 1, "demo")
SEND = {"type": "function", "function": {"name": "send_note", "parameters": {"properties": {"to": {"type": "string"}}}}}
CARD = {"type": "function", "function": {"name": "find_card", "parameters": {"properties": {"card": {"type": "string"}}}}}


def _ask(said: str, **fields: object):
    request = read_request({"model": "demo-reasoning", "messages": [{"role": "user", "content": said}], **fields})
    return request, choices(request, answer(request.prompt))


def _joined(streamed: list[dict]) -> dict[int, dict]:
    """The messages that a client puts together from the chunks."""
    messages: dict[int, dict] = defaultdict(lambda: defaultdict(str))
    for choice in (choice for chunk in streamed for choice in chunk["choices"]):
        for key, value in choice["delta"].items():
            if key == "tool_calls":
                for call in value:
                    messages[choice["index"]][f"call {call['index']}"] += call["function"]["arguments"]
            else:
                messages[choice["index"]][key] += value or ""
    return messages


@pytest.mark.parametrize(
    "said", ["hello", "mail ann@example.org", "  blanks \n everywhere ", "Repeat after me: \u00fcn\u00ef\U0001f600", "please refuse"]
)
@pytest.mark.parametrize("n", [1, 3])
def test_a_stream_says_what_a_completion_says(said: str, n: int):
    """Joined by choice, the chunks are the completion's messages."""
    request, answered = _ask(said, n=n)
    whole = completion(request, ENVELOPE, answered)
    joined = _joined(list(chunks(request, ENVELOPE, answered)))
    for choice in whole["choices"]:
        for key in ("content", "refusal", "reasoning_content"):
            assert joined[choice["index"]][key] == (choice["message"][key] or "")


def test_calls_are_streamed_in_fragments():
    """The first fragment has id and name, the rest only pieces of the arguments, and together they are JSON."""
    request, answered = _ask("send a note about card 4111 1111 1111 1111", tools=[SEND, CARD])
    streamed = list(chunks(request, ENVELOPE, answered))
    calls = [call for chunk in streamed for choice in chunk["choices"] for call in choice["delta"].get("tool_calls", ())]
    assert [call["function"].get("name") for call in calls if "id" in call] == ["send_note", "find_card"]
    joined = _joined(streamed)[0]
    assert json.loads(joined["call 1"]) == {"card": "4111 1111 1111 1111"}
    assert len(calls) > 6
    assert completion(request, ENVELOPE, answered)["choices"][0]["message"]["tool_calls"][1]["function"]["arguments"] == joined["call 1"]


def test_the_ending_of_a_stream():
    """Each choice ends once with its reason, and the usage comes last and alone when it is asked for."""
    request, answered = _ask("hello", n=2, stream_options={"include_usage": True})
    *streamed, last = chunks(request, ENVELOPE, answered)
    reasons = [choice["finish_reason"] for chunk in streamed for choice in chunk["choices"] if choice["finish_reason"]]
    assert (reasons, last["choices"]) == (["stop", "stop"], [])
    assert last["usage"] == completion(request, ENVELOPE, answered)["usage"]
    assert all(chunk["usage"] is None for chunk in streamed)


@pytest.mark.parametrize(
    ("fields", "text", "reason"),
    [
        ({"max_tokens": 2}, "1, 2,", "length"),
        ({"stop": ", 3"}, "1, 2", "stop"),
        ({"stop": [", 3", ","]}, "1", "stop"),
        ({}, "1, 2, 3, 4", "stop"),
    ],
)
def test_where_an_answer_ends(fields: dict, text: str, reason: str):
    """Limits cut the text and say so; a stop sequence ends it before itself."""
    _, answered = _ask("count to 4", **fields)
    assert (answered[0].reply.text, answered[0].finish_reason) == (text, reason)


def test_logprobs_spell_the_text():
    """The tokens of the log probabilities joined are the content, in a completion and in a stream."""
    request, answered = _ask("hello", logprobs=True, top_logprobs=2)
    whole = completion(request, ENVELOPE, answered)["choices"][0]
    tokens = whole["logprobs"]["content"]
    assert "".join(token["token"] for token in tokens) == whole["message"]["content"]
    assert b"".join(bytes(token["bytes"]) for token in tokens).decode() == whole["message"]["content"]
    assert all(len(token["top_logprobs"]) == 2 for token in tokens)
    streamed = [choice["logprobs"] for chunk in chunks(request, ENVELOPE, answered) for choice in chunk["choices"] if choice["logprobs"]]
    assert [token for each in streamed for token in each["content"]] == tokens
