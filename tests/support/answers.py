"""Answers of endpoints, read by the dialect that a path has."""

import json
from typing import Any

from gateway.wire.dialect import AnswerStream
from gateway.wire.model import Event, Origin
from gateway.wire.routes import routes

ORIGIN = Origin("r", "m", 0)


def whole(path: str, body: Any) -> Event:
    return routes(()).find("POST", path).dialect.parse_completion(json.dumps(body).encode(), "application/json")


def stream_of(path: str) -> AnswerStream:
    stream = routes(()).find("POST", path).dialect.open_stream("text/event-stream", ORIGIN)
    assert stream is not None
    return stream


def frame(body: Any) -> bytes:
    """One event, named as its API does it."""
    if body == "DONE":
        return b"data: [DONE]\n\n"
    name = f"event: {body['type']}\n" if "type" in body else ""
    return f"{name}data: {json.dumps(body)}\n\n".encode()


def events(stream: AnswerStream, *bodies: Any) -> list[Event]:
    return [event for body in bodies for event in stream.feed(frame(body))]
