"""What the watch tells, in the Redis or Valkey that gateways share. Of several watches one tells: as long as it goes on, the others are
silent, for each sees a part of the traffic alone.
"""

from typing import Any

from gateway.storage.redis_stream import Stream

_BOARD, _TELLER = "{oddgate}:signals", "{oddgate}:signals:teller"
_LASTS_MS = 120_000
_TELLS_MS = 30_000


class SharedBoard(Stream):
    """``name`` is the watch's own among all. What is raised is a ``SinkError``, which is an OSError."""

    def __init__(self, url: str, name: str = "") -> None:
        super().__init__(url)
        self._name = name

    def save(self, content: bytes) -> None:
        with self._raised():
            if self._client.set(_TELLER, self._name, nx=True, px=_TELLS_MS) or self._client.get(_TELLER) == self._name.encode():
                pipeline: Any = self._client.pipeline(transaction=True)
                pipeline.set(_BOARD, content, px=_LASTS_MS)
                pipeline.pexpire(_TELLER, _TELLS_MS)
                pipeline.execute()

    def read(self) -> bytes | None:
        """None: nobody tells anything."""
        with self._raised():
            found: bytes | None = self._client.get(_BOARD)
        return found
