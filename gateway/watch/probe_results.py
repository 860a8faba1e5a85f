"""What probes have shown, for each application. Pure, and bounded: an application beyond the limit is counted, and that is all."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import orjson

from detectors.series.cells import State
from detectors.series.probes import Difference, Method, Pair, Probes
from policies.signals import Level

APPS = 16
_APP_CHARS = 128
_SHOWN = 100
"""Differences of an application that are told, the surest first."""
LEVEL = "probes"
"""What policies call the largest difference (``policies.signals.DISPARITY``)."""

Json = dict[str, Any]


class StateError(ValueError):
    """It is no state of this version. It has no text of it."""


def method() -> Method:
    return Method(most_keys=256)


class Results:
    def __init__(self, method: Method) -> None:
        self._method = method
        self._of: dict[str, Probes] = {}
        self._since: dict[str, float] = {}
        """When an application's first difference that lasts until now was found."""
        self._found: dict[str, list[Difference]] = {}
        self.ignored = 0

    @property
    def pairs(self) -> int:
        return sum(probes.pairs for probes in self._of.values())

    def has_room(self, app: str) -> bool:
        return app[:_APP_CHARS] in self._of or len(self._of) < APPS

    def update(self, app: str, pair: Pair, now: float) -> None:
        name = app[:_APP_CHARS]
        if not self.has_room(app):
            self.ignored += 1
            return
        probes = self._of.setdefault(name, Probes(self._method))
        probes.update(pair)
        self._look(name, now)

    def _look(self, app: str, now: float) -> None:
        self._found[app] = found = self._of[app].differences()
        if any(each.state is State.DISPARITY for each in found):
            self._since.setdefault(app, now)
        else:
            self._since.pop(app, None)

    def levels(self, expires: float) -> list[Level]:
        """How large the largest difference is that was found: of a rate, 0.1 is ten in a hundred; of a length, a tenth."""
        levels = []
        for app, found in self._found.items():
            large = [each for each in found if each.state is State.DISPARITY and each.shift]
            if large:
                worst = max(large, key=_size)
                size, since = round(_size(worst), 4), self._since.get(app)
                levels.append(Level("disparity", LEVEL, size, expires, app, since=since, evidence=evidence_id(app, worst)))
        return levels

    def shown(self) -> list[Json]:
        return [
            {
                "app": app,
                "pairs": probes.pairs,
                "since": self._since.get(app),
                "lost": dict(probes.lost),
                "differences": [{"id": evidence_id(app, each), **asdict(each)} for each in self._found[app][:_SHOWN]],
                "more": max(0, len(self._found[app]) - _SHOWN),
            }
            for app, probes in sorted(self._of.items(), key=lambda each: -each[1].pairs)
        ]

    def snapshot(self) -> Json:
        """For ``orjson``."""
        kept = [[app, self._since.get(app), orjson.Fragment(probes.snapshot())] for app, probes in self._of.items()]
        return {"ignored": self.ignored, "apps": kept}

    def restore(self, saved: Mapping[str, Any], now: float) -> None:
        """Goes on as the one whose snapshot this was. Raises ``StateError``, and is then not to be used."""
        try:
            for app, since, snapshot in saved["apps"][:APPS]:
                probes = Probes(self._method)
                probes.restore(orjson.dumps(snapshot))
                self._of[str(app)] = probes
                if since is not None:
                    self._since[str(app)] = float(since)
                self._look(str(app), now)
            self.ignored = int(saved["ignored"])
        except (KeyError, ValueError, TypeError, AttributeError, OverflowError) as error:
            raise StateError(type(error).__name__) from None


def _size(difference: Difference) -> float:
    return abs(difference.shift.value) if difference.shift else 0.0


def evidence_id(app: str, difference: Difference) -> str:
    """By which a level names its row of the report."""
    seed = "\n".join((app, difference.attribute, difference.group, difference.other, difference.outcome, difference.question))
    return f"probe-{hashlib.blake2b(seed.encode('utf-8', 'surrogatepass'), digest_size=8).hexdigest()}"
