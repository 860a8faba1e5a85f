"""What is counted of one key: its shares, heights and flows, and what was told of each."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from detectors.series.anomaly import MAX_EVIDENCE
from gateway.detecting.facts import Facts, Hit
from gateway.detecting.flows import Flow
from gateway.detecting.heights import Heights
from gateway.detecting.rises import Rise
from gateway.detecting.sorts import Sort
from gateway.incidents.symptom import Dimensions

MAX_FINDINGS, MAX_MODELS = 64, 8
_STEADY = 20
_ANSWERS, _USUAL_MODEL = 50, 10
_IDS = 5
_LONG_AGO = 10_000


class Told(NamedTuple):
    """What a symptom is told with for as long as it goes on."""

    dimensions: Dimensions
    onset: float
    evidence: tuple[str, ...]
    traces: tuple[str, ...]


class Finding:
    """What one rule found of one kind."""

    __slots__ = ("ids", "rise")

    def __init__(self) -> None:
        self.rise = Rise()
        self.ids: deque[str] = deque(maxlen=_IDS)


class Tally:
    __slots__ = (
        "_by_bit", "_by_flow", "_by_place", "_fresh", "_has_models", "_known", "answered", "at", "findings", "flows", "heights", "key",
        "models", "rises", "seen", "sort", "steps", "told",
    )  # fmt: skip

    def __init__(self, sort: Sort, key: tuple[str, ...]) -> None:
        self.sort, self.key = sort, key
        self.at = 0.0
        self.answered = self.seen = self.steps = 0
        self.rises = tuple(Rise() for _ in sort.shares)
        self.heights = tuple(Heights(each.measured) for each in sort.heights)
        self.flows = tuple(Flow() for _ in sort.flows)
        self.findings: dict[tuple[str, str], Finding] = {}
        self.models: dict[str, int] = {}
        """Which have answered, and how often."""
        self.told: dict[str, Told] = {}
        self._fresh: dict[str, int] = {}
        self._known: dict[int, int] = {}
        """Of the step that is not over: exchanges, by what can be told of them."""
        self._by_bit = tuple((each.bit, rise) for each, rise in zip(sort.shares, self.rises, strict=True))
        self._by_place = tuple((each.place, each.bit, heights) for each, heights in zip(sort.heights, self.heights, strict=True))
        self._by_flow = tuple((each.can_stop, flow) for each, flow in zip(sort.flows, self.flows, strict=True))
        self._has_models = any(each.bit == Hit.OTHER_MODEL for each in sort.shares)

    @property
    def is_steady(self) -> bool:
        return self.answered >= _STEADY

    def count(self, said: Facts, at: float) -> int:
        """One exchange more; what of it is unusual here."""
        self.seen += 1
        self.answered += said.is_answered
        known, hits, took = said.known, said.hits, said.took
        if self._has_models and said.answered_by:
            is_told, is_other = self._answered_by(said.answered_by)
            known |= Hit.OTHER_MODEL if is_told else 0
            hits |= Hit.OTHER_MODEL if is_other else 0
        self._known[known] = self._known.get(known, 0) + 1
        if hits:
            for bit, rise in self._by_bit:
                if hits & bit:
                    rise.hits += 1
        for place, bit, heights in self._by_place:
            value = took[place]
            if value is not None and heights.put(value, is_censored=said.is_abandoned):
                hits |= bit
        for is_traffic, flow in self._by_flow:
            flow.heard(at, 1.0 if is_traffic else took.cost or 0.0)
        return hits

    def found(self, found: Iterable[tuple[str, str]], id_: str) -> int:
        """How many kinds there was no room for."""
        left_out = 0
        for each in found:
            finding = self.findings.get(each)
            if finding is None:
                if len(self.findings) >= MAX_FINDINGS:
                    left_out += 1
                    continue
                finding = self.findings[each] = Finding()
                finding.rise.expect(0.0, min(self.seen, _LONG_AGO), self.steps)
            finding.rise.hits += 1
            finding.ids.append(id_)
        return left_out

    def close(self) -> None:
        """What is of the step as a whole."""
        exchanges = sum(self._known.values())
        if exchanges:
            self.steps += 1
        for bit, rise in self._by_bit:
            rise.tries = sum([count for known, count in self._known.items() if known & bit])
        for finding in self.findings.values():
            finding.rise.tries = exchanges
        self._known = {}

    def learn_models(self, *, is_usual: bool) -> None:
        """Those that have answered in this step."""
        for name, count in self._fresh.items() if is_usual else ():
            if name in self.models or len(self.models) < MAX_MODELS:
                self.models[name] = min(self.models.get(name, 0) + count, _LONG_AGO)
        self._fresh = {}

    def all_rises(self) -> Iterator[Rise]:
        yield from self.rises
        for height in self.heights:
            yield from height.rises
        for finding in self.findings.values():
            yield finding.rise

    def named(self) -> Mapping[str, str]:
        return dict(zip(self.sort.dimensions, self.key, strict=True))

    def _answered_by(self, model: str) -> tuple[bool, bool]:
        """Whether it is known which models usually answer, and whether this is another."""
        if model in self._fresh or len(self._fresh) < MAX_MODELS:
            self._fresh[model] = self._fresh.get(model, 0) + 1
        usual = self.models.get(model, 0)
        is_known = usual >= _ANSWERS or sum(self.models.values()) >= _ANSWERS
        return is_known, is_known and usual < _USUAL_MODEL

    def as_json(self) -> list[Any]:
        return [
            self.key, self.at, self.answered, self.seen, self.steps, list(self._known.items()),
            [each.as_json() for each in self.rises], [each.as_json() for each in self.heights], [each.as_json() for each in self.flows],
            [[*name, each.rise.as_json(), list(each.ids)] for name, each in self.findings.items()],
            self.models, self._fresh, {name: list(each) for name, each in self.told.items()},
        ]  # fmt: skip

    @classmethod
    def from_json(cls, sort: Sort, saved: list[Any]) -> "Tally":
        """Raises ValueError, TypeError or KeyError for what is none."""
        key, at, answered, seen, steps, counted, rises, heights, flows, findings, models, fresh, told = saved
        if len(key) != len(sort.dimensions):
            raise ValueError("a key of another sort")
        tally = cls(sort, tuple(key))
        tally.at, tally.answered, tally.seen, tally.steps, tally._known = at, answered, seen, steps, dict(counted)
        parts: tuple[Sequence[Rise | Heights | Flow], ...] = (tally.rises, tally.heights, tally.flows)
        for part, known in zip(parts, (rises, heights, flows), strict=True):
            for each, one in zip(part, known, strict=True):
                each.read_json(one)
        for rule, kind, rise, ids in findings[:MAX_FINDINGS]:
            finding = tally.findings[rule, kind] = Finding()
            finding.rise.read_json(rise)
            finding.ids.extend(ids)
        tally.models, tally._fresh = dict(models), dict(fresh)
        for name, (dimensions, onset, evidence, traces) in told.items():
            tally.told[name] = Told(
                tuple((dimension, value) for dimension, value in dimensions), onset, tuple(evidence)[:MAX_EVIDENCE], tuple(traces)
            )
        return tally
