"""What follows what: steps of sessions that hardly ever, or never, follow one another (a first-order Markov chain).

A session is as unusual as its most surprising step; how unusual that is, is told by rank among sessions that have ended. All that is kept
is bounded: sessions that are open, and pairs of steps, of which the rare ones are forgotten first.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from typing import Any

from detectors.series.reservoir import Reservoir

START, END = "^", "$"
_MOST_PAIRS = 20_000
_MOST_OPEN = 10_000
_UNSEEN = 0.5
_WORTH = 5.0
_LEAST_SESSIONS = 200
_MAX_ID = 64


class Transitions:
    """How often each step followed each."""

    def __init__(self) -> None:
        self._counts: dict[str, dict[str, int]] = {}
        self._totals: dict[str, int] = {}
        self._following: dict[str, int] = {}
        self._all = 0
        self._pairs = 0

    def surprise(self, step: str, following: str) -> float:
        """Minus the logarithm of the chance that the one is followed by the other.

        What has not been seen after a step is as likely as it is after any, worth a few times of having seen it.
        """
        anywhere = (self._following.get(following, 0) + _UNSEEN) / (self._all + _UNSEEN * (len(self._following) + 1))
        count = self._counts.get(step, {}).get(following, 0)
        return -log((count + _WORTH * anywhere) / (self._totals.get(step, 0) + _WORTH))

    def learn(self, step: str, following: str) -> None:
        after = self._counts.setdefault(step, {})
        if following not in after:
            if self._pairs >= _MOST_PAIRS:
                self._forget()
                after = self._counts.setdefault(step, {})
            self._pairs += following not in after
        after[following] = after.get(following, 0) + 1
        self._totals[step] = self._totals.get(step, 0) + 1
        self._following[following] = self._following.get(following, 0) + 1
        self._all += 1

    def _forget(self) -> None:
        """Half of every count; what was seen once is gone. Where nothing would remain, all is."""
        halved = {step: {each: count // 2 for each, count in after.items() if count > 1} for step, after in self._counts.items()}
        self._set({step: after for step, after in halved.items() if after})

    def _set(self, counts: dict[str, dict[str, int]]) -> None:
        self._counts = counts
        self._totals = {step: sum(after.values()) for step, after in counts.items()}
        self._following = {}
        for after in counts.values():
            for each, count in after.items():
                self._following[each] = self._following.get(each, 0) + count
        self._all = sum(self._totals.values())
        self._pairs = sum(map(len, counts.values()))

    def as_json(self) -> dict[str, dict[str, int]]:
        return self._counts

    def restore(self, saved: dict[str, dict[str, int]]) -> None:
        if sum(map(len, saved.values())) > _MOST_PAIRS:
            raise ValueError("too many pairs of steps")
        self._set({step: dict(after) for step, after in saved.items()})


def most_surprising(transitions: Transitions, steps: Sequence[str]) -> float:
    """Of a whole session, from its start to its end."""
    return max(transitions.surprise(*pair) for pair in zip((START, *steps), (*steps, END), strict=True))


@dataclass(slots=True)
class _Open:
    last: str
    ts: float
    most: float
    is_told: bool = False


class Sequences:
    """Sessions side by side: ``follow`` each step."""

    def __init__(self, alpha: float = 0.002, idle_s: float = 300.0) -> None:
        self.ended = 0
        self._alarm = -log(alpha)
        self._idle_s = idle_s
        self._transitions = Transitions()
        self._usual = Reservoir()
        self._open: OrderedDict[str, _Open] = OrderedDict()

    def follow(self, ts: float, session: str, step: str) -> float | None:
        """How surprising the session is by now (see ``Reservoir.surprise``), where it has just become unusual; told once of each."""
        session = session[:_MAX_ID]
        self._end_idle(ts)
        state = self._open.get(session)
        if state is None:
            if len(self._open) >= _MOST_OPEN:
                self._end(next(iter(self._open)))
            state = self._open[session] = _Open(START, ts, 0.0)
        self._open.move_to_end(session)
        found = self._step(state, step)
        state.last, state.ts = step, ts
        if state.is_told or self.ended < _LEAST_SESSIONS or found < self._alarm:
            return None
        state.is_told = True
        return found

    def _step(self, state: _Open, step: str) -> float:
        state.most = max(state.most, self._transitions.surprise(state.last, step))
        self._transitions.learn(state.last, step)
        return self._usual.surprise(state.most)

    def _end_idle(self, now: float) -> None:
        """At most two, so that no line costs much; there come no more than one a line."""
        for _ in range(2):
            oldest = next(iter(self._open.items()), None)
            if oldest is None or abs(now - oldest[1].ts) <= self._idle_s:
                return
            self._end(oldest[0])

    def _end(self, session: str) -> None:
        state = self._open.pop(session)
        self._step(state, END)
        self._usual.add(state.most)
        self.ended += 1

    def as_json(self) -> dict[str, Any]:
        sessions = [[name, each.last, each.ts, each.most, each.is_told] for name, each in self._open.items()]
        return {"ended": self.ended, "transitions": self._transitions.as_json(), "usual": self._usual.as_json(), "open": sessions}

    def restore(self, saved: dict[str, Any]) -> None:
        if len(saved["open"]) > _MOST_OPEN:
            raise ValueError("too many sessions")
        self.ended = saved["ended"]
        self._transitions.restore(saved["transitions"])
        self._usual.restore(saved["usual"])
        self._open = OrderedDict((name, _Open(*state)) for name, *state in saved["open"])
