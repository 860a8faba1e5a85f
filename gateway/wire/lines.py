"""Lines of JSON: bytes in any pieces to whole lines, each with its end; the last one may lack it."""

from collections.abc import Iterator

from gateway.errors import UpstreamError
from gateway.wire.sse import SseEvent

LINES = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines", "application/jsonlines"})
"""The types of an answer that is one object a line."""


class LineSplitter:
    """Feed bytes as they arrive; get each line once it is whole. ``held`` bytes wait for the end of theirs: whoever feeds bounds them."""

    def __init__(self) -> None:
        self._held = bytearray()

    @property
    def held(self) -> int:
        return len(self._held)

    def feed(self, data: bytes) -> Iterator[bytes]:
        seen = len(self._held)
        self._held += data
        start = 0
        while (end := self._held.find(b"\n", max(start, seen)) + 1) > 0:
            line = bytes(self._held[start:end])
            start = end
            yield line
        del self._held[:start]

    def flush(self) -> bytes:
        """What is left once the bytes are over: a last line without an end, or nothing."""
        line = bytes(self._held)
        self._held.clear()
        return line


class LineDecoder:
    """The lines of an upstream's answer, each of which has no more than ``max_bytes``."""

    def __init__(self, max_bytes: int) -> None:
        self._max = max_bytes
        self._lines = LineSplitter()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Raises UpstreamError (``upstream_too_large``) for a line that outgrows the bound."""
        for raw in self._lines.feed(data):
            self._check(len(raw))
            yield raw
        self._check(self._lines.held)

    def flush(self) -> Iterator[bytes]:
        """What is left once the bytes are over, unless it is empty."""
        raw = self._lines.flush()
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
