"""What kind of drift it is, told by which sides of the exchange have moved."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from detectors.series.baseline import Expected
from detectors.series.observation import side

Kind: TypeAlias = Literal[
    "prompt template", "input", "upstream model", "output", "concept", "rule went silent", "score collapsed", "detector scores"
]

_OURS = ("detector", "policy")
_SILENT = 12.0
"""So many exchanges were to be expected in a bin that has none: chance leaves it empty in one case of 160,000."""
_COLLAPSED, _SPREAD = 0.95, 0.6
"""Of the scores, the share that lies in one bin, where there were at most so many before."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The counts of a feature of late, and what is usual."""

    counts: Sequence[int]
    usual: Expected
    is_numeric: bool


def kinds(drifting: Mapping[str, Shape]) -> tuple[Kind, ...]:
    """Of the features that drift, by name. What explains the others comes first.

    Answers that move while nothing that was asked does are those of another model, or of one that was changed.
    """
    sides = {side(name) for name in drifting}
    found: list[Kind] = []
    if "template" in sides:
        found.append("prompt template")
    if "input" in sides:
        found.append("input")
    if "output" in sides:
        found.append("output" if found else "upstream model")
    if "label" in sides:
        found.append("concept")
    detectors = {_of_detector(shape) for name, shape in sorted(drifting.items()) if side(name) in _OURS}
    ranked: tuple[Kind, ...] = ("rule went silent", "score collapsed", "detector scores")
    return (*found, *(kind for kind in ranked if kind in detectors))


def _of_detector(shape: Shape) -> Kind:
    total = sum(shape.counts)
    present = range(len(shape.counts) - 1)
    if shape.is_numeric:
        most = max(present, key=lambda at: shape.counts[at])
        is_collapsed = shape.counts[most] >= _COLLAPSED * total and shape.usual.shares[most] <= _SPREAD
        return "score collapsed" if is_collapsed else "detector scores"
    is_silent = any(shape.counts[at] == 0 and shape.usual.shares[at] * total >= _SILENT for at in present)
    return "rule went silent" if is_silent else "detector scores"
