"""``GET /v1/realtime``: one conversation over a WebSocket, without the socket: an event goes in, events come out."""

import base64
import binascii
import json
from collections.abc import Iterator, Sequence
from typing import Any

from gateway.demo.errors import RefusedRequestError, as_callers_mistake
from gateway.demo.exchange import missing
from gateway.demo.script import Prompt, Tool, respond
from gateway.demo.state import digest
from gateway.demo.surfaces.realtime_answer import events, output_items
from gateway.demo.surfaces.transcriptions import heard

Json = dict[str, Any]

_MOST_ITEMS = 200
_MOST_ITEM_BYTES = 256 * 1024
_MOST_AUDIO_BYTES = 1024 * 1024


class RealtimeSession:
    def __init__(self, model: str, now: int) -> None:
        self._session: Json = {
            "type": "realtime", "object": "realtime.session", "id": f"sess_{digest(model.encode())}", "model": model,
            "output_modalities": ["audio"], "instructions": "", "tools": [], "tool_choice": "auto", "max_output_tokens": "inf",
            "expires_at": now + 3600, "audio": {"output": {"voice": "alloy"}},
        }  # fmt: skip
        self._items: list[Json] = []
        self._audio = b""
        self._events = 0
        self._made = 0

    def open(self) -> Iterator[Json]:
        yield self._numbered({"type": "session.created", "session": self._session})

    def feed(self, text: str) -> Iterator[Json]:
        """What the endpoint says to one event of the client; to a wrong one, an error event."""
        event = _parsed(text)
        try:
            with as_callers_mistake("This event is not well formed.", code="invalid_event"):
                answers = list(self._answers(event))
            yield from map(self._numbered, answers)
        except RefusedRequestError as error:
            told = {
                "type": error.kind,
                "code": error.code,
                "message": error.message,
                "param": error.param,
                "event_id": event.get("event_id"),
            }
            yield self._numbered({"type": "error", "error": told})

    def _numbered(self, event: Json) -> Json:
        self._events += 1
        return event | {"event_id": f"event_{self._events}"}

    def _answers(self, event: Json) -> Iterator[Json]:
        match event.get("type"):
            case "session.update":
                self._session |= _object(event, "session")
                yield {"type": "session.updated", "session": self._session}
            case "conversation.item.create":
                yield from self._add(_object(event, "item"))
            case "conversation.item.retrieve":
                yield {"type": "conversation.item.retrieved", "item": self._item(event)}
            case "conversation.item.delete":
                self._items.remove(self._item(event))
                yield {"type": "conversation.item.deleted", "item_id": event["item_id"]}
            case "conversation.item.truncate":
                self._item(event)
                yield {
                    "type": "conversation.item.truncated", "item_id": event["item_id"], "content_index": event.get("content_index", 0),
                    "audio_end_ms": event.get("audio_end_ms", 0),
                }  # fmt: skip
            case "input_audio_buffer.append":
                self._audio = (self._audio + _decoded(event.get("audio")))[:_MOST_AUDIO_BYTES]
            case "input_audio_buffer.clear":
                self._audio = b""
                yield {"type": "input_audio_buffer.cleared"}
            case "input_audio_buffer.commit":
                yield from self._commit()
            case "response.create":
                yield from self._respond(event.get("response") or {})
            case "response.cancel":
                raise RefusedRequestError("Cancellation failed: no active response found", code="response_cancel_not_active")
            case other:
                raise RefusedRequestError(f"Invalid value: '{other}'.", param="type", code="invalid_value")

    def _last_id(self) -> str | None:
        return self._items[-1]["id"] if self._items else None

    def _add(self, given: Json) -> Iterator[Json]:
        if given.get("type") not in {"message", "function_call", "function_call_output"}:
            raise RefusedRequestError("Invalid value for 'item.type'.", param="item.type", code="invalid_value")
        if len(self._items) >= _MOST_ITEMS or len(json.dumps(given)) > _MOST_ITEM_BYTES:
            raise RefusedRequestError("The conversation is too long.", code="conversation_too_long")
        previous = self._last_id()
        self._made += 1
        item = {"id": f"item_given{self._made}", "object": "realtime.item", "status": "completed"} | given
        self._items.append(item)
        yield {"type": "conversation.item.added", "previous_item_id": previous, "item": item}
        yield {"type": "conversation.item.done", "previous_item_id": previous, "item": item}

    def _item(self, event: Json) -> Json:
        for item in self._items:
            if item["id"] == event.get("item_id"):
                return item
        raise RefusedRequestError("No item found with this id.", param="item_id", code="item_not_found")

    def _commit(self) -> Iterator[Json]:
        if not self._audio:
            raise RefusedRequestError("The buffer is too small.", code="input_audio_buffer_commit_empty")
        text, self._audio = heard("", self._audio), b""
        previous = self._last_id()
        told = list(self._add({"type": "message", "role": "user", "content": [{"type": "input_audio", "transcript": text}]}))
        item_id = self._last_id()
        yield {"type": "input_audio_buffer.committed", "previous_item_id": previous, "item_id": item_id}
        yield from told
        yield {
            "type": "conversation.item.input_audio_transcription.completed", "item_id": item_id, "content_index": 0, "transcript": text,
            "usage": {"type": "duration", "seconds": 1.0},
        }  # fmt: skip

    def _respond(self, asked: Json) -> Iterator[Json]:
        settings = self._session | asked
        reply = respond(_prompt(settings, asked.get("input") or self._items))
        self._made += 1
        is_aside = asked.get("conversation") == "none"
        modality = "audio" if "audio" in settings["output_modalities"] else "text"
        output = output_items(reply, modality, f"made{self._made}_")
        previous = self._last_id()
        if not is_aside:
            self._items = [*self._items, *output][-_MOST_ITEMS:]
        response = {
            "id": f"resp_{self._made}", "object": "realtime.response", "status": "in_progress", "status_details": None, "output": [],
            "conversation_id": None if is_aside else "conv_demo", "output_modalities": [modality], "metadata": asked.get("metadata"),
            "max_output_tokens": "inf", "usage": None,
        }  # fmt: skip
        yield from events(response, output, previous)


def _parsed(text: str) -> Json:
    try:
        event = json.loads(text)
    except (ValueError, RecursionError):
        event = None
    return event if isinstance(event, dict) else {}


def _object(event: Json, name: str) -> Json:
    if not isinstance(value := event.get(name), dict):
        raise missing(name)
    return value


def _decoded(audio: object) -> bytes:
    try:
        return base64.b64decode(audio, validate=True) if isinstance(audio, str) else b""
    except binascii.Error as error:
        raise RefusedRequestError("Invalid 'audio': expected base64.", param="audio", code="invalid_value") from error


def _prompt(settings: Json, items: Sequence[Json]) -> Prompt:
    choice = settings.get("tool_choice")
    wanted = choice.get("name") if isinstance(choice, dict) else None
    offered = [tool for tool in settings.get("tools") or () if isinstance(tool.get("name"), str) and wanted in {None, tool["name"]}]
    return Prompt(
        said=_texts(items, "user"),
        answered=_texts(items, "assistant"),
        tool_results=_results(items),
        tools=() if choice == "none" else tuple(Tool(tool["name"], tool.get("parameters") or {}) for tool in offered),
        must_call=choice == "required" or wanted is not None,
    )


def _texts(items: Sequence[Json], role: str) -> tuple[str, ...]:
    said = [item for item in items if item.get("type") == "message" and item.get("role") == role]
    return tuple("\n".join(part.get("text") or part.get("transcript") or "" for part in item.get("content") or ()) for item in said)


def _results(items: Sequence[Json]) -> tuple[str, ...]:
    trailing = []
    for item in reversed(items):
        if item.get("type") != "function_call_output":
            break
        trailing.append(str(item.get("output", "")))
    return tuple(reversed(trailing))
