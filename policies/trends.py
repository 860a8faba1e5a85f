"""Whether a change of one key makes a policy tighter or looser."""

import json
from collections.abc import Callable, Mapping
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


def _another(_: Json, __: Json) -> Trend:
    return Trend.MIXED


_KEYS: Mapping[str, Callable[[Json, Json], Trend]] = {
    **dict.fromkeys(("action", "on_error", "on_timeout", "on_unavailable"), of_action),
    **dict.fromkeys(("scope", "entities", "patterns"), _more),
    **dict.fromkeys(("allow_list", "unless", "allow"), _fewer),
    **dict.fromkeys(("min_score", "min_chars"), _lower),
    **dict.fromkeys(("max_entropy", "max_tail_entropy"), _at_most),
    **dict.fromkeys(("detect", "from", "to"), _another),
    "max_fpr": _higher,
    "when": _of_condition,
}
