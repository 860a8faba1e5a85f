"""A page of metrics, in Prometheus's text or in OpenMetrics, as samples. Bounded: what is too long or too many is left out, and counted."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from prometheus_client import Metric
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample as Line

from gateway.telemetry.observed import MAX_BUCKETS, MAX_LABEL, MAX_LABELS, MAX_NAME, Buckets, Kind, Labels, Sample
from gateway.watch.sources.servers import LABELS, SERVERS, Meaning, Names, Server
from gateway.wire.walk import is_name, is_structural

MAX_LINE = 2000
MAX_LINES = 20_000
OTHER = "other"
"""What a label says whose value is not repeated."""
_BESIDES = frozenset({"le", "quantile"})


class PageError(Exception):
    """It is no page of metrics. Nothing of it is repeated."""


class Page(NamedTuple):
    """``left_out``: lines that were too long or too many, families and series that are no measures or whose name is none."""

    samples: list[Sample]
    left_out: int


def read(text: str, is_openmetrics: bool, server: Server, source: str, now: float) -> Page:
    """Times that a page gives its lines are not read: it is of now. Raises PageError."""
    names = SERVERS[server]
    lines, left_out = _lines(text, names)
    reader = _Reader(source, now, names, left_out)
    try:
        parse = openmetrics.text_string_to_metric_families if is_openmetrics else text_string_to_metric_families
        for family in parse(lines):
            reader.take(family)
    except Exception:  # noqa: BLE001 the library's parser, on what comes from elsewhere
        raise PageError("it is no page of metrics") from None
    return Page(list(reader.samples()), reader.left_out)


def _lines(text: str, names: Names | None) -> tuple[str, int]:
    """Those that the parser is given: of a known server, only the lines of what is asked for."""
    wanted = tuple(names) if names else None
    prefix = next((name.partition(":")[0] for name in names or () if ":" in name), "")
    kept: list[str] = []
    left_out = 0
    for line in text.split("\n"):
        head, about = (line[:7], line[7:]) if line.startswith(("# TYPE ", "# HELP ", "# UNIT ")) else ("", line)
        if prefix and about.startswith(f"{prefix}_"):  # some writers have no colons in names
            about = f"{prefix}:{about[len(prefix) + 1 :]}"
            line = head + about
        if not line or (wanted and not about.startswith(wanted) and line != "# EOF"):
            continue
        if len(line) > MAX_LINE or (len(kept) >= MAX_LINES and line != "# EOF"):
            left_out += 1
            continue
        kept.append(line)
    return "\n".join(kept) + "\n", left_out


@dataclass(slots=True)
class _Histogram:
    total: float = math.nan
    count: float = math.nan
    bounds: dict[float, float] = field(default_factory=dict)

    def take(self, what: str, line: Line) -> None:
        value = _number(line.value)
        if what == "_sum":
            self.total = value
        elif what == "_count":
            self.count = value
        elif (bound := _number(line.labels.get("le", "nan"))) == math.inf:
            self.count = value if math.isnan(self.count) else self.count
        elif math.isfinite(bound):
            self.bounds[bound] = value

    def buckets(self) -> Buckets | None:
        if math.isnan(self.count):
            return None
        if len(self.bounds) > MAX_BUCKETS:
            return Buckets(self.count)
        bounds = tuple(sorted(self.bounds))
        return Buckets(self.count, bounds, tuple([self.bounds[bound] for bound in bounds]))


class _Reader:
    def __init__(self, source: str, now: float, names: Names | None, left_out: int) -> None:
        self._source = source
        self._now = now
        self._names = names
        self._samples: dict[tuple[str, Labels], Sample] = {}
        self._taken_from: dict[str, int] = {}
        self.left_out = left_out

    def samples(self) -> Iterable[Sample]:
        return self._samples.values()

    def take(self, family: Metric) -> None:
        meaning = self._meaning(family.name)
        if meaning is None:
            return
        match family.type:
            case "counter":
                of = [line for line in family.samples if not line.name.endswith("_created")]
                self._put(meaning, Kind.COUNTER, ((self._labels(line.labels), _number(line.value), None) for line in of))
            case "gauge" | "unknown" | "untyped":
                self._put(meaning, Kind.GAUGE, ((self._labels(line.labels), _number(line.value), None) for line in family.samples))
            case "histogram" | "summary":
                kind = Kind.COUNTER if meaning.is_total else Kind.HISTOGRAM
                self._put(meaning, kind, self._histograms(family, meaning))
            case _:
                self.left_out += 1

    def _meaning(self, name: str) -> Meaning | None:
        """None for one that is not asked for, or that another one with the same meaning stands before."""
        if self._names is None:
            if name and len(name) <= MAX_NAME and is_structural(name):
                return Meaning(name)
            self.left_out += 1
            return None
        meaning = self._names.get(name)
        if meaning is None:
            return None
        place = list(self._names).index(name)
        before = self._taken_from.setdefault(meaning.name, place)
        if place > before:
            return None
        if place < before:
            self._taken_from[meaning.name] = place
            self._samples = {key: sample for key, sample in self._samples.items() if key[0] != meaning.name}
        return meaning

    def _histograms(self, family: Metric, meaning: Meaning) -> Iterator[tuple[Labels, float, Buckets | None]]:
        """A series for each set of labels as it stands, before any is dropped."""
        found: dict[tuple[tuple[str, str], ...], _Histogram] = {}
        for line in family.samples:
            what = line.name[len(family.name) :]
            if what in ("_bucket", "_sum", "_count"):
                given = tuple(sorted([(key, value) for key, value in line.labels.items() if key not in _BESIDES]))
                found.setdefault(given, _Histogram()).take(what, line)
        for given, histogram in found.items():
            buckets = None if meaning.is_total else histogram.buckets()
            if buckets or meaning.is_total:
                yield self._labels(dict(given)), histogram.total, buckets
            else:
                self.left_out += 1

    def _put(self, meaning: Meaning, kind: Kind, series: Iterable[tuple[Labels, float, Buckets | None]]) -> None:
        """Series that are the same once labels are dropped are added to each other; levels are not, and the first one counts."""
        for labels, value, buckets in series:
            key = (meaning.name, labels)
            before = self._samples.get(key)
            if not math.isfinite(value):
                self.left_out += 1
            elif before is None:
                self._samples[key] = Sample(self._now, self._source, meaning.name, labels, kind, value, buckets)
            elif kind is Kind.GAUGE or before.kind is not kind:
                self.left_out += 1
            else:
                added = _added(before.buckets, buckets)
                self._samples[key] = Sample(self._now, self._source, meaning.name, labels, kind, before.value + value, added)

    def _labels(self, given: Mapping[str, str]) -> Labels:
        kept: dict[str, str] = {}
        for key in sorted(given):
            known = LABELS.get(key) if self._names else key
            if known and known not in _BESIDES and len(known) <= MAX_LABEL and is_name(known) and len(kept) < MAX_LABELS:
                value = given[key]
                kept[known] = value if len(value) <= MAX_LABEL and is_structural(value) else OTHER
        return tuple(kept.items())


def _added(one: Buckets | None, other: Buckets | None) -> Buckets | None:
    if one is None or other is None:
        return one or other
    if one.bounds != other.bounds:
        return Buckets(one.count + other.count)
    return Buckets(one.count + other.count, one.bounds, tuple([a + b for a, b in zip(one.counts, other.counts, strict=True)]))


def _number(value: float | str) -> float:
    try:
        return float(value)
    except (ValueError, OverflowError):
        return math.nan
