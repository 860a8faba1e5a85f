"""How a streamed response ends that is cut: in the SDK's own types, and as far as it had gone out."""

import json

import pytest
from openai.types.responses import Response

from gateway.wire.model import Json
from gateway.wire.openai.responses_ending import MAX_KEPT, Released, own_response
from gateway.wire.openai.responses_events import read_event
from tests.support.responses import ORIGIN, as_the_sdk_reads, call, encoded, message, reasoning, response, text, transcript


def released(*events: Json) -> Released:
    kept = Released(ORIGIN)
    for event in events:
        kept.event(read_event(encoded(event), event, b""))
    return kept


def upto(whole: Json, kind: str, times: int = 1) -> list[Json]:
    """The events of a response to the nth of a type, in pieces of one character."""
    events = transcript(whole)
    ends = [index for index, event in enumerate(events) if event["type"] == f"response.{kind}"]
    return events[: ends[times - 1] + 1]


def ending(events: list[Json]) -> list[Json]:
    """What closes them; the SDK takes the whole."""
    closing = [{**event, "sequence_number": 1000 + index} for index, event in enumerate(released(*events).ending())]
    read = list(as_the_sdk_reads(b"".join(map(encoded, [*events, *closing]))))
    assert read[-1].type == "response.incomplete"
    Response.model_validate_json(json.dumps(closing[-1]["response"]), strict=True)
    return closing


def kinds(events: list[Json]) -> list[str]:
    return [event["type"].removeprefix("response.") for event in events]


def test_nothing_had_begun():
    """The response is begun and ended."""
    closing = list(released().ending())
    assert kinds(closing) == ["created", "incomplete"]
    assert closing[-1]["response"]["id"] == "resp_req_1"


def test_a_response_with_nothing_open():
    """It only ends, as the same response, with what is whole."""
    whole = response(message(text("hi")), conversation={"id": "conv_1"}, instructions="be kind", model="gpt-5-2026")
    closing = ending(upto(whole, "output_item.done"))
    assert kinds(closing) == ["incomplete"]
    said = closing[0]["response"]
    assert (said["id"], said["model"], said["status"], said["incomplete_details"]) == (
        "resp_1", "gpt-5-2026", "incomplete", {"reason": "content_filter"},
    )  # fmt: skip
    assert said["output"] == whole["output"]


@pytest.mark.parametrize(
    ("item", "kind", "times", "closing", "left"),
    [
        (message(text("hello")), "output_item.added", 1, [], message()),
        (message(text("hello")), "content_part.added", 1, ["output_text.done", "content_part.done"], message(text(""))),
        (message(text("hello")), "output_text.delta", 3, ["output_text.done", "content_part.done"], message(text("hel"))),
        (message(text("hello")), "output_text.done", 1, ["content_part.done"], message(text("hello"))),
        (message(text("hello")), "content_part.done", 1, [], message(text("hello"))),
        (message(text("a"), text("hello")), "output_text.delta", 3, ["output_text.done", "content_part.done"],
         message(text("a"), text("he"))),
        (message({"type": "refusal", "refusal": "no!"}), "refusal.delta", 2, ["refusal.done", "content_part.done"],
         message({"type": "refusal", "refusal": "no"})),
        (reasoning("thus"), "reasoning_summary_text.delta", 2, ["reasoning_summary_text.done", "reasoning_summary_part.done"],
         reasoning("th")),
        (call('{"a": 1}'), "output_item.added", 1, [], call("")),
        (call('{"a": 1}'), "function_call_arguments.delta", 4, ["function_call_arguments.done"], call('{"a"')),
        (call('{"a": 1}'), "function_call_arguments.done", 1, [], call('{"a": 1}')),
        ({"id": "c", "type": "custom_tool_call", "call_id": "x", "name": "f", "input": "ls"}, "custom_tool_call_input.delta", 1,
         ["custom_tool_call_input.done"], {"id": "c", "type": "custom_tool_call", "call_id": "x", "name": "f", "input": "l"}),
        ({"id": "c", "type": "code_interpreter_call", "code": "1+1", "container_id": "x", "outputs": None, "status": "completed"},
         "code_interpreter_call_code.delta", 2, ["code_interpreter_call_code.done"],
         {"id": "c", "type": "code_interpreter_call", "code": "1+", "container_id": "x", "outputs": None, "status": "completed"}),
        ({"id": "c", "type": "mcp_call", "name": "f", "server_label": "s", "arguments": "{}", "status": "completed"},
         "mcp_call_arguments.delta", 1, ["mcp_call_arguments.done"],
         {"id": "c", "type": "mcp_call", "name": "f", "server_label": "s", "arguments": "{", "status": "completed"}),
        ({"id": "w", "type": "web_search_call", "status": "completed", "action": {"type": "search", "query": "q"}},
         "output_item.added", 1, [],
         {"id": "w", "type": "web_search_call", "status": "completed", "action": {"type": "search", "query": "q"}}),
    ],
)  # fmt: skip
def test_what_is_open_is_closed(item: Json, kind: str, times: int, closing: list[str], left: Json):
    """An item is closed step by step from where it stands, as incomplete, with what had gone out of it; the whole ones before it stay."""
    before = message(text("before")) | {"id": "msg_0"}
    already = sum(event["type"] == f"response.{kind}" for event in transcript(response(before)))
    events = ending(upto(response(before, item), kind, already + times))
    assert kinds(events) == [*closing, "output_item.done", "incomplete"]
    assert events[-2]["item"] == left | ({"status": "incomplete"} if "status" in left else {})
    assert events[-1]["response"]["output"] == [before, events[-2]["item"]]


def test_a_shell_call():
    """Each command is closed as far as it had gone out."""
    item = {"id": "s", "type": "shell_call", "call_id": "c", "status": "in_progress", "action": {"commands": [], "timeout_ms": 5}}
    where = {"output_index": 0, "command_index": 0}
    kept = released(
        {"type": "response.output_item.added", "output_index": 0, "item": item},
        {"type": "response.shell_call_command.added", **where, "command": "l"},
        {"type": "response.shell_call_command.delta", **where, "delta": "s"},
        {"type": "response.shell_call_command.done", **where, "command": "ls"},
        {"type": "response.shell_call_command.added", **where, "command_index": 1, "command": "rm"},
    )
    _, command, done, _ = kept.ending()
    assert (command["type"], command["command"], command["command_index"]) == ("response.shell_call_command.done", "rm", 1)
    assert done["item"]["action"] == {"commands": ["ls", "rm"], "timeout_ms": 5}


def test_pieces_without_their_item():
    """Whoever joins a stream in its middle has seen no item begin: its text is closed, and there is no item to close."""
    piece = {"type": "response.output_text.delta", "item_id": "msg_1", "output_index": 3, "content_index": 0, "delta": "hi"}
    kept = released(piece)
    assert kinds(list(kept.ending())) == ["created", "output_text.done", "content_part.done", "incomplete"]
    assert kept.item_id(3) == "msg_1"
    assert [event["item_id"] for event in kept.ending() if "part" in event] == ["msg_1"]


def test_a_text_that_came_only_whole():
    """Some endpoints send no pieces."""
    events = [event for event in upto(response(message(text("hi"))), "output_text.done") if not event["type"].endswith(".delta")]
    assert ending(events)[-1]["response"]["output"][0]["content"] == [text("hi")]


def test_texts_are_closed_in_their_order():
    """By their numbers, however many there are and in whatever order they came."""
    parts = [{"type": "response.output_text.delta", "output_index": 0, "content_index": index, "delta": str(index)} for index in (10, 2, 0)]
    item = {"type": "response.output_item.added", "output_index": 0, "item": message()}
    events = list(released(item, *parts).ending())
    assert [event["content_index"] for event in events if event["type"] == "response.output_text.done"] == [0, 2, 10]
    assert [part["text"] for part in events[-1]["response"]["output"][0]["content"]] == ["0", "2", "10"]


def test_what_is_kept_is_bounded():
    """Beyond the bound a text breaks off and an item is left out; what was open is given room again when it is whole."""
    long = "x" * (MAX_KEPT // 2)
    where = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    item = {"type": "response.output_item.added", "output_index": 0, "item": message()}
    pieces = [{"type": "response.output_text.delta", **where, "delta": long}] * 3
    kept = released(item, *pieces)
    done = next(event for event in kept.ending() if event["type"] == "response.output_text.done")
    assert len(long) < len(done["text"]) <= MAX_KEPT
    small = {"type": "response.output_item.done", "output_index": 0, "item": message(text("y"))}
    for event in (small, {"type": "response.output_item.done", "output_index": 1, "item": message(text(long * 3)) | {"id": "msg_2"}}):
        kept.event(read_event(encoded(event), event, b""))
    *_, end = kept.ending()
    assert end["response"]["output"] == [message(text("y"))]


def test_ten_thousand_texts():
    """Their number is bounded too."""
    events = ({"type": "response.content_part.added", "output_index": 0, "content_index": index % 4096, "part": {"type": kind, key: ""}}
              for index in range(10_000)
              for kind, key in [("output_text", "text") if index < 4096 else ("refusal", "refusal")])  # fmt: skip
    kept = released(*events)
    assert len([event for event in kept.ending() if event["type"] == "response.content_part.done"]) == 4096


@pytest.mark.parametrize(
    "event",
    [
        {"type": "response.content_part.added", "output_index": 0, "content_index": [1], "part": text("a")},
        {"type": "response.content_part.done", "output_index": 0, "content_index": "1", "part": text("a")},
        {"type": "response.output_item.done", "output_index": 0, "item": {"type": ["x"], "id": 5}},
        {"type": "response.output_item.added", "output_index": 0, "item": {"type": "shell_call", "action": "x"}},
        {"type": "response.output_item.added", "output_index": -1, "item": {}},
        {"type": "response.created", "response": {"id": "a b", "model": ["x"], "created_at": {}}},
        {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": 5},
        {"type": 5, "item": 5, "part": 5, "output_index": 0},
        {"type": "response.novelty", "output_index": 0, "item": {"id": "x", "type": "message", "content": 5}},
    ],
)
def test_odd_events(event: Json):
    """Events of any shape, which a policy may let pass, leave an ending that can be written."""
    command = {"type": "response.shell_call_command.delta", "output_index": 0, "command_index": 0, "delta": "ls"}
    *_, end = released(event, command).ending()
    assert (end["type"], end["response"]["id"].count(" ")) == ("response.incomplete", 0)
    json.dumps(end)


def test_a_response_of_ours():
    """It has all that the API's has at least."""
    Response.model_validate_json(json.dumps(own_response(ORIGIN)), strict=True)
