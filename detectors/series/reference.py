"""What traffic is compared with: the first so many exchanges, those of late, or those of a period that was good."""

from dataclasses import dataclass
from typing import Literal

from detectors.series.dayparts import ANY

_PARTS_SHARE = 4
"""A part of the week learns a quarter of the whole: most of what there is, lies in a few parts."""
_ENOUGH_OF_PART = 200
_PATIENCE_S = 14 * 86_400
"""After so long, a part of the week that has few exchanges is compared with what is known of the others."""


@dataclass(frozen=True, slots=True)
class Reference:
    """``first`` learns until each part of the week has its share of ``size``; ``rolling`` goes on, and forgets as much as it learns."""

    kind: Literal["first", "rolling", "period"] = "first"
    least: int = 1000
    """Exchanges that are learned before anything is compared."""
    size: int = 10_000
    start: float | None = None
    end: float | None = None
    """Of the period, in seconds since 1970: from the one up to, and without, the other."""

    def __post_init__(self) -> None:
        if not 0 < self.least <= self.size:
            raise ValueError("least must lie between 1 and size")
        if self.kind == "period" and (self.start is None or self.end is None or self.start >= self.end):
            raise ValueError("a period needs a start, and an end after it")

    def phase(self, ts: float | None) -> Literal["before", "within", "after"]:
        """Where an exchange lies: only a period lets nothing but itself be learned from."""
        if self.kind != "period" or ts is None or self.start is None or self.end is None:
            return "after"
        return "before" if ts < self.start else "within" if ts < self.end else "after"

    def most(self, part: int) -> float:
        """What is kept of a part of the week."""
        return self.size if part == ANY else max(self.least, self.size / _PARTS_SHARE)

    def learns(self, part: int, known: float) -> bool:
        """Whether what was found to be usual is learned as well."""
        return self.kind == "rolling" or (self.kind == "first" and known < self.most(part))

    def is_known(self, part: int, known: float, waited_s: float | None, *, was_left: bool) -> bool:
        """Whether a part of the week of which so much is known can be compared: it is learned until it has been left once.

        Its first hour is not like its last, so what was seen of it before it was over does not stand for it. Nothing is learned after a
        period: what it tells must do.
        """
        if self.kind == "period":
            return True
        if known >= _ENOUGH_OF_PART and (was_left or part == ANY):
            return True
        return waited_s is None or waited_s > _PATIENCE_S
