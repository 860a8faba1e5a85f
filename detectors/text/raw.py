"""A match before its surroundings were asked, and what finds it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from detectors.finding import Evidence


@dataclass(frozen=True, slots=True)
class Raw:
    """Offsets are those of the stretch that was searched."""

    entity: str
    start: int
    end: int
    score: float
    evidence: Evidence = Evidence.PATTERN


DIGITS = (r"\d+",)
"""What most forms hold (``Finder.coarse``)."""


class Finder(Protocol):
    """Finds one entity's matches in a stretch (see ``stretches``); ``context`` words make a match surer.

    ``triggers`` and ``coarse`` are for the prefilter: wherever there is a match, one trigger (an expression that Hyperscan takes) matches
    and ends within it or one character behind it, and so does one ``coarse`` expression (of ``re``).
    """

    @property
    def triggers(self) -> tuple[str, ...]: ...

    @property
    def coarse(self) -> tuple[str, ...]: ...

    @property
    def entity(self) -> str: ...

    @property
    def context(self) -> tuple[str, ...]: ...

    def find(self, stretch: str, before: str) -> Iterator[Raw]:
        """``before`` is what stands before the stretch, as far as context reaches."""
        ...
