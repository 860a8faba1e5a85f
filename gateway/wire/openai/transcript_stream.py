"""A streamed transcript: its text in deltas and once more at the end; with speakers, segment by segment."""

from typing import Any

from gateway.wire.answer_texts import parted, read_counts, read_spelled
from gateway.wire.codec import encode
from gateway.wire.model import Channel, Companion, Delta, Event, Json, Kind, Origin, Uninspectable, Usage
from gateway.wire.resource_texts import read_kept
from gateway.wire.sse import encode_event
from gateway.wire.sse_answer import SseAnswer
from gateway.wire.surface import stop_by_error
from policies.vocabulary import Scope

_DELTA, _DONE, _SEGMENT = "transcript.text.delta", "transcript.text.done", "transcript.text.segment"
_TEXT: Channel = (0, "text")
_MAX_TURNS = 512


class TranscriptStream(SseAnswer):
    """What one speaker says is one text, whatever segments it is cut into."""

    def __init__(self, origin: Origin) -> None:
        super().__init__(origin)
        self._turn = 0
        self._newest: dict[int, dict[str, Json]] = {}

    def read(self, raw: bytes, body: dict[str, Json], fields: bytes) -> Event:
        kind = body.get("type")
        if kind == _DELTA and isinstance(body.get("delta"), str):
            event = _said(raw, body, fields, "delta", Delta(_TEXT, Scope.OUTPUT, body["delta"], ("delta",)))
            event.companions = (Companion((_TEXT,), ("logprobs",)),) if body.get("logprobs") is not None else ()
        elif kind == _DONE and isinstance(body.get("text"), str):
            said = Delta((0, "done"), Scope.OUTPUT, body["text"], ("text",), closes=True, echoes=True)
            event = _said(raw, body, fields, "text", said)
            event.companions = (Companion(((0, "done"),), ("logprobs",)),) if body.get("logprobs") is not None else ()
            event.ends, event.finished, event.usage = ((0,),), {0: "stop"}, _usage(body)
        elif kind == _SEGMENT and isinstance(body.get("text"), str):
            event = self._read_segment(raw, body, fields)
        else:
            event = _said(raw, body, fields, "", None)
            event.uninspectable = (*event.uninspectable, Uninspectable(Kind.UNKNOWN, ("type",)))
        return event

    def render_tail(self, channel: Channel, text: str, companion: Json) -> bytes:
        if channel == _TEXT:
            return _encode({"type": _DELTA, "delta": text, "logprobs": companion})
        if channel[:2] == (0, "segments"):
            segment = self._newest.get(int(channel[2]), {})
            return _encode({**segment, "start": segment.get("end"), "text": text})
        return b""

    def render_stop(self, open_choices: tuple[int, ...]) -> bytes:
        """The API's own way to say that something was refused is an error."""
        return stop_by_error(self.origin)

    def _read_segment(self, raw: bytes, body: dict[str, Json], fields: bytes) -> Event:
        before: tuple[Channel, ...] = ()
        last = self._newest.get(self._turn)
        if last and body.get("speaker") != last.get("speaker") and self._turn < _MAX_TURNS:
            before = ((0, "segments", self._turn),)
            self._turn += 1
            self._newest = {self._turn - 1: last}
        self._newest[self._turn] = body
        event = _said(raw, body, fields, "text", Delta((0, "segments", self._turn), Scope.OUTPUT, body["text"], ("text",)))
        event.ends = before
        return event


def _said(raw: bytes, body: dict[str, Json], fields: bytes, key: str, said: Delta | None) -> Event:
    rest = {name: value for name, value in body.items() if name not in (key, "logprobs", "type") or value is None}
    deltas, uninspectable = parted([*read_kept(rest, ()), *read_spelled(body.get("logprobs"), ("body", "logprobs"), ("logprobs",))])
    return Event(raw, body, (*deltas, *((said,) if said and said.text else ())), uninspectable=uninspectable, prefix=fields)


def _encode(body: dict[str, Any]) -> bytes:
    return encode_event(encode(body))


def _usage(body: dict[str, Json]) -> Usage | None:
    return read_counts(body.get("usage"), "input_tokens", "output_tokens")
