"""A text made from another, each of its characters with the place in the other that it comes from."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from detectors.finding import Finding

Change = tuple[int, int, str]
"""Characters ``start`` to ``end`` (not none) are to be read as this text, which may be empty."""


@dataclass(frozen=True, slots=True)
class Mapped:
    """``starts`` and ``ends``: for each character of ``text`` the span of the original that it stands for; neither ever falls."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    def changed(self, changes: Iterable[Change]) -> "Mapped":
        """With these changes made: in order, none of them overlapping another."""
        changes = list(changes)
        if not changes:
            return self
        pieces: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        at = 0
        for begin, end, text in changes:
            pieces += (self.text[at:begin], text)
            starts += self.starts[at:begin]
            ends += self.ends[at:begin]
            starts += [self.starts[begin]] * len(text)
            ends += [self.ends[end - 1]] * len(text)
            at = end
        pieces.append(self.text[at:])
        return Mapped("".join(pieces), [*starts, *self.starts[at:]], [*ends, *self.ends[at:]])

    def back(self, findings: Iterable[Finding]) -> list[Finding]:
        """The findings at the offsets of the original: over all that stands for any of their characters."""
        return [replace(found, start=self.starts[found.start], end=self.ends[found.end - 1]) for found in findings]


def unchanged(text: str) -> Mapped:
    """A text as it stands."""
    return Mapped(text, list(range(len(text))), list(range(1, len(text) + 1)))
