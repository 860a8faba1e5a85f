"""OpenAI speech (``POST /v1/audio/speech``): a text and how to say it in; sound out, as bytes or in events. Sound is not inspectable."""

from gateway.wire.answer_texts import Found as AnswerFound
from gateway.wire.answer_texts import parted, read_counts
from gateway.wire.dialect import AnswerStream
from gateway.wire.model import Channel, Event, Json, Kind, Origin, Uninspectable, Usage
from gateway.wire.resource_texts import read_kept
from gateway.wire.sse_answer import SseAnswer
from gateway.wire.surface import Surface, stop_by_error
from policies.vocabulary import Scope

_SOUND, _DONE = "speech.audio.delta", "speech.audio.done"
_READ = frozenset({"application/json", "text/event-stream"})


class Speech(Surface):
    def __init__(self) -> None:
        super().__init__("speech", {"instructions": Scope.SYSTEM})

    def open_stream(self, content_type: str, origin: Origin) -> AnswerStream | None:
        return SpeechStream(origin) if content_type == "text/event-stream" else None

    def unread(self, content_type: str) -> Kind | None:
        return None if content_type in _READ else Kind.AUDIO


class SpeechStream(SseAnswer):
    """That there is sound is said once, however many pieces it comes in. The end is an event of its own."""

    def __init__(self, origin: Origin) -> None:
        super().__init__(origin)
        self._has_sound = False

    def read(self, raw: bytes, body: dict[str, Json], fields: bytes) -> Event:
        deltas, uninspectable = parted(self._texts(body))
        finished = {0: "stop"} if body.get("type") == _DONE else {}
        return Event(raw, body, deltas, finished, uninspectable, usage=_usage(body), prefix=fields)

    def render_tail(self, channel: Channel, text: str, companion: Json) -> bytes:
        return b""

    def render_stop(self, open_choices: tuple[int, ...]) -> bytes:
        return stop_by_error(self.origin)

    def _texts(self, body: dict[str, Json]) -> AnswerFound:
        if body.get("type") == _SOUND and isinstance(body.get("audio"), str):
            if not self._has_sound:
                self._has_sound = True
                yield Uninspectable(Kind.AUDIO, ("audio",))
            body = {key: value for key, value in body.items() if key != "audio"}
        elif body.get("type") != _DONE:
            yield Uninspectable(Kind.UNKNOWN, ("type",))
        yield from read_kept(body, ())


def _usage(body: dict[str, Json]) -> Usage | None:
    return read_counts(body.get("usage"), "input_tokens", "output_tokens")
