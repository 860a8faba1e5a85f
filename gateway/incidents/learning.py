"""Which applications are new, so that what is usual there is not known yet: what is found there is written down, and nobody is told."""

import math

LEARNING_S = 24 * 3600.0
MAX_KEYS = 10_000
_FORGOTTEN_S = 30 * 86400.0
_LOOK_S = 600.0


class Learning:
    """By key: when it was seen first, and last. Where there is no more room nothing is new, so that a flood of keys silences nobody.

    Keys are as symptoms show them.
    """

    def __init__(self, learning_s: float = LEARNING_S, seen: dict[str, tuple[float, float]] | None = None) -> None:
        self._learning_s = learning_s
        self.seen = dict(seen or {})
        self._full_until = -math.inf

    def is_new(self, key: str, now: float) -> bool:
        """To be asked whenever it is seen."""
        first, _ = self.seen.get(key, (now, now))
        if key not in self.seen and not self._has_room(now):
            return False
        self.seen[key] = (min(first, now), now)
        return now - first < self._learning_s

    def _has_room(self, now: float) -> bool:
        """Who is to be forgotten is looked for from time to time: a flood of keys costs no more than so many exchanges."""
        if len(self.seen) >= MAX_KEYS and now >= self._full_until:
            self._full_until = now + _LOOK_S
            self.seen = {each: (since, last) for each, (since, last) in self.seen.items() if now - last < _FORGOTTEN_S}
        return len(self.seen) < MAX_KEYS
