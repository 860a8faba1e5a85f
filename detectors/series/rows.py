"""A few exchanges as rows of bins, with their ids: the latest, and a sample of the usual ones. Which ones is decided without chance."""

from collections import deque
from typing import Any, NamedTuple

MOST = 100
UNKNOWN = 255
"""The bin of what was not yet binned when the row was kept."""


class Row(NamedTuple):
    id: str
    codes: bytes

    def code(self, feature: int) -> int:
        return self.codes[feature] if feature < len(self.codes) else UNKNOWN


class Rows:
    """The sample takes every row, then every second one of those, and so on, as it fills up."""

    def __init__(self) -> None:
        self._latest: deque[Row] = deque(maxlen=MOST)
        self._usual: list[Row] = []
        self._every = 1
        self._seen = 0

    @property
    def usual(self) -> list[Row]:
        return self._usual

    def latest(self, count: int) -> list[Row]:
        """The last so many, the newest first."""
        rows = list(self._latest)
        rows.reverse()
        return rows[:count]

    def add(self, row: Row, *, is_usual: bool) -> None:
        self._latest.append(row)
        if not is_usual:
            return
        if len(self._usual) >= MOST:
            self._usual = self._usual[::2]
            self._every *= 2
        if self._seen % self._every == 0:
            self._usual.append(row)
        self._seen += 1

    def as_json(self) -> dict[str, Any]:
        return {
            "latest": [[row.id, row.codes.hex()] for row in self._latest],
            "usual": [[row.id, row.codes.hex()] for row in self._usual],
            "every": self._every,
            "seen": self._seen,
        }

    def restore(self, data: dict[str, Any]) -> None:
        self._latest.extend(Row(each, bytes.fromhex(codes)) for each, codes in data["latest"])
        self._usual = [Row(each, bytes.fromhex(codes)) for each, codes in data["usual"]]
        self._every, self._seen = data["every"], data["seen"]
