"""Lines of JSON: bytes in any pieces to whole lines, each with its end; the last one may lack it."""

from collections.abc import Iterator

from gateway.errors import UpstreamError
from gateway.wire.sse import SseEvent

LINES = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines", "application/jsonlines"})
"""The types of an answer that is one object a line."""


class LineDecoder:
    """Feed bytes as they arrive; get each line once it is whole, if it has no more than ``max_bytes``."""

    def __init__(self, max_bytes: int) -> None:
        self._max = max_bytes
        self._held = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Raises UpstreamError (``upstream_too_large``) for a line that outgrows the bound."""
        seen = len(self._held)
        self._held += data
        start = 0
        while (end := self._held.find(b"\n", max(start, seen)) + 1) > 0:
            raw = bytes(self._held[start:end])
            start = end
            self._check(len(raw))
            yield raw
        del self._held[:start]
        self._check(len(self._held))

    def flush(self) -> Iterator[bytes]:
        """What is left once the bytes are over, unless it is empty."""
        raw = bytes(self._held)
        self._held.clear()
        if raw.strip():
            yield raw

    def _check(self, size: int) -> None:
        if size > self._max:
            raise UpstreamError("upstream_too_large", "The upstream sent a row larger than the gateway takes.")


class LineEvents:
    """Lines as the events of a stream that have nothing but their data. An empty line says nothing, and keeps the stream alive."""

    def __init__(self, max_bytes: int) -> None:
        self._lines = LineDecoder(max_bytes)

    def feed(self, data: bytes) -> Iterator[SseEvent]:
        return map(_event, self._lines.feed(data))

    def flush(self) -> Iterator[SseEvent]:
        return map(_event, self._lines.flush())


def _event(raw: bytes) -> SseEvent:
    data = raw.strip()
    return SseEvent(raw if raw.endswith(b"\n") else raw + b"\n", data or None, b"")


def encode_line(data: bytes, fields: bytes = b"") -> bytes:
    """A line has no room for the ``fields`` of an event."""
    return data + b"\n"
