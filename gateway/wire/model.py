"""The canonical model: what every dialect is read into before any guard runs.

A segment is a *view* of one text in a parsed body: it says where the text stands, and an edit is written back there. Nothing is rebuilt
from this model, so what it does not know survives; and what a dialect cannot read as text is listed as uninspectable, for the policy
to decide about.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from gateway.wire.jsontext import Leaf
from policies.policy import Scope

Json = Any
"""A parsed JSON value."""

Place = tuple[str | int, ...]
"""The keys and indexes that lead to a value: ``("messages", 0, "content")``."""


class Form(StrEnum):
    """How a text stands at its place, which says how an edit is written there."""

    TEXT = "text"
    JSON = "json"  # a leaf of JSON that stands in a string, as tool arguments do
    IDENTIFIER = "identifier"  # providers allow no brackets or spaces here
    KEY = "key"  # a key of an object: read, but not rewritten


class Kind(StrEnum):
    """What an uninspectable part is; the keys of a policy's ``on_uninspectable``."""

    IMAGE = "image"
    AUDIO = "audio"
    FILE = "file"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Segment:
    """One text of a request. ``leaf`` is which leaf of the JSON in the string at ``place``, when the form is JSON."""

    text: str
    role: str
    scope: Scope
    place: Place
    form: Form = Form.TEXT
    leaf: Leaf | None = None


@dataclass(frozen=True, slots=True)
class Uninspectable:
    """A part that no text detector can read, and where it stands."""

    kind: Kind
    place: Place


@dataclass(frozen=True, slots=True)
class Request:
    """A request as the guards see it. ``body`` belongs to the exchange and may be edited in place."""

    surface: str
    model: str
    stream: bool
    body: Json
    raw: bytes
    segments: tuple[Segment, ...]
    uninspectable: tuple[Uninspectable, ...]


Channel = tuple[str | int, ...]
"""Whose text continues whose: (choice, "content"), (choice, "tool_calls", 0, "arguments"), …"""


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of text of an answer. ``closes``: the channel ends with this piece (a value that is never continued)."""

    channel: Channel
    scope: Scope
    text: str
    place: Place
    form: Form = Form.TEXT
    closes: bool = False


@dataclass(frozen=True, slots=True)
class Companion:
    """A value that spells out the text of channels beside it (log probabilities): it goes no earlier than they, and not if a rule
    rewrites them.
    """

    channels: tuple[Channel, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts as the upstream reports them."""

    input_tokens: int | None = None
    output_tokens: int | None = None


@dataclass(slots=True)
class Event:
    """One JSON document of an answer: a whole completion, or one event of a stream; the same reading serves both.

    ``raw`` is what arrived; it goes on unchanged when no edit touches the event. ``finished`` are the choices that end here.
    """

    raw: bytes
    body: Json
    deltas: tuple[Delta, ...] = ()
    finished: Mapping[int, str] = field(default_factory=dict)
    uninspectable: tuple[Uninspectable, ...] = ()
    companions: tuple[Companion, ...] = ()
    usage: Usage | None = None
    prefix: bytes = b""  # the event's own lines other than data, for a stream
    is_end: bool = False  # the dialect's end mark


def at(body: Json, place: Place) -> Json:
    """The value at a place."""
    for step in place:
        body = body[step]
    return body


def put(body: Json, place: Place, value: Json) -> None:
    """Replace the value at a place."""
    at(body, place[:-1])[place[-1]] = value
