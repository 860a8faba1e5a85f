"""The canonical model: what every dialect is read into before any guard runs.

A segment is a *view* of one text in a parsed body: it says where the text stands, and an edit is written back there. Nothing is rebuilt
from this model, so what it does not know survives; and what a dialect cannot read as text is listed as uninspectable, for the policy
to decide about.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from gateway.wire.jsontext import Leaf
from policies.vocabulary import Scope

Json = Any
"""A parsed JSON value."""

Place = tuple[str | int, ...]
"""The keys and indexes that lead to a value: ``("messages", 0, "content")``."""


class Form(StrEnum):
    """How a text stands at its place, which says how an edit is written there."""

    TEXT = "text"
    JSON = "json"  # a leaf of JSON that stands in a string, as tool arguments do
    BASE64 = "base64"  # the bytes of a file, which are text
    IDENTIFIER = "identifier"  # providers allow no brackets or spaces here
    KEY = "key"  # a key of an object: read, but not rewritten
    PICTURE = "picture"  # what can be read in a picture, which is not rewritten


class Kind(StrEnum):
    """What an uninspectable part is; the keys of a policy's ``on_uninspectable``."""

    IMAGE = "image"
    AUDIO = "audio"
    FILE = "file"
    TOKENS = "tokens"  # text as token numbers
    VECTOR = "vector"  # an embedding
    ENCRYPTED = "encrypted"  # a provider's own sealed text, such as reasoning that only it can read
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Call:
    """What a request says outside of its body. ``names`` are the variable parts of its path, by the name that the route gives them."""

    method: str = "POST"
    path: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class Origin:
    """What an answer of our own says of where it comes from; ``created`` is in seconds since 1970. ``choices``: how many were asked for."""

    request_id: str
    model: str
    created: int
    choices: int = 1


class Segment(NamedTuple):
    """One text of a request. ``leaf`` is which leaf of the string at ``place``, where the form is JSON or BASE64. ``joins``: where the turn
    begins that this text is said in; a reader takes what is said in one turn and scope for one text. None of what is not said: a name,
    an address, a note.
    """

    text: str
    role: str
    scope: Scope
    place: Place
    form: Form = Form.TEXT
    leaf: Leaf | None = None
    joins: Place = ()


@dataclass(frozen=True, slots=True)
class Uninspectable:
    """A part that no text detector can read, and where it stands. ``scope`` is whose it is, where the dialect knows; ``why`` says what
    kept it from being read, where that was tried.
    """

    kind: Kind
    place: Place
    scope: Scope | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """A request as the guards see it. ``body`` belongs to the exchange and may be edited in place.

    ``refers`` are the ids of what the endpoint keeps (an earlier answer, a conversation, a file) whose placeholders may come back in this
    one's answer; ``keeps`` are those that it adds to where the answer does not name them. ``write`` makes an edited body bytes again,
    where it is not JSON. ``choices``: how many answers it asks for, as far as we would give them.
    """

    surface: str
    model: str
    stream: bool
    body: Json
    raw: bytes
    segments: tuple[Segment, ...]
    uninspectable: tuple[Uninspectable, ...]
    refers: tuple[str, ...] = ()
    keeps: tuple[str, ...] = ()
    write: Callable[[Json], bytes] | None = None
    choices: int = 1


Channel = tuple[str | int, ...]
"""Whose text continues whose: (choice, "content"), (choice, "tool_calls", 0, "arguments"), …"""


class Delta(NamedTuple):
    """A piece of text of an answer. ``closes``: the channel ends with this piece (a value that is never continued). ``echoes``: the API
    says the text of another channel over again; it is guarded like any other, and what is found in both is recorded once. ``run``: the
    texts that a reader takes for one have it in common, as with the blocks of one message; none: nothing goes on from this text.
    """

    channel: Channel
    scope: Scope
    text: str
    place: Place
    form: Form = Form.TEXT
    closes: bool = False
    echoes: bool = False
    run: Channel = ()


@dataclass(frozen=True, slots=True)
class Companion:
    """A value that spells out the text of channels beside it (log probabilities): it goes no earlier than they, and not if a rule
    rewrites them.
    """

    channels: tuple[Channel, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts as the upstream reports them. ``input_tokens`` are all that it has read: of them, ``cached_tokens`` came from its cache,
    and ``cache_write_tokens`` went into it. Of the ``output_tokens``, nobody is shown the ``reasoning_tokens``.
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None

    @property
    def is_told(self) -> bool:
        return self.input_tokens is not None or self.output_tokens is not None

    def plus(self, other: "Usage") -> "Usage":
        """Of both together; what neither has said is not known."""
        return Usage(
            _sum(self.input_tokens, other.input_tokens),
            _sum(self.output_tokens, other.output_tokens),
            _sum(self.cached_tokens, other.cached_tokens),
            _sum(self.cache_write_tokens, other.cache_write_tokens),
            _sum(self.reasoning_tokens, other.reasoning_tokens),
        )


def _sum(one: int | None, other: int | None) -> int | None:
    return one if other is None else other if one is None else one + other


@dataclass(slots=True)
class Event:
    """One JSON document of an answer: a whole completion, or one event of a stream; the same reading serves both.

    ``raw`` is what arrived; it goes on unchanged when no edit touches the event. ``finished`` are the choices that end here, ``ends``
    the channels that do (each with all below it). ``names`` are ids under which the endpoint keeps what was said. ``calls`` are the
    tools that are called: each call's channel (with all below it) and its tool's name, or the pieces of it, as far as this event says it.
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
    ends: tuple[Channel, ...] = ()
    names: tuple[str, ...] = ()
    has_numbers: bool = False  # the numbers that could be somebody's are among its deltas
    calls: Sequence[tuple[Channel, str]] = ()


def at(body: Json, place: Place) -> Json:
    """The value at a place."""
    for step in place:
        body = body[step]
    return body


def put(body: Json, place: Place, value: Json) -> None:
    """Replace the value at a place."""
    at(body, place[:-1])[place[-1]] = value
