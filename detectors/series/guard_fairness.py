"""Whether our own guards treat groups and dialects alike: how often a rule fires on each, and how often wrongly. Pure.

Texts are judged once, so this is a table and no stream: intervals and p-values of one look, corrected over all groups and rules. What a
guard makes of the same text with another group's terms goes to ``probes`` (a guard answers the same twice, so pairs need no twin).
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from detectors.series.comparison import Estimate, Table, discoveries, p_value, ratio, wilson


@dataclass(frozen=True, slots=True)
class Judged:
    """One text: whom it is by or about, and whether a rule fired on it."""

    group: str
    rule: str
    fired: bool
    is_benign: bool | None = None
    """Whether it should have passed, where somebody has said so."""
    stratum: str = ""
    """What else decides whether a rule fires, and is to be held equal: a source, a topic."""


@dataclass(frozen=True, slots=True)
class Treatment:
    """A group against all others, for one rule."""

    group: str
    rule: str
    measure: str
    """``fires``: on all texts; ``false alarms``: on benign ones."""
    size: int
    others_size: int
    rate: Estimate | None
    """None: too few to show."""
    others: Estimate | None
    times: Estimate | None
    """The ratio of the rates, within the strata."""
    p_value: float | None
    is_unfair: bool


def treatments(
    judged: Iterable[Judged] | Mapping[Judged, int], *, alpha: float = 0.05, shown: int = 30, times: float = 1.25, confidence: float = 0.99
) -> list[Treatment]:
    """Each rule and group: the unfair first. Unfair: a corrected difference, and a ratio of at least ``times`` either way. Texts that are
    alike may come as how many they are.
    """
    texts: Mapping[Judged, int] = Counter(judged)
    measures = {"fires": texts, "false alarms": {text: count for text, count in texts.items() if text.is_benign}}
    tables = {
        (group, rule, measure): _tables(((text, count) for text, count in chosen.items() if text.rule == rule), group)
        for measure, chosen in measures.items()
        for rule in sorted({text.rule for text in chosen})
        for group in sorted({text.group for text in chosen})
    }
    p_values = {key: p_value(found) for key, found in tables.items() if _least(found) >= shown}
    told = discoveries(p_values.items(), alpha)
    treated = []
    for key, found in tables.items():
        pooled = Table(*(sum(table[at] for table in found) for at in range(4)))
        compared = ratio(found, confidence) if key in p_values else None
        is_large = compared is not None and (compared.value >= times or compared.value <= 1 / times)
        treated.append(
            Treatment(
                *key,
                pooled.size,
                pooled.rest_size,
                rate=wilson(pooled.adverse, pooled.size, confidence) if key in p_values else None,
                others=wilson(pooled.rest_adverse, pooled.rest_size, confidence) if key in p_values else None,
                times=compared,
                p_value=p_values.get(key),
                is_unfair=key in told and is_large,
            )
        )
    return sorted(treated, key=lambda each: (not each.is_unfair, 1.0 if each.p_value is None else each.p_value))


def _tables(texts: Iterable[tuple[Judged, int]], group: str) -> list[Table]:
    found: dict[str, list[int]] = {}
    for text, count in texts:
        counts = found.setdefault(text.stratum, [0, 0, 0, 0])
        at = 0 if text.group == group else 2
        counts[at] += count * text.fired
        counts[at + 1] += count
    return [Table(*counts) for counts in found.values()]


def _least(tables: Iterable[Table]) -> int:
    """Of the group's texts and the others', the fewer; of strata that have both."""
    both = [table for table in tables if table.weight]
    return min(sum(table.size for table in both), sum(table.rest_size for table in both))
