"""Any other endpoint, as the settings describe it: a request, an answer and a stream, with nothing of them lost."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import BadRequest, UpstreamError
from gateway.guard.render import StreamRenderer
from gateway.guard.response import Refuse, ResponseGuard
from gateway.guard.tokens import Tokens
from gateway.wire.generic_json import GenericJson, GenericStream, StreamPlaces
from gateway.wire.jsonpaths import Paths, value_at
from gateway.wire.model import Call, Delta, Form, Json, Origin
from gateway.wire.sse import SseDecoder, encode_event
from gateway.wire.walk import dotted
from policies.vocabulary import Scope
from tests.support.guards import DIGITS, KEY, plan, policy, rule

PROSE = "write to anna.kovacs@example.org, please"
ORIGIN = Origin("req_1", "m", 7)
PLACES = StreamPlaces(("delta", "text"), ("index",), ("finish_reason",), "[DONE]")
ANSWER = Paths.of(Scope.OUTPUT, {Scope.OUTPUT: ("$.results[*].text",), Scope.REASONING: ("$.thoughts",)}, ("$.trace",))
RERANK = GenericJson(
    "rerank",
    Paths.of(Scope.USER, {Scope.SYSTEM: ("$.instructions",), Scope.TOOL_RESULTS: ("$.documents[*]",)}, ("$.trace",)),
    ANSWER,
    ("model",),
    PLACES,
)


def request(body: Json, **names: str):
    return RERANK.parse_request(json.dumps(body).encode(), Call("POST", "/v1/rerank", names))


def opened(places: StreamPlaces = PLACES) -> GenericStream:
    return GenericStream(ORIGIN, ANSWER, places)


def read(body: Json, places: StreamPlaces = PLACES):
    (event,) = opened(places).feed(encode_event(json.dumps(body).encode()))
    return event


def bodies(sent: bytes) -> list[Json]:
    return [json.loads(event.data) for event in SseDecoder(10_000).feed(sent) if event.data != b"[DONE]"]


def test_a_request():
    """Texts have the scopes that the paths say; all others are the user's. The model is where the settings say."""
    read = request(
        {"model": "rerank-2024-01", "query": "a", "documents": ["b", {"text": "c"}], "instructions": "d", "stream": True,
         "trace": "id-12345678", "card": 4111111111111111, "two words": 1}
    )  # fmt: skip
    assert [(dotted(s.place), s.role, s.scope.value, s.form.value) for s in read.segments] == [
        ("query", "user", "user", "text"), ("documents.0", "tool", "tool_results", "text"),
        ("documents.1.text", "tool", "tool_results", "text"), ("instructions", "system", "system", "text"),
        ("card", "user", "user", "text"), ("*", "user", "user", "key"),
    ]  # fmt: skip
    assert (read.surface, read.model, read.stream, read.uninspectable) == ("rerank", "rerank-2024-01", True, ())


def test_a_model_that_is_prose():
    """It is read like any other string."""
    assert [segment.text for segment in request({"model": PROSE}).segments] == [PROSE]
    assert request({"model": 5}).model == request({}).model == ""


def test_what_is_no_object():
    """A list is read too; a request may have no body; anything else is refused."""
    assert [segment.place for segment in request(["a"]).segments] == [(0,)]
    assert RERANK.parse_request(b"", Call("GET", "/", {"id": "a"})).segments == ()
    for raw in (b"5", b'"a"', b"{", b'{"a": 1, "a": 2}', b"null"):
        with pytest.raises(BadRequest):
            RERANK.parse_request(raw, Call())


def test_an_answer():
    """Each string is complete where it stands, with the scope that the paths say."""
    raw = json.dumps({"results": [{"text": "a", "score": 0.5}], "thoughts": "b", "trace": "id-1", "note": "c"}).encode()
    event = RERANK.parse_completion(raw, "application/json")
    assert [(delta.text, delta.scope.value, delta.closes) for delta in event.deltas] == [
        ("a", "output", True), ("b", "reasoning", True), ("c", "output", True),
    ]  # fmt: skip
    assert (event.raw, event.uninspectable) == (raw, ())
    assert RERANK.parse_completion(b"", "").deltas == ()
    (part,) = RERANK.parse_completion(b'{"a": {"two words": 1}}', "application/json").uninspectable
    assert (part.kind.value, part.place) == ("unknown", ("a",))


@pytest.mark.parametrize("raw", [b"<html>", b'{"a": 1, "a": 2}', b'{"a":' * 80 + b"1" + b"}" * 80])
def test_an_answer_that_is_none(raw: bytes):
    """It is the upstream's fault."""
    with pytest.raises(UpstreamError) as raised:
        RERANK.parse_completion(raw, "application/json")
    assert raised.value.code == "upstream_invalid_response"


@pytest.mark.parametrize(
    ("content_type", "kind"),
    [("image/png", "image"), ("audio/mpeg", "audio"), ("video/mp4", "file"), ("application/json", None), ("", None)],
)
def test_media(content_type: str, kind: str | None):
    """An answer that is a picture or sound is not read."""
    assert RERANK.unread(content_type) == kind


def test_a_stream_that_nothing_describes():
    """It is refused: pieces of a text would pass one by one."""
    silent = GenericJson("silent", ANSWER, ANSWER, None, None)
    with pytest.raises(UpstreamError):
        silent.open_stream("text/event-stream", ORIGIN)
    assert silent.open_stream("application/json", ORIGIN) is None


@pytest.mark.parametrize(
    ("body", "expected", "unread"),
    [
        ({"index": 1, "delta": {"text": "a"}}, [("1.delta.text", "output")], []),
        ({"delta": {"text": "a"}}, [("0.delta.text", "output")], []),
        ({"delta": {"text": "a", "forgotten": "b"}}, [("0.delta.text", "output"), ("0.delta.forgotten", "output")], []),
        ({"id": "evt_1", "type": "delta", "trace": "id-1", "delta": {"text": "a"}}, [("0.delta.text", "output")], []),
        ({"id": PROSE, "trace": PROSE}, [("0.id", "output"), ("0.trace", "output")], []),
        ({"thoughts": "a"}, [("0.thoughts", "reasoning")], []),
        ({"index": "x", "delta": {"text": "a"}}, [], ["index"]),
        ({"index": 10**6, "delta": {"text": "a"}}, [], ["index"]),
        ({"items": ["a"] * 17}, [(f"0.items.{number}", "output") for number in range(16)], ["items.16"]),
    ],
)
def test_texts_of_an_event(body: Json, expected: list, unread: list[str]):
    """A text may go on in the next event, also one at a place that the settings forgot; ids do not."""
    event = read(body)
    assert [(dotted(delta.channel), delta.scope.value) for delta in event.deltas] == expected
    assert not any(delta.closes for delta in event.deltas)
    assert [dotted(part.place) for part in event.uninspectable] == unread


def test_a_key_of_an_event_that_is_prose():
    """It is a text that is whole, with the scope of what stands there, and no rule rewrites it."""
    (key, said) = read({"delta": {"two words": "a"}}).deltas
    assert key == Delta(("key", "delta", "two words"), Scope.OUTPUT, "two words", ("delta", "two words"), Form.KEY, closes=True)
    assert (said.text, said.place, said.form) == ("a", ("delta", "two words"), Form.TEXT)


@pytest.mark.parametrize(
    ("body", "finished"),
    [({"finish_reason": "stop"}, {0: "stop"}), ({"index": 2, "finish_reason": "stop"}, {2: "stop"}), ({"finish_reason": None}, {}),
     ({"finish_reason": ""}, {}), ({"finish_reason": True}, {0: ""}), ({"finish_reason": PROSE}, {0: ""})],
)  # fmt: skip
def test_when_an_answer_ends(body: Json, finished: dict):
    """Where the settings say so."""
    assert read(body).finished == finished


def test_how_a_stream_ends():
    """With the data that the settings name; where they name no end at all, with its bytes."""
    (event,) = opened().feed(b"data: [DONE]\n\n")
    assert event.is_end
    (event,) = opened(StreamPlaces(("text",), done="bye now")).feed(b"data: bye now\n\n")
    assert event.is_end
    assert opened(StreamPlaces(("text",))).is_complete((0,))
    assert not opened().is_complete((0,))
    assert not opened(StreamPlaces(("text",), done="bye")).is_complete((0,))


@pytest.mark.parametrize(
    ("channel", "body"),
    [
        ((1, "delta", "text"), {"index": 1, "delta": {"text": "rest"}}),
        ((0, "items", 2, "text"), {"index": 0, "items": [{}, {}, {"text": "rest"}]}),
        ((0, "items", 1), {"index": 0, "items": [{}, "rest"]}),
        ((0, "index"), {"index": "rest"}),
        ((0, "index", "below"), {"index": {"below": "rest"}}),
        ((0,), "rest"),
    ],
)
def test_a_tail(channel: tuple, body: Json):
    """The rest of a text comes in an event with it at its place, and with the number of its answer."""
    assert bodies(opened().render_tail(channel, "rest", None)) == [body]


def test_a_stop():
    """Each open answer is finished by the content filter, and the end mark follows; where no place is named for that, by an error."""
    sent = opened().render_stop((0, 2))
    assert bodies(sent) == [{"index": 0, "finish_reason": "content_filter"}, {"index": 2, "finish_reason": "content_filter"}]
    assert sent.endswith(b"data: [DONE]\n\n")
    assert bodies(opened(StreamPlaces(("text",), finish=("end",))).render_stop((0,))) == [{"end": "content_filter"}]
    (error,) = bodies(opened(StreamPlaces(("text",))).render_stop((0,)))
    assert error["error"]["code"] == "content_filter"


def said(pieces: list[str], place: tuple[str, ...]) -> str:
    """What a client gets to read at a place, of a text that arrives in pieces."""
    made = plan(policy(rule("digits", "redact", scope=["output"])), (DIGITS,))
    guard = ResponseGuard(made, Tokens(KEY, "app"), lambda text: text.encode())
    stream = opened()
    renderer = StreamRenderer(stream, guard)
    sent = b"".join(encode_event(json.dumps(_at(place, piece)).encode()) for piece in pieces)
    out = b""
    for event in stream.feed(sent + b'data: {"finish_reason": "stop"}\n\ndata: [DONE]\n\n'):
        guard.feed(event)
        out += renderer.render(guard.release())
    return "".join(value_at(body, place) or "" for body in bodies(out))


def _at(place: tuple[str, ...], value: Json) -> Json:
    for step in reversed(place):
        value = {step: value}
    return value


PIECES = st.lists(st.sampled_from(["a", "12", "345", " 6789 ", "the number is ", " "]), min_size=1, max_size=8)


@settings(max_examples=60)
@given(PIECES, st.sampled_from([("delta", "text"), ("delta", "forgotten"), ("elsewhere",)]))
def test_a_text_is_guarded_however_it_is_cut(pieces: list[str], place: tuple[str, ...]):
    """Also at a place that the settings forgot: what comes out is the whole text, guarded."""
    assert said(pieces, place) == said(["".join(pieces)], place)
    assert said(["the number is 12", "34", "5"], place) == "the number is [NUMBER]"


NUMBERS = Paths.of(Scope.OUTPUT, {Scope.TOOL_ARGUMENTS: ("$.call",)}, ("$.elapsed",))
CARD = 4111111111111111


def test_numbers():
    """One that could be somebody's is read, with the scope of its path, whole or streamed; a structural one, or a time, is not."""
    body = {"call": {"card": CARD}, "elapsed": CARD, "created": 1712345678, "text": "a", "n": CARD}
    raw = json.dumps(body).encode()
    whole = GenericJson("x", NUMBERS, NUMBERS, None, PLACES).parse_completion(raw, "application/json")
    (event,) = GenericStream(ORIGIN, NUMBERS, PLACES).feed(encode_event(raw))
    for read in (whole, event):
        assert [(delta.text, delta.scope.value, delta.closes) for delta in read.deltas if delta.text != "a"] == [
            (str(CARD), "tool_arguments", True), (str(CARD), "output", True),
        ]  # fmt: skip
    assert [delta.text for delta in RERANK.parse_completion(str(CARD).encode(), "application/json").deltas] == [str(CARD)]


def lined(*lines: Json, places: StreamPlaces = PLACES, action: str = "redact") -> tuple[list[Json], bool]:
    """What goes out of an answer of one object a line, and whether it was cut."""
    stream = GenericJson("chat", ANSWER, ANSWER, None, places).open_stream("application/x-ndjson", ORIGIN)
    guard = ResponseGuard(plan(policy(rule("digits", action)), (DIGITS,)), Tokens(KEY, "app"), str.encode)
    renderer, out, refused = StreamRenderer(stream, guard), b"", False
    for line in lines:
        for event in stream.feed(line.encode() + b"\n" if isinstance(line, str) else json.dumps(line).encode() + b"\n"):
            guard.feed(event)
            if event.is_end:
                guard.close()
            release = guard.release()
            if isinstance(release, Refuse):
                return [*map(json.loads, out.splitlines()), *map(json.loads, stream.render_stop(guard.open_choices()).splitlines())], True
            out += renderer.render(release)
    return [json.loads(line) for line in out.splitlines() if line], refused


OLLAMA = StreamPlaces(("message", "content"), None, ("done_reason",))


def chatted(text: str, **more: Json) -> Json:
    return {"model": "llama3", "created_at": "2026-01-02T03:04:05.678901Z", "message": {"role": "assistant", "content": text}, **more}


def test_an_answer_of_lines():
    """A value that is split over lines never goes out, and each line is an object of its own."""
    out, refused = lined(
        chatted("call 123", done=False), chatted("45 now", done=False), chatted("", done=True, done_reason="stop"), places=OLLAMA
    )
    assert "".join(line["message"]["content"] for line in out) == "call [NUMBER] now"
    assert out[-1]["done_reason"] == "stop"
    assert all(line["created_at"].startswith("2026") for line in out if "created_at" in line)
    assert not refused


def test_a_line_that_nothing_touches():
    """It goes on byte for byte; an empty one goes on as one, and what is no object is for the policy to judge."""
    stream = GenericJson("chat", ANSWER, ANSWER, None, OLLAMA).open_stream("application/x-ndjson", ORIGIN)
    first, second, third = stream.feed(b'{"message" : {"content":"a"}}\n\nhello\n')
    assert (first.raw, second.raw, second.deltas) == (b'{"message" : {"content":"a"}}\n', b"\n", ())
    assert [part.kind.value for part in third.uninspectable] == ["unknown"]


def test_lines_that_are_cut():
    """A last line says so where the settings say why an answer ends, and is an error where they do not."""
    out, refused = lined(chatted("hi, ", done=False), chatted("call 12345 ", done=False), places=OLLAMA, action="block")
    assert (out[-1], refused) == ({"done_reason": "content_filter"}, True)
    out, _ = lined(chatted("call 12345 "), places=StreamPlaces(("message", "content")), action="block")
    assert out[-1]["error"]["code"] == "content_filter"


def test_lines_end_as_the_settings_say():
    """The end mark is a line of its own."""
    stream = GenericJson("chat", ANSWER, ANSWER, None, PLACES).open_stream("application/x-ndjson", ORIGIN)
    assert [event.is_end for event in stream.feed(b'{"delta": {"text": "a"}}\n[DONE]\n')] == [False, True]
    assert stream.render_stop((0,)) == b'{"index":0,"finish_reason":"content_filter"}\n[DONE]\n'
    with pytest.raises(UpstreamError):
        list(stream.feed(b"{")), list(stream.flush())


def test_an_error_among_lines():
    """It is a line too; among server-sent events it is said as the dialect says it."""
    stream = GenericJson("chat", ANSWER, ANSWER, None, PLACES).open_stream("application/x-ndjson", ORIGIN)
    error = UpstreamError("upstream_reset", "The upstream went away.")
    said = stream.errors.render_error_event(error, "req_1", "none")
    assert (json.loads(said)["error"]["code"], said.count(b"\n")) == ("upstream_reset", 1)
    assert json.loads(stream.errors.render_error(error, "req_1", "none")) == json.loads(said)
    assert opened().errors is None
