"""Where the texts of an Anthropic message, or of one event of its stream, stand."""

import json
from collections.abc import Iterable, Mapping, Sequence

from gateway.wire.answer_texts import Found, is_index, read_count, read_key, read_keys, read_whole
from gateway.wire.anthropic import messages_blocks
from gateway.wire.anthropic.messages_blocks import CALLS, Text, read_block, read_texts
from gateway.wire.calls import block_tool
from gateway.wire.codec import encode
from gateway.wire.model import Channel, Delta, Form, Json, Kind, Place, Uninspectable, Usage
from gateway.wire.walk import is_structural, names, strings
from policies.vocabulary import Scope

_DELTAS = {
    "text_delta": ("text", Scope.OUTPUT, Form.TEXT),
    "thinking_delta": ("thinking", Scope.REASONING, Form.TEXT),
    "input_json_delta": ("partial_json", Scope.TOOL_ARGUMENTS, Form.JSON),
    "compaction_delta": ("content", Scope.OUTPUT, Form.TEXT),
    "signature_delta": ("", Scope.REASONING, Form.TEXT),
    "citations_delta": ("", Scope.OUTPUT, Form.TEXT),
}
"""For each kind of delta: the field whose text goes on from event to event."""
DELTA_KINDS = {key: kind for kind, (key, _, _) in _DELTAS.items() if key}
_STREAMED = {"text": "text", "thinking": "thinking", "compaction": "content"}
"""The same in the block that such deltas go on with."""

_RUNS: Mapping[str, Channel] = {"text": (0, "text"), "thinking": (0, "thinking")}
"""What of a block is read as one with that of the blocks around it."""

_EVENTS = {
    "message_start": "message",
    "content_block_start": "content_block",
    "content_block_delta": "delta",
    "content_block_stop": "",
    "message_delta": "delta",
    "message_stop": "",
    "ping": "",
    "error": "error",
}
"""The events that the API has, and which field has the texts."""
_OF_BLOCKS = frozenset({"content_block_start", "content_block_delta", "content_block_stop"})

_BOOKKEEPING = frozenset({"usage", "container", "context_management", "diagnostics", "input_transformations"})
_ENVELOPE = (
    frozenset({"id", "type", "role", "model", "stop_reason", "category", "request_id", "created_at", "expires_at", "code"})
    | frozenset({"service_tier", "inference_geo", "speed", "skill_id", "version", "first_id", "last_id", "processing_status"})
    | frozenset({"archived_at", "cancel_initiated_at", "ended_at", "deprecated_at", "retires_at", "lifecycle"})
)
_KNOWN = frozenset({"type", "index", "message", "content_block", "delta", "usage", "content", "stop_sequence", "stop_details"}) | (
    _ENVELOPE | _BOOKKEEPING | frozenset({"text", "thinking", "partial_json", "signature", "citation", "error"})
)


class ToolCall(dict[str, Json]):
    """A tool call whose input is guarded as the JSON text that it is, keys and numbers and all: what is put there is read as JSON."""

    def __setitem__(self, key: str, value: Json) -> None:
        super().__setitem__(key, json.loads(value) if key == "input" else value)


def is_event(kind: Json) -> bool:
    return isinstance(kind, str) and kind in _EVENTS


def read_message(message: dict[str, Json], place: Place) -> Found:
    """A whole message, or the one that a stream begins with."""
    yield from read_keys(message, place, _KNOWN)
    for key, value in message.items():
        here = (*place, key)
        if key == "content" and isinstance(value, list):
            for index, block in enumerate(value):
                value[index] = block = _callable(block)
                yield from _block(block, index, (*here, index))
        elif key in _BOOKKEEPING:
            yield from read_envelope(value, (0, "message", key), here)
        elif not (key in _ENVELOPE and is_structural(value)):
            yield from read_whole(value, (0, "message", key), here, Scope.OUTPUT)


def read_event(body: dict[str, Json]) -> Found:
    """One event of a stream. ``(0, "content", index)`` begins the channels of a block."""
    kind = body.get("type")
    index = body.get("index")
    if not isinstance(kind, str) or kind not in _EVENTS or (kind in _OF_BLOCKS and not is_index(index)):
        yield Uninspectable(Kind.UNKNOWN, ("type",))
        yield from read_whole(body, ("event",), (), Scope.OUTPUT)
        return
    yield from read_keys(body, (), _KNOWN)
    for key, value in body.items():
        if key == _EVENTS[kind] and isinstance(value, dict):
            body[key] = value = _callable(value) if kind == "content_block_start" else value
            yield from _payload(kind, value, key, index if is_index(index) else 0)
        elif key in _BOOKKEEPING:
            yield from read_envelope(value, (0, "message", key), (key,))
        elif not (key in ("type", "index", "request_id") and is_structural(value)):
            yield from read_whole(value, ("event", key), (key,), Scope.OUTPUT)


def read_plain_delta(body: dict[str, Json]) -> Delta | None:
    """The one text of an event that has nothing else, as nearly all events of a stream do; what ``read_event`` says of it."""
    delta, index = body.get("delta"), body.get("index")
    if len(body) != 3 or not isinstance(delta, dict) or len(delta) != 2 or not is_index(index):
        return None
    kind = delta.get("type")
    if body.get("type") != "content_block_delta" or not isinstance(kind, str) or kind not in _DELTAS:
        return None
    key, scope, form = _DELTAS[kind]
    text = delta.get(key)
    if not (text and isinstance(text, str)):
        return None
    return Delta((0, "content", index, key), scope, text, ("delta", key), form, run=_RUNS.get(key, ()))


def read_envelope(value: Json, channel: Channel, place: Place) -> Found:
    """What the API says of an answer: every text but for its ids, kinds and times."""
    for text, here, form in strings(value, place):
        if form is Form.KEY:
            if not is_structural(text):
                yield read_key(text, here, Scope.OUTPUT)
        elif not (here[-1] in _ENVELOPE and is_structural(text)):
            yield Delta((*channel, *here[len(place) :]), Scope.OUTPUT, text, here, closes=True)


def read_usage(body: dict[str, Json], before: Usage | None = None) -> Usage | None:
    """Counts are totals so far; one that is not said is as it was. The API counts apart what it has read beside its cache, out of it and
    into it.
    """
    usage = body.get("usage")
    if not isinstance(usage, dict):
        return None
    before = before or Usage()

    def now(name: str, then: int | None) -> int | None:
        count = read_count(usage.get(name))
        return then if count is None else count

    beside = now("input_tokens", _beside_cache(before))
    cached = now("cache_read_input_tokens", before.cached_tokens)
    stored = now("cache_creation_input_tokens", before.cache_write_tokens)
    read = None if beside is None else beside + (cached or 0) + (stored or 0)
    return Usage(read, now("output_tokens", before.output_tokens), cached, stored)


def _beside_cache(usage: Usage) -> int | None:
    return None if usage.input_tokens is None else usage.input_tokens - (usage.cached_tokens or 0) - (usage.cache_write_tokens or 0)


def read_finished(message: dict[str, Json]) -> dict[int, str]:
    """``{0: reason}`` if the message, or a delta of it, says why it ends."""
    reason = message.get("stop_reason")
    return {} if reason is None else {0: reason if isinstance(reason, str) and is_structural(reason) else ""}


def read_calls(body: dict[str, Json]) -> Sequence[tuple[Channel, str]]:
    """The tools that a message calls, or the block that a stream's event begins."""
    if body.get("type") == "content_block_start":
        tool, index = block_tool(body.get("content_block")), body.get("index")
        return () if tool is None or not is_index(index) else [((0, "content", index), tool)]
    message = body.get("message", body)
    content = message.get("content") if isinstance(message, dict) else None
    found = enumerate(map(block_tool, content if isinstance(content, list) else ()))
    return [((0, "content", position), tool) for position, tool in found if tool is not None]


def read_names(message: dict[str, Json]) -> tuple[str, ...]:
    """The container in which the API keeps what its tools have made."""
    container = message.get("container")
    return names((container.get("id"),)) if isinstance(container, dict) else ()


def _payload(kind: str, value: dict[str, Json], key: str, index: int) -> Found:
    if kind == "content_block_delta":
        yield from _delta(value, index, (key,))
    elif kind == "content_block_start":
        yield from _block(value, index, (key,))
    elif kind == "error":
        yield from read_envelope(value, ("error",), (key,))
    else:
        yield from read_message(value, (key,))


def _callable(block: Json) -> Json:
    is_call = isinstance(block, dict) and block.get("type") in CALLS and isinstance(block.get("input"), (dict, list)) and block["input"]
    return ToolCall(block) if is_call else block


def _block(block: Json, index: int, place: Place) -> Found:
    channel = (0, "content", index)
    if not isinstance(block, dict):
        yield _unread(place)
        yield from read_whole(block, channel, place, Scope.OUTPUT)
        return
    kind = block.get("type")
    if isinstance(block, ToolCall):
        yield Delta((*channel, "input"), Scope.TOOL_ARGUMENTS, encode(block["input"]).decode(), (*place, "input"), Form.JSON, closes=True)
        block = {key: value for key, value in block.items() if key != "input"}
    streamed = (*place, _STREAMED[kind]) if isinstance(kind, str) and kind in _STREAMED else None
    yield from _deltas(read_block(block, place, Scope.OUTPUT), channel, place, streamed)


def _delta(delta: dict[str, Json], index: int, place: Place) -> Found:
    channel = (0, "content", index)
    kind = delta.get("type")
    if not isinstance(kind, str) or kind not in _DELTAS:
        yield Uninspectable(Kind.UNKNOWN, place)
        yield from read_whole(delta, channel, place, Scope.OUTPUT)
        return
    yield from read_keys(delta, place, _KNOWN)
    streamed, scope, form = _DELTAS[kind]
    for key, value in delta.items():
        here = (*place, key)
        if key == streamed and isinstance(value, str):
            if value:
                yield Delta((*channel, key), scope, value, here, form, run=_RUNS.get(key, ()))
        elif key == "citation" and isinstance(value, dict):
            yield from _deltas(messages_blocks.read_record(value, here, scope), (*channel, key), here)
        elif key != "type":
            found = messages_blocks.read_record({key: value}, place, scope) if isinstance(value, str) else read_texts(value, here, scope)
            yield from _deltas(found, channel, place)


def _deltas(found: Iterable[Text | Uninspectable], channel: Channel, place: Place, streamed: Place | None = None) -> Found:
    """A block's texts as those of an answer."""
    for each in found:
        if isinstance(each, Uninspectable):
            yield each
        elif each.form is Form.KEY:
            if not is_structural(each.text):
                yield read_key(each.text, each.place, each.scope)
        elif not (each.form is Form.IDENTIFIER and is_structural(each.text)):
            run = _RUNS.get(str(each.place[-1]), ()) if each.place == streamed else ()
            yield Delta((*channel, *each.place[len(place) :]), each.scope, each.text, each.place, closes=each.place != streamed, run=run)


def _unread(place: Place) -> Uninspectable:
    return Uninspectable(Kind.UNKNOWN, place)
