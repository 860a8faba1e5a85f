"""One reading of a text that grows: another text, piece by piece, with the way back to the offsets of the text as it stands."""

from array import array
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import replace

from detectors.finding import Finding
from detectors.mapped import Mapped


class Reading:
    """``text`` is the reading from its offset ``base`` to ``length``; ``end`` is how much of the text as it stands has been read."""

    def __init__(self) -> None:
        self.base = 0
        self.length = 0
        self.end = 0
        self._text = ""
        self._tail: list[str] = []  # not joined to it yet
        self._points = [0]  # where pieces begin in the reading,
        self._origins = [0]  # and in the text as it stands;
        self._maps: list[Mapped | None] = [None]  # None: a piece like the text

    @property
    def text(self) -> str:
        if self._tail:
            self._text = "".join([self._text, *self._tail])
            self._tail.clear()
        return self._text

    def fork(self) -> "Reading":
        """Another one that has been the same so far."""
        made = Reading()
        made._text, made.base, made.length, made.end = self.text, self.base, self.length, self.end
        made._points, made._origins, made._maps = self._points[:], self._origins[:], self._maps[:]
        return made

    def add(self, text: str) -> None:
        """What comes next, as it stands."""
        if self._maps[-1] is not None and text:
            self._begin(None)
        self._append(text, len(text))

    def add_mapped(self, mapped: Mapped, length: int) -> None:
        """What comes next, read otherwise; as it stands it has ``length`` characters."""
        self._begin(mapped)
        self._append(mapped.text, length)

    def _append(self, text: str, length: int) -> None:
        self._tail.append(text)
        self.length += len(text)
        self.end += length

    def _begin(self, mapped: Mapped | None) -> None:
        self._points.append(self.length)
        self._origins.append(self.end)
        self._maps.append(mapped)

    def origin(self, offset: int) -> int:
        """Where what stands at ``offset`` begins in the text as it stands."""
        if offset == self.length:
            return self.end
        index = bisect_right(self._points, offset) - 1
        mapped, within = self._maps[index], offset - self._points[index]
        return self._origins[index] + (mapped.starts[within] if mapped else within)

    def back(self, findings: Iterable[Finding]) -> list[Finding]:
        """The findings at the offsets of the text as it stands: over all that stands for any of their characters."""
        if self._maps == [None] and self._points == self._origins:
            return list(findings)
        return [replace(found, start=self.origin(found.start), end=self._origin_end(found.end)) for found in findings]

    def part(self, start: int, end: int) -> Mapped:
        """A piece of the reading by itself."""
        starts, ends = array("L"), array("L")
        index = bisect_right(self._points, start) - 1
        while index < len(self._points) and self._points[index] < end:
            begin, origin, mapped = self._points[index], self._origins[index], self._maps[index]
            upto = self._points[index + 1] if index + 1 < len(self._points) else self.length
            first, last = max(start, begin) - begin, min(end, upto) - begin
            if mapped:
                starts.extend(origin + place for place in mapped.starts[first:last])
                ends.extend(origin + place for place in mapped.ends[first:last])
            else:
                starts.extend(range(origin + first, origin + last))
                ends.extend(range(origin + first + 1, origin + last + 1))
            index += 1
        return Mapped(self.text[start - self.base : end - self.base], starts, ends)

    def _origin_end(self, offset: int) -> int:
        index = bisect_right(self._points, offset - 1) - 1
        mapped, within = self._maps[index], offset - 1 - self._points[index]
        return self._origins[index] + (mapped.ends[within] if mapped else within + 1)

    def forget(self, before: int) -> None:
        """Nobody will look at what stands before this offset."""
        if before <= self.base:
            return
        self._text = self.text[before - self.base :]
        self.base = before
        gone = bisect_right(self._points, before) - 1
        del self._points[:gone], self._origins[:gone], self._maps[:gone]
