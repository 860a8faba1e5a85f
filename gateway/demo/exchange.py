"""What passes between the I/O and the surfaces: an ``Ask`` goes in, an ``Answer`` or a ``Streamed`` comes out."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.demo.errors import RefusedRequestError

Json = dict[str, Any]

UNREADABLE = object()
"""The body of a request that should be JSON and is not."""


@dataclass(frozen=True, slots=True)
class Part:
    """One field of a form; a file where it has a name."""

    name: str
    value: bytes
    filename: str | None = None
    content_type: str | None = None

    @property
    def text(self) -> str:
        return self.value.decode(errors="replace")


@dataclass(frozen=True, slots=True)
class Ask:
    """A request: its JSON ``body`` or its ``form``, the names of its headers in small letters, and ``named`` parts of its path."""

    method: str
    path: str
    raw: bytes = b""
    body: object = None
    form: tuple[Part, ...] = ()
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    origin: str = ""
    named: Mapping[str, str] = field(default_factory=dict)
    azure: bool = False

    def json(self) -> Json:
        if self.body is UNREADABLE:
            raise RefusedRequestError("We could not parse the JSON body of your request.")
        if not isinstance(self.body, dict):
            raise RefusedRequestError("The body must be a JSON object.")
        return self.body

    def optional_json(self) -> Json:
        """The body of a request that need not have one."""
        return self.json() if self.raw else {}

    def text(self, name: str, default: str = "") -> str:
        return next((part.text for part in self.form if part.name == name), default)

    def needed_text(self, name: str) -> str:
        if not (text := self.text(name)):
            raise missing(name)
        return text

    def file(self, name: str) -> Part:
        for part in self.form:
            if part.name in {name, f"{name}[]"} and part.filename is not None:
                return part
        raise missing(name)


def missing(name: str) -> RefusedRequestError:
    return RefusedRequestError(f"Missing required parameter: '{name}'.", param=name, code="missing_required_parameter")


def needed_text(body: Json, name: str) -> str:
    """A text that the request must have: its model, most often."""
    if not isinstance(value := body.get(name), str) or not value:
        raise missing(name)
    return value


@dataclass(frozen=True, slots=True)
class Answer:
    body: Json | bytes
    status: int = 200
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Streamed:
    """Server-sent events, each as it stands on the wire."""

    frames: Iterable[str]


def data_frames(chunks: Iterable[Json]) -> Iterator[str]:
    """Events without a name, and the mark that ends them."""
    for chunk in chunks:
        yield f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n"
    yield "data: [DONE]\n\n"


def named_frames(events: Iterable[Json]) -> Iterator[str]:
    """Events under the name of their type."""
    for event in events:
        yield f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n"
