"""One response of a realtime session as the client has it so far: what is needed to bring it more text, and to end it in its own form."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from gateway.wire.answer_texts import is_index
from gateway.wire.codec import encode
from gateway.wire.model import Channel, Json
from gateway.wire.openai.realtime_events import CREATED, HEARD, STREAMS, ServerEvent

_NOT_REPEATED = frozenset({"event_id", "delta", "obfuscation", "logprobs"})

_TYPES = {"text": "output_text", "audio": "output_audio"}
_OLDER = frozenset({"response.text", "response.audio_transcript"})


@dataclass(slots=True)
class _Spoken:
    """A text that is under way: its last event but for the piece it brought, the type of its events, and all that has gone out of it."""

    name: str
    envelope: dict[str, Json]
    pieces: list[str] = field(default_factory=list)

    def event(self, when: str, **fields: Json) -> dict[str, Json]:
        return {**self.envelope, "type": f"{self.name}.{when}", **fields}

    @property
    def whole(self) -> dict[str, Json]:
        """The text, by the name that its part or item has for it."""
        return {STREAMS[self.name].field: "".join(self.pieces)}


class RealtimeAnswer:
    """``note`` each event in the form in which it goes to the client. ``new_id`` makes ids for events of our own. Serves the transcript
    of a user's item as well.
    """

    def __init__(self, response_id: str, new_id: Callable[[], str]) -> None:
        self._new_id = new_id
        self._response: dict[str, Json] = {"object": "realtime.response", "id": response_id}
        self._items: dict[int, dict[str, Json]] = {}
        self._parts: dict[tuple[int, int], dict[str, Json]] = {}
        self._spoken: dict[Channel, _Spoken] = {}
        self._output: dict[int, Json] = {}

    def note(self, event: ServerEvent) -> None:
        body = event.body
        if event.kind == CREATED and isinstance(body.get("response"), dict):
            self._response = body["response"]
            return
        index, position = body.get("output_index", 0), body.get("content_index", 0)
        name, _, when = event.kind.rpartition(".")
        if not (is_index(index) and is_index(position)):
            return
        if event.heard:
            if when == "delta" and isinstance(body.get("delta"), str):
                self._note_piece(("heard", *event.heard), HEARD, body)
        elif stream := STREAMS.get(name):
            channel = ("output", index, stream.slot, position)
            if when == "done":
                self._spoken.pop(channel, None)
            elif isinstance(body.get("delta"), str):
                self._note_piece(channel, name, body)
        elif name == "response.content_part" and isinstance(body.get("part"), dict):
            if when == "added":
                self._parts[index, position] = body
            else:
                self._parts.pop((index, position), None)
        elif name == "response.output_item" and isinstance(body.get("item"), dict):
            if when == "added":
                self._items[index] = body
            else:
                self._items.pop(index, None)
                self._output[index] = body["item"]

    def _note_piece(self, channel: Channel, name: str, body: dict[str, Json]) -> None:
        spoken = self._spoken.get(channel)
        if spoken is None:
            spoken = self._spoken[channel] = _Spoken(name, {key: value for key, value in body.items() if key not in _NOT_REPEATED})
        spoken.pieces.append(body["delta"])

    def tail(self, channel: Channel, text: str) -> bytes | None:
        """An event that brings more of a text; None for a text that never goes on."""
        spoken = self._spoken.get(channel)
        if spoken is None:
            return None
        spoken.pieces.append(text)
        return self._own(spoken.event("delta", delta=text))

    def stop(self) -> list[bytes]:
        """The response is cut by a verdict: what is open ends with what has gone out of it, and the response is incomplete."""
        return [self._own(event) for event in self._endings()]

    def _endings(self) -> Iterator[dict[str, Json]]:
        for spoken in self._spoken.values():
            yield spoken.event("done", **self._names(spoken), **spoken.whole)
        for (index, position), event in self._parts.items():
            part = {**event["part"], **self._said(index, position)}
            yield {**event, "type": "response.content_part.done", "part": part}
        for index, event in self._items.items():
            item = {**event["item"], "status": "incomplete", **self._grown(index)}
            self._output[index] = item
            yield {**event, "type": "response.output_item.done", "item": item}
        details = {"type": "incomplete", "reason": "content_filter"}
        output = [self._output[index] for index in sorted(self._output)]
        yield {"type": "response.done", "response": {**self._response, "status": "incomplete", "status_details": details, "output": output}}

    def _names(self, spoken: _Spoken) -> dict[str, Json]:
        """The function's name, which the end of its arguments has and their pieces have not."""
        item = self._items.get(spoken.envelope.get("output_index", 0), {}).get("item", {})
        return {"name": item["name"]} if spoken.name.endswith("function_call_arguments") and "name" in item else {}

    def _said(self, index: int, position: int) -> dict[str, Json]:
        return {
            key: text
            for (_, item, _, part), spoken in self._spoken.items()
            if (item, part) == (index, position)
            for key, text in spoken.whole.items()
        }

    def _grown(self, index: int) -> dict[str, Json]:
        """What an open item has come to hold: its parts, or its arguments."""
        parts = [{**self._within(event["part"]), **self._said(*at)} for at, event in sorted(self._parts.items()) if at[0] == index]
        return {"content": parts} if parts else {key: text for key, text in self._said(index, 0).items() if key == "arguments"}

    def _within(self, part: dict[str, Json]) -> dict[str, Json]:
        """A part as it stands in its item, where its type has another name than in events of its own; in the older API it has not."""
        kind = part.get("type")
        name = _TYPES.get(kind) if isinstance(kind, str) else None
        return {**part, "type": name} if name and not any(spoken.name in _OLDER for spoken in self._spoken.values()) else part

    def _own(self, event: dict[str, Json]) -> bytes:
        return encode({**event, "event_id": self._new_id()})
