"""OpenAI's error object, in which every surface of that dialect gets the gateway's errors; in mid-stream it is an event's data."""

from gateway.errors import GatewayError, PolicyViolation
from gateway.wire.codec import encode
from gateway.wire.model import Json
from gateway.wire.sse import encode_event


def error_body(error: GatewayError, request_id: str, policy: str) -> Json:
    """``{"error": {message, type, code, param, oddgate}}``; for a block, ``oddgate`` has the rules and reasons."""
    detail: dict[str, Json] = {"request_id": request_id, "policy": policy}
    if isinstance(error, PolicyViolation):
        detail |= {"rules": list(error.rules), "reasons": list(error.reasons)}
    return {"error": {"message": error.message, "type": error.type, "param": error.param, "code": error.code, "oddgate": detail}}


def render_error(error: GatewayError, request_id: str, policy: str) -> bytes:
    return encode(error_body(error, request_id, policy))


def render_error_event(error: GatewayError, request_id: str, policy: str) -> bytes:
    return encode_event(render_error(error, request_id, policy))
