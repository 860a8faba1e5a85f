"""OpenAI's files as they come and go: an upload, a part of a bigger one, and what a file holds (among them the results of a batch)."""

from collections.abc import Iterator
from dataclasses import replace

from gateway.errors import BadRequest, UpstreamError
from gateway.wire.answer_texts import parted
from gateway.wire.codec import encode
from gateway.wire.dialect import AnswerStream, Dialect
from gateway.wire.model import Call, Channel, Companion, Delta, Event, Json, Kind, Origin, Place, Request, Uninspectable
from gateway.wire.multipart import boundary_of, refuse
from gateway.wire.openai.chat import ChatCompletions
from gateway.wire.openai.completions import Completions
from gateway.wire.openai.embeddings import Embeddings
from gateway.wire.openai.responses import Responses
from gateway.wire.resource_texts import read_kept
from gateway.wire.rows import RowsAnswer
from gateway.wire.surface import Surface
from gateway.wire.upload import SNIFFED_BYTES, Text, Upload, begins_with_row, is_text
from gateway.wire.walk import is_structural
from policies.vocabulary import Scope

_WITHHELD = "The content policy stopped this row; those after it were withheld."
_PIECE_CHARS = 8192


class FileUpload(Surface):
    """``POST /v1/files``: too large to be read at once."""

    def __init__(self, surface: str = "files", *, is_part: bool = False) -> None:
        super().__init__(surface)
        self._is_part = is_part

    def open_upload(self, call: Call) -> Upload | None:
        return Upload(boundary_of(call.content_type), self._is_part)

    def parse_request(self, raw: bytes, call: Call) -> Request:
        """Where an upload cannot stand: as the row of another."""
        raise refuse("it is not sent as one")


class FileContent(Surface):
    """``GET /v1/files/{file_id}/content``: whatever somebody has put into a file, under a type that says nothing."""

    def __init__(self) -> None:
        super().__init__("files")

    def open_stream(self, content_type: str, origin: Origin) -> AnswerStream | None:
        return _Content()


class _Content(AnswerStream):
    """Clear by its first bytes, as an upload is: rows, a text, or what nothing here can read."""

    def __init__(self) -> None:
        self._first = b""
        self._as: AnswerStream | None = None

    def feed(self, data: bytes) -> Iterator[Event]:
        if self._as is None:
            self._first = data = self._first + data
            if len(data) < SNIFFED_BYTES:
                return
            self._as = _reader(data[:SNIFFED_BYTES])
        yield from self._as.feed(data)

    def flush(self) -> Iterator[Event]:
        if self._as is None:
            self._as = _reader(self._first[:SNIFFED_BYTES])
            yield from self._as.feed(self._first)
        yield from self._as.flush()

    def is_complete(self, open_choices: tuple[int, ...]) -> bool:
        return True

    def render(self, event: Event) -> bytes:
        return self._as.render(event) if self._as else event.raw

    def render_tail(self, channel: Channel, text: str, companion: Json) -> bytes:
        return self._as.render_tail(channel, text, companion) if self._as else b""

    def render_stop(self, open_choices: tuple[int, ...]) -> bytes:
        return self._as.render_stop(open_choices) if self._as else b""


def _reader(first: bytes) -> AnswerStream:
    if not is_text(first):
        return _Opaque()
    return RowsAnswer(_Rows().read, _withheld) if begins_with_row(first) else _Text()


class _Opaque(AnswerStream):
    """Bytes that go on as they come, if the policy lets the first of them."""

    def __init__(self) -> None:
        self._is_first = True

    def feed(self, data: bytes) -> Iterator[Event]:
        unread = (Uninspectable(Kind.FILE, ("file",)),) if self._is_first else ()
        self._is_first = False
        yield Event(data, None, uninspectable=unread)

    def flush(self) -> Iterator[Event]:
        yield from ()

    def is_complete(self, open_choices: tuple[int, ...]) -> bool:
        return True

    def render(self, event: Event) -> bytes:
        return event.raw

    def render_tail(self, channel: Channel, text: str, companion: Json) -> bytes:
        return b""

    def render_stop(self, open_choices: tuple[int, ...]) -> bytes:
        return b""


class _Text(_Opaque):
    """One text, a piece of it an event."""

    def __init__(self) -> None:
        super().__init__()
        self._decoder = Text(_PIECE_CHARS)

    def feed(self, data: bytes, *, is_end: bool = False) -> Iterator[Event]:
        try:
            for piece in self._decoder.feed(data, is_end=is_end):
                yield Event(piece.encode(), {"text": piece}, (Delta((0, "text"), Scope.OUTPUT, piece, ("text",)),))
        except BadRequest:
            raise UpstreamError("upstream_invalid_response", "The upstream's file begins as text and is not UTF-8 to its end.") from None

    def flush(self) -> Iterator[Event]:
        yield from self.feed(b"", is_end=True)
        yield Event(b"", None, finished={0: "stop"})

    def render(self, event: Event) -> bytes:
        text: str = event.body["text"]
        return text.encode()

    def render_tail(self, channel: Channel, text: str, companion: Json) -> bytes:
        return text.encode()

    def render_stop(self, open_choices: tuple[int, ...]) -> bytes:
        return b"\n[The content policy withheld the rest of this file.]\n"


class _Rows:
    """Reads the rows of a file: the result of a batch's request as the answer that it is, all else as it stands."""

    def __init__(self) -> None:
        self._by_object: dict[str, Dialect] = {
            "chat.completion": ChatCompletions(), "response": Responses(), "text_completion": Completions(), "list": Embeddings(),
        }  # fmt: skip

    def read(self, raw: bytes, row: dict[str, Json]) -> Event:
        response = row.get("response")
        answer = response.get("body") if isinstance(response, dict) else None
        dialect = self._by_object.get(str(answer.get("object"))) if isinstance(answer, dict) else None
        if dialect is None:
            deltas, uninspectable = parted(read_kept(row, ()))
            return Event(raw, row, deltas, uninspectable=uninspectable)
        inner = dialect.parse_completion(encode(answer), "application/json")
        row["response"]["body"] = inner.body
        rest = {**row, "response": {key: value for key, value in row["response"].items() if key != "body"}}
        deltas, uninspectable = parted(read_kept(rest, ()))
        return Event(
            raw,
            row,
            (*deltas, *(delta._replace(place=_within(delta.place), channel=("answer", *delta.channel)) for delta in inner.deltas)),
            uninspectable=(*uninspectable, *(replace(part, place=_within(part.place)) for part in inner.uninspectable)),
            companions=tuple(_companion(each) for each in inner.companions),
        )


def _within(place: Place) -> Place:
    return ("response", "body", *place)


def _companion(companion: Companion) -> Companion:
    return Companion(tuple(("answer", *channel) for channel in companion.channels), _within(companion.place))


def _withheld(row: dict[str, Json]) -> Json:
    names = {key: name for key in ("id", "custom_id") if isinstance(name := row.get(key), str) and is_structural(name)}
    return {**names, "response": None, "error": {"code": "content_filter", "message": _WITHHELD}}
