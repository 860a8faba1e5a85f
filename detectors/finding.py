"""What a detector says: where, what kind, how sure. Never the text itself."""

from dataclasses import dataclass
from enum import IntEnum


class Evidence(IntEnum):
    """How a finding came about; the stronger evidence names an overlap (see ``overlaps``)."""

    MODEL = 0  # a statistical model's opinion
    PATTERN = 1  # a fixed form matched
    CHECKSUM = 2  # a fixed form matched and its check digits (or registry) agree


@dataclass(frozen=True, slots=True)
class Finding:
    """One match in one text.

    ``start`` and ``end`` are Python character offsets (end exclusive), ``score`` is in [0, 1].
    ``kind`` is ``detector.NAME`` with the field's standard name last: ``pii.EMAIL_ADDRESS``.
    """

    detector: str
    kind: str
    start: int
    end: int
    score: float
    evidence: Evidence = Evidence.PATTERN

    @property
    def entity(self) -> str:
        """The last part of the kind: ``EMAIL_ADDRESS``."""
        return self.kind.rpartition(".")[2]
