"""What a dialect is, and which one serves which path. Everything a client can reach is in this table; nothing else is forwarded."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from gateway.errors import GatewayError, MethodNotAllowed, NotSupported
from gateway.wire.model import Channel, Event, Json, Request
from gateway.wire.openai_chat import ChatCompletions
from gateway.wire.openai_models import Models
from gateway.wire.sse import SseEvent


class Dialect(Protocol):
    """Sans-io reading and writing of one API. ``surface`` names it in policies and records."""

    @property
    def surface(self) -> str: ...

    def parse_request(self, raw: bytes) -> Request:
        """Read a body. Raises BadRequest, naming the place, for what the API does not allow and we could not read."""
        ...

    def parse_completion(self, raw: bytes) -> Event:
        """Read a whole answer. Raises UpstreamError (``upstream_invalid_response``) if it is not this API's JSON."""
        ...

    def render_error(self, error: GatewayError, request_id: str, policy: str) -> bytes:
        """An error in the API's own shape."""
        ...


class Conversation(Dialect, Protocol):
    """A dialect in which an assistant answers, whole or in a stream."""

    def parse_event(self, event: SseEvent) -> Event:
        """Read one event of a stream; what cannot be read is in ``uninspectable``."""
        ...

    def render_tail(self, channel: Channel, text: str, companion: Json, last: Json) -> bytes:
        """An event that brings the rest of a channel's text; ``last`` is the newest event of the stream, for its envelope."""
        ...

    def render_refusal(self, message: str, request_id: str, model: str, created: int) -> bytes:
        """A whole answer in which the assistant refuses."""
        ...

    def render_refusal_stream(self, message: str, request_id: str, model: str, created: int) -> bytes:
        """The same as a stream, to its end mark."""
        ...

    def render_stop(self, last: Json | None, open_choices: tuple[int, ...], request_id: str, model: str, created: int) -> bytes:
        """The valid ending of a stream that is cut by a verdict: a content-filter stop for each open choice, and the end mark."""
        ...


@dataclass(frozen=True, slots=True)
class Route:
    """A path that is served: how it is read, and where it goes below the upstream's base URL."""

    dialect: Dialect
    conversation: Conversation | None
    methods: tuple[str, ...]
    path: str
    has_body: bool


def routes() -> Mapping[str, Route]:
    """Every path of the data side."""
    chat = ChatCompletions()
    return {
        "/v1/chat/completions": Route(chat, chat, ("POST",), "/v1/chat/completions", has_body=True),
        "/v1/models": Route(Models(), None, ("GET",), "/v1/models", has_body=False),
    }


def find_route(table: Mapping[str, Route], method: str, path: str) -> Route:
    """Raises NotSupported or MethodNotAllowed; a path is served exactly as written, so that no spelling of it slips past."""
    route = table.get(path)
    if route is None:
        raise NotSupported("unsupported_path", "This path is not served by the gateway; nothing was forwarded.")
    if method not in route.methods:
        raise MethodNotAllowed("method_not_allowed", f"This path takes {' or '.join(route.methods)}.")
    return route
