"""The append-only journal: one line of JSON for each exchange, in segment files.

A record is with the operating system when ``append`` returns, so it survives the death of the process; ``fsync`` says when it also survives
the death of the machine (``always``: at once; ``interval``: about a second later; ``never``: when the system likes).
"""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from gateway.wire.codec import encode
from gateway.wire.model import Json

SUFFIX = ".jsonl"


class Journal:
    """Written by one process. Segments are named so that they sort by age: ``20261122T101500-PID-SEQ.jsonl``."""

    def __init__(self, folder: Path, segment_bytes: int, keep_bytes: int, now: Callable[[], float], *, sync_each: bool = False) -> None:
        self._folder = folder
        self._segment_bytes = segment_bytes
        self._keep_bytes = keep_bytes
        self._now = now
        self._sync_each = sync_each
        self._sequence = 0
        self._size = 0
        self._dirty = False
        self._is_torn = False
        folder.mkdir(parents=True, exist_ok=True)
        self._file = self._open()

    def append(self, record: Json) -> None:
        """Raises OSError when the record could not be written whole."""
        line = encode(record) + b"\n"
        if self._is_torn or (self._size and self._size + len(line) > self._segment_bytes):
            self._rotate()
        written = os.write(self._file, line)
        self._size += written
        self._dirty = True
        if written != len(line):
            self._is_torn = True  # it ends its segment, so that readers can pass over it
            raise OSError("the journal took only a part of a record")
        if self._sync_each:
            self.sync()

    def sync(self) -> None:
        """Bring what was written to the disk; blocks while the disk works."""
        if self._dirty:
            self._dirty = False
            file = os.dup(self._file)  # this may run in a thread, while a full segment is being closed
            try:
                os.fsync(file)
            finally:
                os.close(file)

    def close(self) -> None:
        self.sync()
        os.close(self._file)

    def _rotate(self) -> None:
        self.sync()
        old, self._file = self._file, self._open()
        os.close(old)
        self._is_torn = False
        self._prune()

    def _open(self) -> int:
        self._sequence += 1
        stamp = datetime.fromtimestamp(self._now(), UTC).strftime("%Y%m%dT%H%M%S")
        name = f"{stamp}-{os.getpid()}-{self._sequence:06d}{SUFFIX}"
        descriptor = os.open(self._folder / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._name, self._size = name, 0
        return descriptor

    def _prune(self) -> None:
        """The oldest segments go once all of them take more than ``keep_bytes``; the one that is written to stays."""
        sizes = {segment: _size(segment) for segment in segment_files(self._folder) if segment.name != self._name}
        total = sum(sizes.values())
        for segment, size in sizes.items():
            if total <= self._keep_bytes:
                return
            total -= size
            segment.unlink(missing_ok=True)


def _size(segment: Path) -> int:
    try:
        return segment.stat().st_size
    except FileNotFoundError:  # somebody else cleans up too
        return 0


def segment_files(folder: Path) -> list[Path]:
    """The segments, oldest first."""
    return sorted(folder.glob(f"*{SUFFIX}"))
