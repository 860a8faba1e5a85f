"""Hours in which nothing is wrong, in no time: a quiet site's records, drawn again in a day's shape, before those who look at them."""

import math
import random
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.drill.history import Record, Sample, drawn
from gateway.detecting.exchanges import Exchanges
from gateway.detecting.shares import Shares
from gateway.detecting.states import States
from gateway.detecting.steps import Steps
from gateway.incidents.incident import Event, Incident
from gateway.incidents.pipeline import Line, Pipeline, Told
from gateway.incidents.rootcause import Hint
from gateway.incidents.symptom import Symptom
from gateway.incidents.titles import title
from gateway.watch.finding import Finding

HOURS = 20.0
_PER_S = 4.0
_LEARNED_H = 4.0
_BEGINS = 1_795_305_600.0
"""A midnight."""
_NIGHT, _EVENING_H = 0.15, 20.0
_BUSY = ((9.0, 11.0, 3.0), (15.0, 16.0, 3.0))
"""Hours with so many times the traffic."""
_RAMP_H = 0.2
_AWAY, _AWAY_H = "hr-desk", 6.5
"""An application whose users are on holiday, from an hour of the second day on."""


class _NoReason:
    def hints(self, incident: Incident, now: float) -> Sequence[Hint]:
        return ()

    def said(self, hint: Hint) -> Line:
        return "", hint.name


@dataclass(frozen=True, slots=True)
class Heard:
    hour: float
    what: str
    urgency: str
    title: str


@dataclass(frozen=True, slots=True)
class Quiet:
    hours: float
    records: int
    heard: tuple[Heard, ...]
    cpu_s: float

    @property
    def pages(self) -> int:
        return sum(each.urgency == "page" for each in self.heard)


class Day:
    """Those who look, as a watch has them, and the pipeline behind them; time is that of the records."""

    def __init__(self, learning_s: float) -> None:
        self.heard: list[Heard] = []
        self._shares = Shares()
        self._pipeline = Pipeline(Told(), _NoReason(), self._shares.of, learning_s)
        finders = {"exchanges": Exchanges(), "states": States(), "steps": Steps()}
        self._finding: Finding[Symptom] = Finding(
            finders, lambda: None, lambda _: None, self._see, self._tell, lambda: math.inf, lambda: 0.0
        )
        self._ticked = 0.0
        self.records = 0

    def live(self, records: Iterable[Record]) -> None:
        self._finding.take(records, ())

    def _see(self, record: Record, now: float) -> None:
        self.records += 1
        self._shares.take(record)
        self._pipeline.seen(str(record["app"]), now)
        if now - self._ticked >= 1.0:
            self._ticked = now
            self._note(self._pipeline.tick(now), now)

    def _tell(self, found: Sequence[Symptom], now: float) -> None:
        self._note(self._pipeline.take(found, now), now)

    def _note(self, events: Iterable[Event], now: float) -> None:
        for event in events:
            if event.name in ("opened", "reopened", "escalated") and event.incident.urgency != "record":
                hour = (now - _BEGINS) / 3600
                self.heard.append(Heard(hour, event.name, event.incident.urgency, title(event.incident.headline)))


def times(app: str, at: float) -> float:
    """How many times its usual traffic an application has then."""
    hour = (at - _BEGINS) / 3600
    day = 0.5 - 0.5 * math.cos((hour - _EVENING_H + 12) / 24 * math.tau)
    shape = _NIGHT + (1 - _NIGHT) * day
    if app == _AWAY and hour >= 24 + _AWAY_H - _LEARNED_H:
        return 0.0
    for begin, end, much in _BUSY:
        into = min(hour - begin, end - hour) / _RAMP_H
        shape *= 1 + (much - 1) * max(0.0, min(1.0, into))
    return shape


def quiet_hours(sample: Sample, seed: int, hours: float = HOURS, per_s: float = _PER_S) -> Quiet:
    """What is heard of them, after some hours in which all of it is learned, of which nothing counts."""
    chance, begin = random.Random(seed), time.process_time()
    usual = sum(len(records) for records in sample.records.values()) / sample.seconds

    def rates(app: str, at: float) -> float:
        return times(app, at) * per_s / usual

    day = Day(_LEARNED_H * 3600)
    day.live(drawn(sample, _BEGINS, _BEGINS + (_LEARNED_H + hours) * 3600, chance, rates))
    heard = tuple(each for each in day.heard if each.hour >= _LEARNED_H)
    return Quiet(hours, day.records, heard, round(time.process_time() - begin, 1))
