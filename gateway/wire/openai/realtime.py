"""OpenAI's Realtime API (``GET /v1/realtime``): a session of events over a WebSocket, read by ``realtime_requests`` and
``realtime_events``. Here is what the handshake says, and what we say ourselves.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from gateway.errors import BadRequest, GatewayError, MethodNotAllowed
from gateway.wire.codec import encode
from gateway.wire.model import Call, Form, Json, Request, Segment
from gateway.wire.openai.errors import error_body
from gateway.wire.openai.realtime_requests import SURFACE
from gateway.wire.surface import Surface
from gateway.wire.walk import is_structural
from policies.vocabulary import Scope

_QUERY = re.compile(r"(?:[A-Za-z0-9_.-]+=[A-Za-z0-9_.:/+%~-]*(?:&(?!$)|$)){0,16}")
_MODELS = ("model", "deployment")  # Azure names its deployments
_NAMES = frozenset({*_MODELS, "api-version", "intent"})
_SECRETS = frozenset({"api-key", "api_key", "authorization", "key", "token", "access_token"})
_PROTOCOL = re.compile(r"[A-Za-z0-9_.:-]{1,256}")
_KEY_PROTOCOL = "openai-insecure-api-key."
_MAX_PROTOCOLS = 16


class Realtime(Surface):
    """What asks for this path without asking for a WebSocket is refused."""

    def __init__(self) -> None:
        super().__init__(SURFACE)

    def parse_request(self, raw: bytes, call: Call) -> Request:
        raise no_socket()


def no_socket() -> MethodNotAllowed:
    return MethodNotAllowed(("GET",), "This path takes WebSocket connections only.")


def read_handshake(query: str) -> Request:
    """The model, and whatever else the query string says. Raises BadRequest."""
    named = dict(parse_qsl(query, keep_blank_values=True)) if _QUERY.fullmatch(query) else None
    if named is None or not all(map(is_structural, named.values())) or len(named) != query.count("="):
        raise BadRequest("unsupported_query", "The query string holds more than plain names and values, and cannot be inspected.")
    if not _SECRETS.isdisjoint(name.lower() for name in named):
        raise BadRequest("unsupported_query", "A key has no place in a query string; send it as a header.")
    model = next((named[name] for name in _MODELS if named.get(name)), "")
    texts = [(name, value) for name, value in named.items() if name not in _NAMES and value]
    segments = tuple(Segment(f"{name}={value}", "user", Scope.USER, ("query", name), Form.KEY) for name, value in texts)
    return Request(SURFACE, model, True, None, b"", segments, ())


@dataclass(frozen=True, slots=True)
class Offer:
    """The subprotocols that a client offers. ``key`` is the one that a browser, which can set no headers, brings as one of them."""

    protocols: tuple[str, ...] = ()
    key: str = ""


def read_offer(header: str) -> Offer:
    """Raises BadRequest."""
    offered = [name.strip() for name in header.split(",") if name.strip()]
    if len(offered) > _MAX_PROTOCOLS or not all(map(_PROTOCOL.fullmatch, offered)):
        raise BadRequest("invalid_http", "The subprotocols that the request offers are not valid.")
    keys = [name.removeprefix(_KEY_PROTOCOL) for name in offered if name.startswith(_KEY_PROTOCOL)]
    return Offer(tuple(name for name in offered if not name.startswith(_KEY_PROTOCOL)), keys[0] if keys else "")


def render_error(error: GatewayError, request_id: str, policy: str, event_id: str, about: Json = None) -> bytes:
    """An error event. ``about`` is the id of the client's event that it is about."""
    body = error_body(error, request_id, policy)
    body["error"]["event_id"] = about if isinstance(about, str) else None
    return encode({"type": "error", "event_id": event_id, **body})


def render_cancel(response_id: str, event_id: str) -> bytes:
    """What stops a response at the endpoint."""
    return encode({"type": "response.cancel", "event_id": event_id, **({"response_id": response_id} if response_id else {})})


def is_about(body: Json, event_ids: Iterable[str]) -> bool:
    """Whether an event is an error about one of these events."""
    error = body.get("error") if isinstance(body, Mapping) and body.get("type") == "error" else None
    return isinstance(error, Mapping) and error.get("event_id") in set(event_ids)


def render_upstream_refusal(request_id: str, policy: str) -> bytes:
    """What goes with the status of an endpoint that takes no session from us."""
    about = {"request_id": request_id, "policy": policy}
    message = "The upstream refused the WebSocket connection."
    return encode({"error": {"message": message, "type": "upstream_error", "param": None, "code": None, "oddgate": about}})
