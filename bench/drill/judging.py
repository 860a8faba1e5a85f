"""What was heard of a fault: by which incidents, how soon, and with which cause. Pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from bench.drill.faults import Fault, Pairs
from bench.drill.hooks import Heard

FOUND_S = 60.0
_TOP = 3
_EARLY_S = 20.0
"""An onset is an estimate, and may be so much before what was done."""


@dataclass(frozen=True, slots=True)
class Sign:
    """A thing that an incident is made of."""

    about: str
    dimensions: frozenset[tuple[str, str]]
    onset: float
    at: float
    """When it was seen last."""


@dataclass(frozen=True, slots=True)
class Shown:
    """An incident as the watch shows it."""

    id: str
    state: str
    urgency: str
    onset: float
    title: str
    signs: tuple[Sign, ...]
    hints: tuple[str, ...]

    @property
    def is_told(self) -> bool:
        """Whether people have heard of it."""
        return self.state == "open" and self.urgency != "record"


@dataclass(frozen=True, slots=True)
class Look:
    """What was shown at a time."""

    at: float
    incidents: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """Seconds are since the fault began; None: never."""

    fault: str
    seen_s: float | None
    """Until it was known to the watch."""
    found_s: float | None
    """Until an incident of it was open, and so told."""
    paged_s: float | None
    pages: int
    incidents: int
    """That tell of it, and were open."""
    others: tuple[str, ...]
    """Titles of those that came to be open after it began, and are of something else."""
    early: tuple[str, ...]
    """Titles of those that were open before anything was done. What comes soon after may be told as part of one of them."""
    cause: int | None
    """Which of the first hints is right, from 1 on."""
    hints: tuple[str, ...]

    @property
    def is_found(self) -> bool:
        return self.found_s is not None and self.found_s <= FOUND_S


def judge(fault: Fault, looks: Sequence[Look], begin: float, pages: Iterable[Heard] = ()) -> Judged:
    """``looks`` in the order of their times; those before ``begin`` are of a site at which nothing is wrong."""
    early = {each.id: each.title for look in looks if look.at < begin for each in look.incidents if each.is_told}
    seen: dict[str, float] = {}
    is_open: dict[str, float] = {}
    others: dict[str, str] = {}
    last: dict[str, Shown] = {}
    for look in looks:
        for each in look.incidents if look.at >= begin else ():
            last[each.id] = each
            if is_of(each, fault, begin):
                seen.setdefault(each.id, look.at - begin)
                if each.is_told:
                    is_open.setdefault(each.id, look.at - begin)
            elif each.is_told and each.id not in early:
                others[each.id] = each.title
    first = min(is_open, key=lambda each: is_open[each], default=None)
    paged = [each.at - begin for each in pages if each.incident in is_open and each.urgency == "page"]
    hints = last[first].hints if first else ()
    return Judged(
        fault.name,
        min(seen.values(), default=None),
        is_open[first] if first else None,
        min(paged, default=None),
        len({each.incident for each in pages if each.urgency == "page" and each.at >= begin}),
        len(is_open),
        tuple(title for id_, title in others.items() if id_ not in is_open),
        tuple(early.values()),
        right_hint(hints, fault.causes),
        hints[:_TOP],
    )


def is_of(incident: Shown, fault: Fault, begin: float) -> bool:
    """Whether any of its signs came after ``begin``, is about what the fault does, and of all traffic or of a part that the fault is in."""
    return any(
        sign.about in fault.about
        and sign.at >= begin
        and sign.onset >= begin - _EARLY_S
        and (not fault.where or not sign.dimensions or any(pair in sign.dimensions for pair in fault.where))
        for sign in incident.signs
    )


def right_hint(hints: Sequence[str], causes: Pairs) -> int | None:
    return next((at for at, hint in enumerate(hints[:_TOP], 1) if any(_names(hint, *cause) for cause in causes)), None)


def _names(hint: str, name: str, value: str) -> bool:
    """As ``name=value`` or ``name value``; any value, where there is none."""
    word = rf"\b{re.escape(name)}" + (rf"[= ]{re.escape(value)}(?![\w-]|\.\w)" if value else r"\b")
    return re.search(word, hint) is not None


def shown(raw: dict[str, Any]) -> Shown:
    """Out of ``incidents.json``."""
    signs = [
        Sign(str(each["about"]), frozenset(each["dimensions"].items()), float(each["onset"]), float(each["at"]))
        for each in raw["members"]
        if not each["learning"]
    ]
    hints = [f"{each['label']}: {each['value']}" for each in raw["hints"]]
    return Shown(str(raw["id"]), str(raw["state"]), str(raw["urgency"]), float(raw["onset"]), str(raw["title"]), tuple(signs), tuple(hints))
