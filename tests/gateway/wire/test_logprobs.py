"""Log probabilities: asked for, read and taken out again."""

import json

import pytest

from gateway.wire.codec import encode
from gateway.wire.logprobs import Token, asking, read, strip
from gateway.wire.model import Companion, Delta, Event
from policies.vocabulary import Scope
from tests.support.answers import events, frame, stream_of, whole

TOKEN = {"token": "hi", "logprob": -0.5, "bytes": [104, 105], "top_logprobs": [{"token": "hi", "logprob": -0.5, "bytes": None}]}
EXPECTED = Token(0, -0.5, (-0.5,))
SPELLED = {"content": [TOKEN], "refusal": None}
INCLUDED = ["message.output_text.logprobs"]


@pytest.mark.parametrize(
    ("surface", "body", "added"),
    [
        ("chat", {"model": "m"}, {"logprobs": True, "top_logprobs": 5}),
        ("chat", {"logprobs": False}, {"logprobs": True, "top_logprobs": 5}),
        ("chat", {"logprobs": True}, None),
        ("completions", {"model": "m"}, {"logprobs": 5}),
        ("completions", {"logprobs": 0}, None),
        ("responses", {"model": "m"}, {"include": INCLUDED, "top_logprobs": 5}),
        ("responses", {"include": ["x"], "top_logprobs": 2}, {"include": ["x", *INCLUDED]}),
        ("responses", {"include": INCLUDED}, None),
        ("responses", {"include": "odd"}, None),
        ("messages", {"model": "m"}, None),
        ("chat", None, None),
    ],
)
def test_asking(surface, body, added):
    """What a request does not ask for is asked for besides; what it has is left."""
    before = json.dumps(body)
    assert asking(surface, body) == (None if added is None else {**body, **added})
    assert json.dumps(body) == before


def chat(**choice):
    return {"object": "chat.completion", "choices": [{"index": 0, "finish_reason": "stop", **choice}]}


SAID = {"message": {"role": "assistant", "content": "hi"}}
COMPLETION = {"tokens": ["hi", "x"], "token_logprobs": [None, -0.5], "top_logprobs": [None, {"x": -0.5}], "text_offset": [0, 2]}


def response(spelled, **keys):
    part = {"type": "output_text", "text": "hi", "annotations": [], "logprobs": spelled}
    item = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [part]}
    return {"object": "response", "status": "completed", "top_logprobs": 0, "output": [item], **keys}


@pytest.mark.parametrize(
    ("path", "body", "without"),
    [
        ("/v1/chat/completions", chat(**SAID, logprobs=SPELLED), chat(**SAID, logprobs=None)),
        (
            "/v1/completions",
            {"choices": [{"index": 0, "text": "hix", "logprobs": COMPLETION, "finish_reason": "stop"}]},
            {"choices": [{"index": 0, "text": "hix", "logprobs": None, "finish_reason": "stop"}]},
        ),
        ("/v1/responses", response([TOKEN], top_logprobs=5), response([])),
    ],
)
def test_whole_answers(path, body, without):
    """They are read once, and taken out without a trace."""
    event = whole(path, body)
    assert list(read(event)) == [EXPECTED]
    assert strip(event)
    assert json.loads(encode(event.body)) == without
    assert list(read(event)) == []
    assert not strip(event)


@pytest.mark.parametrize(
    ("path", "bodies", "without"),
    [
        (
            "/v1/chat/completions",
            [{"choices": [{"index": 0, "delta": {"content": "hi"}, "logprobs": SPELLED}]}],
            [{"choices": [{"index": 0, "delta": {"content": "hi"}, "logprobs": None}]}],
        ),
        (
            "/v1/responses",
            [
                {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": "hi", "logprobs": [TOKEN]},
                {"type": "response.output_text.done", "output_index": 0, "content_index": 0, "text": "hi", "logprobs": [TOKEN]},
                {"type": "response.completed", "response": response([TOKEN], top_logprobs=5)},
            ],
            [
                {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": "hi", "logprobs": []},
                {"type": "response.output_text.done", "output_index": 0, "content_index": 0, "text": "hi", "logprobs": []},
                {"type": "response.completed", "response": response([])},
            ],
        ),
    ],
)
def test_streams(path, bodies, without):
    """In a stream each token is read once, and every place that spells it is emptied."""
    stream = stream_of(path)
    tokens, out = [], []
    for event in events(stream, *bodies):
        tokens += read(event)
        assert strip(event)
        out.append(json.loads(stream.render(event).split(b"data: ")[1]))
    assert (tokens, out) == ([EXPECTED], without)


def test_what_has_none_is_left():
    """An event without log probabilities is not touched."""
    stream = stream_of("/v1/chat/completions")
    (event,) = events(stream, {"choices": [{"index": 0, "delta": {"content": "hi"}}]})
    assert not strip(event)
    assert event.raw == frame({"choices": [{"index": 0, "delta": {"content": "hi"}}]})


def test_texts_among_them():
    """What was to be inspected of them goes with them."""
    long = {**TOKEN, "token": "write to ann@example.org"}
    event = whole("/v1/chat/completions", chat(**SAID, logprobs={"content": [long], "refusal": None}))
    assert len(event.deltas) > 1
    strip(event)
    assert [delta.text for delta in event.deltas] == ["hi"]


def test_many_choices():
    """To take out those of one choice is no more work where others have theirs."""
    places = [("choices", index, "logprobs") for index in range(30_000)]
    body = {"choices": [{"logprobs": SPELLED} for _ in places]}
    deltas = [Delta(place, Scope.OUTPUT, "hi", (*place, "content", 0, "token")) for place in places]
    said = Delta((0, "content"), Scope.OUTPUT, "hi", ("choices", 0, "message", "content"))
    event = Event(b"", body, (said, *deltas), companions=tuple(Companion((), place) for place in places))
    assert strip(event)
    assert (event.deltas, body) == ((said,), {"choices": [{"logprobs": None} for _ in places]})


@pytest.mark.parametrize("odd", [{"content": [5, {"logprob": "x"}, {"logprob": True}]}, {"token_logprobs": ["x", None]}, {}])
def test_odd_ones(odd):
    """What is no log probability is none, whatever it is."""
    assert list(read(whole("/v1/chat/completions", chat(**SAID, logprobs=odd)))) == []
