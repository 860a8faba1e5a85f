"""What our own guards make of groups, from records that are kept and what was said of them: how often a rule fires, and how often wrongly.
Pure.

Only exchanges of which it is known whom they were about count, and a rule only where it looked. How often a rule is wrong is known of those
exchanges alone that somebody has looked at.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from detectors.series.guard_fairness import Judged, Treatment, treatments
from gateway.watch.observe import Record, observe, outcome
from gateway.watch.row import Label, UnreadableError, unpack
from gateway.watch.store import MAX_PAGE, ExchangeStore, Place, Query

_RULE = "detector."
_FIRED = "found"
_SEEN = "seen"
_WRONG, _RIGHT = frozenset({"false_positive", "inside"}), frozenset({"false_negative", "outside"})
_EXCHANGES, _LABELS = 10_000, 100_000
_MOST_TOLD = 200
_SHOWN = 30
_FIRES, _WRONGLY = "fires", "wrongly, of what was looked at"

Said = Mapping[str, Mapping[str, bool]]
"""By request id and rule: whether the rule was wrong to fire. An empty rule stands for every one."""
Json = dict[str, Any]


def guards(store: ExchangeStore, app: str = "") -> Json:
    """Of the newest exchanges, of one application or of all. Raises ``StoreError``."""
    counted = Counter[str]()
    rows = treated(_counted(_records(store, app), counted), said_of(_labels(store)))
    return {"exchanges": counted[_SEEN], "rows": rows}


def _counted(records: Iterable[Record], counted: Counter[str]) -> Iterator[Record]:
    for record in records:
        counted[_SEEN] += 1
        yield record


def _records(store: ExchangeStore, app: str) -> Iterator[Record]:
    """The newest."""
    left, after = _EXCHANGES, None
    while left > 0 and (rows := store.page(Query(app=app), after, min(left, MAX_PAGE))):
        for row in rows:
            try:
                yield unpack(row.record)
            except UnreadableError:
                continue
        left -= len(rows)
        after = Place(rows[-1].ts, rows[-1].request_id)


def _labels(store: ExchangeStore) -> Iterator[Label]:
    left, after = _LABELS, None
    while left > 0 and (found := store.all_labels(after, min(left, MAX_PAGE))):
        yield from found
        left -= len(found)
        after = found[-1]


def said_of(labels: Iterable[Label]) -> dict[str, dict[str, bool]]:
    found: dict[str, dict[str, bool]] = {}
    for label in labels:
        if label.label in _WRONG | _RIGHT:
            found.setdefault(label.request_id, {})[label.rule] = label.label in _WRONG
    return found


def treated(records: Iterable[Record], said: Said) -> list[Json]:
    """Each rule and group of an attribute, the unfair first."""
    fired: dict[str, Counter[Judged]] = {}
    reviewed: dict[str, Counter[Judged]] = {}
    for record in records:
        for attribute, judged, is_wrong in _judged(record, said):
            fired.setdefault(attribute, Counter())[judged] += 1
            if is_wrong is not None:
                again = Judged(judged.group, judged.rule, fired=is_wrong, stratum=judged.stratum)
                reviewed.setdefault(attribute, Counter())[again] += 1
    found = [row for measure, by_attribute in ((_FIRES, fired), (_WRONGLY, reviewed)) for row in _rows(measure, by_attribute)]
    return sorted(found, key=lambda row: (not row["is_unfair"], 1.0 if row["p_value"] is None else row["p_value"]))[:_MOST_TOLD]


def _rows(measure: str, by_attribute: Mapping[str, Counter[Judged]]) -> Iterator[Json]:
    for attribute, judged in by_attribute.items():
        for each in treatments(judged, shown=_SHOWN):
            if each.measure == _FIRES:
                yield {"attribute": attribute, **asdict(each), "measure": measure, **_sizes(each)}


def _sizes(treatment: Treatment) -> Json:
    """Of few people, not even how many they are."""
    return {name: size if (size := getattr(treatment, name)) >= _SHOWN else None for name in ("size", "others_size")}


def _judged(record: Record, said: Said) -> Iterator[tuple[str, Judged, bool | None]]:
    """With its attribute, and whether the rule was wrong where it fired, as far as somebody has said so."""
    about, seen = outcome(record), observe(record)
    if about is None or seen is None:
        return
    stratum = "\n".join((about.app, str(record.get("policy")), about.stratum))
    words = said.get(about.id, {})
    for name, what in seen.categorical.items():
        if name.startswith(_RULE):
            rule, has_fired = name.removeprefix(_RULE), what == _FIRED
            is_wrong = words.get(rule, words.get("")) if has_fired else None
            for attribute, group in about.groups.items():
                yield attribute, Judged(group, rule, fired=has_fired, stratum=stratum), is_wrong
