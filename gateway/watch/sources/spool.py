"""What the receiver of telemetry has put by, read as it grows, and how far."""

from collections.abc import Callable
from pathlib import Path

import orjson

from gateway.telemetry.observed import LogSeen, Sample, SpanSeen, UnreadableError, from_line
from gateway.telemetry.tailing import JournalReader, Offsets

BATCH_BYTES = 256 << 10


class SpoolReader:
    """Goes on at ``offsets``. ``take`` gets what was seen; what was read since the offsets were kept last comes again."""

    def __init__(self, folder: Path, offsets: Offsets, take: Callable[[Sample | SpanSeen | LogSeen], None]) -> None:
        self._reader = JournalReader(folder, offsets)
        self._take = take
        self.lines = 0
        self.unreadable = 0
        self.missed_bytes = 0

    @property
    def offsets(self) -> Offsets:
        return self._reader.offsets

    def step(self) -> bool:
        """Whether there may be more at once."""
        taken = 0
        for line in self._reader.read(BATCH_BYTES):
            taken += len(line)
            try:
                seen = from_line(line)
            except UnreadableError:
                self.unreadable += 1
                continue
            self.lines += 1
            self._take(seen)
        self.missed_bytes += self._reader.take_missed()
        return taken >= BATCH_BYTES

    def figures(self) -> dict[str, float]:
        return {
            "received_lag_bytes": self._reader.lag_bytes,
            "received_missed_bytes": self.missed_bytes,
            "received_unreadable": self.unreadable,
        }


def render_offsets(offsets: Offsets) -> bytes:
    return orjson.dumps(dict(offsets))


def parse_offsets(content: bytes | None) -> Offsets:
    """Nothing where it cannot be read: then all that is there is read."""
    try:
        said = orjson.loads(content or b"{}")
    except orjson.JSONDecodeError:
        return {}
    if not isinstance(said, dict):
        return {}
    return {name: offset for name, offset in said.items() if type(offset) is int and offset >= 0}
