"""Hints at why: which part of the traffic it comes from, what was changed just before, which step got slow, and what it was like before.

They are hints, ranked: what came before something need not have caused it. ``confidence`` says how much of what there is to explain a hint
explains, from 0 to 1; it is no probability.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from detectors.series.slices import MAX_ROWS, Conditions, Slice
from detectors.series.traces import Ranked
from gateway.incidents.symptom import shown

CHANGED_S = 30 * 60.0
"""What was changed earlier before an onset is no hint."""
AFTER_S = 120.0
"""What is said to have changed so much later may have been before: clocks differ, and onsets are estimates."""
MAX_HINTS = 10
MAX_PAST = 500
MAX_CHANGES = 50
"""The last ones before an onset count."""
_FADING_S = 15 * 60.0
_SIMILAR = 0.3
_LEAST_Z = 4.0
_LEAST_S = 0.02
"""Slower by less than that, a step is no reason."""

What: TypeAlias = Literal["policy", "config", "model", "deploy", "upstream", "template"]


@dataclass(frozen=True, slots=True)
class Change:
    """Something that was changed: a policy's digest, a model's fingerprint, an upstream's state … ``dimensions``: of which part of the
    traffic; none: of all of it. ``name`` and ``version`` are names, and no text of anybody's.
    """

    at: float
    what: What
    name: str
    version: str = ""
    dimensions: Conditions = ()


@dataclass(frozen=True, slots=True)
class Hint:
    what: Literal["slice", "state", "operation", What]
    name: str
    confidence: float
    evidence: Mapping[str, float]
    """Numbers by which it can be judged: hits, seconds since the change …"""
    conditions: Conditions = ()


class Similar(NamedTuple):
    incident_id: str
    likeness: float


@dataclass(frozen=True, slots=True)
class Traits:
    """What an incident is known again by. ``kinds`` are those of its anomalies; ``series``: what they were about."""

    incident_id: str
    fingerprint: str
    kinds: frozenset[str]
    series: frozenset[str]
    dimensions: frozenset[tuple[str, str]]


def hints(
    onset: float,
    rows: Sequence[Mapping[str, str]],
    parts: Sequence[Slice],
    ranking: Sequence[Ranked] = (),
    changes: Iterable[Change] = (),
) -> list[Hint]:
    """The likeliest first. ``rows``: the dimensions of what was looked at, in which the rows of ``parts`` have their places."""
    found = [*_of_parts(parts), *_of_operations(ranking), *_of_changes(onset, rows[-MAX_ROWS:], parts, changes)]
    found.sort(key=lambda hint: (-hint.confidence, hint.what, hint.name))
    return found[:MAX_HINTS]


def similar(traits: Traits, past: Sequence[Traits], most: int = 3) -> list[Similar]:
    """Of the last ``MAX_PAST`` incidents those that are most alike, the likest first; of equals the latest."""
    others = [each for each in reversed(past[-MAX_PAST:]) if each.incident_id != traits.incident_id]
    found = [Similar(each.incident_id, round(_likeness(traits, each), 3)) for each in others]
    return sorted((each for each in found if each.likeness >= _SIMILAR), key=lambda each: -each.likeness)[:most]


def _of_parts(parts: Sequence[Slice]) -> Iterable[Hint]:
    """Each explains its share of what there is more than expected."""
    excess = sum(part.hits - part.expected for part in parts)
    for part in parts:
        name = ", ".join(f"{shown(dimension)}={shown(value)}" for dimension, value in part.conditions) or "all traffic"
        numbers = {"hits": part.hits, "expected": round(part.expected, 1), "rows": part.size}
        yield Hint("slice", name, round((part.hits - part.expected) / excess, 3), numbers, part.conditions)


def _of_operations(ranking: Sequence[Ranked]) -> Iterable[Hint]:
    """One stands out as far as the next one does not."""
    off = [each for each in ranking if each.z >= _LEAST_Z and each.is_on_the_way and each.value_s - each.usual_s >= _LEAST_S]
    total = sum(each.z * each.z for each in off)
    for each in off:
        numbers = {"z": round(each.z, 1), "seconds": each.value_s, "usual_seconds": each.usual_s, "spans": each.n}
        yield Hint("operation", shown(each.operation), round(each.z * each.z / total, 3), numbers)


def _of_changes(onset: float, rows: Sequence[Mapping[str, str]], parts: Sequence[Slice], changes: Iterable[Change]) -> Iterable[Hint]:
    """The more, the closer a change is in time, and the more it is of what is affected."""
    near = [change for change in changes if -AFTER_S <= onset - change.at <= CHANGED_S]
    near = sorted(near, key=lambda change: change.at)[-MAX_CHANGES:]
    if not near:
        return
    affected = set().union(*(part.rows for part in parts)) or set(range(len(rows)))
    for change in near:
        earlier_s = max(0.0, onset - change.at)
        overlap = _overlap(affected, rows, change.dimensions)
        if overlap:
            confidence = overlap * math.exp(-earlier_s / _FADING_S)
            name = shown(f"{change.name} {change.version}".rstrip())
            yield Hint(
                change.what, name, round(confidence, 3), {"overlap": round(overlap, 3), "seconds_before": earlier_s}, change.dimensions
            )


def _overlap(affected: set[int], rows: Sequence[Mapping[str, str]], conditions: Conditions) -> float:
    """How far what is affected is where the change was: the share of it that is there, and of there that is affected (their mean)."""
    changed = {at for at, row in enumerate(rows) if all(row.get(name) == value for name, value in conditions)}
    both = len(affected & changed)
    return math.sqrt(both / len(affected) * both / len(changed)) if both else 0.0


def _likeness(one: Traits, other: Traits) -> float:
    if one.fingerprint == other.fingerprint:
        return 1.0
    return 0.3 * _shared(one.kinds, other.kinds) + 0.3 * _shared(one.series, other.series) + 0.4 * _shared(one.dimensions, other.dimensions)


def _shared(one: frozenset[str] | frozenset[tuple[str, str]], other: frozenset[str] | frozenset[tuple[str, str]]) -> float:
    return len(one & other) / len(one | other) if one and other else 0.0
