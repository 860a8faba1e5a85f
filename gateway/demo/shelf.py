"""Keeps what clients store, within limits in number and in bytes: the oldest goes first."""

import json
from collections.abc import Iterator
from typing import Any

from gateway.demo.errors import RefusedRequestError

Json = dict[str, Any]


class Shelf:
    def __init__(self, what: str, *, most: int, most_bytes: int) -> None:
        self._what = what
        self._most = most
        self._most_bytes = most_bytes
        self._kept: dict[str, Json] = {}
        self._sizes: dict[str, int] = {}
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    def __iter__(self) -> Iterator[Json]:
        """Oldest first."""
        return iter(list(self._kept.values()))

    def put(self, key: str, value: Json, *, size: int | None = None) -> None:
        """Keeps a value or replaces it; ``size`` where the value is not JSON."""
        size = len(json.dumps(value)) if size is None else size
        if size > self._most_bytes:
            raise RefusedRequestError(f"This {self._what} is too large to be stored.", status=413, code="too_large")
        if key in self._kept:
            self._bytes += size - self._sizes[key]
        else:
            self._bytes += size
        self._kept[key], self._sizes[key] = value, size
        while len(self._kept) > self._most or self._bytes > self._most_bytes:
            self.drop(next(old for old in self._kept if old != key))

    def get(self, key: str) -> Json:
        if key not in self._kept:
            raise RefusedRequestError(f"No {self._what} found with id '{key}'.", status=404, code="not_found")
        return self._kept[key]

    def drop(self, key: str) -> Json:
        value = self.get(key)
        del self._kept[key]
        self._bytes -= self._sizes.pop(key)
        return value
