"""``POST /v1/audio/transcriptions`` and ``translations``: what was "heard" is the form's prompt, or the file where that is plain text.

Nobody listens here. A file that is UTF-8 text stands for somebody reading it aloud, so that a test can have words in an answer that stood
nowhere in the request's own text.
"""

from collections.abc import Iterator
from typing import Any

from gateway.demo.errors import RefusedRequestError
from gateway.demo.exchange import Answer, Ask, Streamed, data_frames
from gateway.demo.pieces import count, pieces
from gateway.demo.state import Route, State

Json = dict[str, Any]

_UNHEARD = "This is a scripted transcript."
_SECONDS = 2.0


def transcribe(ask: Ask, _: State) -> Answer | Streamed:
    text = _checked(ask)
    if ask.text("stream") == "true":
        return Streamed(data_frames(_events(text)))
    return _answer(text, ask, "transcribe")


def translate(ask: Ask, _: State) -> Answer:
    return _answer(_checked(ask), ask, "translate")


def _checked(ask: Ask) -> str:
    ask.needed_text("model")
    return heard(ask.text("prompt"), ask.file("file").value)


def heard(prompt: str, file: bytes) -> str:
    if prompt:
        return prompt
    text = file.decode(errors="ignore")
    is_text = text.encode() == file and text.replace("\n", "").isprintable() and text.strip()
    return text.strip() if is_text else _UNHEARD


def _answer(text: str, ask: Ask, task: str) -> Answer:
    match ask.text("response_format") or "json":
        case "json":
            return Answer({"text": text, "usage": _usage(text)})
        case "verbose_json":
            return Answer(_verbose(text, task, ask.text("language") or "english"))
        case "text":
            return Answer(f"{text}\n".encode(), content_type="text/plain; charset=utf-8")
        case "srt":
            return Answer(f"1\n00:00:00,000 --> 00:00:02,000\n{text}\n\n".encode(), content_type="text/plain; charset=utf-8")
        case "vtt":
            return Answer(f"WEBVTT\n\n00:00:00.000 --> 00:00:02.000\n{text}\n\n".encode(), content_type="text/vtt; charset=utf-8")
    raise RefusedRequestError("Invalid 'response_format'.", param="response_format", code="invalid_value")


def _usage(text: str) -> Json:
    details = {"audio_tokens": 20, "text_tokens": 0}
    return {
        "type": "tokens", "input_tokens": 20, "input_token_details": details, "output_tokens": count(text),
        "total_tokens": 20 + count(text),
    }  # fmt: skip


def _verbose(text: str, task: str, language: str) -> Json:
    words = text.split()
    step = _SECONDS / max(1, len(words))
    segment = {
        "id": 0, "seek": 0, "start": 0.0, "end": _SECONDS, "text": text, "tokens": [50364], "temperature": 0.0, "avg_logprob": -0.2,
        "compression_ratio": 1.0, "no_speech_prob": 0.01,
    }  # fmt: skip
    return {
        "task": task,
        "language": language,
        "duration": _SECONDS,
        "text": text,
        "segments": [segment],
        "words": [{"word": word, "start": place * step, "end": (place + 1) * step} for place, word in enumerate(words)],
        "usage": {"type": "duration", "seconds": _SECONDS},
    }


def _events(text: str) -> Iterator[Json]:
    for piece in pieces(text):
        yield {"type": "transcript.text.delta", "delta": piece}
    yield {"type": "transcript.text.done", "text": text, "usage": _usage(text)}


ROUTES = (Route("POST", "/v1/audio/transcriptions", transcribe), Route("POST", "/v1/audio/translations", translate))
