"""Where what is known of incidents outlives a watch: in files of its own, or in the Redis or Valkey that several watches share.

Of several watches one leads, the one that tells the board; when it has been silent for ``LEADS_S``, another takes its place, with all that
it knew. Who leads no more writes nothing more.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gateway.proxy.keeping import read_file, replace_file
from gateway.storage.board import TELLER
from gateway.storage.redis_stream import Stream

MAX_STATE = 128 << 20
"""More than it ever is."""
LEADS_S = 30
MAX_HANDED = 10_000
"""Symptoms that wait for who leads; of more, the oldest are lost."""
_STATE, _VIEW = "incidents-state", "incidents.json"
_KNOWN, _SHOWN, _HANDED = (f"{{oddgate}}:incidents:{each}" for each in ("state", "view", "handed"))
_IF_TELLER = "if redis.call('get', KEYS[1]) == ARGV[1] then redis.call('set', KEYS[2], ARGV[2]) return 1 end return 0"
_LEAD = """
local leader = redis.call('get', KEYS[1])
if not leader or leader == ARGV[1] then redis.call('set', KEYS[1], ARGV[1], 'px', ARGV[2]) return 1 end
return 0
"""


class FileLog:
    """Of the one watch of its folder. What it raises is an OSError."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self) -> bytes | None:
        return read_file(self._folder / _STATE, MAX_STATE)

    def save(self, state: bytes) -> None:
        replace_file(self._folder / _STATE, state)

    def show(self, view: bytes) -> None:
        replace_file(self._folder / _VIEW, view)

    def shown(self) -> bytes | None:
        return read_file(self._folder / _VIEW, MAX_STATE)

    def leads(self) -> bool:
        return True


class SharedLog(Stream):
    """``name`` is the watch's own among all. What is raised is a ``SinkError``, which is an OSError."""

    def __init__(self, url: str, name: str = "") -> None:
        super().__init__(url)
        self._name = name

    def load(self) -> bytes | None:
        with self._raised():
            return self._within(self._client.get(_KNOWN))

    def save(self, state: bytes) -> None:
        self._put(_KNOWN, state)

    def show(self, view: bytes) -> None:
        self._put(_SHOWN, view)

    def shown(self) -> bytes | None:
        with self._raised():
            return self._within(self._client.get(_SHOWN))

    def leads(self) -> bool:
        with self._raised():
            return bool(self._client.eval(_LEAD, 1, TELLER, self._name, LEADS_S * 1000))

    def hand_over(self, symptoms: Sequence[bytes]) -> None:
        """To who leads."""
        with self._raised():
            pipeline: Any = self._client.pipeline(transaction=True)
            pipeline.lpush(_HANDED, *symptoms)
            pipeline.ltrim(_HANDED, 0, MAX_HANDED - 1)
            pipeline.execute()

    def handed(self, most: int) -> list[bytes]:
        """The oldest ones, which are then gone."""
        with self._raised():
            return list(self._client.rpop(_HANDED, most) or ())

    def _put(self, key: str, content: bytes) -> None:
        with self._raised():
            self._client.eval(_IF_TELLER, 2, TELLER, key, self._name, content)

    def _within(self, found: bytes | None) -> bytes | None:
        return found if found is None or len(found) <= MAX_STATE else None
