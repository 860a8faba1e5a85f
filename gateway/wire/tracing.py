"""Trace contexts of the W3C (``traceparent``, ``tracestate``, ``baggage``): read strictly, and as they go on.

A ``traceparent`` that is not well-formed, or that comes twice, is as if none had been sent. Headers are not inspected by policies, so only
what can carry no prose goes on: ids, and members whose every word is an identifier.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from gateway.wire.walk import has_number, is_structural

Headers = Sequence[tuple[str, str]]

SAMPLED = 1
_KNOWN_FLAGS = SAMPLED | 2
"""Whether the caller keeps the trace, and whether its id is random."""
_MAX_STATE, _MAX_STATE_MEMBERS = 512, 32
_MAX_BAGGAGE, _MAX_BAGGAGE_MEMBERS = 8192, 64
_TRACE_BYTES, _SPAN_BYTES = 16, 8
_FILLING = b"\0\t\n\r"
"""What a text may be filled up with, or have in between."""
_LEAST_TEXT = 3

_PARENT = re.compile(r"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_STATE_KEY = re.compile(r"[a-z0-9][a-z0-9_*/-]{0,255}(?:@[a-z][a-z0-9_*/-]{0,13})?")
_SEPARATORS = re.compile(r"[;~|*@]")
_LONG_STATE_MEMBER = 128


@dataclass(frozen=True, slots=True)
class Trace:
    """Of one exchange: ``span_id`` is the gateway's own, ``parent_id`` the caller's, empty where the trace begins here."""

    trace_id: str = ""
    span_id: str = ""
    parent_id: str = ""
    flags: int = SAMPLED
    state: str = ""
    baggage: str = ""

    def headers(self, span_id: str) -> Headers:
        """For a call that is the span ``span_id``."""
        headers = [("traceparent", f"00-{self.trace_id}-{span_id}-{self.flags:02x}")]
        if self.state:
            headers.append(("tracestate", self.state))
        if self.baggage:
            headers.append(("baggage", self.baggage))
        return headers

    def child(self, span_id: str) -> "Trace":
        """Of an exchange that belongs to this one."""
        return replace(self, span_id=span_id, parent_id=self.span_id)


NO_TRACE = Trace()


def begin(first: Mapping[str, str], headers: Callable[[], Headers], chance: Callable[[int], bytes]) -> Trace:
    """``first`` gives the first value of a header, ``headers`` all of them; ``chance`` gives random bytes."""
    baggage = read_baggage(_values(headers(), "baggage")) if "baggage" in first else ""
    if "traceparent" in first and (found := read_parent(_values(headers(), "traceparent"))):
        trace_id, parent_id, flags = found
        state = read_state(_values(headers(), "tracestate")) if "tracestate" in first else ""
        return Trace(trace_id, chance(_SPAN_BYTES).hex(), parent_id, flags, state, baggage)
    ids = chance(_TRACE_BYTES + _SPAN_BYTES).hex()
    return Trace(ids[: 2 * _TRACE_BYTES], ids[2 * _TRACE_BYTES :], baggage=baggage)


def new_span_id(chance: Callable[[int], bytes]) -> str:
    return chance(_SPAN_BYTES).hex()


def read_parent(values: Sequence[str]) -> tuple[str, str, int] | None:
    """Trace id, parent id and flags. A later version may have more after them; ids that are somebody's number, or a text, are none."""
    match = _PARENT.fullmatch(values[0].strip(" \t")) if len(values) == 1 else None
    if match is None or (match[1] == "00" and match[5]):
        return None
    if _is_telling(match[2]) or _is_telling(match[3]):
        return None
    return match[2], match[3], int(match[4], 16) & _KNOWN_FLAGS


def _is_telling(number: str) -> bool:
    """Whether an id is a number of somebody's, or a text in hexadecimal. Of random ones, hardly any is."""
    if number.isdecimal():
        return len(number) > 2 * _SPAN_BYTES or has_number(number)
    said = bytes.fromhex(number).translate(None, _FILLING)
    return len(said) >= _LEAST_TEXT and said.isascii() and said.decode().isprintable()


def read_state(values: Iterable[str]) -> str:
    """The members that may go on, in order, of 512 characters at most: long ones go first, then the last ones. A key given twice: none."""
    members: dict[str, str] = {}
    for member in filter(None, (part.strip(" \t") for value in values for part in value.split(","))):
        key, equals, value = member.partition("=")
        if key in members or not equals or "=" in value or not _STATE_KEY.fullmatch(key):
            return ""
        members[key] = value
    if len(members) > _MAX_STATE_MEMBERS:
        return ""
    kept = [f"{key}={value}" for key, value in members.items() if value and _are_words(key) and _are_words(value)]
    if _length(kept) > _MAX_STATE:
        kept = [member for member in kept if len(member) <= _LONG_STATE_MEMBER]
    while _length(kept) > _MAX_STATE:
        kept.pop()
    return ",".join(kept)


def read_baggage(values: Sequence[str]) -> str:
    """As it came, if there is nothing in it but names and identifiers; else nothing of it goes on."""
    baggage = ",".join(values)
    if len(baggage) > _MAX_BAGGAGE:
        return ""
    members = [member.strip(" \t") for member in baggage.split(",")]
    if len(members) > _MAX_BAGGAGE_MEMBERS or not all(map(_is_plain_member, members)):
        return ""
    return ",".join(members)


def _is_plain_member(member: str) -> bool:
    """``name=value``, with properties after it: ``name=value;property;property=value``."""
    named, *properties = (part.strip(" \t").split("=") for part in member.split(";"))
    parts = [named, *properties]
    return len(named) == 2 and all(len(part) <= 2 and part[0] and all(map(is_structural, part)) for part in parts)


def _are_words(text: str) -> bool:
    return is_structural(_SEPARATORS.sub("-", text))


def _values(headers: Headers, wanted: str) -> list[str]:
    return [value for name, value in headers if name.lower() == wanted]


def _length(members: Sequence[str]) -> int:
    return sum(map(len, members)) + max(0, len(members) - 1)
