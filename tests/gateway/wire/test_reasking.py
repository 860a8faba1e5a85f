"""A request asked again, with what was wrong about the answer."""

import json

import pytest

from gateway.wire.reasking import Said, asking_again, may_ask_again, sample_of
from gateway.wire.routes import routes
from tests.support.answers import whole

USER = {"role": "user", "content": "a price, please"}
ANSWER = {"role": "assistant", "content": "three"}
REASONS = ["$.price: must be a number"]


@pytest.mark.parametrize(
    ("surface", "path", "body", "key", "before"),
    [
        ("chat", "/v1/chat/completions", {"messages": [USER], "n": 1}, "messages", [USER]),
        ("messages", "/v1/messages", {"messages": [USER], "max_tokens": 5}, "messages", [USER]),
        ("responses", "/v1/responses", {"input": [USER]}, "input", [USER]),
        ("responses", "/v1/responses", {"input": "a price, please"}, "input", [USER]),
    ],
)
def test_asking_again(surface, path, body, key, before):
    """The answer and the complaint follow what was asked, and the rest is as it was; the API's own reading takes it."""
    body = {"model": "m", **body}
    again = asking_again(surface, body, "three", REASONS)
    *kept, answer, complaint = again[key]
    assert (kept, answer) == (before, ANSWER)
    assert complaint["role"] == "user"
    assert REASONS[0] in complaint["content"]
    assert {name: value for name, value in again.items() if name != key} == {name: value for name, value in body.items() if name != key}
    match = routes(()).find("POST", path)
    request = match.dialect.parse_request(json.dumps(again).encode(), match.call("POST", "application/json"))
    assert not request.uninspectable


def test_an_answer_without_a_text():
    """Nothing is put into the model's mouth."""
    again = asking_again("chat", {"messages": [USER]}, " ", REASONS)
    assert [message["role"] for message in again["messages"]] == ["user", "user"]


def test_a_kept_conversation():
    """What the endpoint keeps is not said to it twice."""
    again = asking_again("responses", {"input": [USER], "conversation": "conv_1"}, "three", REASONS)
    assert [item["role"] for item in again["input"]] == ["user"]
    assert "must be a number" in again["input"][0]["content"]


@pytest.mark.parametrize(
    ("surface", "body", "expected"),
    [
        ("chat", {}, True),
        ("messages", {}, True),
        ("responses", {}, True),
        ("responses", {"background": True}, False),
        ("completions", {}, False),
        ("chat", None, False),
    ],
)
def test_who_can_be_asked_again(surface, body, expected):
    """Where there is a message to add, and an answer that comes at once."""
    assert may_ask_again(surface, body) == expected


def test_what_was_said():
    """Each choice's own text is kept, in bounds, and nothing that is thought or refused."""
    said = Said()
    choices = [
        {"index": index, "message": {"role": "assistant", "content": text, "reasoning": "t"}, "finish_reason": "stop"}
        for index, text in enumerate(("one", "x" * 300_000))
    ]
    said.hear(whole("/v1/chat/completions", {"choices": choices}))
    assert said.text(0) == "one"
    assert len(said.text(1)) == 200_000 - 3
    assert said.text(2) == ""


@pytest.mark.parametrize(
    ("surface", "body", "expected"),
    [
        ("chat", {"messages": [USER], "stream": True, "stream_options": {}, "n": 3, "logprobs": True}, {"messages": [USER]}),
        ("messages", {"messages": [USER], "max_tokens": 5}, {"messages": [USER], "max_tokens": 5}),
        ("completions", {"prompt": "x", "best_of": 2}, {"prompt": "x"}),
        ("completions", {"prompt": ["x", "y"]}, None),
        ("responses", {"input": "x", "stream": True}, {"input": "x", "store": False}),
        ("responses", {"input": "x", "conversation": "conv_1"}, None),
        ("responses", {"input": "x", "background": True}, None),
        ("responses", {"prompt": {"id": "pmpt_1"}}, None),
        ("chat", {"messages": [USER], "tools": [{"type": "function"}]}, None),
        ("chat", {"messages": [USER], "tools": []}, {"messages": [USER], "tools": []}),
        ("embeddings", {"input": "x"}, None),
        ("chat", None, None),
    ],
)
def test_one_answer_more(surface, body, expected):
    """Only where asking again does nothing but answer; it is one answer, whole, and nobody keeps it."""
    assert sample_of(surface, body) == expected
