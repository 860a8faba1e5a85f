"""A value that is split over two texts of one answer that a reader joins: what of it may go, in a stream and in a whole answer."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.guard.render import StreamRenderer, render_completion
from gateway.guard.response import Refuse, ResponseGuard
from gateway.guard.tokens import Tokens
from gateway.wire.anthropic.messages import Messages, MessagesStream
from gateway.wire.dialect import AnswerStream
from gateway.wire.model import Delta, Event, Origin
from gateway.wire.openai.chat import ChatCompletions
from gateway.wire.openai.responses import Responses, ResponsesStream
from gateway.wire.rows import RowsAnswer
from gateway.wire.sse import SseDecoder
from policies.vocabulary import Scope
from tests.support.guards import KEY, Pattern, plan, policy, rule

ORIGIN = Origin("req_1", "m", 7)
CARDS = Pattern("card", r"\d{8}", 8)


def guard_of(action: str = "redact", **keys: Any) -> ResponseGuard:
    return ResponseGuard(plan(policy(rule("cards", action, **keys)), (CARDS,)), Tokens(KEY, "app"), str.encode)


def message(*texts: str) -> bytes:
    blocks = [{"type": "text", "text": text} for text in texts]
    return json.dumps({"type": "message", "role": "assistant", "content": blocks, "stop_reason": "end_turn"}).encode()


def response(*texts: str) -> dict[str, Any]:
    parts = [{"type": "output_text", "text": text, "annotations": []} for text in texts]
    return {"id": "r", "object": "response", "output": [{"id": "i", "type": "message", "role": "assistant", "content": parts}]}


def whole(dialect: Any, raw: bytes, guard: ResponseGuard) -> Any:
    guard.feed(dialect.parse_completion(raw, "application/json"))
    guard.close()
    release = guard.release()
    return None if isinstance(release, Refuse) else json.loads(render_completion(release, guard))


def streamed(stream: AnswerStream, events: list[Any], guard: ResponseGuard) -> list[Any] | None:
    """The events that go out; None if a rule has blocked."""
    renderer, out = StreamRenderer(stream, guard), b""
    for body in events:
        for event in stream.feed(b"event: %b\ndata: %b\n\n" % (body["type"].encode(), json.dumps(body).encode())):
            guard.feed(event)
            if event.is_end:
                guard.close()
            release = guard.release()
            if isinstance(release, Refuse):
                return None
            out += renderer.render(release)
    return [json.loads(event.data or b"") for event in SseDecoder(1 << 20).feed(out)]


def block(index: int, *pieces: str) -> list[Any]:
    start = {"type": "content_block_start", "index": index, "content_block": {"type": "text", "text": ""}}
    deltas = [{"type": "content_block_delta", "index": index, "delta": {"type": "text_delta", "text": piece}} for piece in pieces]
    return [start, *deltas, {"type": "content_block_stop", "index": index}]


def hits_of(guard: ResponseGuard) -> list[tuple[Any, ...]]:
    """Where each hit is, in order of place."""
    return sorted(
        (str(placed.place), hit.fired.start, hit.fired.end, hit.fingerprint) for placed in guard.findings.placed for hit in placed.hits
    )


def said(events: list[Any] | None) -> dict[int, str]:
    texts: dict[int, str] = {}
    for event in events or ():
        if event["type"] == "content_block_delta":
            texts[event["index"]] = texts.get(event["index"], "") + event["delta"]["text"]
    return texts


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (("card 1234", "5678 yes"), ["card [card]", " yes"]),
        (("12", "34", "56", "78"), ["[card]", "", "", ""]),
        (("card 1234", " 5678"), ["card 1234", " 5678"]),
        (("12345678", " 5678"), ["[card]", " 5678"]),
        (("a 12345678", "12345678 b"), ["a [card]", "[card] b"]),
        (("one 1234", "5678 two 1234", "5678 three"), ["one [card]", " two [card]", " three"]),
        (("", "1234"), ["", "1234"]),
    ],
)
def test_a_whole_answer(texts: tuple[str, ...], expected: list[str]) -> None:
    """Nothing of a value across texts goes out, and nothing else is touched."""
    guard = guard_of()
    assert [block["text"] for block in whole(Messages(), message(*texts), guard)["content"]] == expected
    body = json.dumps(response(*texts)).encode()
    assert [part["text"] for part in whole(Responses(), body, guard_of())["output"][0]["content"]] == expected
    parts = [{"type": "text", "text": text} for text in texts]
    chat = {"choices": [{"index": 0, "message": {"role": "assistant", "content": parts}, "finish_reason": "stop"}]}
    out = whole(ChatCompletions(), json.dumps(chat).encode(), guard_of())
    assert [part["text"] for part in out["choices"][0]["message"]["content"]] == expected


def test_what_is_recorded() -> None:
    """One hit, in the text in which the value ends, and the fingerprint of all of it."""
    guard, plain = guard_of(), guard_of()
    whole(Messages(), message("card 1234", "5678"), guard)
    whole(Messages(), message("12345678"), plain)
    ((placed, hit),) = [(placed, hit) for placed in guard.findings.placed for hit in placed.hits]
    assert (placed.place, hit.fired.start, hit.fired.end) == ((0, "content", 1, "text"), 0, 4)
    assert hit.fingerprint == plain.findings.placed[0].hits[0].fingerprint


def test_a_stream() -> None:
    """What had gone of the value is out; the rest of it never follows, however it is cut."""
    events = [*block(0, "card 12", "34"), *block(1, "56", "7", "8 is it")]
    assert said(streamed(MessagesStream(ORIGIN), events, guard_of())) == {0: "card 1234", 1: "[card] is it"}


def test_a_stream_in_which_a_tool_is_called_between() -> None:
    """A reader sees the texts around it as one."""
    call = {"type": "content_block_start", "index": 1, "content_block": {"type": "tool_use", "id": "t", "name": "f", "input": {}}}
    events = [*block(0, "card 1234"), call, {"type": "content_block_stop", "index": 1}, *block(2, "5678")]
    assert said(streamed(MessagesStream(ORIGIN), events, guard_of())) == {0: "card 1234", 2: "[card]"}


def interleaved(*pieces: tuple[int, str], stops: tuple[int, ...]) -> list[Any]:
    """Blocks that go on beside one another."""
    deltas = [{"type": "content_block_delta", "index": index, "delta": {"type": "text_delta", "text": piece}} for index, piece in pieces]
    return [*deltas, *({"type": "content_block_stop", "index": index} for index in stops)]


@pytest.mark.parametrize("action", ["redact", "flag", "block"])
def test_a_text_that_goes_on_has_no_end(action: str) -> None:
    """Where it stands when another begins is no seam, however many come at a time and however they end."""
    pieces = ((0, "a 1234"), (1, "5678 b"), (0, "x"), (2, "5678 c"), (1, "y"))
    for stops in ((0, 1, 2), (2, 1, 0), (1, 0, 2)):
        guard = guard_of(action)
        out = said(streamed(MessagesStream(ORIGIN), interleaved(*pieces, stops=stops), guard))
        assert out == {0: "a 1234x", 1: "5678 by", 2: "5678 c"}
        assert guard.findings.rules() == ()


def test_a_text_after_some_that_came_at_a_time() -> None:
    """It goes on from the last of them that began, once all of them are complete."""
    beside = interleaved((0, "a"), (1, "b 12"), (0, "c"), (1, "34"), stops=(1, 0))
    assert said(streamed(MessagesStream(ORIGIN), [*beside, *block(2, "5678 d")], guard_of()))[2] == "[card] d"
    going_on = interleaved((0, "a"), (1, "b 1234"), stops=(1,))
    assert said(streamed(MessagesStream(ORIGIN), [*going_on, *block(2, "5678 d")], guard_of()))[2] == "5678 d"


def test_a_rule_that_blocks() -> None:
    """It blocks the answer, and cuts the stream, as soon as the value is whole."""
    events = [*block(0, "1234"), *block(1, "5678")]
    assert streamed(MessagesStream(ORIGIN), events, guard_of("block")) is None
    assert whole(Messages(), message("1234", "5678"), guard_of("block")) is None


def test_a_rule_that_flags() -> None:
    """It records what lies across, and holds nothing back."""
    guard = guard_of("flag")
    assert said(streamed(MessagesStream(ORIGIN), [*block(0, "1234"), *block(1, "56", "78")], guard)) == {0: "1234", 1: "5678"}
    assert guard.findings.rules() == ("cards",)


def test_a_response_says_it_over_again() -> None:
    """The rest of the value is in none of the events that repeat the text."""
    where = [{"item_id": "i", "output_index": 0, "content_index": index} for index in (0, 1)]
    parts = response("card 1234", "5678")["output"][0]["content"]
    events: list[Any] = [{"type": "response.created", "response": response() | {"output": []}}]
    for place, part in zip(where, parts, strict=True):
        events += [
            {"type": "response.output_text.delta", **place, "delta": part["text"], "logprobs": []},
            {"type": "response.output_text.done", **place, "text": part["text"], "logprobs": []},
            {"type": "response.content_part.done", **place, "part": part},
        ]
    item = response("card 1234", "5678")["output"][0]
    events.append({"type": "response.output_item.done", "output_index": 0, "item": item})
    events.append({"type": "response.completed", "response": response("card 1234", "5678")})
    guard = guard_of()
    out = streamed(ResponsesStream(ORIGIN), json.loads(json.dumps(events)), guard)
    assert "5678" not in json.dumps(out)
    assert sum(len(placed.hits) for placed in guard.findings.placed) == 1


@given(st.lists(st.text("12 a", max_size=9), min_size=1, max_size=5), st.data())
def test_no_cutting_lets_a_value_through(texts: list[str], data: st.DataObject) -> None:
    """Joined, what goes out in a stream holds no value that a rule takes out; a whole answer holds none of its characters either."""
    events: list[Any] = []
    for index, text in enumerate(texts):
        cut = data.draw(st.integers(0, len(text)))
        events += block(index, *(piece for piece in (text[:cut], text[cut:]) if piece))
    joined = "".join(said(streamed(MessagesStream(ORIGIN), events, guard_of())).values())
    assert not CARDS.scan(joined)
    out = whole(Messages(), message(*texts), guard_of())
    assert not CARDS.scan("".join(block["text"] for block in out["content"]))


@given(st.lists(st.text("12 a", max_size=12), min_size=2, max_size=4), st.sampled_from(["redact", "flag", "block"]), st.data())
def test_what_is_found_does_not_depend_on_the_pieces(texts: list[str], action: str, data: st.DataObject) -> None:
    """Blocks one after the other come to the same texts and the same hits, in one piece each or in many."""
    events: list[Any] = []
    for index, text in enumerate(texts):
        cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=4).map(sorted))
        pieces = (text[start:end] for start, end in pairwise((0, *cuts, len(text))))
        events += block(index, *filter(None, pieces))
    in_pieces, in_one = guard_of(action), guard_of(action)
    out = streamed(MessagesStream(ORIGIN), events, in_pieces)
    whole_blocks = [event for index, text in enumerate(texts) for event in block(index, *filter(None, [text]))]
    expected = streamed(MessagesStream(ORIGIN), whole_blocks, in_one)
    assert (out is None) == (expected is None)
    assert {index: text for index, text in said(out).items() if text} == {index: text for index, text in said(expected).items() if text}
    if out is not None:
        assert hits_of(in_pieces) == hits_of(in_one)


WHERE = {"item_id": "i", "output_index": 0, "content_index": 0}
PART = response("a 12345678")["output"][0]["content"][0]
DELTAS = [{"type": "response.output_text.delta", **WHERE, "delta": piece, "logprobs": []} for piece in ("a 1234", "5678")]
DONE = {"type": "response.output_text.done", **WHERE, "text": "a 12345678", "logprobs": []}
PART_DONE = {"type": "response.content_part.done", **WHERE, "part": PART}
ITEM_DONE = {"type": "response.output_item.done", "output_index": 0, "item": response("a 12345678")["output"][0]}
COMPLETED = {"type": "response.completed", "response": response("a 12345678")}
CREATED = {"type": "response.created", "response": response() | {"output": []}}


@pytest.mark.parametrize(
    "events",
    [
        [CREATED, *DELTAS, DONE, PART_DONE, ITEM_DONE, COMPLETED],
        [*DELTAS, COMPLETED],
        [DONE, PART_DONE, ITEM_DONE, COMPLETED],
        [COMPLETED],
        [ITEM_DONE, *DELTAS, COMPLETED],
        [PART_DONE, *DELTAS, DONE, COMPLETED],
        [COMPLETED | {"type": "response.created"}, *DELTAS, DONE, COMPLETED],
    ],
    ids=["all", "no done", "no delta", "the end alone", "an item first", "a part first", "a beginning that has it all"],
)
def test_what_is_said_over_again_is_recorded_once(events: list[Any]) -> None:
    """However a stream says a text, and in whatever order, a finding in it is one hit, and no event has it."""
    guard = guard_of()
    out = streamed(ResponsesStream(ORIGIN), json.loads(json.dumps(events)), guard)
    assert "5678" not in json.dumps(out)
    assert sum(len(placed.hits) for placed in guard.findings.placed) == 1


def test_a_finding_in_two_texts_is_two() -> None:
    """What an echo has said is not said of another text that has the same."""
    others = [{**DELTAS[0], "output_index": index, "delta": "12345678 "} for index in (1, 2)]
    guard = guard_of()
    streamed(ResponsesStream(ORIGIN), json.loads(json.dumps([DONE, *others])), guard)
    assert sum(len(placed.hits) for placed in guard.findings.placed) == 2


def test_rows_are_texts_of_their_own() -> None:
    """What meets at the end of a row and the beginning of the next is no value; what meets within a row is."""

    def read(raw: bytes, row: dict[str, Any]) -> Event:
        return Event(raw, row, tuple(Delta((key,), Scope.OUTPUT, text, (key,), run=("said",)) for key, text in row.items()))

    stream, guard, out = RowsAnswer(read, dict), guard_of(), b""
    renderer = StreamRenderer(stream, guard)
    for event in stream.feed(b'{"a": "1234"}\n{"a": "5678"}\n{"a": "x 1234", "b": "5678"}\n'):
        guard.feed(event)
        release = guard.release()
        assert not isinstance(release, Refuse)
        out += renderer.render(release)
    assert [json.loads(row) for row in out.splitlines()] == [{"a": "1234"}, {"a": "5678"}, {"a": "x [card]", "b": ""}]


def test_log_probabilities_of_a_text_that_a_value_was_taken_out_of() -> None:
    """They spell it, so they go with it."""
    body = response("card 1234", "5678", "yes")
    for part in body["output"][0]["content"]:
        part["logprobs"] = [{"token": part["text"][0], "logprob": -0.5, "bytes": None}]
    parts = whole(Responses(), json.dumps(body).encode(), guard_of())["output"][0]["content"]
    assert [part["logprobs"] is None for part in parts] == [True, True, False]
