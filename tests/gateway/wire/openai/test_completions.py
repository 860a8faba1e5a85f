"""Legacy completions: prompts in their forms, choices whole and in a stream; what we write is read by OpenAI's own client."""

import json
from dataclasses import replace

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai import OpenAI
from openai.types import Completion

from gateway.errors import BadRequest, UpstreamError
from gateway.wire.model import Call, Json, Origin
from gateway.wire.openai.completions import Completions
from gateway.wire.sse import encode_event
from gateway.wire.walk import dotted, is_structural
from tests.support.bodies import unaccounted

PROSE = "write to anna.kovacs@example.org, please"
COMPLETIONS = Completions()
ORIGIN = Origin("req_1", "gpt-3.5-turbo-instruct", 7)


def request(**fields: Json):
    return COMPLETIONS.parse_request(json.dumps({"model": "m", **fields}).encode(), Call())


def stream(*bodies: Json):
    answer = COMPLETIONS.open_stream("text/event-stream", ORIGIN)
    return answer, [event for body in bodies for event in answer.feed(encode_event(json.dumps(body).encode()))]


def as_the_sdk_reads(sent: bytes) -> list[Completion]:
    answer = httpx.Response(200, headers={"content-type": "text/event-stream"}, content=sent)
    with (
        httpx.Client(transport=httpx.MockTransport(lambda _: answer)) as http,
        OpenAI(api_key="k", base_url="http://x", http_client=http) as sdk,
    ):
        return list(sdk.completions.create(model="m", prompt="", stream=True))


@pytest.mark.parametrize(
    ("fields", "expected", "unread"),
    [
        ({"prompt": PROSE}, [("prompt", "text")], []),
        ({"prompt": [PROSE, PROSE]}, [("prompt.0", "text"), ("prompt.1", "text")], []),
        ({"prompt": [1, 2]}, [], [("tokens", "prompt")]),
        ({"prompt": [[1, 2], [3]]}, [], [("tokens", "prompt.0"), ("tokens", "prompt.1")]),
        ({"prompt": None, "suffix": PROSE}, [("suffix", "text")], []),
        ({"prompt": "a", "user": "anna", "stop": ["b"]}, [("prompt", "text"), ("user", "identifier"), ("stop.0", "text")], []),
        (
            {"prompt": "", "n": 2, "best_of": 3, "echo": True, "logprobs": 5, "logit_bias": {"502": -100}, "seed": 2**32 - 1},
            [],
            [],
        ),
        ({"prompt": "", "novelty": {"a": PROSE}}, [("novelty.a", "text")], []),
    ],
)
def test_texts_of_a_request(fields: Json, expected: list, unread: list):
    """Each prompt is a text of its own; token numbers are listed; every other field is read too."""
    read = request(**fields)
    assert [(dotted(segment.place), segment.form.value) for segment in read.segments] == expected
    assert [(part.kind.value, dotted(part.place)) for part in read.uninspectable] == unread
    assert not any(segment.joins for segment in read.segments)
    assert (read.surface, read.model, read.stream) == ("completions", "m", False)


@pytest.mark.parametrize("raw", [b"{}", b"[]", b'{"model": 5}', b'{"model": "m", "prompt": true}', b'{"model": "m", "stream": "yes"}'])
def test_a_request_that_is_none(raw: bytes):
    """What cannot be read is refused."""
    with pytest.raises(BadRequest):
        COMPLETIONS.parse_request(raw, Call())


def test_a_whole_answer():
    """Each choice is a channel by its index, and ends."""
    logprobs = {"tokens": ["a"], "token_logprobs": [-0.1], "top_logprobs": [{"two words": -0.1}], "text_offset": [0]}
    body = {
        "id": "cmpl-1", "object": "text_completion", "created": 1, "model": "m-1234567",
        "choices": [
            {"index": 1, "text": "b", "finish_reason": "length", "logprobs": None},
            {"index": 0, "text": "a", "finish_reason": "stop", "logprobs": logprobs},
        ],
        "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7},
    }  # fmt: skip
    raw = json.dumps(body).encode()
    event = COMPLETIONS.parse_completion(raw, "application/json")
    assert [(delta.channel, delta.text, delta.closes) for delta in event.deltas] == [((1, "text"), "b", False), ((0, "text"), "a", False)]
    assert (event.raw, event.finished, event.uninspectable) == (raw, {1: "length", 0: "stop"}, ())
    assert [(companion.channels, companion.place) for companion in event.companions] == [(((0, "text"),), ("choices", 1, "logprobs"))]
    assert (event.usage.input_tokens, event.usage.output_tokens) == (3, 4)


@pytest.mark.parametrize(
    ("body", "expected", "unread"),
    [
        ({"choices": [{"index": 0, "text": "a", "novelty": "b"}]}, [("0.text", False), ("0.novelty", False)], []),
        ({"choices": [{"index": 0, "stop_reason": "b"}]}, [("0.choice.stop_reason", True)], []),
        ({"choices": [{"index": 0, "logprobs": "b"}]}, [("0.logprobs", False)], []),
        ({"choices": [{"index": 0, "logprobs": {"tokens": "b"}}]}, [("0.choice.logprobs.tokens", True)], []),
        ({"choices": [{"index": 0, "finish_reason": PROSE}]}, [("0.choice.finish_reason", True)], []),
        ({"choices": ["odd", {"index": "0", "text": "a"}]}, [], ["choices.0", "choices.1"]),
        ({"choices": [{"two words": 1}]}, [], ["choices.0"]),
        ({"id": PROSE, "note": PROSE, "two words": 1}, [("body.id", True), ("body.note", True)], [""]),
        ({"choices": "a"}, [("body.choices", True)], []),
    ],
)
def test_texts_of_an_event(body: Json, expected: list, unread: list):
    """A string that has no name here is read all the same; in a choice it may go on."""
    _, (event,) = stream(body)
    assert [(dotted(delta.channel), delta.closes) for delta in event.deltas] == expected
    assert [dotted(part.place) for part in event.uninspectable] == unread


def test_when_a_choice_ends():
    """In a stream with its finish reason, whole in any case."""
    _, events = stream(
        {"choices": [{"index": 0, "text": "a", "finish_reason": None}]}, {"choices": [{"text": "", "finish_reason": "stop"}]}
    )
    assert [event.finished for event in events] == [{}, {0: "stop"}]
    assert COMPLETIONS.parse_completion(b'{"choices": [{"text": "a"}]}', "application/json").finished == {0: ""}


LAST = {"id": "cmpl-1", "object": "text_completion", "created": 5, "model": "m", "choices": [], "usage": None}


def test_a_tail():
    """The rest of a text comes in an event of the same completion, with the log probabilities that were held."""
    answer, _ = stream(LAST)
    logprobs = {"tokens": ["a"], "token_logprobs": [-0.1], "top_logprobs": None, "text_offset": [0]}
    (chunk,) = as_the_sdk_reads(answer.render_tail((1, "text"), "rest", logprobs))
    assert (chunk.id, chunk.model, chunk.created) == ("cmpl-1", "m", 5)
    assert (chunk.choices[0].index, chunk.choices[0].text, chunk.choices[0].finish_reason) == (1, "rest", None)
    assert chunk.choices[0].logprobs.tokens == ["a"]
    (chunk,) = as_the_sdk_reads(answer.render_tail((0, "reasoning"), "rest", None))
    assert (chunk.choices[0].text, chunk.choices[0].reasoning) == ("", "rest")
    assert answer.render_tail(("body", "note"), "rest", None) == b""


@pytest.mark.parametrize("bodies", [(), (LAST,), ({"error": {"message": "x"}},)])
def test_a_stop(bodies: tuple):
    """A stream that a rule cuts ends with a content-filter stop for each open choice, and the end mark."""
    answer, _ = stream(*bodies)
    sent = answer.render_stop((0, 2))
    assert sent.endswith(b"data: [DONE]\n\n")
    chunks = as_the_sdk_reads(sent)
    assert [(c.choices[0].index, c.choices[0].text, c.choices[0].finish_reason) for c in chunks] == [
        (0, "", "content_filter"), (2, "", "content_filter"),
    ]  # fmt: skip
    for chunk in sent.split(b"\n\n")[:-2]:
        Completion.model_validate_json(chunk.removeprefix(b"data: "), strict=True)


def test_refusals():
    """A refusal is a completion that the content filter stopped, whole and as a stream."""
    completion = Completion.model_validate_json(COMPLETIONS.render_refusal("No.", ORIGIN), strict=True)
    (choice,) = completion.choices
    assert (choice.text, choice.finish_reason, completion.model, completion.usage.total_tokens) == (
        "No.", "content_filter", "gpt-3.5-turbo-instruct", 0,
    )  # fmt: skip
    said, stop = as_the_sdk_reads(COMPLETIONS.render_refusal_stream("No.", ORIGIN))
    assert (said.choices[0].text, said.choices[0].finish_reason, stop.choices[0].finish_reason) == ("No.", None, "content_filter")


def test_refusals_of_several_choices():
    """Each choice that was asked for refuses, whole and as a stream, and each ends for its content."""
    origin = replace(ORIGIN, choices=2)
    completion = Completion.model_validate_json(COMPLETIONS.render_refusal("No.", origin), strict=True)
    assert [(choice.index, choice.text, choice.finish_reason) for choice in completion.choices] == [
        (0, "No.", "content_filter"), (1, "No.", "content_filter"),
    ]  # fmt: skip
    told = [choice for chunk in as_the_sdk_reads(COMPLETIONS.render_refusal_stream("No.", origin)) for choice in chunk.choices]
    assert [(choice.index, choice.text, choice.finish_reason) for choice in told] == [
        (0, "No.", None), (1, "No.", None), (0, "", "content_filter"), (1, "", "content_filter"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "choices"),
    [({"prompt": "a"}, 1), ({"prompt": "a", "n": 2}, 2), ({"prompt": ["a", "b"]}, 2), ({"prompt": ["a", "b"], "n": 3}, 6), ({}, 1),
     ({"prompt": [1, 2, 3], "n": 2}, 2), ({"prompt": [[1, 2], [3]], "n": 2}, 4), ({"prompt": []}, 1), ({"prompt": "a", "n": 999}, 128),
     ({"prompt": ["a"] * 100, "n": 100}, 2048)],
)  # fmt: skip
def test_how_many_choices_are_asked_for(asked: Json, choices: int):
    """As many for each prompt as ``n`` says, within bounds."""
    assert request(**asked).choices == choices


@pytest.mark.parametrize("raw", [b"", b"<html>", b"[]", b'"a"', b'{"a": 1, "a": 2}', b'{"x":' * 80 + b"1" + b"}" * 80])
def test_an_answer_that_is_none(raw: bytes):
    """What is not the API's JSON is the upstream's fault."""
    with pytest.raises(UpstreamError) as raised:
        COMPLETIONS.parse_completion(raw, "application/json")
    assert raised.value.code == "upstream_invalid_response"


def test_a_whole_answer_is_no_stream():
    """Only server-sent events are read as they arrive."""
    assert COMPLETIONS.open_stream("application/json", ORIGIN) is COMPLETIONS.unread("application/json") is None


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-2, 5), st.sampled_from(["", "stop", PROSE])),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["text", "index", "a b", "tokens"]), inner)),
    max_leaves=6,
)
CHOICES = st.one_of(
    VALUES,
    st.fixed_dictionaries(
        {"index": st.integers(0, 3)},
        optional={"text": VALUES, "finish_reason": VALUES, "logprobs": VALUES, "novelty": VALUES, "a b": VALUES, "stop_reason": VALUES},
    ),
)
BODIES = st.fixed_dictionaries({}, optional={"id": VALUES, "choices": st.one_of(VALUES, st.lists(CHOICES, max_size=3)), "note": VALUES})


@settings(max_examples=150)
@given(BODIES)
def test_every_text_is_accounted_for(body: Json):
    """Each string of an answer is a delta's, or listed, or a companion's, or an identifier at a key that has these."""
    _, (event,) = stream(body)
    listed = [part.place for part in event.uninspectable] + [companion.place for companion in event.companions]
    for text, place in unaccounted(body, {delta.place for delta in event.deltas if delta.form != "key"}, listed):
        assert place[-1] in ("id", "finish_reason", "index"), (text, place)
        assert is_structural(text), (text, place)
