"""So many keys and no more: names that clients make up move out no key that has traffic."""

from collections import OrderedDict
from collections.abc import Callable, ItemsView, Iterator
from typing import Generic, Protocol, TypeVar, TypeVarTuple

QUIET_S = 600.0
"""A key that was heard of within this time, and is known well, gives way to nobody."""


class Known(Protocol):
    """``is_steady``: whether enough was seen of it to say something."""

    at: float

    @property
    def is_steady(self) -> bool: ...


K = TypeVar("K")
V = TypeVar("V", bound=Known)
Ts = TypeVarTuple("Ts")


class Bounded(Generic[K, V]):
    """What is known of each key; the one that was heard of longest ago comes first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: OrderedDict[K, V] = OrderedDict()
        self.evicted = 0
        """Keys that gave way, and those that found no room."""

    def __len__(self) -> int:
        return len(self._known)

    def __iter__(self) -> Iterator[K]:
        return iter(self._known)

    def items(self) -> ItemsView[K, V]:
        return self._known.items()

    def get(self, key: K) -> V | None:
        return self._known.get(key)

    def heard(self, key: K, at: float, make: Callable[[*Ts], V], *of: *Ts) -> V | None:
        """What is known of the key, of which something was heard; None: there is no room for it. ``make`` makes it, ``of`` these."""
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= self._most and not self._make_room(at):
                return None
            known = self._known[key] = make(*of)
        else:
            self._known.move_to_end(key)
        if at > known.at:
            known.at = at
        return known

    def put(self, key: K, known: V) -> None:
        """As it was known before. What is beyond the bound is left out."""
        if len(self._known) < self._most:
            self._known[key] = known

    def forget(self, key: K) -> None:
        self._known.pop(key, None)

    def _make_room(self, at: float) -> bool:
        self.evicted += 1
        unsteady = next((key for key, known in self._known.items() if not known.is_steady), None)
        if unsteady is None:
            oldest = next(iter(self._known))
            if at - self._known[oldest].at < QUIET_S:
                return False
            unsteady = oldest
        del self._known[unsteady]
        return True
