"""Azure's forms of OpenAI's paths: the same bodies, elsewhere. Derived from OpenAI's own, so that none is forgotten."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from gateway.errors import BadRequest, GatewayError
from gateway.wire.codec import decode, encode
from gateway.wire.dialect import AnswerStream, Dialect
from gateway.wire.model import Call, Event, Kind, Origin, Request
from gateway.wire.upload import Upload

_OPENAI = "/v1/"
_DEPLOYED = ("chat/completions", "completions", "embeddings", "images/", "audio/")
"""What Azure serves below a deployment, which stands for the model."""


def azure_paths(pattern: str, dialects: Mapping[str, Dialect]) -> Iterator[tuple[str, Mapping[str, Dialect]]]:
    """``/v1/x`` as ``/openai/v1/x``, as ``/openai/x`` and, if a model answers there, as ``/openai/deployments/{deployment}/x``."""
    if not pattern.startswith(_OPENAI):
        return
    below = pattern.removeprefix(_OPENAI)
    yield f"/openai/v1/{below}", dialects
    yield f"/openai/{below}", dialects
    deployed = {method: Deployment(dialect) for method, dialect in dialects.items() if method == "POST"}
    if deployed and "{" not in below and below.startswith(_DEPLOYED):
        yield f"/openai/deployments/{{deployment}}/{below}", deployed


class Deployment(Dialect):
    """A dialect whose requests go to the deployment in the path, which is their model, whatever model the body names.

    A policy's bounds count that one too (see ``asked``): some endpoints go by it.
    """

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect

    @property
    def surface(self) -> str:
        return self._dialect.surface

    def parse_request(self, raw: bytes, call: Call) -> Request:
        deployment = call.names["deployment"]
        try:
            request = self._dialect.parse_request(raw, call)
        except BadRequest as error:
            if error.param != "model":
                raise
            request = self._parse_without_model(raw, call, error)
        return replace(request, model=deployment)

    def _parse_without_model(self, raw: bytes, call: Call, error: BadRequest) -> Request:
        """The model is named while the body is read, and not in what goes on."""
        try:
            body = decode(raw)
        except BadRequest:  # a form, which is read by its own rules
            raise error from None
        if "model" in body:
            raise error
        named = encode({**body, "model": call.names["deployment"]})
        request = self._dialect.parse_request(named, call)
        del request.body["model"]
        return replace(request, raw=raw)

    def open_upload(self, call: Call) -> Upload | None:
        return self._dialect.open_upload(call)

    def parse_completion(self, raw: bytes, content_type: str) -> Event:
        return self._dialect.parse_completion(raw, content_type)

    def open_stream(self, content_type: str, origin: Origin) -> AnswerStream | None:
        return self._dialect.open_stream(content_type, origin)

    def unread(self, content_type: str) -> Kind | None:
        return self._dialect.unread(content_type)

    def render_refusal(self, message: str, origin: Origin) -> bytes | None:
        return self._dialect.render_refusal(message, origin)

    def render_refusal_stream(self, message: str, origin: Origin) -> bytes | None:
        return self._dialect.render_refusal_stream(message, origin)

    def render_error(self, error: GatewayError, request_id: str, policy: str) -> bytes:
        return self._dialect.render_error(error, request_id, policy)

    def render_error_event(self, error: GatewayError, request_id: str, policy: str) -> bytes:
        return self._dialect.render_error_event(error, request_id, policy)
