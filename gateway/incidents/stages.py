"""What a symptom passes before it is an incident's: whether anybody is to hear of it, and of which incident it is. Drops have reasons."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from gateway.incidents.incident import CALM_S, HOLD_S, Incident
from gateway.incidents.symptom import TELEMETRY_LOST, UPSTREAM_DOWN, About, Dimensions, Symptom, dimensions

NEAR_S = 10 * 60.0
"""Things that began within this time may be one."""
AGAIN_S = 24 * 3600.0
DEPLOY_S = 10 * 60.0
EQUAL_DIMENSIONS = 2
TRACES_SHARE = 0.3
TRAFFIC_SHARE = 0.3
_OF_ANSWERS: frozenset[About] = frozenset({"errors", "latency", "retries", "upstream"})
_OF_OTHER_ANSWERS = frozenset({"upstream model", "rise"})
"""Kinds of drift that are of how upstreams answer."""
Share: TypeAlias = Callable[[Dimensions, float], float]
"""Of all traffic, at that time, how much has these dimensions: from 0 to 1."""
STORM = 10
"""So many incidents that began to open within ``NEAR_S`` are one: what comes then is taken for more of it."""
MAX_ACTIVE = 200
MAX_SILENCE_S = 30 * 86400.0
MAX_REASON = 300


class Inhibition(NamedTuple):
    """While a ``source`` goes on, symptoms about the ``targets`` say nothing new where the ``same`` dimension of both is equal."""

    source: str
    same: str
    targets: frozenset[About]
    kinds: frozenset[str] = frozenset()
    """Where not empty: only these."""


INHIBITIONS = (
    Inhibition(UPSTREAM_DOWN, "upstream", frozenset({"latency", "retries", "cost", "drift"})),
    Inhibition(TELEMETRY_LOST, "source", frozenset({"traffic"}), frozenset({"silence", "dip", "level shift"})),
)


@dataclass(frozen=True, slots=True)
class Silence:
    """Symptoms with all these ``dimensions`` (and of that kind, where it is said) are not told of, from ``starts`` until ``ends``."""

    id: str
    dimensions: Dimensions
    reason: str
    by: str
    starts: float
    ends: float
    kind: str = ""

    def __post_init__(self) -> None:
        if not self.dimensions:
            raise ValueError("a silence of everything is none: say of which app, model or upstream")
        if not (self.reason.strip() and self.by.strip()) or len(self.reason) > MAX_REASON:
            raise ValueError(f"a silence has a reason (up to {MAX_REASON} characters) and says whose it is")
        if not (math.isfinite(self.starts) and 0 < self.ends - self.starts <= MAX_SILENCE_S):
            raise ValueError("a silence ends within 30 days after it starts")

    def is_of(self, symptom: Symptom, now: float) -> bool:
        has_all = all(each in symptom.dimensions for each in self.dimensions)
        return self.starts <= now < self.ends and has_all and self.kind in ("", symptom.kind)


@dataclass(frozen=True, slots=True)
class Deploy:
    """Something of ours was changed: of all, or of what has these dimensions."""

    id: str
    at: float
    dimensions: Dimensions = ()


@dataclass(frozen=True, slots=True)
class Dropped:
    symptom: Symptom
    reason: str


def unknown(_: Dimensions, __: float) -> float:
    """Where nobody knows the traffic."""
    return 0.0


def inhibited_by(symptom: Symptom, active: Iterable[Incident], now: float) -> Incident | None:
    """The incident that explains the symptom. Nothing mutes itself, and a dimension that either lacks is not equal."""
    for rule in INHIBITIONS:
        shared = symptom.dimension(rule.same)
        if symptom.about not in rule.targets or not shared or (rule.kinds and symptom.kind not in rule.kinds):
            continue
        for incident in active:
            if any(
                each.symptom.kind == rule.source and each.symptom.dimension(rule.same) == shared and now - each.high_at < CALM_S
                for each in incident.members
            ):
                return incident
    return None


def is_explained(incident: Incident, active: Sequence[Incident], now: float) -> bool:
    """Whether all that it is made of is muted by other incidents."""
    others = [each for each in active if each.id != incident.id]
    return all(inhibited_by(member.symptom, others, now) for member in incident.members)


def silenced_by(symptom: Symptom, silences: Iterable[Silence], now: float) -> Silence | None:
    return next((each for each in silences if each.is_of(symptom, now)), None)


def hold_until(incident: Incident, deploys: Iterable[Deploy]) -> float:
    """While a deploy that it could be of settles, what does not page waits."""
    ends = [
        each.at + DEPLOY_S
        for each in deploys
        if each.at - HOLD_S <= incident.since <= each.at + DEPLOY_S and is_within(each.dimensions, incident.headline.dimensions)
    ]
    return max(ends, default=0.0)


def same_before(symptom: Symptom, resolved: Iterable[Incident], now: float) -> Incident | None:
    """The last incident that began with the same, within a day: it opens again."""
    fingerprint = symptom.fingerprint
    fitting = [each for each in resolved if each.fingerprint == fingerprint and now - each.high_at <= AGAIN_S]
    return max(fitting, key=lambda each: each.high_at, default=None)


def group(symptom: Symptom, active: Sequence[Incident], now: float, share: Share = unknown) -> Incident | None:
    """The incident that the symptom is part of: they began at about the same time, and share a slice, or the traces that failed; or one is
    of how upstreams answer, and the traffic of the other goes there for a good part.
    """
    closest, best = None, 0
    for incident in active:
        nearness = max((_nearness(symptom, member.symptom) for member in incident.members), default=0)
        if not nearness and _began_near(symptom, incident):
            is_one = _shared(symptom.traces, incident.traces) >= TRACES_SHARE or any(
                _goes_there(symptom, member.symptom, now, share) for member in incident.members
            )
            nearness = 1 if is_one else 0
        if nearness > best:
            closest, best = incident, nearness
    return closest or _storm(active, now)


def is_within(slice_: Dimensions, other: Dimensions) -> bool:
    """Whether what has the ``other`` dimensions has these: what has none is everything."""
    return all(each in other for each in slice_)


def _nearness(one: Symptom, other: Symptom) -> int:
    """0: not one thing."""
    if abs(one.onset - other.onset) > NEAR_S:
        return 0
    ours, others = one.dimensions, other.dimensions
    equal = 0
    for each in ours:
        if each in others:
            equal += 1
    return 2 + equal if equal >= EQUAL_DIMENSIONS or equal in (len(ours), len(others)) else 0


def _goes_there(one: Symptom, other: Symptom, now: float, share: Share) -> bool:
    if not (_is_of_answers(one) and _is_of_answers(other)) or abs(one.onset - other.onset) > NEAR_S:
        return False
    if one.dimension("upstream") and other.dimension("upstream"):
        return one.dimension("upstream") == other.dimension("upstream")
    if not (one.dimension("upstream") or other.dimension("upstream")):
        return False
    of_upstream, whose = (one, other) if one.dimension("upstream") else (other, one)
    both = {**dict(whose.dimensions), **{name: value for name, value in of_upstream.dimensions if name != "app"}}
    if any(both[name] != value for name, value in whose.dimensions):
        return False
    own = share(whose.dimensions, now)
    return own > 0 and share(dimensions(both), now) >= TRAFFIC_SHARE * own


def _is_of_answers(symptom: Symptom) -> bool:
    return symptom.about in _OF_ANSWERS or (symptom.about == "drift" and symptom.kind in _OF_OTHER_ANSWERS)


def _began_near(symptom: Symptom, incident: Incident) -> bool:
    return any(abs(symptom.onset - each.symptom.onset) <= NEAR_S for each in incident.members)


def _shared(one: Sequence[str], other: Sequence[str]) -> float:
    """Of the smaller number of traces, how many are of both."""
    if not one or not other:
        return 0.0
    return len(set(one) & set(other)) / min(len(set(one)), len(set(other)))


def _storm(active: Sequence[Incident], now: float) -> Incident | None:
    recent = [each for each in active if now - each.since <= NEAR_S]
    if len(recent) >= STORM:
        return max(recent, key=lambda each: each.count)
    return max(active, key=lambda each: each.count) if len(active) >= MAX_ACTIVE else None
