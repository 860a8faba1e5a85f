"""Error budgets of applications that burn too fast, told in every step until they no longer do.

What a client asked wrong spends nothing and is not counted; neither is an application of which nothing was ever answered.
"""

from collections.abc import Callable, Iterator
from typing import Any

from gateway.detecting.went import BAD, Hit, Went
from gateway.incidents.burn import MAX_BURNS, Burn, Burns
from gateway.incidents.symptom import Symptom, of_burn

_GOES_ON = 0.5


class Budgets:
    """``objective_of``: an application's, the share of its exchanges that are to be good."""

    def __init__(self, objective_of: Callable[[str], float]) -> None:
        self._burns = Burns(objective_of)
        self._told: set[tuple[str, str]] = set()
        self._since: dict[str, float] = {}
        """When each application was heard of first."""

    def count(self, went: Went, at: float, now: float) -> None:
        if not went.hits & Hit.REJECTED:
            if went.app not in self._since and len(self._since) >= MAX_BURNS:
                del self._since[next(iter(self._since))]
            self._since.setdefault(went.app, at)
            self._burns.add(went.app, at, now, is_bad=bool(went.hits & BAD))

    def look(self, now: float) -> Iterator[Symptom]:
        told: set[tuple[str, str]] = set()
        for app, burns in self._burns.look(now).items():
            for burn in burns:
                name = app, burn.rule.urgency
                if burn.level >= (_GOES_ON if name in self._told else 1) and self._is_known(app, burn, now):
                    told.add(name)
                    yield of_burn(app, burn, now)
        self._told = told

    def _is_known(self, app: str, burn: Burn, now: float) -> bool:
        """A ticket is for days: what was seen for less than its shorter window makes none."""
        return burn.rule.urgency == "page" or now - self._since.get(app, now) >= burn.rule.short_s

    def as_json(self) -> dict[str, Any]:
        return {"burns": self._burns.snapshot().decode(), "told": sorted(self._told), "since": self._since}

    def read_json(self, saved: dict[str, Any]) -> None:
        self._burns.restore(saved["burns"].encode())
        self._told = {(app, urgency) for app, urgency in saved["told"]}
        self._since = dict(saved["since"])
