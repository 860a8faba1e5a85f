"""Images: prompts in, pictures out, whole and in a stream."""

import json

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai import APIError, OpenAI

from gateway.errors import UpstreamError
from gateway.wire.model import Call, Json, Origin
from gateway.wire.openai.images import Images
from gateway.wire.sse import encode_event
from gateway.wire.walk import dotted, is_structural
from tests.support.bodies import unaccounted

PROSE = "write to anna.kovacs@example.org, please"
IMAGES = Images()
ORIGIN = Origin("req_1", "gpt-image-1", 7)


def read(body: Json):
    event = IMAGES.parse_completion(json.dumps(body).encode(), "application/json")
    return [(dotted(delta.place), delta.text) for delta in event.deltas], [
        (part.kind.value, dotted(part.place)) for part in event.uninspectable
    ]


def stream(*bodies: Json):
    answer = IMAGES.open_stream("text/event-stream", ORIGIN)
    return answer, [event for body in bodies for event in answer.feed(encode_event(json.dumps(body).encode()))]


def test_a_request():
    """The prompt is the user's; the API's own words are none, and a stream is asked for in the body."""
    body = {"prompt": PROSE, "size": "1024x1024", "quality": "high", "user": "anna", "stream": True, "n": 2}
    read = IMAGES.parse_request(json.dumps(body).encode(), Call())
    assert [dotted(segment.place) for segment in read.segments] == ["prompt", "size", "user"]
    assert (read.surface, read.model, read.stream) == ("images", "", True)


@pytest.mark.parametrize(
    ("body", "texts", "unread"),
    [
        ({"created": 1, "data": [{"b64_json": "AAAA"}, {"b64_json": "AAAA"}]}, [], [("image", "data.0"), ("image", "data.1")]),
        ({"data": [{"url": "https://example.org/a", "revised_prompt": PROSE}]},
         [("data.0.url", "https://example.org/a"), ("data.0.revised_prompt", PROSE)], [("image", "data.0")]),
        ({"data": [{"url": "data:image/png;base64,AAAA"}]}, [], [("image", "data.0")]),
        ({"data": [{"b64_json": None, "note": "a"}], "note": "b"}, [("note", "b"), ("data.0.note", "a")], []),
        ({"data": ["a"]}, [("data.0", "a")], []),
        ({"data": "a"}, [("data", "a")], []),
        (["a"], [("0", "a")], []),
        ({"data": [{"two words": 1}]}, [], [("unknown", "data.0")]),
        ({"data": [{"b64_json": "anna@example.org"}]}, [], [("image", "data.0"), ("unknown", "data.0.b64_json")]),
        ({"data": [{"b64_json": "YW5uYUBleGFtcGxlLm9yZw=="}]}, [], [("image", "data.0"), ("unknown", "data.0.b64_json")]),
        ({"data": [{"url": "data:text/plain;base64,YW5uYUBleGFtcGxlLm9yZw=="}]}, [], [("image", "data.0"), ("unknown", "data.0.url")]),
    ],
)  # fmt: skip
def test_texts_of_an_answer(body: Json, texts: list, unread: list):
    """Each picture is listed where it stands; what is said beside it is read."""
    assert read(body) == (texts, unread)


def test_usage():
    """Tokens are counted as the API says."""
    event = IMAGES.parse_completion(b'{"data": [], "usage": {"input_tokens": 3, "output_tokens": 4}}', "application/json")
    assert (event.usage.input_tokens, event.usage.output_tokens) == (3, 4)


def test_a_stream():
    """Each event has its picture; the last one ends the answer."""
    answer, events = stream(
        {"type": "image_generation.partial_image", "b64_json": "AAAA", "partial_image_index": 0},
        {"type": "image_generation.completed", "b64_json": "AAAA", "usage": {"input_tokens": 3, "output_tokens": 4}},
    )
    assert [[part.kind.value for part in event.uninspectable] for event in events] == [["image"], ["image"]]
    assert [event.finished for event in events] == [{}, {0: "stop"}]
    assert (events[1].usage.output_tokens, answer.is_complete(()), answer.is_complete((0,))) == (4, True, False)


@pytest.mark.parametrize("body", [{"type": "novelty", "note": "a"}, {"note": "a"}, {"type": ["x"], "note": "a"}])
def test_an_event_that_is_not_known(body: Json):
    """It is for the policy to judge, and its texts are read."""
    _, (event,) = stream(body)
    assert "unknown" in [part.kind.value for part in event.uninspectable]
    assert "a" in [delta.text for delta in event.deltas]


def test_a_stop():
    """The SDK hears of a content filter, not of a broken stream; no text is ever continued."""
    answer, _ = stream()
    sent = answer.render_stop((0,))
    response = httpx.Response(200, headers={"content-type": "text/event-stream"}, content=sent)
    with (
        httpx.Client(transport=httpx.MockTransport(lambda _: response)) as http,
        OpenAI(api_key="k", base_url="http://x", http_client=http) as sdk,
        pytest.raises(APIError) as raised,
    ):
        list(sdk.images.generate(prompt="a", stream=True))
    assert raised.value.code == "content_filter"
    assert answer.render_tail(("body",), "a", None) == b""


def test_an_answer_that_is_none():
    """It is the upstream's fault."""
    for raw in (b"", b"{", b'{"data":' * 80 + b"1" + b"}" * 80):
        with pytest.raises(UpstreamError):
            IMAGES.parse_completion(raw, "application/json")


KEYS = st.sampled_from(["b64_json", "url", "id", "object", "model", "note", "two words", "usage", "type"])
VALUES = st.recursive(
    st.one_of(st.none(), st.floats(-1, 1), st.sampled_from(["", "AAAA", PROSE])),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=8,
)
BODIES = st.one_of(
    VALUES, st.fixed_dictionaries({"data": st.lists(st.dictionaries(KEYS, VALUES, max_size=4), max_size=3)}, optional={"note": VALUES})
)


@settings(max_examples=100)
@given(BODIES)
def test_every_text_is_accounted_for(body: Json):
    """Each string of an answer is a text, or listed, or an identifier at a key that has these, or a list of them."""
    event = IMAGES.parse_completion(json.dumps(body).encode(), "application/json")
    for text, place in unaccounted(
        body, {delta.place for delta in event.deltas if delta.form != "key"}, [part.place for part in event.uninspectable]
    ):
        assert is_structural(text), (text, place)
        key = next(step for step in reversed(place) if isinstance(step, str))
        assert key in ("id", "type", "status", "object", "model"), (text, place)
