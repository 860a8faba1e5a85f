"""What a guard asks for when a detector is too slow to run where it stands, and what it is given back."""

from collections.abc import Sequence
from dataclasses import dataclass

from detectors.contract import PooledDetector
from detectors.finding import Finding
from policies.decide import NotChecked

Answer = tuple[tuple[Finding, ...], ...] | NotChecked
"""The findings of each unit, or why there are none."""


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """Run ``detector`` over ``units`` within ``deadline_s``. ``key`` is equal for equal work, so that equal jobs in flight are shared."""

    detector: PooledDetector
    units: Sequence[str]
    deadline_s: float
    key: tuple[str, bytes]
