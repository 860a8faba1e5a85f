"""Anthropic's error object, in which every surface of that dialect gets the gateway's errors; in mid-stream it is an ``error`` event."""

from gateway.errors import GatewayError, PolicyViolation
from gateway.wire.codec import encode
from gateway.wire.model import Json
from gateway.wire.openai import errors as openai_errors
from gateway.wire.sse import encode_event

_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    502: "api_error",
    503: "overloaded_error",
    504: "timeout_error",
}


def error_body(error: GatewayError, request_id: str, policy: str) -> Json:
    """``{"type": "error", "error": {type, message, code, param, oddgate}, "request_id"}``; within ``error`` as in ``openai.errors``."""
    detail = openai_errors.error_body(error, request_id, policy)["error"]
    kind = error.type if isinstance(error, PolicyViolation) else _TYPES.get(error.status, "invalid_request_error")
    return {"type": "error", "error": {**detail, "type": kind}, "request_id": request_id}


def render_error(error: GatewayError, request_id: str, policy: str) -> bytes:
    return encode(error_body(error, request_id, policy))


def render_error_event(error: GatewayError, request_id: str, policy: str) -> bytes:
    return encode_event(render_error(error, request_id, policy), b"event: error\n")
