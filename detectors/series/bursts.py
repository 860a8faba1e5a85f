"""How much of one source is counted: many exchanges of one user within a few minutes say little more than a few of them."""

from array import array
from typing import Any
from zlib import crc32

_TABLE = 1024
_FREE = 1
"""Counted in every window."""
_SHARE = 50
"""Beyond that, one for so many of the others' that were counted in that window."""
_WINDOW_S = 300


def _empty() -> "array[int]":
    return array("I", bytes(_TABLE * array("I").itemsize))


class Bursts:
    """Counts of one window. Sources that fall on one place of the table share what is counted of them."""

    def __init__(self) -> None:
        self._window = 0.0
        self._counted = 0
        self._by_source = _empty()

    def admits(self, source: str | None, ts: float | None) -> bool:
        """Whether one exchange more of that source is counted. Without a source, or a time, it is."""
        if source is None or ts is None:
            return True
        window = ts // _WINDOW_S
        if window != self._window:
            self._window, self._counted, self._by_source = window, 0, _empty()
        at = crc32(source.encode("utf-8", "surrogatepass")) % _TABLE
        mine = self._by_source[at]
        if mine >= _FREE + (self._counted - mine) // _SHARE:
            return False
        self._by_source[at] = mine + 1
        self._counted += 1
        return True

    def as_json(self) -> dict[str, Any]:
        by_source = {str(at): count for at, count in enumerate(self._by_source) if count}
        return {"window": self._window, "counted": self._counted, "by_source": by_source}

    def restore(self, data: dict[str, Any]) -> None:
        self._window, self._counted, self._by_source = data["window"], data["counted"], _empty()
        for at, count in data["by_source"].items():
            self._by_source[int(at)] = count
