"""How the admin side answers, and reads what it is sent."""

from aiohttp import web

from gateway.errors import BadRequest
from gateway.wire.codec import decode, encode
from gateway.wire.model import Json


def answer(status: int, value: Json) -> web.Response:
    return web.Response(status=status, body=encode(value), content_type="application/json")


def refusal(status: int, code: str, message: str) -> web.Response:
    return answer(status, {"error": {"code": code, "message": message}})


def said(body: bytes) -> Json:
    """None for what is no object."""
    try:
        value = decode(body)
    except BadRequest:
        return None
    return value if isinstance(value, dict) else None


def sole(body: bytes, key: str) -> Json:
    """What an object says that has this key alone."""
    value = said(body)
    return value.get(key) if value is not None and len(value) == 1 else None
