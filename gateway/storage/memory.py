"""A store in this process: bounded in bytes, expiring, the oldest out first."""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

_ENTRY_BYTES = 400  # an entry with its name, as measured; rounded up


class _Kept(NamedTuple):
    until: float
    value: bytes


class MemoryStore:
    """``clock`` gives seconds that never go back. ``evicted`` counts what had to go before its time, or found no room at all."""

    def __init__(self, max_bytes: int, clock: Callable[[], float]) -> None:
        self._max_bytes = max_bytes
        self._clock = clock
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self.used_bytes = 0
        self.evicted = 0

    def __len__(self) -> int:
        return len(self._kept)

    async def get_many(self, names: Sequence[str]) -> list[bytes | None]:
        self._expire()
        now = self._clock()
        found = [self._kept.get(name) for name in names]
        return [kept.value if kept and kept.until > now else None for kept in found]

    async def put_many(self, items: Mapping[str, bytes], ttl_s: float) -> None:
        self._expire()
        until = self._clock() + ttl_s
        for name, value in items.items():
            self._drop(name)
            if _ENTRY_BYTES + len(value) > self._max_bytes:
                self.evicted += 1
                continue
            self._kept[name] = _Kept(until, value)
            self.used_bytes += _ENTRY_BYTES + len(value)
            self._make_room()

    async def drop_many(self, names: Sequence[str]) -> None:
        for name in names:
            self._drop(name)

    async def close(self) -> None:
        self._kept.clear()
        self.used_bytes = 0

    def _expire(self) -> None:
        """The oldest ones, as far as their time is over; what was to be kept for a shorter time than they waits for them."""
        now = self._clock()
        while self._kept and next(iter(self._kept.values())).until <= now:
            self._drop(next(iter(self._kept)))

    def _make_room(self) -> None:
        while self.used_bytes > self._max_bytes:
            self._drop(next(iter(self._kept)))
            self.evicted += 1

    def _drop(self, name: str) -> None:
        if kept := self._kept.pop(name, None):
            self.used_bytes -= _ENTRY_BYTES + len(kept.value)
