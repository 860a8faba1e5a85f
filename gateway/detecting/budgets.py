"""Error budgets of applications that burn too fast, told in every step until they no longer do.

What a client asked wrong spends nothing and is not counted; neither is an application of which nothing was ever answered.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterator
from typing import Any

from gateway.detecting.facts import BAD, Facts, Hit
from gateway.incidents.burn import MAX_BURNS, Burn, Burns
from gateway.incidents.symptom import Symptom, of_burn

_GOES_ON = 0.5
_LAST, _NEARLY_ALL = 50, 0.9


class Budgets:
    """``objective_of``: an application's, the share of its exchanges that are to be good."""

    def __init__(self, objective_of: Callable[[str], float]) -> None:
        self._burns = Burns(objective_of)
        self._told: set[tuple[str, str]] = set()
        self._since: dict[str, float] = {}
        """When each application was heard of first."""
        self._failed: dict[str, deque[str]] = {}
        """At which upstreams its last bad exchanges were."""
        self._where: dict[str, str] = {}
        """At which one nearly all were when it was first told."""

    def count(self, said: Facts, at: float, now: float) -> None:
        if not said.hits & Hit.REJECTED:
            if said.app not in self._since and len(self._since) >= MAX_BURNS:
                oldest = next(iter(self._since))
                del self._since[oldest]
                self._failed.pop(oldest, None)
            self._since.setdefault(said.app, at)
            is_bad = bool(said.hits & BAD)
            if is_bad:
                self._failed.setdefault(said.app, deque(maxlen=_LAST)).append(said.upstream)
            self._burns.add(said.app, at, now, is_bad=is_bad)

    def look(self, now: float) -> Iterator[Symptom]:
        told: set[tuple[str, str]] = set()
        for app, burns in self._burns.look(now).items():
            for burn in burns:
                name = app, burn.rule.urgency
                if burn.level >= (_GOES_ON if name in self._told else 1) and self._is_known(app, burn, now):
                    told.add(name)
                    yield of_burn(app, burn, now, upstream=self._where.setdefault(app, self._common(app)))
        self._told = told
        self._where = {app: upstream for app, upstream in self._where.items() if any(app == each for each, _ in told)}

    def _common(self, app: str) -> str:
        """The upstream of nearly all its last bad exchanges; empty where there is none."""
        upstream, count = (Counter(self._failed.get(app, ())).most_common(1) or [("", 0)])[0]
        return upstream if count >= _NEARLY_ALL * len(self._failed.get(app, ())) else ""

    def _is_known(self, app: str, burn: Burn, now: float) -> bool:
        """A ticket is for days: what was seen for less than its shorter window makes none."""
        return burn.rule.urgency == "page" or now - self._since.get(app, now) >= burn.rule.short_s

    def as_json(self) -> dict[str, Any]:
        failed = {app: list(upstreams) for app, upstreams in self._failed.items()}
        return {
            "burns": self._burns.snapshot().decode(), "told": sorted(self._told), "since": self._since, "failed": failed,
            "where": self._where,
        }  # fmt: skip

    def read_json(self, saved: dict[str, Any]) -> None:
        self._burns.restore(saved["burns"].encode())
        self._told = {(app, urgency) for app, urgency in saved["told"]}
        self._since = dict(saved["since"])
        self._failed = {app: deque(upstreams, _LAST) for app, upstreams in saved["failed"].items()}
        self._where = dict(saved["where"])
