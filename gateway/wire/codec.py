"""JSON bytes to values and back: strict on the way in, so that we and the endpoint read the same thing."""

import json
import re

import jiter
import orjson

from gateway.errors import BadRequest
from gateway.wire.model import Json


def decode(raw: bytes) -> Json:
    """Parse one JSON text. Duplicate keys, NaN, trailing text, bad UTF-8 and nesting beyond 200 are errors: readers differ on them.

    Raises:
        BadRequest: ``duplicate_key``, ``too_deep`` or ``invalid_json``, with the line and column and none of the text.
    """
    try:
        return jiter.from_json(raw, catch_duplicate_keys=True, allow_inf_nan=False, cache_mode="keys")
    except ValueError as error:
        raise _explain(str(error)) from None


def _explain(message: str) -> BadRequest:
    at = re.search(r"at line \d+ column \d+$", message)
    where = f" {at.group()}" if at else ""
    if message.startswith("Detected duplicate key"):
        return BadRequest("duplicate_key", f"The body names a key twice{where}; readers of JSON differ on what that means.")
    if message.startswith("recursion limit"):
        return BadRequest("too_deep", f"The body is nested too deeply{where}.")
    return BadRequest("invalid_json", f"The body is not valid JSON{where}.")


def encode(value: Json) -> bytes:
    """Compact UTF-8 JSON. Numbers beyond 64 bits, which the fast encoder refuses, take the slower one."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
