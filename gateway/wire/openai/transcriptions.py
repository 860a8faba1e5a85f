"""OpenAI's speech to text (``POST /v1/audio/transcriptions`` and ``/translations``): a form with sound in, its text out in many forms.

The text comes as JSON, as plain text, as subtitles, or streamed. What the answer says again in pieces (segments, words, cues) is edited
piece by piece; where the pieces no longer spell the edited text, because a value goes over a cut, they are left out.
"""

from collections.abc import Iterator
from types import MappingProxyType

from gateway.errors import UpstreamError
from gateway.wire.codec import encode
from gateway.wire.dialect import AnswerStream
from gateway.wire.form_request import read_form
from gateway.wire.model import Call, Channel, Event, Json, Kind, Origin, Request
from gateway.wire.openai.transcript_cues import Cues, read_cues, write_cues
from gateway.wire.openai.transcript_stream import TranscriptStream
from gateway.wire.openai.transcript_texts import read_transcript, reconcile
from gateway.wire.surface import Surface, read_answer

_FILES = MappingProxyType({"file": Kind.AUDIO, "known_speaker_references": Kind.AUDIO})


class Transcriptions(Surface):
    def parse_request(self, raw: bytes, call: Call) -> Request:
        return read_form(self.surface, raw, call, _FILES)

    def parse_completion(self, raw: bytes, content_type: str) -> Event:
        if content_type == "application/json":
            return read_transcript(raw, read_answer(raw))
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            raise UpstreamError("upstream_invalid_response", "The upstream's answer is not UTF-8 text.") from None
        return read_cues(raw, text)

    def open_stream(self, content_type: str, origin: Origin) -> AnswerStream | None:
        return TranscriptStream(origin) if content_type == "text/event-stream" else _Whole(self, content_type)


class _Whole(AnswerStream):
    """An answer in one piece, which is written by us once it is edited."""

    def __init__(self, dialect: Transcriptions, content_type: str) -> None:
        self._dialect = dialect
        self._content_type = content_type
        self._raw: list[bytes] = []

    def feed(self, data: bytes) -> Iterator[Event]:
        self._raw.append(data)
        yield from ()

    def flush(self) -> Iterator[Event]:
        event = self._dialect.parse_completion(b"".join(self._raw), self._content_type)
        event.is_end = True
        yield event

    def is_complete(self, open_choices: tuple[int, ...]) -> bool:
        return False

    def render(self, event: Event) -> bytes:
        if isinstance(event, Cues):
            return write_cues(event)
        reconcile(event)
        return encode(event.body)

    def render_tail(self, channel: Channel, text: str, companion: Json) -> bytes:
        return b""  # every text is complete in the event

    def render_stop(self, open_choices: tuple[int, ...]) -> bytes:
        return b""  # nothing is out before all of it is judged
