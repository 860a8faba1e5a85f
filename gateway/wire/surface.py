"""What most surfaces have in common: JSON in, JSON out, OpenAI's errors, and nobody who speaks."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

from gateway.errors import BadRequest, PolicyViolation, UpstreamError
from gateway.wire.answer_texts import parted
from gateway.wire.codec import decode
from gateway.wire.dialect import AnswerStream, Dialect
from gateway.wire.model import Call, Companion, Event, Form, Json, Kind, Origin, Request, Segment
from gateway.wire.openai import errors as openai_errors
from gateway.wire.request_texts import Found, is_stream, refuse
from gateway.wire.request_texts import parted as parted_request
from gateway.wire.resource_texts import ids_of, log_probabilities, read_kept, read_resource
from gateway.wire.walk import is_structural, names
from policies.vocabulary import Scope

_INVALID = "The upstream's answer is not the JSON that this API promises."
_KEPT = ("id", "thread_id", "output_file_id", "error_file_id")
"""Under these ids, at the top of an answer, the endpoint keeps what was said or is to be said."""
_NOT_KEPT = frozenset({"deployment", "model"})
_MAX_REFERS = 64
_NO_SCOPES: Mapping[str, Scope] = MappingProxyType({})


def read_object(raw: bytes) -> dict[str, Json]:
    """A request's body. Raises BadRequest."""
    body = decode(raw)
    if not isinstance(body, dict):
        refuse((), "must be a JSON object")
    return body


@contextmanager
def reading_answer() -> Iterator[None]:
    """What cannot be read here is the upstream's fault. Raises UpstreamError (``upstream_invalid_response``)."""
    try:
        yield
    except BadRequest:
        raise UpstreamError("upstream_invalid_response", _INVALID) from None


def read_answer(raw: bytes) -> Json:
    """An answer's JSON. Raises UpstreamError (``upstream_invalid_response``)."""
    with reading_answer():
        return decode(raw)


def read_path(call: Call) -> Iterator[Segment]:
    """What a request says in its path, if it is more than an id; like a key, it is read and not rewritten.

    Whoever has a request parsed adds this to what its dialect reads, so that no dialect can forget it.
    """
    for name, value in call.names.items():
        if not is_structural(value):
            yield Segment(value, "user", Scope.USER, ("path", name), Form.KEY)


def refers_of(body: Json, call: Call) -> tuple[str, ...]:
    """The ids in a request's path and at the top of its body. What is deleted is forgotten: a part does not take its whole along."""
    named = [value for name, value in call.names.items() if name not in _NOT_KEPT]
    if call.method == "DELETE" and len(named) > 1:
        return ()
    return tuple(dict.fromkeys((*named, *ids_of(body))))[:_MAX_REFERS]


def stopped() -> PolicyViolation:
    """Why a stream ends that a verdict cuts, where the API has no better word for it."""
    return PolicyViolation("This answer was stopped by the content policy.", (), ())


def stop_by_error(origin: Origin) -> bytes:
    """The end of such a stream."""
    return b"event: error\n" + openai_errors.render_error_event(stopped(), origin.request_id, "")


class Surface(Dialect):
    """A surface of which all that is said is what its JSON holds.

    ``scopes``: the keys of a request whose texts are not the user's own. A path of the API that takes no body takes none here.
    """

    render_error = staticmethod(openai_errors.render_error)
    render_error_event = staticmethod(openai_errors.render_error_event)

    def __init__(self, surface: str, scopes: Mapping[str, Scope] = _NO_SCOPES) -> None:
        self._surface = surface
        self._scopes = scopes

    @property
    def surface(self) -> str:
        return self._surface

    def parse_request(self, raw: bytes, call: Call) -> Request:
        if raw and call.method in ("GET", "DELETE"):
            raise BadRequest("invalid_body", "This path takes no body.")
        body = read_object(raw) if raw else None
        segments, uninspectable = parted_request(self._read_request(body, call))
        model = body.get("model") if body else call.names.get("model")
        stream = is_stream(body) if body else False
        refers = refers_of(body, call)
        return Request(self.surface, model if isinstance(model, str) else "", stream, body, raw, segments, uninspectable, refers)

    def parse_completion(self, raw: bytes, content_type: str) -> Event:
        if not raw:
            return Event(raw, None)
        body = read_answer(raw)
        with reading_answer():
            deltas, uninspectable = parted(read_kept(body, (), spelled=True))
        channels = tuple(delta.channel for delta in deltas)
        companions = tuple(Companion(channels, place) for place in log_probabilities(body))
        return Event(raw, body, deltas, uninspectable=uninspectable, companions=companions, names=_names(body))

    def open_stream(self, content_type: str, origin: Origin) -> AnswerStream | None:
        return None

    def unread(self, content_type: str) -> Kind | None:
        return None

    def render_refusal(self, message: str, origin: Origin) -> bytes | None:
        return None

    def render_refusal_stream(self, message: str, origin: Origin) -> bytes | None:
        return None

    def _read_request(self, body: Json, call: Call) -> Found:
        yield from read_resource(body, (), Scope.USER, self._scopes)


def _names(body: Json) -> tuple[str, ...]:
    if not isinstance(body, dict) or body.get("object") == "list":
        return ()
    return names(map(body.get, _KEPT))
