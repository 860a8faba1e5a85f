"""The log of one source: lines of trouble that are new, or come much more often; many sessions that go another way than any before.

Lines that only say what is done come and go with the traffic: of these none is told. A single line is no trouble either, unless it is
critical, or the gateway's own, which calls few things errors.
"""

import math
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import astuple, dataclass, replace
from typing import Any

import orjson

from detectors.series.anomaly import Anomaly
from detectors.series.counts import CountWatch
from detectors.series.counts import Settings as CountSettings
from detectors.series.logs import LogLine, LogWatch, Settings
from gateway.detecting.lasting import SYMPTOM
from gateway.detecting.reports import ALPHA
from gateway.incidents.symptom import Symptom, dimensions, of_anomaly
from gateway.telemetry.observed import LogSeen

NOVEL_S, QUIET_S = 7200.0, 120.0
"""For how long what was new is told, and how long after its last line."""
MAX_NOVEL = 100
MAX_TEMPLATES = 500
_WINDOW_S = 60.0
_OFTEN, _LEAST = 4.0, 5.0
"""So many times as often matters; what comes less often in a window than ``_LEAST`` counts as that often."""
_MAX_TRACES = 20
_ALL = 10**9
_ENOUGH = {"warning": 10, "error": 3, "critical": 1}
"""Lines of a new kind that are trouble."""
_GRAVE = ("error", "critical")
_BEGINNING = 80
_WORDS = ("error", "exception", "fatal", "critical", "panic", "traceback")
_SEVERITIES = ((21, "critical"), (17, "error"), (13, "warning"), (9, "info"), (1, "debug"))
_SETTINGS = Settings(window_s=30.0, told_a_day=_ALL, rate_alpha=ALPHA, templates=MAX_TEMPLATES)
_COUNTED = {"new template": "many templates", "sequence break": "sequences", "parameter outlier": "parameters"}
"""Which a few of are usual: told where there are many of late; and under which name."""


@dataclass(slots=True)
class _Novel:
    """Lines of a template that is new; ``traces``: those that they are of."""

    level: str
    since: float
    last: float
    lines: int
    traces: list[str]


class Lines:
    """``take`` each line, and ask by ``step`` what is so by now. ``is_ours``: whether it is the gateway's own log."""

    def __init__(self, source: str, *, is_ours: bool = False) -> None:
        self._source = source
        self._is_ours = is_ours
        self._watch = LogWatch(_SETTINGS)
        self._novel: OrderedDict[str, _Novel] = OrderedDict()
        self._often: dict[tuple[str, str], Symptom] = {}
        self._many: dict[str, Symptom] = {}
        self._counts = {kind: CountWatch(series, (source,), CountSettings(ALPHA)) for kind, series in _COUNTED.items()}
        self._late = dict.fromkeys(_COUNTED, 0)
        self._window: tuple[float, int] | None = None
        """Since when, and after how many lines."""

    @property
    def lines(self) -> int:
        return self._watch.lines

    def words(self, template: str) -> str | None:
        """Of a template, by its id."""
        return self._watch.template(template)

    def take(self, seen: LogSeen, at: float) -> None:
        level = _level(seen)
        for anomaly in self._watch.update(LogLine(at, seen.body, level, level, seen.trace_id or None)):
            self._note(anomaly, level, at)
        template = self._watch.last
        if self._is_ours and level in _GRAVE:
            self._begin(template, level, at)
        novel = self._novel.get(template)
        if novel:
            novel.lines += 1
            novel.last = max(novel.last, at)
            if seen.trace_id and len(novel.traces) < _MAX_TRACES and seen.trace_id not in novel.traces:
                novel.traces.append(seen.trace_id)

    def step(self, now: float) -> list[Symptom]:
        """All that is so."""
        self._close(now)
        for template, novel in list(self._novel.items()):
            if now - novel.since > NOVEL_S or now - novel.last > QUIET_S:
                del self._novel[template]
        self._often = {series: each for series, each in self._often.items() if self._watch.goes_on(*series)}
        self._many = {kind: each for kind, each in self._many.items() if self._counts[kind].is_unusual}
        known = (*self._often.values(), *self._many.values())
        return [*self._novelties(now), *(replace(each, at=now) for each in known)]

    def _note(self, anomaly: Anomaly, level: str, at: float) -> None:
        if anomaly.kind in self._late:
            self._late[anomaly.kind] += 1
        if anomaly.kind == "new template":
            self._begin(anomaly.series, level, at)
        if anomaly.kind == "template rate" and anomaly.key[0] in _ENOUGH:
            self._often[anomaly.key[0], anomaly.series] = self._symptom(anomaly)

    def _begin(self, template: str, level: str, at: float) -> None:
        if template in self._novel:
            return
        if len(self._novel) >= MAX_NOVEL:
            self._novel.popitem(last=False)
        self._novel[template] = _Novel(level, at, at, 0, [])

    def _novelties(self, now: float) -> Iterator[Symptom]:
        for template, novel in self._novel.items():
            enough = 1 if self._is_ours else _ENOUGH[novel.level]
            yield Symptom(
                modality="log",
                about="logs",
                kind="error lines" if self._is_ours else "new template",
                series=template,
                dimensions=dimensions({"source": self._source}),
                onset=novel.since,
                at=now,
                level=novel.lines / enough,
                value=novel.lines,
                n=self._watch.lines,
                note=(self._watch.template(template) or "") if self._is_ours else "",
                evidence=(template,),
                traces=tuple(novel.traces),
            )

    def _close(self, now: float) -> None:
        """Ends the window. One without any line is missing, and not zero."""
        if self._window is None or not 0 <= now - self._window[0] < 10 * _WINDOW_S:
            self._window = now, self._watch.lines
            self._late = dict.fromkeys(_COUNTED, 0)
            return
        since, before = self._window
        lines = self._watch.lines - before
        if now - since < _WINDOW_S:
            return
        if lines:
            for kind, count in self._late.items():
                if (anomaly := self._counts[kind].update(now, count, lines)) is not None:
                    self._many[kind] = self._symptom(anomaly, kind)
        self._window, self._late = (now, self._watch.lines), dict.fromkeys(_COUNTED, 0)

    def _symptom(self, anomaly: Anomaly, kind: str = "") -> Symptom:
        """What became fewer is no trouble."""
        symptom = of_anomaly(replace(anomaly, key=(self._source,)), "logs", ("source",), ALPHA)
        value, usual = anomaly.value or 0.0, max(anomaly.baseline or 0.0, _LEAST)
        matters = math.log(value / usual) / math.log(_OFTEN) if value > usual else 0.0
        return replace(symptom, modality="log", kind=kind or anomaly.kind, level=min(symptom.level, matters))

    def snapshot(self) -> bytes:
        """As JSON."""
        said = {
            "watch": orjson.Fragment(self._watch.snapshot()),
            "novel": [[template, *astuple(novel)] for template, novel in self._novel.items()],
            "often": [[*series, orjson.Fragment(SYMPTOM.dump_json(each))] for series, each in self._often.items()],
            "many": [[kind, orjson.Fragment(SYMPTOM.dump_json(each))] for kind, each in self._many.items()],
            "counts": [count.as_json() for count in self._counts.values()],
            "late": self._late,
            "window": self._window,
        }
        return orjson.dumps(said)

    @classmethod
    def restore(cls, source: str, saved: Mapping[str, Any], *, is_ours: bool = False) -> "Lines":
        """Raises ValueError, KeyError or TypeError where that is no snapshot."""
        lines = cls(source, is_ours=is_ours)
        lines._watch = LogWatch.restore(orjson.dumps(saved["watch"]), _SETTINGS)
        for template, level, since, last, count, traces in saved["novel"][:MAX_NOVEL]:
            lines._novel[str(template)] = _Novel(level, float(since), float(last), int(count), [str(each) for each in traces])
        lines._often = {(service, template): SYMPTOM.validate_python(each) for service, template, each in saved["often"]}
        lines._many = {kind: SYMPTOM.validate_python(each) for kind, each in saved["many"] if kind in _COUNTED}
        for count, state in zip(lines._counts.values(), saved["counts"], strict=True):
            count.read_json(state)
        lines._late = {kind: int(saved["late"][kind]) for kind in _COUNTED}
        lines._window = (float(saved["window"][0]), int(saved["window"][1])) if saved["window"] else None
        return lines


def _level(seen: LogSeen) -> str:
    """Where it is not said, by what the line begins with."""
    if seen.severity > 0:
        return next((name for least, name in _SEVERITIES if seen.severity >= least), "debug")
    beginning = seen.body[:_BEGINNING].lower()
    return "error" if any(word in beginning for word in _WORDS) else "info"
