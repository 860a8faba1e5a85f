"""What probes may cost: calls in any minute, and dollars and tokens in a day (UTC). Pure; ``now`` is in seconds since 1970.

What a probe can cost at most is reserved before it begins, and given back as far as it was not needed. A clock that jumps back begins no
new day, and makes nothing free: where it had been days ahead, nothing more is spent until tomorrow.
"""

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_MINUTE_S, _DAY_S = 60.0, 86400.0


@dataclass(frozen=True, slots=True)
class Limits:
    calls_per_minute: int
    usd_per_day: float
    tokens_per_day: int


@dataclass(frozen=True, slots=True)
class Cost:
    usd: float
    tokens: int


class Budget:
    """``usd`` and ``tokens`` are those of ``day``, with what is reserved."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.day = 0
        self.usd = 0.0
        self.tokens = 0
        self._calls: deque[float] = deque(maxlen=limits.calls_per_minute)

    def reserve(self, cost: Cost, now: float) -> bool:
        """Whether there is room for it today. What was reserved is settled before anything else is."""
        self._begin(now)
        if self.usd + cost.usd > self._limits.usd_per_day or self.tokens + cost.tokens > self._limits.tokens_per_day:
            return False
        self.usd += cost.usd
        self.tokens += cost.tokens
        return True

    def settle(self, reserved: Cost, spent: Cost) -> None:
        """What an endpoint says to have used beyond what was reserved counts as well."""
        self.usd = max(0.0, self.usd + spent.usd - reserved.usd)
        self.tokens = max(0, self.tokens + spent.tokens - reserved.tokens)

    def close_day(self, now: float) -> None:
        """Nobody knows what was spent today: nothing more is."""
        self._begin(now)
        self.usd, self.tokens = self._limits.usd_per_day, self._limits.tokens_per_day

    def wait_s(self, now: float) -> float:
        """Until a call may be made; 0: it may be made now, and is to be noted."""
        if len(self._calls) < self._limits.calls_per_minute:
            return 0.0
        oldest = min(self._calls[0], now)  # a clock that was put back makes nobody wait longer than a minute
        self._calls[0] = oldest
        return max(0.0, oldest + _MINUTE_S - now)

    def note_call(self, now: float) -> None:
        self._calls.append(now)

    def _begin(self, now: float) -> None:
        day = int(now // _DAY_S)
        if day > self.day:
            self.day, self.usd, self.tokens = day, 0.0, 0
        elif day < self.day - 1:
            self.day, self.usd, self.tokens = day, self._limits.usd_per_day, self._limits.tokens_per_day

    def snapshot(self) -> dict[str, Any]:
        return {"day": self.day, "usd": self.usd, "tokens": self.tokens, "calls": list(self._calls)}

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Raises KeyError, TypeError or ValueError for what ``snapshot`` did not give, and is then as it was."""
        day, usd, tokens = int(saved["day"]), float(saved["usd"]), int(saved["tokens"])
        calls = [float(call) for call in saved["calls"]]
        if not all(map(math.isfinite, (usd, *calls))) or usd < 0 or tokens < 0:
            raise ValueError("not what was spent")
        self.day, self.usd, self.tokens = day, usd, tokens
        self._calls.extend(calls)
