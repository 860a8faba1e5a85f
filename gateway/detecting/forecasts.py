"""What will be used up, or passed, if things go on as they do: error budgets of thirty days, the cost of the day, an upstream's latency.

What is told is marked as predicted, and says when, and between which times. Whether it came true is kept count of.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from math import log
from typing import Any

from detectors.series.forecast import Forecast, exhaustion
from detectors.series.predictions import Predictions
from gateway.detecting.bounded import Bounded
from gateway.detecting.facts import BAD, Facts, Hit
from gateway.detecting.used import POINTS, Pace, Spent
from gateway.incidents.symptom import Symptom, dimensions, from_bytes, to_bytes

EVERY_S = 120.0
MAX_APPS, MAX_UPSTREAMS = 500, 50
_HOUR_S, _DAY_S = 3600.0, 86_400.0
_PAGES_S, _LIKELY_S = _HOUR_S, 4 * _HOUR_S
"""A budget pages where it may be spent within the one time, and probably is within the other."""
_GOES_ON = 0.5
_TIMES = 2.0
"""A latency is told that comes to so many times the usual one."""
_BUDGET, _COST, _LATENCY = "error_budget", "cost", "latency"


class Forecasts:
    """``objective_of``: an application's, the share of its exchanges that are to be good. ``usd_per_day``: None where cost has no limit."""

    def __init__(self, objective_of: Callable[[str], float], usd_per_day: float | None) -> None:
        self._objective_of, self._usd_per_day = objective_of, usd_per_day
        self._budgets: Bounded[str, Spent] = Bounded(MAX_APPS)
        self._paces: Bounded[tuple[str, str], Pace] = Bounded(MAX_UPSTREAMS)
        self._day, self._cost, self._is_dear = 0, 0.0, False
        self._costs: deque[tuple[float, float]] = deque(maxlen=POINTS)
        self._kept = {sort: Predictions() for sort in (_BUDGET, _COST, _LATENCY)}
        self._next = 0.0
        self._told: dict[str, Symptom] = {}

    def count(self, said: Facts, at: float) -> None:
        if not said.hits & Hit.REJECTED and (spent := self._budgets.heard(said.app, at, Spent)):
            spent.count(at, is_bad=bool(said.hits & BAD))
        if at >= (self._day + 1) * _DAY_S:
            self._day, self._cost, self._is_dear = int(at // _DAY_S), 0.0, False
            self._costs.clear()
        self._cost += said.took.cost or 0.0
        latency = said.took.latency
        if latency and not said.is_abandoned and (pace := self._paces.heard((said.upstream, said.model), at, Pace)):
            pace.count(log(latency))

    def look(self, now: float) -> Iterator[Symptom]:
        """What is predicted is looked at again now and then, and told in between as it was."""
        if now >= self._next or now < self._next - EVERY_S:
            self._next = now + EVERY_S
            before = self._told
            self._told = {
                name: replace(symptom, onset=before[name].onset if name in before else now) for name, symptom in self._looked(now)
            }
        for symptom in self._told.values():
            yield replace(symptom, at=now)

    def figures(self) -> Mapping[str, float]:
        """For each sort of prediction: how many are decided, which share came true, how long before, and what came without one."""
        said: dict[str, float] = {}
        for sort, predictions in self._kept.items():
            kept = predictions.kept()
            said |= {f"{sort}_decided": float(kept.decided), f"{sort}_missed": float(predictions.missed)}
            if kept.precision is not None:
                said[f"{sort}_precision"] = kept.precision
            if kept.lead_s is not None:
                said[f"{sort}_lead_seconds"] = kept.lead_s
        return said

    def _looked(self, now: float) -> Iterator[tuple[str, Symptom]]:
        for predictions in self._kept.values():
            predictions.tick(now)
        for app, spent in self._budgets.items():
            yield from self._of_budget(app, spent, now)
        for (upstream, model), pace in self._paces.items():
            yield from self._of_latency(upstream, model, pace, now)
        if self._usd_per_day is not None:
            yield from self._of_cost(self._usd_per_day, now)

    def _of_budget(self, app: str, spent: Spent, now: float) -> Iterator[tuple[str, Symptom]]:
        spent.step(now)
        if now - spent.since < _HOUR_S or spent.points[0][1] == spent.bad:
            return
        limit = spent.limit(now, self._objective_of(app))
        if spent.bad >= limit:
            if not spent.is_over:
                self._kept[_BUDGET].came_true(app, now)
            spent.is_over = True
            return
        forecast = exhaustion(list(spent.points), limit)
        if forecast is None:
            return
        is_page = forecast.earliest_s < _PAGES_S and forecast.eta_s < _LIKELY_S
        yield from self._predicted(_BUDGET, app, forecast, _DAY_S, now, Symptom(
            "burn", "errors", "predicted exhaustion", "error budget of 30 days", dimensions({"app": app}), now, now,
            value=float(spent.bad), baseline=limit, n=spent.total, is_page=is_page,
        ))  # fmt: skip

    def _of_cost(self, usd: float, now: float) -> Iterator[tuple[str, Symptom]]:
        self._costs.append((now, self._cost))
        of_day = Symptom("metric", "cost", "beyond limit", "cost of the day", (), now, now, value=self._cost, baseline=usd)
        if self._cost >= usd:
            if not self._is_dear:
                self._kept[_COST].came_true("", now)
            self._is_dear = True
            yield f"{_COST} passed", of_day
            return
        forecast = exhaustion(list(self._costs), usd)
        if forecast:
            left_s = (self._day + 1) * _DAY_S - now
            yield from self._predicted(_COST, "", forecast, left_s, now, replace(of_day, kind="predicted to pass its limit"))

    def _of_latency(self, upstream: str, model: str, pace: Pace, now: float) -> Iterator[tuple[str, Symptom]]:
        pace.step(now)
        if not pace.is_steady:
            return
        key, last, limit = f"{upstream}\0{model}", pace.points[-1][1], _TIMES * pace.usual_ms
        if last >= limit:
            if not pace.is_over:
                self._kept[_LATENCY].came_true(key, now)
            pace.is_over = True
            return
        pace.is_over = pace.is_over and last > pace.usual_ms * _TIMES**0.5
        forecast = exhaustion(list(pace.points), limit)
        if forecast:
            yield from self._predicted(_LATENCY, key, forecast, _HOUR_S, now, Symptom(
                "metric", "latency", "predicted rise", "upstream latency", dimensions({"upstream": upstream, "model": model}), now, now,
                value=last, baseline=pace.usual_ms, n=pace.steps,
            ))  # fmt: skip

    def _predicted(
        self, sort: str, key: str, forecast: Forecast, soon_s: float, now: float, symptom: Symptom
    ) -> Iterator[tuple[str, Symptom]]:
        """Told where it comes within ``soon_s``, and then on for as long as it comes within twice that."""
        name, level = f"{sort} {key}", soon_s / max(forecast.eta_s, 1.0)
        if level >= (_GOES_ON if name in self._told else 1):
            self._kept[sort].made(key, forecast._replace(latest_s=forecast.latest_s + 2 * EVERY_S), now)  # it is seen only so often
            yield name, replace(symptom, level=level, note=_when(forecast))

    def as_json(self) -> dict[str, Any]:
        return {
            "budgets": [[app, spent.as_json()] for app, spent in self._budgets.items()],
            "paces": [[*key, pace.as_json()] for key, pace in self._paces.items()],
            "cost": [self._day, self._cost, self._is_dear, list(self._costs)],
            "kept": {sort: predictions.snapshot().decode() for sort, predictions in self._kept.items()},
            "next": self._next,
            "told": {name: to_bytes(symptom).decode() for name, symptom in self._told.items()},
        }

    def read_json(self, saved: dict[str, Any]) -> None:
        """Of one that is new."""
        for app, spent in saved["budgets"]:
            self._budgets.put(app, Spent.from_json(spent))
        for upstream, model, pace in saved["paces"]:
            self._paces.put((upstream, model), Pace.from_json(pace))
        self._day, self._cost, self._is_dear, costs = saved["cost"]
        self._costs.extend((ts, cost) for ts, cost in costs)
        self._kept = {sort: Predictions.restore(saved["kept"][sort].encode()) for sort in self._kept}
        self._next = saved["next"]
        self._told = {name: from_bytes(symptom.encode()) for name, symptom in saved["told"].items()}


def _when(forecast: Forecast) -> str:
    return f"in {_span(forecast.eta_s)}, between {_span(forecast.earliest_s)} and {_span(forecast.latest_s)}"


def _span(seconds: float) -> str:
    return f"{seconds / _HOUR_S:.1f} h" if seconds >= _HOUR_S else f"{seconds / 60:.0f} min"
