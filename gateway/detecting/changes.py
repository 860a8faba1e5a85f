"""What was changed, as exchanges show it and as people say: a policy, the settings, a model, an upstream, the template of a prompt.

What comes first of its kind is no change; each change is told once, and the last ones are remembered.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple, get_args

import orjson

from gateway.detecting.bounded import Bounded
from gateway.detecting.facts import Facts, facts, number
from gateway.detecting.versions import Came, Patience, Versions, versions
from gateway.incidents.rootcause import Change, What
from gateway.incidents.stages import Deploy
from gateway.incidents.symptom import dimensions, shown
from gateway.watch.row import Record

MAX_KEYS = 600
MAX_CHANGES = 200
_VERSION: Final = 1
_SETTLES: frozenset[What] = frozenset({"config", "deploy"})
"""What is ours, and needs a while until all of it works."""
_OURS = Patience()
_OF_MODELS = Patience(least=3, history=20)
_OF_APPS = Patience(least=5, history=50, most=32)

Key = tuple[str, ...]
"""What it is that has versions, and of whom."""


class _Way(NamedTuple):
    """``what`` a change of it is, and ``says`` in words what has changed. ``whole``: the dimensions that its key names, ``part`` the one of
    which the new version is a value.
    """

    what: What
    says: str
    patience: Patience
    whole: tuple[str, ...] = ()
    part: str = ""


_WAYS: Mapping[str, _Way] = {
    "policy": _Way("policy", "{}", _OURS, part="policy"),
    "policy of app": _Way("policy", "of {}", _OURS, ("app",)),
    "config": _Way("config", "settings", _OURS),
    "answers": _Way("model", "{} of {}", _OF_MODELS, ("model", "upstream")),
    "upstream": _Way("upstream", "for {}", _OF_MODELS, ("model",), "upstream"),
    "asks": _Way("model", "asked by {}", _OF_APPS, ("app",), "model"),
    "template": _Way("template", "of {}", _OF_APPS, ("app",), "template"),
}


class Changes:
    """``take`` each exchange: what it shows to have changed."""

    def __init__(self, most: int = MAX_KEYS) -> None:
        self._known: Bounded[Key, Versions] = Bounded(most)
        self._recent: deque[Change] = deque(maxlen=MAX_CHANGES)
        self._deployed: deque[str] = deque(maxlen=MAX_CHANGES)
        self.unusable = 0

    @property
    def evicted(self) -> int:
        return self._known.evicted

    @property
    def recent(self) -> tuple[Change, ...]:
        """The last ones, in the order in which they were told."""
        return tuple(self._recent)

    def take(self, record: Record) -> list[Change]:
        said = facts(record)
        if said is None:
            self.unusable += 1
            return []
        return self.note(said)

    def note(self, said: Facts) -> list[Change]:
        """As ``take`` does, for whoever has read the record already."""
        return [change for key, version in _in_use(said) if (change := self._saw(key, version, said.started, said.ended))]

    def configured(self, digest: str, at: float) -> list[Change]:
        """The settings by which the gateway serves since then."""
        change = self._saw(("config",), shown(digest), at, at)
        return [change] if change else []

    def deployed(self, id_: str, at: float, where: Mapping[str, str], summary: str) -> list[Change]:
        """Somebody has said so; the same id is the same again."""
        if id_ in self._deployed or (number(at) or 0.0) <= 0:
            return []
        self._deployed.append(id_)
        change = Change(at, "deploy", shown(summary), shown(id_), dimensions(where))
        self._recent.append(change)
        return [change]

    def changed(self, change: Change) -> None:
        """Somebody has found out otherwise."""
        if change not in self._recent:
            self._recent.append(change)

    def _saw(self, key: Key, version: str, begun: float, at: float) -> Change | None:
        way = _WAYS[key[0]]
        known = self._known.heard(key, at, Versions)
        came = known.saw(version, begun, way.patience) if known else None
        if came is None:
            return None
        change = _change(way, key[1:], came)
        self._recent.append(change)
        return change

    def snapshot(self) -> bytes:
        return orjson.dumps({
            "v": _VERSION,
            "unusable": self.unusable,
            "known": [[key, known.as_json()] for key, known in self._known.items()],
            "recent": [[each.at, each.what, each.name, each.version, each.dimensions] for each in self._recent],
            "deployed": list(self._deployed),
        })  # fmt: skip

    def restore(self, data: bytes) -> None:
        """Goes on as the one whose snapshot this was. Raises ValueError for what is none of this version, and is then not to be used."""
        try:
            saved = orjson.loads(data)
            if saved["v"] != _VERSION:
                raise ValueError("a snapshot of another version")
            self._recent.clear()
            self._deployed.clear()
            for key, known in saved["known"]:
                self._known.put(_key(key), versions(known))
            self._recent.extend(_restored(saved["recent"]))
            self._deployed.extend(map(str, saved["deployed"]))
            self.unusable = int(saved["unusable"])
        except (KeyError, TypeError, AttributeError, IndexError, OverflowError) as error:
            raise ValueError("not a snapshot") from error


def settling(change: Change) -> Deploy | None:
    """What may need a while until all of it works; None: nothing waits for it. A policy works at once: what is new then is by it."""
    if change.what not in _SETTLES:
        return None
    return Deploy(f"{change.what} {change.name} {change.version} {change.at:.0f}", change.at, change.dimensions)


def _in_use(said: Facts) -> Iterator[tuple[Key, str]]:
    policy, _, version = said.policy.partition("@")
    if policy and version:
        yield ("policy", policy), version
        if said.app:
            yield ("policy of app", said.app), policy
    if not said.is_answered or not said.model:  # names of models that nobody answers to are anybody's
        return
    if said.upstream:
        yield ("upstream", said.model), said.upstream
        if said.answered_by:
            yield ("answers", said.model, said.upstream), said.answered_by
    if said.app:
        yield ("asks", said.app), said.model
        if said.template:
            yield ("template", said.app), said.template


def _change(way: _Way, names: Key, came: Came) -> Change:
    where = dict(zip(way.whole, names, strict=False))
    if way.part:
        where[way.part] = f"{names[0]}@{came.version}" if way.part == "policy" else came.version
    name = shown(way.says.format(*map(shown, names)))
    return Change(came.at, way.what, name, f"{shown(came.before)} → {shown(came.version)}", tuple(sorted(where.items())))


def _key(saved: list[Any]) -> Key:
    key = tuple(map(str, saved))
    if key[0] not in _WAYS:
        raise ValueError("not a snapshot")
    return key


def _restored(saved: list[Any]) -> Iterator[Change]:
    for at, what, name, version, where in saved[-MAX_CHANGES:]:
        if what not in get_args(What):
            raise ValueError("not a snapshot")
        yield Change(float(at), what, str(name), str(version), tuple((str(each), str(value)) for each, value in where))
