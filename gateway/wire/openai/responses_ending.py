"""How a streamed response ends that is cut: what had begun is closed as far as it had gone out, and the response is incomplete.

For that, what goes out is kept, to a bound: whole items up to ``MAX_KEPT`` bytes and open texts up to as many characters, all told. What
is beyond it is not repeated at the end: an item is left out of the last event's output, and a text that is closed breaks off.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from gateway.wire.answer_texts import is_index
from gateway.wire.model import Channel, Json, Origin, at
from gateway.wire.openai.responses_event import ResponsesEvent
from gateway.wire.openai.responses_streams import PARTS, STREAMS, Stream
from gateway.wire.walk import is_structural

MAX_KEPT = 256 * 1024
_MAX_TEXTS = 4096
_KEPT = frozenset({"id", "created_at", "model", "previous_response_id", "parallel_tool_calls", "temperature", "top_p"}) | {
    "max_output_tokens", "service_tier", "truncation", "background", "store", "top_logprobs",
}  # fmt: skip


def own_response(origin: Origin, **fields: Json) -> dict[str, Json]:
    """A response of ours, with all that the API's has at least."""
    response: dict[str, Json] = {
        "id": f"resp_{origin.request_id}",
        "object": "response",
        "created_at": origin.created,
        "status": "in_progress",
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "model": origin.model,
        "output": [],
        "parallel_tool_calls": True,
        "temperature": None,
        "tool_choice": "auto",
        "tools": [],
        "top_p": None,
        "usage": None,
    }
    return response | fields


@dataclass(slots=True)
class _Text:
    """``is_done``: its ``.done`` event has gone out; ``is_part_done``: so has that of its part."""

    pieces: list[str] = field(default_factory=list)
    is_done: bool = False
    is_part_done: bool = False


@dataclass(slots=True)
class _Item:
    """An item that is not whole yet. ``shown`` is how it was announced, if it was."""

    shown: dict[str, Json] | None = None
    texts: dict[Channel, _Text] = field(default_factory=dict)


class Released:
    """What has gone out of one stream."""

    def __init__(self, origin: Origin) -> None:
        self._response = own_response(origin)
        self._has_begun = False
        self._ids: dict[int, str] = {}
        self._open: dict[int, _Item] = {}
        self._whole: dict[int, Json] = {}
        self._texts: dict[Channel, _Text] = {}
        self._room = MAX_KEPT

    def item_id(self, index: int) -> str:
        return self._ids.get(index, "")

    def event(self, event: ResponsesEvent) -> None:
        """An event has gone out, as its body is now."""
        body = event.body
        kind, index = str(body.get("type")), body.get("output_index")
        for delta in event.deltas:
            if not delta.closes and not delta.echoes:
                if delta.channel not in self._texts:
                    self._name(index, body.get("item_id"))
                self.text(delta.channel, at(body, delta.place))
        if kind.endswith(".delta"):
            return
        if isinstance(response := body.get("response"), dict):
            self._has_begun = True
            self._response |= {key: value for key, value in response.items() if key in _KEPT and is_structural(value)}
        elif is_index(index):
            self._object(event, index, kind)

    def text(self, channel: Channel, text: str) -> None:
        """More of a text has gone out."""
        kept = self._text(channel)
        if kept and len(text) <= self._room:
            kept.pieces.append(text)
            self._room -= len(text)
        elif kept:
            kept.pieces.append(text[: self._room])
            self._room = 0

    def _text(self, channel: Channel) -> _Text | None:
        known = self._texts.get(channel)
        if known is None and len(channel) > 2 and is_index(channel[1]) and len(self._texts) < _MAX_TEXTS:
            known = self._texts[channel] = _Text()
            self._open.setdefault(channel[1], _Item()).texts[channel] = known
        return known

    def _name(self, index: Json, name: Json) -> None:
        if is_index(index) and isinstance(name, str) and is_structural(name):
            self._ids[index] = name

    def _object(self, event: ResponsesEvent, index: int, kind: str) -> None:
        body = event.body
        item, part = body.get("item"), body.get("part")
        self._name(index, item.get("id") if isinstance(item, dict) else body.get("item_id"))
        if isinstance(item, dict):
            self._announce(index, item, len(event.raw), is_whole=kind.endswith(".done"))
            return
        is_done = kind.endswith(".done")
        if isinstance(part, dict) and (stream := PARTS.get(str(part.get("type")))):
            place = body.get(stream.index or "", 0)
            if is_index(place) and (text := self._said(("output", index, stream.name, place), part.get(stream.done) if is_done else None)):
                text.is_done = text.is_part_done = is_done
        elif (
            len(event.ends) == 1
            and (stream := STREAMS.get(str(event.ends[0][2])))
            and (text := self._said(event.ends[0], body.get(stream.done)))
        ):
            text.is_done = True

    def _said(self, channel: Channel, whole: Json) -> _Text | None:
        """A text that may have come only as a whole."""
        text = self._text(channel)
        if text and not text.pieces and isinstance(whole, str):
            self.text(channel, whole)
        return text

    def _announce(self, index: int, item: dict[str, Json], size: int, *, is_whole: bool) -> None:
        if is_whole and (before := self._open.pop(index, None)):
            for channel in before.texts:
                del self._texts[channel]
            self._room += sum(len(piece) for text in before.texts.values() for piece in text.pieces)
        fits = size <= self._room
        self._room -= size if fits else 0
        if is_whole and fits:
            self._whole[index] = item
        elif not is_whole:
            short = {key: value for key, value in item.items() if key in ("id", "type", "role", "call_id", "name")}
            self._open.setdefault(index, _Item()).shown = item if fits else short

    def ending(self) -> Iterator[dict[str, Json]]:
        """The events that close what is open, but for their numbers."""
        if not self._has_begun:
            yield {"type": "response.created", "response": self._response}
        items = dict(self._whole)
        for index, item in sorted(self._open.items()):
            at_item = {"item_id": self.item_id(index), "output_index": index}
            for channel, text in sorted(item.texts.items(), key=lambda each: (str(each[0][2]), each[0][3:])):
                if stream := STREAMS.get(str(channel[2])):
                    yield from _closing(stream, channel, text, at_item)
            if item.shown is not None:
                items[index] = _cut_short(item.shown, item.texts)
                yield {"type": "response.output_item.done", "output_index": index, "item": items[index]}
        output = [items[index] for index in sorted(items)]
        details = {"status": "incomplete", "incomplete_details": {"reason": "content_filter"}, "output": output}
        yield {"type": "response.incomplete", "response": self._response | details}


def _closing(stream: Stream, channel: Channel, text: _Text, at_item: dict[str, Json]) -> Iterator[dict[str, Json]]:
    said = "".join(text.pieces)
    where = {**at_item, stream.index: channel[3]} if stream.index else at_item
    if not text.is_done:
        spelled: dict[str, Json] = {"logprobs": []} if stream.name == "output_text" else {}
        yield {"type": f"response.{stream.name}.done", **where, stream.done: said, **spelled}
    if stream.part and not text.is_part_done:
        yield {"type": f"{stream.part_event}.done", **where, "part": _part(stream, said)}


def _part(stream: Stream, text: str) -> dict[str, Json]:
    more: dict[str, Json] = {"annotations": [], "logprobs": []} if stream.name == "output_text" else {}
    return {"type": stream.part, stream.done: text, **more}


def _cut_short(item: dict[str, Json], texts: dict[Channel, _Text]) -> dict[str, Json]:
    """An item with as much of its texts as has gone out."""
    cut = dict(item)
    if "status" in item or item.get("type") in ("message", "function_call"):
        cut["status"] = "incomplete"
    if cut.get("type") in ("message", "reasoning"):
        cut |= {"content": []} if cut["type"] == "message" else {"summary": []}
    lists: dict[str, list[tuple[int, Json]]] = {}
    for channel, text in texts.items():
        stream, said = STREAMS.get(str(channel[2])), "".join(text.pieces)
        if stream and stream.index:
            value = _part(stream, said) if stream.part else said
            lists.setdefault(str(stream.place[-1]), []).append((int(channel[3]), value))
        elif stream:
            cut[str(stream.place[0])] = said
    for key, values in lists.items():
        ordered = [value for _, value in sorted(values, key=lambda each: each[0])]
        if key == "commands":
            shown = item.get("action")
            cut["action"] = {**(shown if isinstance(shown, dict) else {}), key: ordered}
        else:
            cut[key] = ordered
    return cut
