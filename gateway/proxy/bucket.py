"""A token bucket: so many a minute, and no more than ten seconds' worth at once."""

_BURST_S = 10.0
_MINUTE_S = 60.0


class Bucket:
    """``now`` is in seconds of a clock that never goes back."""

    def __init__(self, per_minute: float, now: float) -> None:
        self._per_s = per_minute / _MINUTE_S
        self._most = max(1.0, self._per_s * _BURST_S)
        self._left = self._most
        self._at = now

    def take(self, now: float) -> float:
        """0 where there was a token, which is gone now; else how long it takes until there is one."""
        self._left = min(self._most, self._left + (now - self._at) * self._per_s)
        self._at = now
        if self._left >= 1:
            self._left -= 1
            return 0.0
        return (1 - self._left) / self._per_s
