"""What a dialect is: the sans-io reading and writing of one API."""

from collections.abc import Iterator
from typing import Protocol

from gateway.errors import GatewayError
from gateway.wire.model import Call, Channel, Event, Json, Kind, Origin, Request
from gateway.wire.upload import Upload


class ErrorShape(Protocol):
    """How an API words an error."""

    def render_error(self, error: GatewayError, request_id: str, policy: str) -> bytes:
        """An error in the API's own shape."""
        ...

    def render_error_event(self, error: GatewayError, request_id: str, policy: str) -> bytes:
        """The same in the middle of a stream, with which the stream ends."""
        ...


class AnswerStream(Protocol):
    """One streamed answer: its bytes read into events, and ours written among them. It has the state that this takes."""

    @property
    def errors(self) -> ErrorShape | None:
        """How an error is said in the middle of it; None: as the dialect says it."""
        return None

    def feed(self, data: bytes) -> Iterator[Event]:
        """The events that have become whole; what cannot be read of one is in ``uninspectable``.

        Raises UpstreamError (``upstream_too_large``) for an event that outgrows the bound.
        """
        ...

    def flush(self) -> Iterator[Event]:
        """The bytes are over: an event that lacks nothing but its end. Raises UpstreamError (``upstream_reset``) for half of one."""
        ...

    def is_complete(self, open_choices: tuple[int, ...]) -> bool:
        """Whether an answer whose bytes are over without an end mark may end there."""
        ...

    def render(self, event: Event) -> bytes:
        """An event whose body was edited."""
        ...

    def render_tail(self, channel: Channel, text: str, companion: Json) -> bytes:
        """An event that brings the rest of a channel's text."""
        ...

    def render_stop(self, open_choices: tuple[int, ...]) -> bytes:
        """The valid ending of a stream that is cut by a verdict: a content-filter stop for what is open, and the end mark."""
        ...


class Dialect(ErrorShape, Protocol):
    """Sans-io reading and writing of one API. ``surface`` names it in policies and records."""

    @property
    def surface(self) -> str: ...

    def parse_request(self, raw: bytes, call: Call) -> Request:
        """Read a body. Raises BadRequest, naming the place, for what the API does not allow and we could not read."""
        ...

    def open_upload(self, call: Call) -> Upload | None:
        """How a request is read that may be too large to be read whole; None: by ``parse_request``. Raises BadRequest."""
        return None

    def parse_completion(self, raw: bytes, content_type: str) -> Event:
        """Read a whole answer. Raises UpstreamError (``upstream_invalid_response``) if it is not what this API promises."""
        ...

    def open_stream(self, content_type: str, origin: Origin) -> AnswerStream | None:
        """How an answer of this type is read as it arrives; None: it is read whole."""
        ...

    def unread(self, content_type: str) -> Kind | None:
        """What an answer of this type is, if it is nothing that could be read (sound, a picture); None: it is read."""
        ...

    def render_refusal(self, message: str, origin: Origin) -> bytes | None:
        """A whole answer in which the assistant refuses; None: nobody speaks on this surface, an error must do."""
        ...

    def render_refusal_stream(self, message: str, origin: Origin) -> bytes | None:
        """The same as a stream, to its end mark."""
        ...
