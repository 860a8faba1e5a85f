"""Which share of the exchanges of the last ten minutes has given dimensions: how much of the traffic a symptom hits."""

from collections import Counter
from typing import Final

from gateway.detecting.facts import Facts, facts
from gateway.detecting.steptime import StepTime
from gateway.incidents.symptom import MAX_TEXT, Dimensions, shown
from gateway.watch.row import Record

NAMES: Final = ("app", "model", "upstream", "route")
MINUTES = 10
MAX_COMBINATIONS = 500
"""In a minute. What comes beyond counts in the whole alone."""
_MINUTE_S = 60.0

_Combination = tuple[str, ...]


class Shares:
    def __init__(self) -> None:
        self.unusable = 0
        self._time = StepTime()
        self._minutes: dict[int, Counter[_Combination]] = {}
        """The newest last."""
        self._beyond: Counter[int] = Counter()

    def take(self, record: Record) -> None:
        said = facts(record)
        if said is None:
            self.unusable += 1
        else:
            self.note(said)

    def note(self, said: Facts) -> None:
        """As ``take`` does, for whoever has read the record already."""
        if not said.is_held_off and self._time.heard(said.ended) is not None:
            self._count(said)

    def moved(self, by_s: float) -> None:
        """The clock was set: what was counted is as long ago as it was."""
        minutes = round(by_s / _MINUTE_S)
        self._time = StepTime()
        self._minutes = {minute + minutes: counts for minute, counts in self._minutes.items()}
        self._beyond = Counter({minute + minutes: count for minute, count in self._beyond.items()})

    def of(self, dimensions: Dimensions, now: float) -> float:
        """Dimensions of other names say nothing of it: with none but these, nothing is known, and it is 0."""
        asked = [(NAMES.index(name), value) for name, value in dimensions if name in NAMES]
        if dimensions and not asked:
            return 0.0
        hits = total = 0
        for minute, counts in self._minutes.items():
            if minute > now // _MINUTE_S - MINUTES:
                total += sum(counts.values()) + self._beyond[minute]
                hits += sum(count for each, count in counts.items() if all(_shown(each[at]) == value for at, value in asked))
                hits += 0 if asked else self._beyond[minute]
        return hits / total if total else 0.0

    def _count(self, said: Facts) -> None:
        minute = int(min(said.ended, self._time.now) // _MINUTE_S)
        counts = self._minutes.get(minute)
        if counts is None:
            counts = self._minutes[minute] = Counter()
            for old in sorted(self._minutes)[:-MINUTES]:
                del self._minutes[old]
                self._beyond.pop(old, None)
        names = said.app, said.model, said.upstream, said.route
        if names in counts or len(counts) < MAX_COMBINATIONS:
            counts[names] += 1
        else:
            self._beyond[minute] += 1


def _shown(name: str) -> str:
    return name if len(name) <= MAX_TEXT and name.isprintable() else shown(name)
