"""What one watch at a time writes down for the next, in the Redis or Valkey that watches share: it is the turn of the one that tells.

Every turn has a number of its own, and what an earlier one still writes is not taken: so nobody spends what somebody else has spent,
however long he was held up. A turn goes on until another one begins.
"""

from typing import Any

from gateway.storage.board import TELLER
from gateway.storage.redis_stream import Stream
from gateway.watch.store import SinkError

MAX_BYTES = 16 << 20
_STATE = "{oddgate}:probes"
_TAKE = """
if redis.call('get', KEYS[1]) ~= ARGV[1] then return false end
local size = redis.call('hstrlen', KEYS[2], 'state')
local state = size <= tonumber(ARGV[2]) and redis.call('hget', KEYS[2], 'state')
return {redis.call('hincrby', KEYS[2], 'turn', 1), state}
"""
_SAVE = """
if redis.call('hget', KEYS[1], 'turn') ~= ARGV[1] then return 0 end
redis.call('hset', KEYS[1], 'state', ARGV[2])
return 1
"""


class Turn(Stream):
    """``name`` is the watch's own among all. What is raised is a ``SinkError``, which is an OSError."""

    def __init__(self, url: str, name: str) -> None:
        super().__init__(url)
        self._name = name
        self._number = 0

    def take(self) -> bytes | None:
        """Begins one, and says what was written down last; nothing where nothing was, or too much. Raises where another watch tells."""
        with self._raised():
            found: Any = self._client.eval(_TAKE, 2, TELLER, _STATE, self._name, MAX_BYTES)
        if found is None:
            raise SinkError("another watch tells")
        self._number, state = int(found[0]), found[1]
        return bytes(state) if state is not None else None

    def save(self, content: bytes) -> None:
        with self._raised():
            is_ours: int = self._client.eval(_SAVE, 1, _STATE, self._number, content)
        if not is_ours:
            raise SinkError("it is another watch's turn")

    def is_ours(self) -> bool:
        with self._raised():
            turn: bytes | None = self._client.hget(_STATE, "turn")
        return turn == str(self._number).encode()
