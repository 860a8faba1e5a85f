"""Which version of something is in use, as far as exchanges show: when a new one comes, and when one comes back that was gone.

Versions that are in use side by side for a while, as workers take up a new one, or for long, as with a canary, are told once each.
"""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

MOST_OFTEN = 6
"""In an hour. What changes more often is no news."""
_HOUR_S = 3600.0
_GONE_S = 120.0
_GONE_FOR, _TIMES_USUAL = 20, 10
"""One is gone after so many exchanges without it, and so many times as many as there usually are between two with it."""


class Patience(NamedTuple):
    """``least``: exchanges with a version before it counts; ``history``: before one that is new is told; ``most``: that are remembered."""

    least: int = 1
    history: int = 1
    most: int = 8


class Came(NamedTuple):
    before: str
    version: str
    at: float
    """When it was first seen."""


@dataclass(slots=True)
class _Seen:
    first: float
    first_number: int
    last: float
    last_number: int
    count: int = 0
    counts: bool = False

    def is_gone(self, at: float, number: int) -> bool:
        if at - self.last <= _GONE_S:
            return False
        usual = (self.last_number - self.first_number) / max(1, self.count - 1)
        return number - self.last_number >= max(_GONE_FOR, _TIMES_USUAL * usual)


@dataclass(slots=True)
class Versions:
    """Of one thing. Times go on, more or less."""

    at: float = 0.0
    number: int = 0
    current: str = ""
    told: list[float] = field(default_factory=list)
    known: dict[str, _Seen] = field(default_factory=dict)
    is_steady: bool = False
    """Whether it has a history."""

    def saw(self, version: str, at: float, patience: Patience) -> Came | None:
        self.number += 1
        seen = self.known.get(version)
        if seen is None or seen.is_gone(at, self.number):
            seen = self.known[version] = _Seen(at, self.number, at, self.number)
            self._forget(patience.most)
        if at > seen.last:
            seen.last = at
        seen.last_number = self.number
        seen.count += 1
        self.is_steady = self.number > patience.history
        if seen.counts or seen.count < patience.least:
            return None
        came = self._counts(version, seen, at)
        return came if self.number - seen.count >= patience.history else None

    def _counts(self, version: str, seen: _Seen, at: float) -> Came | None:
        before, self.current, seen.counts = self.current, version, True
        self.told = [each for each in self.told if at - each < _HOUR_S]
        if not before or before == version or len(self.told) >= MOST_OFTEN:
            return None
        self.told.append(at)
        return Came(before, version, seen.first)

    def _forget(self, most: int) -> None:
        if len(self.known) > most:
            others = [each for each in self.known if each != self.current]
            del self.known[min(others, key=lambda each: self.known[each].last)]

    def as_json(self) -> list[Any]:
        known = [
            [version, each.first, each.first_number, each.last, each.last_number, each.count, each.counts]
            for version, each in self.known.items()
        ]
        return [self.at, self.number, self.current, self.told, known, self.is_steady]


def versions(saved: list[Any]) -> Versions:
    """Raises ValueError or TypeError."""
    at, number, current, told, known, is_steady = saved
    seen = {
        str(version): _Seen(float(first), int(first_number), float(last), int(last_number), int(count), bool(counts))
        for version, first, first_number, last, last_number, count, counts in known
    }
    return Versions(float(at), int(number), str(current), [float(each) for each in told], seen, bool(is_steady))
