"""Reading the journal as it grows: whole lines, by offset, from any place on."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from gateway.telemetry.journal import segment_files

Offsets = Mapping[str, int]
"""How far each segment has been read, in bytes, by its file's name."""


class JournalReader:
    """What is torn off at the end of a segment is read once it is whole, or never; a segment that is gone is forgotten."""

    def __init__(self, folder: Path, offsets: Offsets | None = None) -> None:
        self._folder = folder
        self._offsets = dict(offsets or {})
        self._sizes: dict[str, int] = {}
        self._missed = 0

    @property
    def offsets(self) -> Offsets:
        return dict(self._offsets)

    @property
    def lag_bytes(self) -> int:
        """What was there at the last read and is not read yet; a torn end counts until its segment is gone."""
        return sum(size - self._offsets.get(name, 0) for name, size in self._sizes.items())

    def take_missed(self) -> int:
        """Bytes that were removed before they were read, since this was last asked."""
        missed, self._missed = self._missed, 0
        return missed

    def read(self, max_bytes: int | None = None) -> Iterator[bytes]:
        """Lines that are new since the last call, oldest segment first, until there are ``max_bytes`` of them or a little more."""
        segments = {path.name: path for path in segment_files(self._folder)}
        self._forget(segments)
        taken = 0
        for name, path in segments.items():
            for line in self._lines(name, path):
                taken += len(line)
                yield line
                if max_bytes is not None and taken >= max_bytes:
                    return

    def _lines(self, name: str, path: Path) -> Iterator[bytes]:
        if self._sizes[name] <= (offset := self._offsets.get(name, 0)):
            return
        try:
            file = path.open("rb")
        except FileNotFoundError:
            return
        with file:
            file.seek(offset)
            for line in file:
                if not line.endswith(b"\n"):
                    return
                offset += len(line)
                self._offsets[name] = offset
                yield line

    def _forget(self, segments: Mapping[str, Path]) -> None:
        for name in self._offsets.keys() | self._sizes.keys():
            if name not in segments:
                self._missed += max(0, self._sizes.pop(name, 0) - self._offsets.pop(name, 0))
        for name, path in segments.items():
            try:
                self._sizes[name] = path.stat().st_size
            except FileNotFoundError:
                self._sizes.setdefault(name, 0)
