"""Which applications are new, so that what is usual there is not known yet: what is found there is written down, and nobody is told."""

LEARNING_S = 24 * 3600.0
MAX_KEYS = 10_000
_FORGOTTEN_S = 30 * 86400.0


class Learning:
    """By key: when it was seen first, and last. Where there is no more room nothing is new, so that a flood of keys silences nobody."""

    def __init__(self, learning_s: float = LEARNING_S, seen: dict[str, tuple[float, float]] | None = None) -> None:
        self._learning_s = learning_s
        self.seen = dict(seen or {})

    def is_new(self, key: str, now: float) -> bool:
        """To be asked whenever it is seen."""
        first, _ = self.seen.get(key, (now, now))
        if key not in self.seen and len(self.seen) >= MAX_KEYS:
            self.seen = {each: (since, last) for each, (since, last) in self.seen.items() if now - last < _FORGOTTEN_S}
            if len(self.seen) >= MAX_KEYS:
                return False
        self.seen[key] = (min(first, now), now)
        return now - first < self._learning_s
