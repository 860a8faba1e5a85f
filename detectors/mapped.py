"""A text made from another, each of its characters with the place in the other that it comes from."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import overload

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


class _Places(Sequence[int]):
    """Of each character behind some insertions its place in the text without them, and ``beyond`` it; ``signs`` are what was inserted."""

    def __init__(self, signs: Sequence[int], length: int, beyond: int) -> None:
        self._signs = signs
        self._length = length
        self._beyond = beyond

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> int: ...
    @overload
    def __getitem__(self, index: slice) -> list[int]: ...
    def __getitem__(self, index: int | slice) -> int | list[int]:
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(self._length))]
        if index >= self._length:
            raise IndexError(index)
        return index - bisect_left(self._signs, index) + self._beyond


def with_signs(text: str, places: Sequence[int], sign: str) -> Mapped:
    """A text with a sign before each of these places, in order, that stands for what follows it."""
    made = sign.join([text[begin:end] for begin, end in pairwise((0, *places, len(text)))])
    signs = [place + count for count, place in enumerate(places)]
    return Mapped(made, _Places(signs, len(made), 0), _Places(signs, len(made), 1))
