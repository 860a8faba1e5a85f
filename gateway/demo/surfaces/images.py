"""``/v1/images``: small PNG pictures, whose colour follows from the prompt."""

import base64
import struct
import zlib
from collections.abc import Iterator
from typing import Any

from gateway.demo.errors import RefusedRequestError
from gateway.demo.exchange import Answer, Ask, Streamed, named_frames, needed_text
from gateway.demo.pieces import count
from gateway.demo.state import Route, State

Json = dict[str, Any]

_SIDE = 8
_MOST = 10


def generate(ask: Ask, state: State) -> Answer | Streamed:
    body = ask.json()
    return _pictures(needed_text(body, "prompt"), body, "image_generation", ask.origin, state)


def edit(ask: Ask, state: State) -> Answer | Streamed:
    ask.file("image")
    return _pictures(ask.needed_text("prompt"), _options(ask), "image_edit", ask.origin, state)


def vary(ask: Ask, state: State) -> Answer | Streamed:
    ask.file("image")
    return _pictures("", _options(ask), "image_variation", ask.origin, state)


def _options(ask: Ask) -> Json:
    """The fields of a form as they would stand in a body."""
    n = ask.text("n", "1")
    return {
        "n": int(n) if n.isdecimal() and len(n) < 4 else n, "response_format": ask.text("response_format"),
        "stream": ask.text("stream") == "true",
    }  # fmt: skip


def _pictures(prompt: str, options: Json, kind: str, origin: str, state: State) -> Answer | Streamed:
    n = options.get("n") or 1
    if not isinstance(n, int) or not 1 <= n <= _MOST:
        raise RefusedRequestError(f"Invalid 'n': expected an integer from 1 to {_MOST}.", param="n", code="invalid_value")
    pictures = [base64.b64encode(picture(f"{prompt}{index}")).decode() for index in range(n)]
    if options.get("stream") is True:
        return Streamed(named_frames(_events(pictures, prompt, kind, state.now)))
    if options.get("response_format") == "url":
        data = [{"url": f"{origin}/demo/picture.png", "revised_prompt": prompt} for _ in pictures]
    else:
        data = [{"b64_json": each, "revised_prompt": prompt} for each in pictures]
    return Answer({"created": state.now, "data": data, "usage": _usage(prompt)})


def _events(pictures: list[str], prompt: str, kind: str, now: int) -> Iterator[Json]:
    shape = {"created_at": now, "size": "1024x1024", "quality": "low", "background": "opaque", "output_format": "png"}
    for each in pictures:
        yield {"type": f"{kind}.partial_image", "b64_json": each, "partial_image_index": 0, **shape}
        yield {"type": f"{kind}.completed", "b64_json": each, "usage": _usage(prompt), **shape}


def _usage(prompt: str) -> Json:
    read = count(prompt)
    details = {"text_tokens": read, "image_tokens": 0}
    return {"input_tokens": read, "input_tokens_details": details, "output_tokens": 16, "total_tokens": read + 16}


def picture(text: str) -> bytes:
    """A PNG of one colour."""
    colour = zlib.crc32(text.encode(errors="replace")).to_bytes(4, "big")[:3]
    rows = (b"\0" + colour * _SIDE) * _SIDE
    header = struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def show(_: Ask, __: State) -> Answer:
    return Answer(picture(""), content_type="image/png")


ROUTES = (
    Route("POST", "/v1/images/generations", generate),
    Route("POST", "/v1/images/edits", edit),
    Route("POST", "/v1/images/variations", vary),
    Route("GET", "/demo/picture.png", show),
)
