"""What others tell of themselves, applications and inference servers, and the gateway's own log: to symptoms.

A source that reported regularly, and no longer does, is a symptom too: nothing that is known of it holds any more.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from gateway.detecting.bounded import Bounded
from gateway.detecting.lasting import Lasting
from gateway.detecting.lines import Lines
from gateway.detecting.points import Series, sort
from gateway.detecting.pulse import Pulse
from gateway.detecting.spans import Spans
from gateway.incidents.symptom import TELEMETRY_LOST, Symptom, dimensions
from gateway.telemetry.observed import OWN, Labels, LogSeen, Point, SpanSeen

AHEAD_S, LATE_S = 60.0, 3600.0
MAX_SOURCES, MAX_LOGS, MAX_SERIES = 200, 24, 200
LOST_S = 24 * 3600.0
"""What has been silent for longer is no source any more."""
_VERSION = 1
_STEADY_LINES, _STEADY_POINTS, _STEADY_STEPS = 500, 50, 20
_MAX_NAME = 128
_STALE_S = 300.0
_LATEST = 1e11
"""What is later is no time."""

SeriesKey = tuple[str, str, Labels]


@dataclass(slots=True)
class _Log:
    lines: Lines
    at: float = 0.0

    @property
    def is_steady(self) -> bool:
        return self.lines.lines >= _STEADY_LINES


@dataclass(slots=True)
class _Measured:
    series: Series
    at: float = 0.0
    now: Symptom | None = None

    @property
    def is_steady(self) -> bool:
        return self.series.points >= _STEADY_POINTS


@dataclass(slots=True)
class _Source:
    pulse: Pulse = field(default_factory=Pulse)
    at: float = 0.0

    @property
    def is_steady(self) -> bool:
        return self.pulse.gaps >= _STEADY_STEPS


class Received:
    """To be called in one thread. ``tick`` about once a second; what is seen is judged in steps."""

    def __init__(self, step_s: float = 10.0) -> None:
        self.unusable = 0
        self._step_s = step_s
        self._spans = Spans(step_s)
        self._own = Lines(OWN, is_ours=True)
        self._logs: Bounded[str, _Log] = Bounded(MAX_LOGS)
        self._series: Bounded[SeriesKey, _Measured] = Bounded(MAX_SERIES)
        self._sources: Bounded[str, _Source] = Bounded(MAX_SOURCES)
        self._lasting = Lasting(step_s)
        self._now = self._stepped = -math.inf

    @property
    def evicted(self) -> int:
        return self._spans.evicted + self._logs.evicted + self._series.evicted + self._sources.evicted

    def observe(self, seen: Point | SpanSeen | LogSeen) -> Iterable[Symptom]:
        """What it says is told with the next step."""
        at = self._at(seen.ts)
        if at is None:
            self.unusable += 1
            return ()
        source = seen.source[:_MAX_NAME]
        if source != OWN and (heard := self._sources.heard(source, at, _Source)):
            heard.pulse.heard()
        match seen:
            case LogSeen() if source == OWN:
                self._own.take(seen, at)
            case LogSeen():
                if log := self._logs.heard(source, at, lambda: _Log(Lines(source))):
                    log.lines.take(seen, at)
            case SpanSeen():
                self._spans.take(replace(seen, ts=at, source=source), at if self._now == -math.inf else self._now)
            case Point():
                self._measure(seen, source, at)
        return ()

    def words(self, source: str, template: str) -> str | None:
        """Of a kind of line, by its id: for people who may see what was logged."""
        if source == OWN:
            return self._own.words(template)
        log = self._logs.get(source)
        return log.lines.words(template) if log else None

    def tick(self, now: float, *, is_past: bool = False) -> Iterable[Symptom]:
        """``is_past``: now is long ago, for whoever reads what was written meanwhile: who had been heard of by then is not known."""
        if not 0 <= now <= _LATEST:  # which no clock says
            return ()
        self._now = max(self._now, now)
        found = self._spans.tick(now)
        if not 0 <= now - self._stepped < self._step_s:
            self._stepped = now
            found += self._step(now, is_past=is_past)
        return found

    def _measure(self, point: Point, source: str, at: float) -> None:
        what = sort(point)
        if what is None:
            return
        name = f"{point.name} {point.statistic}"[:_MAX_NAME]
        measured = self._series.heard((source, name, point.labels), at, lambda: _Measured(Series(source, name, point.labels, what)))
        if measured:
            measured.now = measured.series.update(at, point.value)

    def _step(self, now: float, *, is_past: bool) -> Iterator[Symptom]:
        for source, lines in ((OWN, self._own), *((source, log.lines) for source, log in self._logs.items())):
            yield from self._lasting.note(("log", source), lines.step(now), now)
        for (source, name, labels), measured in self._series.items():
            goes_on = measured.now if measured.now and now - measured.at <= _STALE_S else None
            yield from self._lasting.note(("point", source, name, repr(labels)), [goes_on] if goes_on else [], now)
        for source, each in list(self._sources.items()):
            if is_past:
                each.pulse.skip(now)
                continue
            lost = [_lost(source, each.pulse, now)] if each.pulse.look(now) else []
            yield from self._lasting.note(("source", source), lost, now)
            if each.pulse.silent_s > LOST_S:
                self._sources.forget(source)

    def _at(self, ts: float) -> float | None:
        """What seems to be of a time to come is of now; what is from long ago says nothing."""
        if not (0 <= ts <= _LATEST and ts >= self._now - LATE_S):
            return None
        return min(ts, self._now + AHEAD_S) if self._now > -math.inf else ts

    def snapshot(self) -> bytes:
        """As JSON. Traces that are not whole yet are not in it."""
        said = {
            "v": _VERSION,
            "own": orjson.Fragment(self._own.snapshot()),
            "logs": [[source, log.at, orjson.Fragment(log.lines.snapshot())] for source, log in self._logs.items()],
            "series": [[*key, each.at, each.series.what, each.series.as_json()] for key, each in self._series.items()],
            "sources": [[source, each.at, each.pulse.as_json()] for source, each in self._sources.items()],
            "spans": self._spans.as_json(),
            "lasting": orjson.Fragment(self._lasting.snapshot()),
        }
        return orjson.dumps(said)

    def restore(self, data: bytes) -> None:
        """Raises ValueError where it is no snapshot of this version; then nothing has changed."""
        try:
            said = orjson.loads(data)
            if said["v"] != _VERSION:
                raise ValueError  # noqa: TRY301 as one of several that mean the same
            found = Received(self._step_s)
            found._restore(said)
        except (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError):
            raise ValueError("no snapshot of this version") from None
        self._own, self._logs, self._series, self._sources = found._own, found._logs, found._series, found._sources
        self._spans, self._lasting, self._now, self._stepped = found._spans, found._lasting, found._now, found._stepped

    def _restore(self, said: Mapping[str, Any]) -> None:
        self._own = Lines.restore(OWN, said["own"], is_ours=True)
        for source, at, lines in said["logs"]:
            self._logs.put(str(source), _Log(Lines.restore(str(source), lines), float(at)))
        for source, name, labels, at, what, state in said["series"]:
            series = Series(str(source), str(name), pairs := tuple((str(key), str(value)) for key, value in labels), what)
            series.read_json(state)
            self._series.put((str(source), str(name), pairs), _Measured(series, float(at)))
        for source, at, pulse in said["sources"]:
            each = _Source(at=float(at))
            each.pulse.read_json(pulse)
            self._sources.put(str(source), each)
        self._spans = Spans.restore(said["spans"], self._step_s)
        self._lasting.restore(orjson.dumps(said["lasting"]))


def _lost(source: str, pulse: Pulse, now: float) -> Symptom:
    return Symptom(
        modality="state",
        about="telemetry",
        kind=TELEMETRY_LOST,
        series="source",
        dimensions=dimensions({"source": source}),
        onset=now - pulse.silent_s,
        at=now,
        value=pulse.silent_s,
        baseline=pulse.usual_s(),
        n=pulse.gaps,
    )
