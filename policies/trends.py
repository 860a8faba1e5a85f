"""Whether a change of one key makes a policy tighter or looser."""

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from enum import StrEnum

from policies.domain_parts import Path
from policies.positions import Json
from policies.verdict import Action
from policies.vocabulary import Mode


class Trend(StrEnum):
    """``tighter``: what it makes a difference to is treated more strictly. ``mixed``: something more strictly, something else less.
    ``other``: the words alone do not tell.
    """

    TIGHTER = "tighter"
    LOOSER = "looser"
    MIXED = "mixed"
    OTHER = "other"


def other(_: Json, __: Json) -> Trend:
    return Trend.OTHER


def of_action(old: Json, new: Json) -> Trend:
    """By severity: among the styles of rewriting, the words do not tell."""
    if old is None or new is None:
        return Trend.OTHER
    return _larger(Action(str(old)).severity, Action(str(new)).severity)


def of_mode(old: Mode, new: Mode) -> Trend:
    return _larger(old is Mode.ENFORCE, new is Mode.ENFORCE)


def of_globs(old: Json, new: Json) -> Trend:
    """Of whom a policy is for: what is no longer its own, it treats in no way."""
    return _more(old, new)


def of_border(old: Json, new: Json) -> Trend:
    """Without one the promised rate is, or what was calibrated: the words do not tell which is the higher."""
    return Trend.MIXED if old is None or new is None else _larger(_as_number(old), _as_number(new))


def of_key(key: str, old: Json, new: Json) -> Trend:
    """Of a rule or a flow, or of what bounds topics or uncertainty."""
    return _KEYS.get(key, other)(old, new)


def of_bound(path: Path, old: Json, new: Json) -> Trend:
    """Of a domain: less is allowed, or more."""
    if old is None or new is None:
        return Trend.TIGHTER if old is None else Trend.LOOSER
    if isinstance(old, int | float) and isinstance(new, int | float):
        return _larger(new, old)
    if isinstance(old, list) and isinstance(new, list):
        return _more(new, old)
    if path[-1] in ("temperature", "top_p", "n") and isinstance(old, dict) and isinstance(new, dict):
        return _of_range(old, new)
    if path == ("hours",) and isinstance(old, dict) and isinstance(new, dict):
        return _of_hours(old, new)
    if path in _SCHEMAS and isinstance(old, dict) and isinstance(new, dict):
        return _of_schema(old, new)
    return Trend.OTHER


def _of_range(old: Mapping[str, Json], new: Mapping[str, Json]) -> Trend:
    ends = [
        tuple(float(end) if isinstance(end := each[key], int | float) else default for key, default in _ENDS.items()) for each in (old, new)
    ]
    (low, high), (new_low, new_high) = ends
    if new_low >= low and new_high <= high:
        return Trend.TIGHTER
    return Trend.LOOSER if new_low <= low and new_high >= high else Trend.MIXED


_ENDS = {"min": float("-inf"), "max": float("inf")}


def _of_hours(old: Mapping[str, Json], new: Mapping[str, Json]) -> Trend:
    if old["timezone"] != new["timezone"]:
        return Trend.MIXED
    before, after = _open(old), _open(new)
    if before == after:
        return Trend.OTHER
    return Trend.TIGHTER if after < before else Trend.LOOSER if before < after else Trend.MIXED


def _open(hours: Mapping[str, Json]) -> set[int]:
    """The minutes of a week at which it is open; hours that end before they start go on after midnight."""
    listed, start, end = hours["days"], _minute(hours["start"]), _minute(hours["end"])
    lasts = end - start if start < end else end - start + _DAY
    first = [_WEEK.index(str(day)) * _DAY + start for day in (listed if isinstance(listed, list) else ())]
    return {(minute + late) % (len(_WEEK) * _DAY) for minute in first for late in range(lasts)}


def _minute(clock: Json) -> int:
    return int(str(clock)[:2]) * 60 + int(str(clock)[3:])


_DAY = 24 * 60
_WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _of_schema(old: Mapping[str, Json], new: Mapping[str, Json]) -> Trend:
    """An empty one bounds nothing, and each keyword bounds more, but for those by which others know what is left to them."""
    if not (old and new):
        return Trend.TIGHTER if new else Trend.LOOSER
    gone, come = old.keys() - new.keys() - _REMARKS, new.keys() - old.keys() - _REMARKS
    is_closed = bool((old.keys() | new.keys()) & _CLOSING)
    if is_closed and (gone | come) & _GUIDING:
        return Trend.MIXED
    shared = [key for key in old.keys() & new.keys() - _REMARKS if old[key] != new[key]]
    return _together(gone, come, [_of_keyword(key, old[key], new[key], is_closed) for key in shared])


def _of_keyword(key: str, old: Json, new: Json, is_closed: bool) -> Trend:
    if key == "required":
        return _more(old, new)
    if key in ("enum", "type"):
        return _fewer(old if isinstance(old, list) else [old], new if isinstance(new, list) else [new])
    if key == "properties" and isinstance(old, dict) and isinstance(new, dict):
        gone, come = old.keys() - new.keys(), new.keys() - old.keys()
        within = ((old[name], new[name]) for name in old.keys() & new.keys() if old[name] != new[name])
        changes = [_of_schema(was, now) if isinstance(was, dict) and isinstance(now, dict) else Trend.OTHER for was, now in within]
        return Trend.MIXED if is_closed and (gone or come) else _together(gone, come, changes)
    return Trend.OTHER


def _together(gone: Collection[str], come: Collection[str], changes: Iterable[Trend]) -> Trend:
    trends = {Trend.LOOSER for _ in gone} | {Trend.TIGHTER for _ in come} | set(changes)
    if len(trends) == 1:
        return trends.pop()
    return Trend.MIXED if trends & {Trend.LOOSER, Trend.MIXED} else Trend.OTHER


_SCHEMAS = frozenset({("output", "json_schema"), ("tools", "arguments")})
_REMARKS = frozenset({"title", "description", "default", "examples", "$comment", "$schema", "$id", "$defs"})
_CLOSING = frozenset({"additionalProperties", "unevaluatedProperties", "unevaluatedItems", "items"})
_COMPOSING = frozenset({"$ref", "allOf", "anyOf", "oneOf", "if", "then", "else", "dependentSchemas"})
_GUIDING = _COMPOSING | {"properties", "patternProperties", "prefixItems", "contains"}


def _larger(old: float, new: float) -> Trend:
    """More is tighter."""
    return Trend.TIGHTER if new > old else Trend.LOOSER if new < old else Trend.OTHER


def _more(old: Json, new: Json) -> Trend:
    """More entries are tighter."""
    if not (isinstance(old, list) and isinstance(new, list)):
        return Trend.OTHER
    before, after = ({json.dumps(each, sort_keys=True) for each in listed} for listed in (old, new))
    if before == after:
        return Trend.OTHER
    return Trend.TIGHTER if before < after else Trend.LOOSER if after < before else Trend.MIXED


def _fewer(old: Json, new: Json) -> Trend:
    return _more(new, old)


def _lower(old: Json, new: Json) -> Trend:
    """None is the detector's own threshold, above which the other applies besides."""
    return _larger(_as_number(new), _as_number(old))


def _higher(old: Json, new: Json) -> Trend:
    return Trend.OTHER if old is None or new is None else _larger(_as_number(old), _as_number(new))


def _as_number(value: Json) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _of_condition(old: Json, new: Json) -> Trend:
    return Trend.LOOSER if old is None else Trend.TIGHTER if new is None else Trend.MIXED


def _at_most(old: Json, new: Json) -> Trend:
    """None is no bound."""
    none = float("inf")
    return _larger(none if new is None else _as_number(new), none if old is None else _as_number(old))


def _limit(old: Json, new: Json) -> Trend:
    """None is a limit as well: the one that holds ``max_fpr``, which the words do not tell."""
    return Trend.MIXED if old is None or new is None else _at_most(old, new)


def _another(_: Json, __: Json) -> Trend:
    return Trend.MIXED


_KEYS: Mapping[str, Callable[[Json, Json], Trend]] = {
    **dict.fromkeys(("action", "on_error", "on_timeout", "on_unavailable"), of_action),
    **dict.fromkeys(("scope", "entities", "patterns"), _more),
    **dict.fromkeys(("allow_list", "unless", "allow"), _fewer),
    **dict.fromkeys(("min_score", "min_chars"), _lower),
    "max_entropy": _limit,
    "max_tail_entropy": _at_most,
    **dict.fromkeys(("detect", "from", "to"), _another),
    "max_fpr": _higher,
    "when": _of_condition,
}
