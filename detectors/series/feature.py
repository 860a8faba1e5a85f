"""One feature of one key: what is usual of it, the evidence that it has changed, and what it is like of late."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import asdict, astuple, dataclass
from math import log, sqrt
from typing import Any, Literal, TypeAlias

from detectors.series import bins as binning
from detectors.series.baseline import Baseline, Expected
from detectors.series.bets import Bets
from detectors.series.bins import Bins, Value
from detectors.series.dayparts import ANY, is_later_day
from detectors.series.level import NOTHING_KNOWN, Level, level, mixed
from detectors.series.reference import Reference
from detectors.series.rows import UNKNOWN
from detectors.series.settling import Form, Settling

State: TypeAlias = Literal["learning", "normal", "drifting"]
Change: TypeAlias = Literal["began", "ended"]

RING = 32
"""Batches that are kept: how far back a beginning is looked for."""
_LAG = 20
"""Batches that wait before they count as usual: what has drifted is found while they wait."""
_LATE = 1000
"""Exchanges that the level is of, at most."""
_REFRESH = 500
"""Exchanges that were learned, after which what is expected is computed anew."""
_QUIET = 100.0
"""Evidence below which two batches are looked at as one, unless either is odd at first sight."""
_BACK = 7.0
"""How much likelier the usual must be than the drift, as a logarithm, for it to have ended."""
_PRIOR, _MUCH = 2.0, 5000.0
"""What the usual shares are worth among those of the drift, in exchanges for each bin; and after how many the old ones are halved."""


@dataclass(slots=True)
class Batch:
    number: int
    part: int
    counts: bytes
    waits: bool
    """Whether it may yet count as usual."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a batch began."""

    number: int
    exchanges: int
    """Those before it."""
    ts: float | None
    id: str


@dataclass(slots=True)
class Drift:
    """One that goes on."""

    since: Mark
    """Of the batch that it began with, as far as can be told."""
    counts: list[float]
    """What it is like."""
    back: float = 0.0
    """How much likelier the usual has become than the drift, as a logarithm."""


class Feature:
    """``code`` tells the bin of a value, or takes it in where there are no bins yet; ``close`` ends a batch."""

    def __init__(self, name: str, form: Form, at: int, reference: Reference, *, counts_missing: bool) -> None:
        self.name = name
        self.form: Form = form
        self.at = at
        self.bins: Bins | None = None
        self.drift: Drift | None = None
        self.evidence = 0.0
        self._reference = reference
        self._counts_missing = counts_missing
        self._settling = Settling(form)
        self.code: Callable[[Value], int] = self._settling.put
        self._baseline = Baseline(0)
        self._bets = Bets((), 0)
        self._ring: deque[Batch] = deque(maxlen=RING)
        self._held: list[int] = []
        """The counts of a batch that is looked at together with the next one."""
        self._expected: Expected | None = None
        self._part = -1
        self._grown = 0
        self._first: float | None = None
        self._within = ANY
        self._last: float | None = None
        self._is_judged = False
        self._left = 0
        """Parts of the week that have been left at least once: a bit each."""

    @property
    def seen(self) -> int:
        """Exchanges that were learned from."""
        return int(self._baseline.total) if self.bins else self._settling.exchanges

    @property
    def state(self) -> State:
        if self.drift:
            return "drifting"
        return "learning" if self.bins is None or not self._is_judged else "normal"

    @property
    def absent(self) -> int:
        """The bin of an exchange that does not have it."""
        return UNKNOWN if self.bins is None else self.bins.size - 1

    def close(self, marks: Sequence[Mark], part: int, codes: bytes, threshold: float) -> Change | None:
        """Ends a batch of exchanges of these bins, all of one part of the week. ``marks``: of this batch, and of those before it."""
        ts = marks[-1].ts
        phase = self._reference.phase(ts)
        self._first = ts if self._first is None else self._first
        if part != self._within or is_later_day(self._last, ts):
            self._left |= 1 << self._within
        self._within, self._last = part, ts
        if self.bins is None:
            self._settle(part, len(codes), phase)
            return None
        counts = [0] * self.bins.size
        for code in codes:
            counts[code] += 1
        if not self._counts_missing:
            counts[-1] = 0
        if phase == "before" or not any(counts):
            return None
        known = self._baseline.of_part(part)
        waited_s = None if ts is None or self._first is None else ts - self._first
        is_known = self._reference.is_known(part, known, waited_s, was_left=bool(self._left >> part & 1))
        self._is_judged = is_judged = phase == "after" and is_known
        waits = is_judged and not self.drift and self._reference.learns(part, known)
        self._ring.append(Batch(marks[-1].number, part, bytes(counts), waits))
        if not is_judged:
            if not self.drift:
                self._learn(part, counts)
            return None
        self._expect(part)
        change = self._back(counts) if self.drift else self._judge(marks, counts, threshold)
        self._learn_late(threshold)
        return change

    def _settle(self, part: int, exchanges: int, phase: str) -> None:
        if phase == "before" or (phase == "after" and self._reference.kind == "period"):
            self._settling.drop()
            return
        self._settling.close(part, exchanges, counts_missing=self._counts_missing)
        if not self._settling.is_enough(self._reference.least):
            return
        bins = self._settling.bins()
        self._use(bins)
        for each, counts in self._settling.counted(bins):
            self._baseline.add(each, counts)
        self._settling = Settling(self.form)

    def _use(self, bins: Bins) -> None:
        self.bins = bins
        self.code = bins.code
        self._baseline = Baseline(bins.size)
        self._bets = Bets(bins.ranges(), bins.size)

    def _learn(self, part: int, counts: list[int] | bytes) -> None:
        self._baseline.add(part, counts)
        if self._reference.kind == "rolling":
            self._baseline.forget(part, self._reference.most(part))
        self._grown += sum(counts)

    def _learn_late(self, threshold: float) -> None:
        """A batch that has waited counts as usual, if nothing has been found since that looks like a drift."""
        if len(self._ring) <= _LAG:
            return
        batch = self._ring[-_LAG - 1]
        if batch.waits:
            batch.waits = False
            if self.evidence < sqrt(threshold):
                self._learn(batch.part, batch.counts)

    def _expect(self, part: int) -> None:
        if self._held and part != self._part:
            self._look(self._held)
        if self._expected is None or part != self._part or self._grown >= _REFRESH:
            self._expected, self._part, self._grown = self._baseline.expected(part), part, 0
            self._bets.expect(self._expected)

    def _judge(self, marks: Sequence[Mark], counts: list[int], threshold: float) -> Change | None:
        is_usual = self._bets.looks_usual(counts, sum(counts))
        if is_usual and self.evidence < _QUIET and not self._held:
            self._held = counts
            return None
        if self._held and is_usual:
            counts = [held + count for held, count in zip(self._held, counts, strict=True)]
        elif self._held:
            self._look(self._held)
        self._look(counts)
        if self.evidence < threshold:
            return None
        batches = list(self._ring)
        late = batches[self._bets.beginning([batch.counts for batch in batches]) :]
        since = next(mark for mark in marks if mark.number >= late[0].number)
        self.drift = Drift(since, [float(sum(each)) for each in zip(*(batch.counts for batch in late), strict=True)])
        for batch in batches:
            batch.waits = False
        return "began"

    def _look(self, counts: list[int]) -> None:
        self._held = []
        self.evidence = self._bets.update(counts, sum(counts))

    def _back(self, counts: list[int]) -> Change | None:
        """Whether the drift has ended: what comes is like what is usual again, and less like the drift, which is learned as it goes on."""
        drift, usual = self.drift, self._expected
        if drift is None or usual is None:
            return None
        prior = _PRIOR * len(counts)
        whole = sum(drift.counts) + prior
        drift.back -= sum(count * log((drift.counts[at] / usual.shares[at] + prior) / whole) for at, count in enumerate(counts) if count)
        if drift.back <= 0:
            keep = 0.5 if whole > _MUCH else 1.0
            drift.counts = [before * keep + count for before, count in zip(drift.counts, counts, strict=True)]
            drift.back = 0.0
        if drift.back < _BACK:
            return None
        self.drift = None
        self.evidence = 0.0
        self._bets.forget()
        return "ended"

    def late(self) -> list[Batch]:
        """The batches since the drift began, or, without one, the last; of a thousand exchanges at most."""
        found: list[Batch] = []
        total = 0
        for batch in reversed(self._ring):
            if total >= _LATE or (self.drift and batch.number < self.drift.since.number):
                break
            found.append(batch)
            total += sum(batch.counts)
        found.reverse()
        return found

    def compared(self) -> tuple[list[int], Expected] | None:
        """The counts of late, and what was to be expected then; None: there is nothing to compare."""
        late = self.late()
        if not late:
            return None
        return [sum(each) for each in zip(*(batch.counts for batch in late), strict=True)], self._usual(late)

    def _usual(self, batches: list[Batch]) -> Expected:
        weights: dict[int, int] = {}
        for batch in batches:
            weights[batch.part] = weights.get(batch.part, 0) + sum(batch.counts)
        return mixed([(count, self._baseline.expected(part)) for part, count in weights.items()])

    def level(self) -> Level:
        found = self.compared()
        return level(*found) if found else NOTHING_KNOWN

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "form": self.form,
            "bins": None if self.bins is None else binning.as_json(self.bins),
            "drift": None if self.drift is None else asdict(self.drift),
            "evidence": self.evidence,
            "settling": self._settling.as_json(),
            "baseline": self._baseline.as_json(),
            "bets": self._bets.as_json(),
            "held": self._held,
            "ring": [[batch.number, batch.part, batch.counts.hex(), batch.waits] for batch in self._ring],
            "expected": None if self._expected is None else astuple(self._expected),
            "part": self._part,
            "grown": self._grown,
            "first": self._first,
            "within": self._within,
            "last": self._last,
            "left": self._left,
            "is_judged": self._is_judged,
        }

    def restore(self, data: dict[str, Any]) -> None:
        """What ``as_json`` gave, of a feature of the same name and form."""
        self._settling.restore(data["settling"])
        if data["bins"] is not None:
            bins = binning.from_json(data["bins"])
            self._use(bins)
            self._baseline = Baseline(bins.size, data["baseline"])
            self._bets.restore(data["bets"])
        if data["expected"] is not None:
            self._expected = Expected(tuple(data["expected"][0]), data["expected"][1])
            self._bets.expect(self._expected)
        if data["drift"] is not None:
            self.drift = Drift(Mark(**data["drift"]["since"]), data["drift"]["counts"], data["drift"]["back"])
        self.evidence, self._held = data["evidence"], data["held"]
        self._ring.extend(Batch(number, part, bytes.fromhex(counts), waits) for number, part, counts, waits in data["ring"])
        self._part, self._grown, self._first = data["part"], data["grown"], data["first"]
        self._within, self._last = data["within"], data["last"]
        self._left, self._is_judged = data["left"], data["is_judged"]
