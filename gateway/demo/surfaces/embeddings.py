"""``POST /v1/embeddings``: unit vectors of hashed n-grams, so that similar texts are near each other."""

import base64
import math
import struct
import zlib
from typing import Any

from gateway.demo.errors import RefusedRequestError
from gateway.demo.exchange import Answer, Ask, missing, needed_text
from gateway.demo.pieces import count
from gateway.demo.state import Route, State

Json = dict[str, Any]

_DIMENSIONS = 256
_MOST_DIMENSIONS = 4096
_MOST_INPUTS = 2048


def embed(ask: Ask, _: State) -> Answer:
    body = ask.json()
    model, inputs, dimensions = needed_text(body, "model"), _inputs(body.get("input")), _dimensions(body.get("dimensions"))
    vectors = [vector(each, dimensions) for each in inputs]
    as_base64 = body.get("encoding_format") == "base64"
    tokens = count(*inputs)
    return Answer({
        "object": "list",
        "data": [
            {"object": "embedding", "index": index, "embedding": packed(each) if as_base64 else each} for index, each in enumerate(vectors)
        ],
        "model": model,
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    })  # fmt: skip


def _inputs(given: object) -> list[str]:
    if given is None:
        raise missing("input")
    many: list[Any] = given if isinstance(given, list) and given and not isinstance(given[0], int) else [given]
    if len(many) > _MOST_INPUTS or not all(_is_input(each) for each in many):
        raise RefusedRequestError("Invalid 'input': expected texts or lists of tokens.", param="input", code="invalid_type")
    return [each if isinstance(each, str) else " ".join(map(str, each)) for each in many]


def _is_input(given: object) -> bool:
    if isinstance(given, list):
        return bool(given) and all(isinstance(token, int) for token in given)
    return isinstance(given, str) and given != ""


def _dimensions(given: object) -> int:
    if given is None:
        return _DIMENSIONS
    if not isinstance(given, int) or not 1 <= given <= _MOST_DIMENSIONS:
        raise RefusedRequestError("Invalid 'dimensions'.", param="dimensions", code="invalid_value")
    return given


def vector(text: str, dimensions: int) -> list[float]:
    """Of length 1: each three letters in a row point in a direction of their own."""
    sums = [0.0] * dimensions
    padded = f" {text.lower()} "
    for place in range(len(padded) - 2):
        hashed = zlib.crc32(padded[place : place + 3].encode(errors="replace"))
        sums[hashed % dimensions] += 1.0 if hashed >> 31 else -1.0
    length = math.hypot(*sums)
    return [each / length for each in sums] if length else [1.0, *[0.0] * (dimensions - 1)]


def packed(values: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(values)}f", *values)).decode()


ROUTES = (Route("POST", "/v1/embeddings", embed),)
