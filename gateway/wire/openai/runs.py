"""Runs of OpenAI's assistants, which may be streamed: pieces of messages and of tool calls, among whole objects that say them over again.

A message's text, a call's arguments, input and outputs are each a channel, which ends with the event that has the whole of it.
"""

import re

from gateway.wire.answer_texts import Found, is_index, parted
from gateway.wire.codec import encode
from gateway.wire.dialect import AnswerStream
from gateway.wire.model import Channel, Delta, Event, Form, Json, Kind, Origin, Place, Uninspectable
from gateway.wire.openai.chat_answer import read_usage
from gateway.wire.resource_texts import read_kept
from gateway.wire.sse import SseEvent, encode_event
from gateway.wire.sse_answer import SseAnswer
from gateway.wire.surface import Surface
from gateway.wire.walk import is_structural, names
from policies.vocabulary import Scope

_MESSAGE, _STEP, _RUN = "thread.message", "thread.run.step", "thread.run"
_EVENT = re.compile(rb"^event: ?(\S+)$", re.MULTILINE)
_OBJECT = re.compile(r"(?P<of>thread\.message|thread\.run\.step|thread\.run|thread)\.(?P<now>[a-z_]+)")
_OVER = frozenset({"completed", "incomplete", "failed", "cancelled", "expired"})
_REASON = {"reason": "content_filter"}
_CALL: dict[str, tuple[str, Scope, Form]] = {
    "arguments": ("function", Scope.TOOL_ARGUMENTS, Form.JSON),
    "output": ("function", Scope.TOOL_RESULTS, Form.TEXT),
    "input": ("code_interpreter", Scope.TOOL_ARGUMENTS, Form.TEXT),
}
"""What of a tool call is streamed: where it stands, and what it is."""


class Runs(Surface):
    """Runs, created and continued."""

    def open_stream(self, content_type: str, origin: Origin) -> AnswerStream | None:
        return RunStream(origin) if content_type == "text/event-stream" else None


class RunStream(SseAnswer):
    def __init__(self, origin: Origin) -> None:
        super().__init__(origin)
        self._open: dict[str, dict[str, Json]] = {}
        """The newest run and message that have begun and not ended, by their kind."""
        self._read: tuple[str, str, dict[str, Json]] | None = None

    def read(self, raw: bytes, body: dict[str, Json], fields: bytes) -> Event:
        named = _EVENT.search(fields)
        name = named.group(1).decode() if named else ""
        ends: tuple[Channel, ...] = ()
        if name in (f"{_MESSAGE}.delta", f"{_STEP}.delta"):
            found = _pieces(name.removesuffix(".delta"), body)
        elif match := _OBJECT.fullmatch(name):
            kind, now = match["of"], match["now"]
            found, ends = _whole(kind, body), _ends(kind, now, body)
            self._read = (kind, now, body)
        else:
            found = _whole("event", body, is_known=name == "error")
        deltas, uninspectable = parted(found)
        return Event(raw, body, deltas, uninspectable=uninspectable, usage=read_usage(body), prefix=fields, ends=ends, names=_names(body))

    def render_tail(self, channel: Channel, text: str, companion: Json) -> bytes:
        match channel:
            case ("thread.message", str() as identity, int() as index, str() as key):
                said: Json = {"value": text} if key == "text" else text
                return _piece(_MESSAGE, identity, {"content": [{"index": index, "type": key, key: said}]})
            case ("thread.run.step", str() as identity, int() as index, str() as key):
                kind = _CALL[key][0]
                details = {"type": "tool_calls", "tool_calls": [{"index": index, "type": kind, kind: {key: text}}]}
                return _piece(_STEP, identity, {"step_details": details})
            case _:  # text of a whole object is never continued
                return b""

    def render_stop(self, open_choices: tuple[int, ...]) -> bytes:
        """An incomplete message in an incomplete run."""
        ending = b""
        for kind, cut in ((_MESSAGE, {"content": []}), (_RUN, {"required_action": None})):
            if begun := self._open.get(kind):
                body = {**begun, **cut, "status": "incomplete", "incomplete_details": _REASON}
                ending += encode_event(encode(body), f"event: {kind}.incomplete\n".encode())
        return ending + encode_event(b"[DONE]", b"event: done\n")

    def _event(self, sse: SseEvent) -> Event:
        """The event before this one has gone out, for a stream that is cut says no more: what of it is under way is kept."""
        if self._read:
            kind, now, body = self._read
            if now in _OVER:
                self._open.pop(kind, None)
            elif kind in (_RUN, _MESSAGE):
                self._open[kind] = body
            self._read = None
        return super()._event(sse)


def _ends(kind: str, now: str, body: dict[str, Json]) -> tuple[Channel, ...]:
    """The channels that end with an object that is over."""
    if now not in _OVER:
        return ()
    return ((_MESSAGE,), (_STEP,)) if kind == _RUN else ((kind, str(body.get("id"))),)


def _pieces(kind: str, body: dict[str, Json]) -> Found:
    identity, delta = body.get("id"), body.get("delta")
    if not (isinstance(identity, str) and identity and is_structural(identity) and isinstance(delta, dict)):
        yield from _whole(kind, body, is_known=False)
        return
    yield from read_kept({key: value for key, value in body.items() if key != "delta"}, ())
    details = delta.get("step_details") if kind == _STEP else delta
    key, place = ("tool_calls", ("delta", "step_details")) if kind == _STEP else ("content", ("delta",))
    items = details.get(key) if isinstance(details, dict) else None
    if not isinstance(details, dict) or not isinstance(items, list):
        yield from read_kept(delta, ("delta",))
        return
    if details is not delta:
        yield from read_kept({name: value for name, value in delta.items() if value is not details}, ("delta",))
    yield from read_kept({name: value for name, value in details.items() if value is not items}, place)
    for position, item in enumerate(items):
        here = (*place, key, position)
        index = item.get("index", position) if isinstance(item, dict) else None
        if not is_index(index):
            yield Uninspectable(Kind.UNKNOWN, here)
        elif kind == _STEP:
            yield from _call_piece(item, (kind, identity, index), here)
        else:
            yield from _content_piece(item, (kind, identity, index), here)


def _content_piece(part: dict[str, Json], channel: Channel, place: Place) -> Found:
    """A piece of a message's text or refusal; all else of it is whole."""
    rest = dict(part)
    if isinstance(refusal := part.get("refusal"), str):
        yield Delta((*channel, "refusal"), Scope.OUTPUT, refusal, (*place, "refusal"))
        del rest["refusal"]
    text = part.get("text")
    if isinstance(text, dict) and isinstance(value := text.get("value"), str):
        yield Delta((*channel, "text"), Scope.OUTPUT, value, (*place, "text", "value"), run=channel[:2])
        rest["text"] = {key: item for key, item in text.items() if key != "value"}
    yield from read_kept(rest, place)


def _call_piece(call: dict[str, Json], channel: Channel, place: Place) -> Found:
    rest = dict(call)
    for key, (holder, scope, form) in _CALL.items():
        held = rest.get(holder)
        if isinstance(held, dict) and isinstance(text := held.get(key), str):
            yield Delta((*channel, key), scope, text, (*place, holder, key), form)
            rest[holder] = {name: item for name, item in held.items() if name != key}
    yield from read_kept(rest, place)


def _whole(kind: str, body: dict[str, Json], *, is_known: bool = True) -> Found:
    """Texts that stand in a whole object, many of them not for the first time."""
    if not is_known:
        yield Uninspectable(Kind.UNKNOWN, ("event",))
    for found in read_kept(body, ()):
        if isinstance(found, Delta):
            run = ("whole", kind) if found.place[-2:] == ("text", "value") else ()
            yield Delta((kind, *found.place), found.scope, found.text, found.place, found.form, closes=True, echoes=True, run=run)
        else:
            yield found


def _names(body: dict[str, Json]) -> tuple[str, ...]:
    return names((body.get("id"), body.get("thread_id")))


def _piece(kind: str, identity: str, delta: Json) -> bytes:
    return encode_event(encode({"id": identity, "object": f"{kind}.delta", "delta": delta}), f"event: {kind}.delta\n".encode())
