"""OpenAI's model list (``GET /v1/models``): no text of the client's, an answer of structural values."""

from typing import ClassVar

from gateway.errors import BadRequest, UpstreamError
from gateway.wire import openai_errors
from gateway.wire.codec import decode
from gateway.wire.model import Delta, Event, Form, Kind, Request, Uninspectable
from gateway.wire.walk import is_structural, strings
from policies.policy import Scope


class Models:
    """See ``dialect.Dialect``."""

    surface: ClassVar[str] = "models"
    render_error = staticmethod(openai_errors.render_error)

    def parse_request(self, raw: bytes) -> Request:
        if raw:
            raise BadRequest("invalid_body", "This path takes no body.")
        return Request(self.surface, "", stream=False, body=None, raw=raw, segments=(), uninspectable=())

    def parse_completion(self, raw: bytes) -> Event:
        try:
            body = decode(raw)
            found = list(strings(body, ()))
        except BadRequest:
            raise UpstreamError("upstream_invalid_response", "The upstream's answer is not the JSON that this API promises.") from None
        deltas = tuple(Delta(("body", *place), Scope.OUTPUT, text, place, closes=True) for text, place, form in found if form is Form.TEXT)
        keys = tuple(Uninspectable(Kind.UNKNOWN, place[:-1]) for key, place, form in found if form is Form.KEY and not is_structural(key))
        return Event(raw, body, deltas, uninspectable=keys)
