"""Lines of the journal that several threads read, each in its own time: who comes first makes a record of a line for all of them."""

import threading
from collections import OrderedDict
from collections.abc import Callable

from gateway.watch.row import Said, parse_said

_MAX_BYTES, _MAX_LINE = 1 << 20, 32 << 10
"""Of lines whose records wait for other readers, which take some times as much; longer ones everybody reads alone."""


class Once:
    """For readers of any threads. What one of them has read, and others have not yet, is kept for these, as far as there is room; nobody
    may change it. Whoever finds nothing reads for himself.
    """

    def __init__(self, max_bytes: int = _MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._readers = 0
        self._waiting: OrderedDict[bytes, list[Said]] = OrderedDict()  # a line's record as often as it is still wanted
        self._bytes = 0
        self._lock = threading.Lock()

    @property
    def waiting_bytes(self) -> int:
        """Of lines."""
        return self._bytes

    def reader(self) -> Callable[[bytes], Said]:
        """For one more that reads every line, as ``parse_said`` does."""
        self._readers += 1
        return self._read

    def _read(self, line: bytes) -> Said:
        with self._lock:
            if wanted := self._waiting.get(line):
                said = wanted.pop()
                if not wanted:
                    self._drop(line)
                return said
        said = parse_said(line)
        if self._readers > 1 and len(line) <= _MAX_LINE:
            with self._lock:
                self._keep(line, said)
        return said

    def _keep(self, line: bytes, said: Said) -> None:
        if line in self._waiting:
            return
        self._waiting[line] = [said] * (self._readers - 1)
        self._bytes += len(line)
        while self._bytes > self._max_bytes:
            self._drop(next(iter(self._waiting)))

    def _drop(self, line: bytes) -> None:
        del self._waiting[line]
        self._bytes -= len(line)
