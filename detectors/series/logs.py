"""What is not as usual in logs, line by line: a template that is new, or comes more or less often than it used to; a step that does not
follow; a number that is far off.

Only what a line has in common with others is kept (see ``templates``), and no line. Texts are to be free of personal data before they
come here. All is bounded, whatever is logged: lines that are written to look all different push out one another's templates, and what is
told in a day is capped, with a count of what was not.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import exp, isfinite
from typing import Any, Final

import orjson

from detectors.series.anomaly import Anomaly, LogKind, limited
from detectors.series.counts import CountWatch
from detectors.series.counts import Settings as CountSettings
from detectors.series.parameters import PLACES, Parameters
from detectors.series.sequences import Sequences
from detectors.series.templates import Mined, Miner, numbers

_VERSION: Final = 1
LEVELS = ("debug", "info", "warning", "error", "critical")
_LEVEL_OF = {name: at for at, name in enumerate(LEVELS)} | {"trace": 0, "notice": 1, "warn": 2, "fatal": 4, "severe": 3}
_INFO = 1
_MAX_NAME = 64
_DAY_S = 86_400
_AHEAD = 10
"""Windows by which a line may be behind the others. Where it is more, it was a time before it that was wrong."""


@dataclass(frozen=True, slots=True)
class LogLine:
    ts: float
    text: str
    service: str = ""
    level: str = "info"
    session: str | None = None
    """The trace, exchange or block that it is of."""


@dataclass(frozen=True, slots=True)
class Settings:
    learn: int = 1000
    """Lines before which no template is news."""
    least_level: str = "warning"
    """News of lesser ones is not told."""
    window_s: float = 60.0
    told_a_day: int = 20
    """Of each kind."""
    rate_alpha: float = 1e-5
    """The chance of a template's count, or of one further off, at which it is told."""
    templates: int = 2000
    """So many are known."""


class LogWatch:
    """``update`` with each line."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.lines = 0
        self.last = ""
        """The template of the last line, by its id."""
        self.unsaid = 0
        """Anomalies beyond those of a day."""
        self.uncounted = 0
        """Lines of templates beyond those that are counted in one window."""
        self._settings = settings or Settings()
        self._least = _LEVEL_OF[self._settings.least_level]
        self._miner = Miner(self._settings.templates)
        self._news = [0] * len(LEVELS)
        self._sequences = Sequences()
        self._parameters = Parameters()
        self._rates: OrderedDict[tuple[str, str], CountWatch] = OrderedDict()
        self._counts: dict[tuple[str, str], int] = {}
        self._window: int | None = None
        self._day = -1
        self._told: dict[str, int] = {}

    def template(self, template: str) -> str | None:
        """The words of a template that is known, by its id."""
        found = self._miner.templates.get(int(template[1:])) if template[1:].isdecimal() else None
        return found.text if found else None

    def goes_on(self, service: str, template: str) -> bool:
        """Whether a template's rate that was told of is still unusual."""
        rate = self._rates.get((service, template))
        return rate is not None and rate.is_unusual

    def update(self, line: LogLine) -> tuple[Anomaly, ...]:
        if not isfinite(line.ts):
            return ()
        if len(line.service) > _MAX_NAME:
            line = replace(line, service=line.service[:_MAX_NAME])
        rates = self._roll(line.ts)
        mined = self._miner.mine(line.text)
        self.lines += 1
        self.last = mined.template.id
        self._count((line.service, mined.template.id))
        looks: tuple[Callable[[LogLine, Mined], Anomaly | None], ...] = (self._new, self._break, self._parameter)
        found = [each for look in looks if (each := look(line, mined)) is not None]
        return tuple(self._capped(line.ts, (*rates, *found)))

    def _count(self, series: tuple[str, str]) -> None:
        if series in self._counts or len(self._counts) < self._settings.templates:
            self._counts[series] = self._counts.get(series, 0) + 1
        else:
            self.uncounted += 1

    def _new(self, line: LogLine, mined: Mined) -> Anomaly | None:
        """By how often a line of that level, or a worse one, was news."""
        if not mined.is_new:
            return None
        level = _LEVEL_OF.get(line.level.lower(), _INFO)
        before = sum(self._news[level:])
        self._news[level] += 1
        if self.lines <= self._settings.learn or level < self._least:
            return None
        return self._anomaly("new template", line, mined, (before + 1) / (self.lines + 1))

    def _break(self, line: LogLine, mined: Mined) -> Anomaly | None:
        if line.session is None:
            return None
        surprise = self._sequences.follow(line.ts, line.session, mined.template.id)
        return None if surprise is None else self._anomaly("sequence break", line, mined, exp(-surprise))

    def _parameter(self, line: LogLine, mined: Mined) -> Anomaly | None:
        found = self._parameters.outlier(mined.template.id, numbers(mined, PLACES))
        if found is None:
            return None
        score, value, usual = found
        return replace(self._anomaly("parameter outlier", line, mined, score), value=value, baseline=usual)

    def _anomaly(self, kind: LogKind, line: LogLine, mined: Mined, score: float) -> Anomaly:
        evidence = limited(each for each in (mined.template.id, line.session) if each)
        return Anomaly(kind, (line.service,), mined.template.id, line.ts, line.ts, score, n=self.lines, evidence=evidence)

    def _roll(self, ts: float) -> list[Anomaly]:
        """Ends the window that the line is no longer of. A time without any line is missing, and not zero."""
        window = int(ts // self._settings.window_s)
        if self._window is None:
            self._window = window
        if not _is_later(window, self._window, _AHEAD):
            return []
        began = self._window * self._settings.window_s
        counts, self._counts, self._window = self._counts, {}, window
        for series in counts:
            self._rate(series)
        found = [rate.update(began, counts.get(series, 0)) for series, rate in self._rates.items()]
        return [replace(each, kind="template rate", evidence=(each.series,)) for each in found if each]

    def _rate(self, series: tuple[str, str]) -> None:
        if series not in self._rates:
            if len(self._rates) >= self._settings.templates:
                self._rates.popitem(last=False)
            self._rates[series] = CountWatch(series[1], (series[0],), CountSettings(self._settings.rate_alpha))
        self._rates.move_to_end(series)

    def _capped(self, ts: float, found: tuple[Anomaly, ...]) -> Iterator[Anomaly]:
        day = int(ts // _DAY_S)
        if _is_later(day, self._day, 1):
            self._day, self._told = day, {}
        for each in found:
            told = self._told.get(each.kind, 0)
            if told >= self._settings.told_a_day:
                self.unsaid += 1
                continue
            self._told[each.kind] = told + 1
            yield each

    def snapshot(self) -> bytes:
        """All that is known, as JSON. The settings are not in it."""
        return orjson.dumps(
            {
                "version": _VERSION,
                "lines": self.lines,
                "unsaid": self.unsaid,
                "uncounted": self.uncounted,
                "miner": self._miner.as_json(),
                "news": self._news,
                "sequences": self._sequences.as_json(),
                "parameters": self._parameters.as_json(),
                "rates": [[*series, rate.as_json()] for series, rate in self._rates.items()],
                "counts": [[*series, count] for series, count in self._counts.items()],
                "window": self._window,
                "day": [self._day, self._told],
            }
        )

    @classmethod
    def restore(cls, data: bytes, settings: Settings | None = None) -> "LogWatch":
        """What goes on as the one that gave the snapshot would have. Raises ValueError for what is no snapshot of this version."""
        try:
            found = orjson.loads(data)
            if found["version"] != _VERSION:
                raise ValueError("a snapshot of another version")
            watch = cls(settings)
            watch._restore(found)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError("not a snapshot") from error
        return watch

    def _restore(self, data: dict[str, Any]) -> None:
        self.lines, self.unsaid, self.uncounted, self._news = data["lines"], data["unsaid"], data["uncounted"], data["news"]
        self._miner.restore(data["miner"])
        self._sequences.restore(data["sequences"])
        self._parameters.restore(data["parameters"])
        for service, template, rate in data["rates"]:
            self._rate((service, template))
            self._rates[service, template].read_json(rate)
        self._counts = {(service, template): count for service, template, count in data["counts"]}
        self._window = data["window"]
        self._day, self._told = data["day"]


def _is_later(number: int, last: int, behind: int) -> bool:
    return number > last or number < last - behind
