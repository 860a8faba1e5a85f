"""What was received, and what our own log says, put by in short for the watch: lines in segment files, of which the oldest go.

Whoever sends, or logs, never waits for it. What does not fit while it is slow, or cannot be written, is dropped and counted.
"""

import fcntl
import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from gateway.telemetry.journal import SUFFIX, is_written, segment_files
from gateway.telemetry.observed import Seen, to_line
from gateway.telemetry.own_log import WRITER

MAX_WAITING = 100
MAX_WAITING_BYTES = 16 << 20
"""What is larger waits alone."""
MAX_EXPORT_BYTES = 4 << 20
"""Of the lines of one export; what more it has is dropped."""
MAX_FILES = 200
"""Processes that come and go leave small ones."""
_SEGMENTS = 16
_WRITE_BYTES = 256 << 10
_LAST_S = 2.0
_STAMP = "%Y%m%dT%H%M%S"

log = logging.getLogger("oddgate.otlp")


class Spool:
    """``max_bytes`` of files in ``folder``, which are for their owner alone; ``wall`` gives seconds since 1970. ``kept``, ``dropped`` and
    ``errors`` are since the start: lines, exports or parts of them, and failures to write.
    """

    def __init__(self, folder: Path, max_bytes: int, wall: Callable[[], float]) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._segment_bytes = max_bytes // _SEGMENTS
        self._wall = wall
        self._waiting: deque[tuple[Iterable[Seen], int]] = deque()
        self._waiting_bytes = 0
        self._changed = threading.Condition()
        self._is_closing = False
        self._file = -1
        self._size = self._sequence = 0
        self._has_failed = False
        self.kept = 0
        self.errors = 0
        self._full = self._cut = 0
        self._thread = threading.Thread(target=self._run, name=WRITER, daemon=True)

    @property
    def dropped(self) -> int:
        return self._full + self._cut

    def start(self) -> None:
        """Raises OSError."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._thread.start()

    def put(self, seen: Iterable[Seen], size: int) -> None:
        """It is gone through later, in another thread, so that nobody may change what it is made of; ``size`` is about what that takes."""
        with self._changed:
            if len(self._waiting) >= MAX_WAITING or (self._waiting_bytes and self._waiting_bytes + size > MAX_WAITING_BYTES):
                self._full += 1
                return
            self._waiting.append((seen, size))
            self._waiting_bytes += size
            self._changed.notify()

    def close(self) -> None:
        """What waits is still put by, if that is soon done."""
        with self._changed:
            self._is_closing = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(_LAST_S)

    def _run(self) -> None:
        while True:
            with self._changed:
                while not (self._waiting or self._is_closing):
                    self._changed.wait()
                if not self._waiting:
                    break
                seen, size = self._waiting.popleft()
            try:
                self._keep(seen)
            except Exception as error:  # noqa: BLE001 the last line of this thread
                self._failed(type(error).__name__)
            finally:
                del seen
                with self._changed:
                    self._waiting_bytes -= size
        self._end()

    def _keep(self, seen: Iterable[Seen]) -> None:
        lines, size, total = [], 0, 0
        for each in seen:
            line = to_line(each)
            total += len(line)
            if total > MAX_EXPORT_BYTES:
                self._cut += 1
                break
            lines.append(line)
            size += len(line)
            if size >= _WRITE_BYTES:
                self._write(lines)
                lines, size = [], 0
        if lines:
            self._write(lines)

    def _write(self, lines: list[bytes]) -> None:
        content = b"".join(lines)
        try:
            if self._file < 0 or (self._size and self._size + len(content) > self._segment_bytes):
                self._rotate()
            written = os.write(self._file, content)
            self._size += written
            if written != len(content):
                raise OSError("it took only a part")  # noqa: TRY301 as one of several that mean the same
        except OSError as error:
            self._end()  # what is torn ends its segment
            self._failed(error.strerror or type(error).__name__)
            return
        self._has_failed = False
        self.kept += len(lines)

    def _failed(self, why: str) -> None:
        self.errors += 1
        if not self._has_failed:
            self._has_failed = True
            log.warning("what was received cannot be put by for the watch (%s); it is dropped until it can", why)

    def _rotate(self) -> None:
        self._end()
        self._prune()
        while self._file < 0:
            self._sequence += 1
            stamp = datetime.fromtimestamp(self._wall(), UTC).strftime(_STAMP)
            path = self._folder / f"{stamp}-{os.getpid()}-{self._sequence:06d}{SUFFIX}"
            with suppress(FileExistsError):
                self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._size = 0
        with suppress(OSError):  # a file system without locks
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _prune(self) -> None:
        """So that with one more there are no more bytes, nor files, than there may be."""
        sizes = {segment: _size(segment) for segment in segment_files(self._folder)}
        total, files = sum(sizes.values()) + self._segment_bytes, len(sizes) + 1
        for segment, size in sizes.items():
            if total <= self._max_bytes and files <= MAX_FILES:
                return
            if not is_written(segment):
                segment.unlink(missing_ok=True)
                total, files = total - size, files - 1

    def _end(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def _size(segment: Path) -> int:
    try:
        return segment.stat().st_size
    except FileNotFoundError:
        return 0
