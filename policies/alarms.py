"""How often a calibrated bound stops what it should not, by recorded exchanges and people's labels, and the table that follows from it.

Taken for inside is an exchange that passed and that the bound did not stop, and one that a person has called inside. What is called outside
counts as that. What the bound stopped and nobody has looked at is unknown: as many of those are counted as inside as the promised rate lets
one expect, the ones nearest to the border first. So labels move the border, and neither a border's own blindness nor a flood of strange
requests does: where it stops as many as it promises, or more, it stays without labels where it is.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from detectors.calibration import Table
from policies.calibration import border, refined
from policies.intervals import Interval, wilson
from policies.labels import Label

MIN_AUROC = 0.6
"""Below it scores hardly tell one kind from the other, and no border helps."""
MAX_LOOSER = 2.0
"""How far a bound may be loosened at once without a person's word."""
NOT_HELD = "the promised rate is NOT HELD"


@dataclass(frozen=True, slots=True)
class Sample:
    """What one exchange has to say of one bound. ``is_stopped``: by it, or it would have been. ``passed``: by every rule. ``is_set_aside``:
    its app says something of it that does not count.
    """

    score: float
    is_stopped: bool
    passed: bool = True
    label: Label | None = None
    is_set_aside: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """Of one bound. ``rate``: false alarms that people have named, of all that is inside. ``at_most``: the same, if all that was stopped
    and has no label were false alarms. ``set_aside``: labels that do not count.
    """

    promised: float
    inside: int
    outside: int
    unknown: int
    set_aside: int
    false_alarms: int
    rate: Interval
    at_most: Interval
    auroc: float | None
    border: float
    new_border: float
    table: Table

    @property
    def is_held(self) -> bool | None:
        """None: nobody knows yet; more labels would tell."""
        if self.rate.low > self.promised:
            return False
        return True if self.at_most.high <= self.promised else None

    @property
    def doubts(self) -> list[str]:
        """Why a person should look before the new border stands."""
        found = [NOT_HELD] if self.is_held is False else []
        if self.auroc is not None and self.auroc < MIN_AUROC:
            found.append(f"AUROC {self.auroc:.4f} is below {MIN_AUROC}: scores hardly tell inside from outside")
        if self.new_border * MAX_LOOSER < self.border:
            found.append(f"the border would move from {self.border:.6f} to {self.new_border:.6f}, looser by more than {MAX_LOOSER:g} times")
        return found


def report(promised: float, at: float, samples: Sequence[Sample]) -> Report | None:
    """``at``: the border in force. None where nothing is known to be inside."""
    passed = [each.score for each in samples if each.label != "outside" and not each.is_stopped and (each.passed or each.label == "inside")]
    alarms = [each.score for each in samples if each.is_stopped and each.label == "inside"]
    unknown = sorted(each.score for each in samples if each.is_stopped and each.label is None)
    outside = [each.score for each in samples if each.label == "outside"]
    inside = passed + alarms
    if not inside:
        return None
    expected = max(0, round(len(passed) * promised / (1 - promised)) - len(alarms))
    found = refined([*inside, *unknown[:expected]])
    return Report(
        promised=promised,
        inside=len(inside),
        outside=len(outside),
        unknown=len(unknown),
        set_aside=sum(each.is_set_aside for each in samples),
        false_alarms=len(alarms),
        rate=wilson(len(alarms), len(inside)),
        at_most=wilson(len(alarms) + len(unknown), len(inside) + len(unknown)),
        auroc=auroc(inside, outside) if outside else None,
        border=at,
        new_border=border(found, promised),
        table=found,
    )


def auroc(inside: Sequence[float], outside: Sequence[float]) -> float:
    """How often one that is outside scores more than one that is inside; ties count half (Mann and Whitney's U)."""
    ordered = sorted(inside)
    wins = sum(bisect_left(ordered, score) + bisect_right(ordered, score) for score in outside)
    return wins / (2 * len(ordered) * len(outside))
