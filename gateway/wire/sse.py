"""Server-sent events (the WHATWG event-stream format): bytes in any pieces to whole events, and an event back to bytes."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from gateway.errors import UpstreamError

_EVENT_END = re.compile(rb"(?>\r\n|\n|\r)(?:\r\n|\n|\r)")
_LINE_END = re.compile(rb"\r\n|\n|\r")


class SseEvent(NamedTuple):
    """``data`` is the joined data lines, None for a comment; ``fields`` the other lines (``event:``, ``id:``, ``retry:``) as they came.

    ``raw`` is the event as it came, without comments and lines of other names: nothing reads them, so nothing may pass in them.
    """

    raw: bytes
    data: bytes | None
    fields: bytes


class SseDecoder:
    """Feed bytes as they arrive; get each event once it is whole, if it has no more than ``max_event_bytes``."""

    def __init__(self, max_event_bytes: int) -> None:
        self._max = max_event_bytes
        self._held = bytearray()

    def feed(self, data: bytes) -> Iterator[SseEvent]:
        """Raises UpstreamError (``upstream_too_large``) for an event that outgrows the bound."""
        if not self._held and (whole := _one_line(data)):
            yield whole
            return
        seen = max(0, len(self._held) - 3)
        self._held += data
        start = 0
        while match := _EVENT_END.search(self._held, max(start, seen)):
            # A lone CR at the end of what we have may be half of a CRLF.
            if match.end() == len(self._held) and match.group().endswith(b"\r"):
                break
            raw = bytes(self._held[start : match.end()])
            start = match.end()
            self._check(len(raw))
            if event := _parse(raw):
                yield event
        del self._held[:start]
        self._check(len(self._held))

    def _check(self, size: int) -> None:
        if size > self._max:
            raise UpstreamError("upstream_too_large", "The upstream sent an event larger than the gateway takes.")

    def flush(self) -> Iterator[SseEvent]:
        """The stream ended: what is left is an event whose end is missing, and is given one."""
        raw = bytes(self._held)
        self._held.clear()
        event = _parse(raw.rstrip(b"\r\n") + b"\n\n")
        if event:
            yield event


def _one_line(raw: bytes) -> SseEvent | None:
    """One whole event with one line of data, perhaps after its name, as nearly all events of nearly all endpoints are; None: another."""
    at = raw.find(b"\n") + 1 if raw.startswith(b"event: ") else 0
    if raw.endswith(b"}\n\n") and raw.startswith(b"data: {", at) and raw.count(b"\n") == (3 if at else 2) and b"\r" not in raw:
        return SseEvent(raw, raw[at + 6 : -2], raw[:at])
    return None


def _parse(raw: bytes) -> SseEvent | None:
    if whole := _one_line(raw):
        return whole
    data: list[bytes] = []
    fields: list[bytes] = []
    kept: list[bytes] = []
    lines = [line for line in _LINE_END.split(raw.removeprefix(b"\xef\xbb\xbf")) if line]
    for line in lines:
        name, _, value = line.partition(b":")
        if name == b"data":
            data.append(value.removeprefix(b" "))
        elif name in (b"event", b"id", b"retry"):
            fields.append(line)
        else:
            continue
        kept.append(line)
    if not lines:
        return None
    if len(kept) < len(lines):
        raw = b"\n".join((*kept, b"", b""))
    return SseEvent(raw, b"\n".join(data) if data else None, b"".join(line + b"\n" for line in fields))


def encode_event(data: bytes, fields: bytes = b"") -> bytes:
    return fields + b"data: " + data + b"\n\n"


KEEP_ALIVE = b": keep-alive\n\n"
"""What we send for a comment of the upstream's: its text is nobody's business, that the stream lives is."""
