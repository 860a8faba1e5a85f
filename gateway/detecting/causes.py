"""Why, as far as the exchanges of the last half hour and what was changed say: hints for an incident, and how people are told of them.

What became of exchanges since the incident began is compared with what became of those before, by application, model, upstream, tenant …:
the parts of the traffic that explain the change are named (``detectors.series.slices``), with what changed just before, and with the step
that got slow. A tenant is the keyed hash of a user's label.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

import orjson

from detectors.series.slices import Row, Settings, Slice, slices
from detectors.series.traces import Ranked
from gateway.detecting.blind import KIND as CANNOT_LOOK
from gateway.detecting.changes import Changes
from gateway.detecting.facts import AHEAD_S, Facts, facts
from gateway.detecting.outcomes import LONGEST_S, SLACK_S, Looked, is_less, looked, moved, outcome_of
from gateway.detecting.recent import DIMENSIONS, Recent
from gateway.incidents.incident import Incident
from gateway.incidents.rootcause import MAX_HINTS, Change, Hint, hints
from gateway.incidents.symptom import Dimensions, Symptom, shown
from gateway.watch.row import Record

_VERSION: Final = 1
_SETTINGS = Settings(beam=8, most=3)
_MAX_RULES, _MAX_TRIED = 3, 4
_LEAST_RULE = 0.2
"""Of what there is more: as much a rule has to explain to be named."""
_CERTAIN, _LIKELY, _POSSIBLE = 0.95, 0.8, 0.6
_LABELS = {"slice": "likely cause", "state": "likely cause", "operation": "slow step"}
_CHANGED = "changed just before"

Ranking = Callable[[Dimensions, float], Sequence[Ranked]]
"""Operations of a part of the traffic by how slow they have become, at that time."""

Where = Mapping[str, set[str]]


def _nothing(_: Dimensions, __: float) -> Sequence[Ranked]:
    return ()


class Causes:
    """``take`` each exchange; ask for ``hints`` when an incident opens. ``key``: of the tenants' hashes."""

    def __init__(self, changes: Changes | None = None, ranking: Ranking = _nothing, key: bytes = b"") -> None:
        self._changes = changes or Changes()
        self._ranking = ranking
        self._key = key[: hashlib.blake2b.MAX_KEY_SIZE]
        self._recent = Recent()
        self._now: float | None = None
        self.unusable = 0

    @property
    def evicted(self) -> int:
        return self._changes.evicted

    def __len__(self) -> int:
        """Exchanges that are remembered."""
        return len(self._recent)

    def take(self, record: Record) -> list[Change]:
        """What the exchange shows to have changed."""
        said = facts(record)
        if said is None:
            self.unusable += 1
            return []
        return self.note(said if self._now is None else said.by(self._now + AHEAD_S))

    def note(self, said: Facts) -> list[Change]:
        """As ``take`` does, for whoever has read the record already."""
        if said.is_held_off:
            return []
        self._recent.put(said, self.tenant(said.app, said.user))
        return self._changes.note(said)

    def tick(self, now: float) -> None:
        self._now = now if self._now is None else max(self._now, now)
        self._recent.forget_after(self._now + AHEAD_S)

    def changed(self, change: Change) -> None:
        """Somebody has said so."""
        self._changes.changed(change)

    def configured(self, digest: str, at: float) -> list[Change]:
        """The settings by which the gateway serves since then."""
        return self._changes.configured(digest, at)

    @property
    def changes(self) -> tuple[Change, ...]:
        return self._changes.recent

    def tenant(self, app: str, user: str) -> str:
        """What the user of an application is called in hints; empty where none is known."""
        if not user:
            return ""
        return hashlib.blake2b(f"{app}\0{user}".encode("utf-8", "surrogatepass"), digest_size=6, key=self._key).hexdigest()

    def hints(self, incident: Incident, now: float) -> list[Hint]:
        """The likeliest first."""
        onset = max(incident.onset, now - LONGEST_S)
        seen, parts = self._explained(incident, onset, now)
        is_slow = any(each.symptom.about == "latency" for each in incident.members)
        ranking = self._ranking(incident.headline.dimensions, now) if is_slow else ()
        found = hints(onset, [row.dimensions for row in seen.rows], parts, ranking, self._changes.recent)
        found = [*_states(incident), *[_with_total(hint, seen.hits) for hint in found], *_rules(seen)]
        return sorted(found, key=lambda hint: (_is_everywhere(hint), -hint.confidence))[:MAX_HINTS]

    def _explained(self, incident: Incident, onset: float, now: float) -> tuple[Looked, list[Slice]]:
        """By what says best what is wrong; where that is of no part of the traffic, by what else is."""
        before, after = self._recent.between(onset - LONGEST_S, onset - SLACK_S), self._recent.between(onset - SLACK_S, now + AHEAD_S)
        mask, where = self._recent.mask(onset - LONGEST_S, now + AHEAD_S), _where(incident)
        found: list[tuple[Looked, list[Slice]]] = []
        for symptom in _unlike(incident.symptoms):
            outcome = outcome_of(symptom, before, after)
            seen = moved(before, after, mask, now, is_less=is_less(symptom)) if outcome is None else looked(before, after, outcome)
            found.append(_explained(seen, where))
            if found[-1][1]:
                return found[-1]
        return found[0]

    def said(self, hint: Hint) -> tuple[str, str]:
        """What it is, and what is said of it: one line, of names and numbers."""
        return _LABELS.get(hint.what, _CHANGED), _said(hint)

    def snapshot(self) -> bytes:
        """With fewer of the exchanges than are remembered."""
        changes = orjson.Fragment(self._changes.snapshot())
        return orjson.dumps({"v": _VERSION, "unusable": self.unusable, "recent": self._recent.as_json(), "changes": changes})

    def restore(self, data: bytes) -> None:
        """Goes on as the one whose snapshot this was. Raises ValueError for what is none of this version, and is then not to be used."""
        try:
            saved = orjson.loads(data)
            if saved["v"] != _VERSION:
                raise ValueError("a snapshot of another version")
            self._now, self._recent = None, Recent()
            self._recent.read_json(saved["recent"])
            self._changes.restore(orjson.dumps(saved["changes"]))
            self.unusable = int(saved["unusable"])
        except (KeyError, TypeError, AttributeError, IndexError, OverflowError) as error:
            raise ValueError("not a snapshot") from error


def _unlike(symptoms: Iterable[Symptom]) -> Iterable[Symptom]:
    """Some that are about something else each, in their order."""
    found: dict[tuple[str, str, str], Symptom] = {}
    for each in symptoms:
        found.setdefault((each.about, each.series if each.modality == "metric" else "", each.dimension("rule")), each)
    return list(found.values())[:_MAX_TRIED]


def _where(incident: Incident) -> Where:
    """Of which part of the traffic the incident is: of each dimension, the values that its symptoms name."""
    found: dict[str, set[str]] = {}
    for member in incident.members:
        for name, value in member.symptom.dimensions:
            if name in DIMENSIONS:
                found.setdefault(name, set()).add(value)
    return found


def _is_of(row: Row, where: Where) -> bool:
    return all(row.dimensions.get(name) in values for name, values in where.items())


def _explained(seen: Looked, where: Where) -> tuple[Looked, list[Slice]]:
    """The parts of the traffic that explain it, of those that have to do with it, where there are any: something else may go on besides.

    Where all of the traffic is what explains it best, its own part of the traffic is looked at by itself.
    """
    parts = slices(seen.rows, _SETTINGS)
    fitting = [part for part in parts if any(seen.rows[at].is_hit and _is_of(seen.rows[at], where) for at in part.rows)] or parts
    if not where or not fitting or fitting[0].conditions:
        return seen, fitting
    rows = [row for row in seen.rows if _is_of(row, where)]
    own = seen._replace(rows=rows, hits=sum(row.is_hit for row in rows), expected=sum(row.usual.chance for row in rows))
    ours = {name: min(values) for name, values in where.items() if len(values) == 1}
    found = [part._replace(conditions=tuple(sorted((ours | dict(part.conditions)).items()))) for part in slices(rows, _SETTINGS)]
    return (own, found) if found else (seen, fitting)


def _is_everywhere(hint: Hint) -> bool:
    """That it is all of the traffic says less than whatever else is known."""
    return hint.what == "slice" and not hint.conditions


def _states(incident: Incident) -> Iterable[Hint]:
    """Parts that are known not to work, what others' telemetry says of itself, and what has drifted (of each part what has drifted most):
    what they are said of needs no comparison.
    """
    drifted: set[Dimensions] = set()
    for symptom in incident.symptoms:
        sure = _sure(symptom)
        if not sure or not symptom.dimensions or symptom.level < 1:
            continue
        if symptom.modality == "drift":
            if symptom.dimensions in drifted:
                continue
            drifted.add(symptom.dimensions)
        what = {"drift": f"drift of {symptom.series}", "trace": f"{symptom.kind} of {symptom.series}"}.get(symptom.modality, symptom.kind)
        name = ", ".join(f"{key}={value}" for key, value in symptom.dimensions)
        yield Hint("state", f"{name}: {what}", sure, {"level": symptom.level}, symptom.dimensions)


def _sure(symptom: Symptom) -> float:
    """Of what is its own cause; none, where something else is."""
    if symptom.modality == "state" or symptom.kind == CANNOT_LOOK:
        return _CERTAIN
    if symptom.dimension("source"):
        return _LIKELY
    return _POSSIBLE if symptom.modality == "drift" else 0.0


def _with_total(hint: Hint, total: int) -> Hint:
    return replace(hint, evidence={**hint.evidence, "of": total}) if hint.what == "slice" else hint


def _rules(seen: Looked) -> Iterable[Hint]:
    """Which rules it was: each explains its share of what there is more of."""
    excess = seen.hits - seen.expected
    counts = Counter(rule for rules in seen.rules for rule in rules)
    for rule, count in counts.most_common(_MAX_RULES):
        usual = seen.usual_rules.get(rule, 0.0)
        more = count - usual
        if more >= max(_SETTINGS.least_hits, _LEAST_RULE * excess) and count >= _SETTINGS.least_ratio * usual:
            numbers = {"hits": count, "expected": round(usual, 1), "of": seen.hits}
            yield Hint("slice", f"rule={shown(rule)}", round(min(more / max(excess, more), 1.0), 3), numbers, (("rule", shown(rule)),))


def _said(hint: Hint) -> str:
    numbers = hint.evidence
    sure = f"(confidence {hint.confidence:.2f})"
    match hint.what:
        case "slice":
            affected = f"{numbers.get('hits', 0):.0f} of {numbers.get('of', 0):.0f}"
            return f"{hint.name}: {affected} affected exchanges, {numbers.get('expected', 0):.0f} to be expected {sure}"
        case "state":
            return f"{hint.name} {sure}"
        case "operation":
            return f"{hint.name}: {numbers.get('seconds', 0):.3g} s, usually {numbers.get('usual_seconds', 0):.3g} s {sure}"
        case _:
            return f"{hint.what} {hint.name}, {numbers.get('seconds_before', 0):.0f} s before {sure}"
