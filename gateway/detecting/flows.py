"""How much comes in a step, of exchanges or of money: whether it is many times what is usual, or has stopped.

A busy hour is neither: what comes is compared with the last half hour, with what came at most before, and with what has come of the
others.
"""

from typing import Any, Optional

_FAST, _FAST_STEPS = 0.8, 5.0
"""What a step leaves of those before it; and how many whole ones that makes."""
_KEEP, _PEAK_KEEP = 1 / 180, 0.9995
_LEARN_STEPS = 20
_TIMES, _PEAKS, _OTHERS = 5.0, 2.0, 3.0
_CALM, _MOST_LEVEL = 0.5, 100.0
_SURGE_IS_USUAL_S = 3600.0
_SILENT_S, _TIMES_LONGER, _EXPECTED = 30.0, 3.0, 25.0
_SILENCE_IS_USUAL_S = 3600.0
_GAP_KEEP = 0.9999


class Flow:
    __slots__ = (
        "_before",
        "_both",
        "_fast",
        "_gap",
        "_most",
        "_peak",
        "_steps",
        "_usual",
        "amount",
        "is_silent",
        "is_told",
        "last",
        "level",
        "silence",
        "since",
    )

    def __init__(self) -> None:
        self.amount = 0.0
        """Of the step that is not over; to be counted up."""
        self.last = 0.0
        """When something came last; 0: nothing has."""
        self.level = self.silence = 0.0
        self.is_told = self.is_silent = False
        self.since = 0.0
        self._fast = self._usual = self._peak = 0.0
        self._before = self._both = 0.0
        """What came in the last step, and in it and the one before at least."""
        self._most = 0.0
        """The rate of a surge that goes on: the next one like it is not told, for some hours."""
        self._gap = 0.0
        """The longest without anything, of late."""
        self._steps = 0

    @property
    def rate(self) -> float:
        """In a step, of late: in most of a minute, or in each of two steps in a row."""
        return max(self._fast / _FAST_STEPS, self._both)

    @property
    def usual(self) -> float:
        return self._usual

    @property
    def times(self) -> float:
        """What is usual."""
        return self.rate / self._usual if self._usual else 0.0

    @property
    def known(self) -> int:
        return self._steps

    def heard(self, at: float, amount: float) -> None:
        """So much came. A silence that was told counts for as much as would be told again, unless it is longer than any that is."""
        self.amount += amount
        if at > self.last:
            gap, self.last = at - (self.last or at), at
            if gap > self._gap:
                self._gap = max(self._gap, gap / _TIMES_LONGER) if self.is_silent and gap < _SILENCE_IS_USUAL_S else gap

    def close(self, end: float, least: float, whole: Optional["Flow"]) -> None:
        """A step is over. ``least``: what comes less of than that in a step is no surge. ``whole``: of which this is a part."""
        self._fast = _FAST * self._fast + self.amount
        amount, self.amount = self.amount, 0.0
        self._both, self._before = min(amount, self._before), amount
        self._gap *= _GAP_KEEP
        self._judge_silence(end)
        self._judge(end, least, whole)
        if not self.since or end - self.since >= _SURGE_IS_USUAL_S:
            self._learn(amount)

    def _judge(self, end: float, least: float, whole: Optional["Flow"]) -> None:
        if self._steps < _LEARN_STEPS:
            return
        rate = self.rate
        self.level = min(_MOST_LEVEL, rate / max(_TIMES * self._usual, _PEAKS * self._peak, least))
        others = whole.usual - self._usual if whole else 0.0
        if whole and others >= least:
            more = max(1.0, (whole.rate - rate) / others)
            self.level = min(self.level, rate / max(self._usual, least / _TIMES) / (_OTHERS * more))
        if self.level < _CALM:
            self._peak = max(self._peak, self._most)
            self.is_told, self.since, self._most = False, 0.0, 0.0
            return
        self._most = max(self._most, rate)
        self.since = self.since or end
        self.is_told = end - self.since < _SURGE_IS_USUAL_S and (self.is_told or self.level >= 1)

    def _judge_silence(self, end: float) -> None:
        gap = end - self.last
        expected = gap / 10 * self._usual
        longest = max(_SILENT_S, _TIMES_LONGER * self._gap)
        if self._steps < _LEARN_STEPS or not self.last or gap < longest / 2:
            self.is_silent, self.silence = False, 0.0
            return
        self.silence = min(_MOST_LEVEL, gap / longest)
        begins = self.silence >= 1 and expected >= _EXPECTED
        self.is_silent = gap < _SILENCE_IS_USUAL_S + longest and (self.is_silent or begins)

    def _learn(self, amount: float) -> None:
        if self.is_silent:
            return
        self._steps = min(self._steps + 1, 1 << 30)
        self._usual += max(_KEEP, 1 / self._steps) * (amount - self._usual)
        self._peak = max(self._peak * _PEAK_KEEP, self.rate)

    def as_json(self) -> list[Any]:
        return [
            self.amount, self.last, self.level, self.silence, self.is_told, self.is_silent, self.since, self._fast, self._usual, self._peak,
            self._most, self._gap, self._steps, self._before, self._both,
        ]  # fmt: skip

    def read_json(self, saved: list[Any]) -> None:
        (
            self.amount, self.last, self.level, self.silence, self.is_told, self.is_silent, self.since, self._fast, self._usual, self._peak,
            self._most, self._gap, self._steps, self._before, self._both,
        ) = saved  # fmt: skip
