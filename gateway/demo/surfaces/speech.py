"""``POST /v1/audio/speech``: a short tone, or silence where the format cannot be written without a codec."""

import base64
import io
import math
import struct
import wave
from collections.abc import Iterator
from typing import Any

from gateway.demo.errors import RefusedRequestError
from gateway.demo.exchange import Answer, Ask, Streamed, named_frames, needed_text
from gateway.demo.pieces import count
from gateway.demo.state import Route, State

Json = dict[str, Any]

_RATE = 8000
_SAMPLES = 800
_TYPES = {
    "mp3": "audio/mpeg", "wav": "audio/wav", "pcm": "audio/pcm", "opus": "audio/opus", "aac": "audio/aac", "flac": "audio/flac",
}  # fmt: skip


def speak(ask: Ask, _: State) -> Answer | Streamed:
    body = ask.json()
    text = needed_text(body, "input")
    needed_text(body, "model")
    form = body.get("response_format") or "mp3"
    if form not in _TYPES:
        raise RefusedRequestError("Invalid 'response_format'.", param="response_format", code="invalid_value")
    if body.get("stream_format") == "sse":
        return Streamed(named_frames(_events(text, form)))
    return Answer(sound(form), content_type=_TYPES[form])


def _events(text: str, form: str) -> Iterator[Json]:
    yield {"type": "speech.audio.delta", "audio": base64.b64encode(sound(form)).decode()}
    read = count(text)
    yield {"type": "speech.audio.done", "usage": {"input_tokens": read, "output_tokens": 10, "total_tokens": read + 10}}


def sound(form: str) -> bytes:
    samples = tone()
    if form == "pcm":
        return samples
    if form == "wav":
        return _wave(samples)
    # One frame of MPEG-1 layer III at 128 kbit/s and 44.1 kHz, with nothing in it.
    return b"\xff\xfb\x90\x64" + bytes(413)


def tone() -> bytes:
    """A tenth of a second of 440 Hz, in samples of 16 bits."""
    return b"".join(struct.pack("<h", int(8000 * math.sin(2 * math.pi * 440 * place / _RATE))) for place in range(_SAMPLES))


def _wave(samples: bytes) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(_RATE)
        written.writeframes(samples)
    return file.getvalue()


ROUTES = (Route("POST", "/v1/audio/speech", speak),)
