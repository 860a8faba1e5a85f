"""What is usual of one operation of traces: how long it takes by itself, how long its answer pauses, how often it fails, and which steps
belong to it, how many of each.

Judged are many of late against what is usual: the median, the 95th and the 99th percentile of the logarithm of durations, each by how
far it is off in terms of how far it usually is (``z``) and by the chance that so many are above the usual percentile.
"""

import math
import statistics
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeAlias

from detectors.series.durations import Durations, normal_tail, tail

MAX_CHILDREN = 32
_PERCENTILES = ((0.5, 0.25, 0.75, 5), (0.95, 0.915, 0.985, 20), (0.99, 0.98, 0.997, 100))
"""Of which the shift is judged; by how much it varies is told by what lies around it. And of how many at least."""
_LEAST_SPREAD = 0.05
_LEAST_SHIFT = math.log(1.2)
_REMEMBERED, _FEW = 48, 8
_MAD = 1.4826
_ADOPTED = 360
"""So many unusual windows in a row are the new usual."""
_MANY = 8
"""Steps of one operation in another: so many or more are counted as one case."""
_USUALLY, _RARELY, _NOTABLE = 0.8, 0.05, 0.1
_NOTABLE_FAILURES = 0.05
_MOST = 8000.0

Timed = Sequence[tuple[float, str]]
"""Logarithms of seconds, each with its trace's id."""
Counted = Sequence[tuple[int, str]]
Learning: TypeAlias = Literal["add", "skip", "replace"]


class Shift(NamedTuple):
    """``value`` and ``baseline`` are logarithms of seconds, of the percentile that is off most; ``p`` is 1 where it is off too little."""

    z: float
    p: float
    value: float
    baseline: float


def shift(values: Timed, usual: Durations, known: Mapping[float, Sequence[float]]) -> Shift:
    """``known``: of each percentile, what it was in earlier windows."""
    ordered = sorted(value for value, _ in values)
    size, found, least = len(ordered), None, 1.0
    for share, low, high, enough in _PERCENTILES:
        if size < enough:
            continue
        below, middle, above = usual.quantiles((low, share, high))
        late = ordered[min(size - 1, int(share * size))]
        error = math.sqrt(share * (1 - share) / size) * max(above - below, _LEAST_SPREAD) / (high - low)
        z = (late - middle) / math.hypot(error, _varied(known.get(share, ())))
        if late - middle >= _LEAST_SHIFT:
            hits = sum(value > middle for value in ordered)
            chance = tail(hits, size, (1 - share) * usual.weight, usual.weight)
            least = min(least, len(_PERCENTILES) * max(chance, normal_tail(z)))
        if found is None or z > found.z:
            found = Shift(z, 1.0, late, middle)
    return found._replace(p=least) if found else Shift(0.0, 1.0, 0.0, 0.0)


def _varied(known: Sequence[float]) -> float:
    if len(known) < _FEW:
        return 0.0
    middle = statistics.median(known)
    return _MAD * statistics.median(abs(each - middle) for each in known)


@dataclass(slots=True)
class Onset:
    """Since when something is unusual, and for how many windows."""

    since: float | None = None
    windows: int = 0

    def began(self, start: float) -> float:
        return start if self.since is None else self.since

    def note(self, start: float, *, is_unusual: bool) -> Learning:
        """What is to be done with a window that began then: what has been unusual for long enough is usual."""
        if not is_unusual:
            self.since, self.windows = None, 0
            return "add"
        self.since = self.began(start)
        self.windows += 1
        if self.windows < _ADOPTED:
            return "skip"
        self.since, self.windows = None, 0
        return "replace"


@dataclass(slots=True)
class Level:
    """How long something takes."""

    usual: Durations = field(default_factory=Durations)
    onset: Onset = field(default_factory=Onset)
    known: dict[float, deque[float]] = field(default_factory=dict)

    def learn(self, values: Timed, start: float, *, is_unusual: bool) -> None:
        learning = self.onset.note(start, is_unusual=is_unusual)
        if learning == "skip":
            return
        if learning == "replace":
            self.usual, self.known = Durations(), {}
        self.usual.learn(value for value, _ in values)
        ordered = sorted(value for value, _ in values)
        for share, _, _, enough in _PERCENTILES:
            if len(ordered) >= enough:
                late = ordered[min(len(ordered) - 1, int(share * len(ordered)))]
                self.known.setdefault(share, deque(maxlen=_REMEMBERED)).append(late)

    def as_json(self) -> list[Any]:
        known = [[share, list(values)] for share, values in self.known.items()]
        return [self.usual.as_json(), self.onset.since, self.onset.windows, known]

    @classmethod
    def from_json(cls, saved: Sequence[Any]) -> "Level":
        usual, since, windows, known = saved
        remembered = {share: deque(map(float, values), maxlen=_REMEMBERED) for share, values in known}
        return cls(Durations.from_json(usual), Onset(since, windows), remembered)


class Odd(NamedTuple):
    """``value`` and ``baseline`` are shares of the steps that it is about."""

    kind: Literal["missing span", "extra span", "retry storm", "failing operation"]
    p: float
    value: float
    baseline: float


@dataclass(slots=True)
class Fan:
    """How many steps of one operation there are in each of another: of how many there are none, the other knows."""

    counts: list[float] = field(default_factory=lambda: [0.0] * (_MANY + 1))
    onset: Onset = field(default_factory=Onset)

    def judge(self, late: Counted, parents: int, usual_parents: float) -> Odd | None:
        """Nothing where too little is different to matter."""
        have, usual_have = len(late), sum(self.counts)
        usual_share, share = usual_have / usual_parents, have / parents
        if usual_share >= _USUALLY and usual_share - share >= _NOTABLE:
            p = tail(parents - have, parents, usual_parents - usual_have, usual_parents)
            return Odd("missing span", p, share, usual_share)
        if usual_share <= _RARELY and share - usual_share >= _NOTABLE:
            return Odd("extra span", tail(have, parents, usual_have, usual_parents), share, usual_share)
        usually = self.usually()
        more, usual_more = sum(count > usually for count, _ in late), sum(self.counts[usually + 1 :])
        if more - usual_more / usual_parents * parents >= _NOTABLE * have:
            p = tail(more, parents, usual_more, usual_parents)
            return Odd("retry storm", p, more / parents, usual_more / usual_parents)
        return None

    def usually(self) -> int:
        """The most that there usually are, where there are any."""
        left = sum(self.counts)
        for count in range(1, _MANY):
            left -= self.counts[count]
            if left <= _RARELY * sum(self.counts):
                return count
        return _MANY

    def learn(self, late: Counted, parents: int, usual_parents: float, start: float, *, is_unusual: bool) -> None:
        """What is skipped counts as if it had been as usual."""
        learning = self.onset.note(start, is_unusual=is_unusual)
        if learning == "skip":
            self.grow(1 + parents / usual_parents)
            return
        weight = 1.0
        if learning == "replace":
            weight = (usual_parents + parents) / parents
            self.counts = [0.0] * (_MANY + 1)
        for count, _ in late:
            self.counts[min(count, _MANY)] += weight

    def grow(self, times: float) -> None:
        self.counts = [count * times for count in self.counts]

    def as_json(self) -> list[Any]:
        return [self.counts, self.onset.since, self.onset.windows]

    @classmethod
    def from_json(cls, saved: Sequence[Any]) -> "Fan":
        counts, since, windows = saved
        return cls(list(map(float, counts)), Onset(since, windows))


@dataclass(slots=True)
class Operation:
    """``spans`` are those that ``fans`` and ``errors`` were learned from."""

    work: Level = field(default_factory=Level)
    pauses: Level = field(default_factory=Level)
    totals: Level = field(default_factory=Level)
    fans: dict[str, Fan] = field(default_factory=dict)
    spans: float = 0.0
    errors: float = 0.0
    failing: Onset = field(default_factory=Onset)

    def fan(self, child: str) -> Fan:
        """Beyond ``MAX_CHILDREN`` the one that was seen least gives way."""
        found = self.fans.get(child)
        if found is None:
            if len(self.fans) == MAX_CHILDREN:
                del self.fans[min(self.fans, key=lambda each: sum(self.fans[each].counts))]
            found = self.fans[child] = Fan()
        return found

    def judge_failures(self, failed: int, spans: int) -> Odd | None:
        value, baseline = failed / spans, self.errors / self.spans
        if value - baseline < _NOTABLE_FAILURES:
            return None
        return Odd("failing operation", tail(failed, spans, self.errors, self.spans), value, baseline)

    def learn_failures(self, failed: int, spans: int, start: float, *, is_unusual: bool) -> None:
        """Before ``spans`` has grown by those of this window."""
        learning = self.failing.note(start, is_unusual=is_unusual)
        if learning == "skip":
            self.errors *= 1 + spans / self.spans
        elif learning == "replace":
            self.errors = failed / spans * (self.spans + spans)
        else:
            self.errors += failed

    def forget(self) -> None:
        if self.spans > _MOST:
            self.spans /= 2
            self.errors /= 2
            for fan in self.fans.values():
                fan.grow(0.5)

    def as_json(self) -> list[Any]:
        fans = {child: fan.as_json() for child, fan in self.fans.items()}
        levels = [level.as_json() for level in (self.work, self.pauses, self.totals)]
        return [*levels, fans, self.spans, self.errors, self.failing.since, self.failing.windows]

    @classmethod
    def from_json(cls, saved: Sequence[Any]) -> "Operation":
        work, pauses, totals, fans, spans, errors, since, windows = saved
        known = {child: Fan.from_json(fan) for child, fan in fans.items()}
        levels = [Level.from_json(level) for level in (work, pauses, totals)]
        return cls(levels[0], levels[1], levels[2], known, float(spans), float(errors), Onset(since, windows))
