"""Reading the journal as it grows: whole lines, by offset, from any place on."""

import json
import logging
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from gateway.telemetry.chain import PRUNED, is_own
from gateway.telemetry.journal import segment_files

Offsets = Mapping[str, int]
"""How far each segment has been read, in bytes, by its file's name."""
_MAX_SEEN = 10_000
"""Segments whose sizes are remembered."""

log = logging.getLogger("oddgate.journal")


class JournalReader:
    """What is torn off at the end of a segment is read once it is whole, or never; what cannot be read now is passed over, and not taken.

    ``seen`` is what is known of segments' sizes, which outlasts a reader: by it the next one knows what went before it could be read.
    """

    def __init__(self, folder: Path, offsets: Offsets | None = None, seen: dict[str, int] | None = None) -> None:
        self._folder = folder
        self._offsets = dict(offsets or {})
        self._sizes = {} if seen is None else seen
        self._there: Collection[str] = ()
        self._gone: Collection[str] = ()
        self._oldest: str | None = None
        self._unreadable: set[str] = set()

    @property
    def offsets(self) -> Offsets:
        return {name: offset for name, offset in self._offsets.items() if name not in self._gone}

    @property
    def lag_bytes(self) -> int:
        """What was there at the last look and is not read yet; a torn end counts until its segment is gone."""
        return sum(max(0, self._sizes.get(name, 0) - self._offsets.get(name, 0)) for name in self._there)

    def look(self) -> None:
        """See what there is, and read nothing."""
        self._look()

    def go_back(self, offsets: Offsets) -> None:
        """What was read since comes again."""
        self._offsets, self._gone = dict(offsets), ()

    def take_missed(self) -> int:
        """Bytes that were removed before they were read, since this was last asked; what was read is taken for kept."""
        missed = sum(max(0, self._sizes.pop(name, 0) - self._offsets.pop(name, 0)) for name in self._gone)
        self._gone = ()
        return missed

    def read(self, max_bytes: int | None = None) -> Iterator[bytes]:
        """Lines that are new since the last call, oldest segment first, until there are ``max_bytes`` of them or a little more."""
        self._gone = ()
        segments = self._look()
        if self._oldest is None:
            self._oldest = min(self._offsets.keys() | self._sizes.keys(), default="")
        taken = 0
        for name, path in segments.items():
            for line in self._lines(name, path):
                taken += len(line)
                yield line
                if max_bytes is not None and taken >= max_bytes:
                    return
        self._gone = [name for name in self._offsets.keys() | self._sizes.keys() if name not in segments]

    def _lines(self, name: str, path: Path) -> Iterator[bytes]:
        """Where it cannot be read, what is left of it counts as not read."""
        offset = self._offsets.get(name, 0)
        if self._sizes.get(name, offset + 1) <= offset:
            return
        try:
            with path.open("rb") as file:
                file.seek(offset)
                for line in file:
                    if not line.endswith(b"\n"):
                        return
                    offset += len(line)
                    self._offsets[name] = offset
                    self._learn(line)
                    yield line
        except FileNotFoundError:
            return
        except OSError as error:
            if name not in self._unreadable:
                self._unreadable.add(name)
                log.error("the journal's %s cannot be read, and is passed over: %s", name, error.strerror)  # noqa: TRY400 the reason says it

    def _learn(self, line: bytes) -> None:
        """The journal's own word on what it removed, also of what came and went unseen; what went before anybody read is not missed."""
        if not is_own(line):
            return
        try:
            said = json.loads(line)
            sizes = dict(said["sizes"]) if said["kind"] == PRUNED else {}
        except (ValueError, KeyError, TypeError, RecursionError):
            return
        for name, size in sizes.items():
            if type(size) is int and (name in self._offsets or name in self._sizes or name > (self._oldest or "")):
                self._see(name, max(size, self._sizes.get(name, 0)))

    def _look(self) -> Mapping[str, Path]:
        segments = {path.name: path for path in segment_files(self._folder)}
        self._there = segments.keys()
        self._unreadable.intersection_update(segments)
        for name, path in segments.items():
            try:
                self._see(name, path.stat().st_size)
            except OSError:  # it has gone, or nothing of it can be known
                self._see(name, self._sizes.get(name, 0))
        return segments

    def _see(self, name: str, size: int) -> None:
        if name in self._sizes or len(self._sizes) < _MAX_SEEN:
            self._sizes[name] = size
