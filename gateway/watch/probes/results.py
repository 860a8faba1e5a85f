"""What probes have shown, for each application: of endpoints, and of the policies that guard them. Pure, and bounded: an application beyond
the limit is counted, and that is all.

What was found of a policy is forgotten once it says something else, or is no longer met: it is told of what is in force.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

import orjson

from detectors.series.cells import State
from detectors.series.probes import Difference, Method, Pair, Probes
from policies.signals import Level

APPS = 16
POLICIES = 4
"""Of an application that are told of; as many are met at a time only where new ones are rolled out."""
POLICY_S = 86400.0
"""For how long a policy is told of that is met no more, while others are."""
_APP_CHARS = 128
_SHOWN = 100
"""Differences of an application that are told, the surest first."""
_UNTOLD = 50
LEVEL = "probes"
"""What policies call the largest difference (``policies.signals.DISPARITY``)."""

Json = dict[str, Any]


class StateError(ValueError):
    """It is no state of this version. It has no text of it."""


def method() -> Method:
    return Method(most_keys=256)


class Found(NamedTuple):
    """``policy`` is whose difference it is; empty: the endpoint's."""

    policy: str
    difference: Difference

    @property
    def size(self) -> float:
        return abs(self.difference.shift.value) if self.difference.shift else 0.0


@dataclass(slots=True)
class _Guard:
    """One policy, in one version. ``untold`` counts what was not compared, by the rule, or reason, why."""

    version: str
    probes: Probes
    seen: float
    untold: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class _App:
    endpoint: Probes
    guards: dict[str, _Guard] = field(default_factory=dict)
    """By the policy's name."""
    since: float | None = None
    """When its first difference that lasts until now was found."""
    found: list[Found] = field(default_factory=list)

    def look(self, now: float) -> None:
        found = [Found("", each) for each in self.endpoint.differences()]
        found += [Found(guard.version, each) for guard in self.guards.values() for each in guard.probes.differences()]
        self.found = sorted(found, key=lambda each: (each.difference.state is not State.DISPARITY, -each.difference.evidence))
        if not any(each.difference.state is State.DISPARITY for each in found):
            self.since = None
        elif self.since is None:
            self.since = now

    def drop_old(self, now: float) -> None:
        for name in [name for name, guard in self.guards.items() if abs(now - guard.seen) > POLICY_S]:
            del self.guards[name]
        while len(self.guards) > POLICIES:
            del self.guards[min(self.guards, key=lambda name: self.guards[name].seen)]


class Results:
    def __init__(self, method: Method) -> None:
        self._method = method
        self._of: dict[str, _App] = {}
        self.ignored = 0

    @property
    def pairs(self) -> int:
        return sum(app.endpoint.pairs for app in self._of.values())

    def has_room(self, app: str) -> bool:
        return app[:_APP_CHARS] in self._of or len(self._of) < APPS

    def update(self, app: str, pair: Pair, now: float) -> None:
        """What came of asking the endpoint."""
        if found := self._app(app):
            found.endpoint.update(pair)
            found.look(now)

    def update_guard(self, app: str, version: str, pair: Pair, untold: Iterable[str], now: float) -> None:
        """What the policy of that version makes of it."""
        found = self._app(app)
        if found is None:
            return
        name = version.partition("@")[0]
        guard = found.guards.get(name)
        if guard is None or guard.version != version:
            guard = found.guards[name] = _Guard(version, Probes(self._method), now)
        guard.seen = now
        guard.probes.update(pair)
        guard.untold.update(each for each in untold if each in guard.untold or len(guard.untold) < _UNTOLD)
        found.drop_old(now)
        found.look(now)

    def _app(self, app: str) -> _App | None:
        if not self.has_room(app):
            self.ignored += 1
            return None
        return self._of.setdefault(app[:_APP_CHARS], _App(Probes(self._method)))

    def levels(self, expires: float) -> list[Level]:
        """How large the largest difference is that was found: of a rate, 0.1 is ten in a hundred; of a length, a tenth."""
        levels = []
        for app, known in self._of.items():
            large = [each for each in known.found if each.difference.state is State.DISPARITY and each.difference.shift]
            if large:
                worst = max(large, key=lambda each: each.size)
                evidence = evidence_id(app, worst)
                levels.append(Level("disparity", LEVEL, round(worst.size, 4), expires, app, since=known.since, evidence=evidence))
        return levels

    def shown(self) -> list[Json]:
        return [_shown(app, known) for app, known in sorted(self._of.items(), key=lambda each: -each[1].endpoint.pairs)]

    def snapshot(self) -> Json:
        """For ``orjson``."""
        return {"ignored": self.ignored, "apps": [[app, *_saved(known)] for app, known in self._of.items()]}

    def restore(self, saved: Mapping[str, Any], now: float) -> None:
        """Goes on as the one whose snapshot this was. Raises ``StateError``, and is then not to be used."""
        try:
            for app, since, endpoint, guards in saved["apps"][:APPS]:
                self._of[str(app)] = known = _App(self._probes(endpoint), dict(self._guards(guards[:POLICIES])))
                known.since = None if since is None else float(since)
                known.look(now)
            self.ignored = int(saved["ignored"])
        except (KeyError, ValueError, TypeError, AttributeError, OverflowError) as error:
            raise StateError(type(error).__name__) from None

    def _guards(self, saved: Iterable[Any]) -> Iterator[tuple[str, _Guard]]:
        for version, probes, seen, untold in saved:
            yield str(version).partition("@")[0], _Guard(str(version), self._probes(probes), float(seen), Counter(untold))

    def _probes(self, saved: Any) -> Probes:  # noqa: ANN401 JSON
        probes = Probes(self._method)
        probes.restore(orjson.dumps(saved))
        return probes


def _saved(known: _App) -> list[Any]:
    guards = [[guard.version, orjson.Fragment(guard.probes.snapshot()), guard.seen, dict(guard.untold)] for guard in known.guards.values()]
    return [known.since, orjson.Fragment(known.endpoint.snapshot()), guards]


def _shown(app: str, known: _App) -> Json:
    return {
        "app": app,
        "pairs": known.endpoint.pairs,
        "since": known.since,
        "lost": dict(known.endpoint.lost),
        "guards": [
            {"policy": guard.version, "pairs": guard.probes.pairs, "lost": dict(guard.probes.lost), "not_compared": dict(guard.untold)}
            for guard in known.guards.values()
        ],
        "differences": [{"id": evidence_id(app, each), "policy": each.policy, **asdict(each.difference)} for each in known.found[:_SHOWN]],
        "more": max(0, len(known.found) - _SHOWN),
    }


def evidence_id(app: str, found: Found) -> str:
    """By which a level names its row of the report."""
    each = found.difference
    seed = "\n".join((app, found.policy, each.attribute, each.group, each.other, each.outcome, each.question))
    return f"probe-{hashlib.blake2b(seed.encode('utf-8', 'surrogatepass'), digest_size=8).hexdigest()}"
