"""What the watch tells, in the Redis or Valkey that gateways share. Of several watches one tells: as long as it goes on, the others are
silent, for each sees a part of the traffic alone.
"""

from typing import Any

from gateway.storage.redis_stream import Stream

TELLER = "{oddgate}:signals:teller"
_TELLS_MS = 30_000


class SharedBoard(Stream):
    """``name`` is the watch's own among all. What is raised is a ``SinkError``, which is an OSError."""

    _board = "{oddgate}:signals"
    _lasts_ms = 120_000

    def __init__(self, url: str, name: str = "") -> None:
        super().__init__(url)
        self._name = name

    def save(self, content: bytes) -> None:
        with self._raised():
            if self._client.set(TELLER, self._name, nx=True, px=_TELLS_MS) or self._client.get(TELLER) == self._name.encode():
                pipeline: Any = self._client.pipeline(transaction=True)
                pipeline.set(self._board, content, px=self._lasts_ms)
                pipeline.pexpire(TELLER, _TELLS_MS)
                pipeline.execute()

    def read(self) -> bytes | None:
        """None: nobody tells anything."""
        with self._raised():
            found: bytes | None = self._client.get(self._board)
        return found


class SharedMeasures(SharedBoard):
    """What is done about incidents. Each measure says itself how long it lasts."""

    _board = "{oddgate}:measures"
    _lasts_ms = 86_400_000
