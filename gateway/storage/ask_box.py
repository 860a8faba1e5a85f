"""What people ask of the watch, on its way there: files in its folder, or a list in the Redis or Valkey that watches share.

Each ask is signed with the gateway's key: who can write there, and has no key, silences, resolves and approves nothing.
"""

import logging
from contextlib import suppress
from pathlib import Path
from typing import Any

from gateway.incidents.asks import MAX_BYTES, Ask, from_bytes, to_bytes
from gateway.proxy.keeping import read_file, replace_file, signed, unsigned
from gateway.storage.redis_stream import Stream

FOLDER = "asks"
MAX_WAITING = 1000
_BAD = ".bad"
_MAX_BAD = 20
_MAX_SIGNED = MAX_BYTES + 128
_PURPOSE = b"asks"
_LIST = "{oddgate}:asks"

log = logging.getLogger("oddgate.watch")


class FullError(OSError):
    """So many asks wait that nobody seems to take them."""


class AskBox:
    """Files, in their order. What is no ask of ours is put aside, so that somebody can look at it, and counted in ``unusable``."""

    def __init__(self, folder: Path, key: bytes) -> None:
        self._folder = folder / FOLDER
        self._key = key
        self._number = 0
        self.unusable = 0

    def put(self, ask: Ask, id_: str) -> None:
        """``id_`` is nobody else's. Raises OSError."""
        self._number += 1
        if len(self._names()) >= MAX_WAITING:
            raise FullError(f"{MAX_WAITING} asks wait")
        replace_file(self._folder / f"{ask.at:017.6f}-{self._number:06d}-{id_}.json", _sealed(ask, self._key))

    def take(self) -> list[Ask]:
        """Each once. Raises OSError where the folder cannot be read, or the first ask not be taken out of it, which would come again for
        ever; those before one that cannot are taken.
        """
        asks: list[Ask] = []
        for name in self._names():
            path = self._folder / name
            ask = self._read(path)
            if ask is None:
                self._put_aside(path)
                continue
            try:
                path.unlink()
            except OSError:
                if asks:
                    break
                raise
            asks.append(ask)
        return asks

    def _read(self, path: Path) -> Ask | None:
        try:
            return _opened(read_file(path, _MAX_SIGNED) or b"", self._key)
        except (OSError, ValueError):
            return None

    def _put_aside(self, path: Path) -> None:
        self.unusable += 1
        log.warning("what was asked cannot be understood, or is not signed with this gateway's key: %s", path.name[:100])
        aside = [each.name for each in self._folder.glob(f"*{_BAD}")]
        if len(aside) < _MAX_BAD:
            path.replace(path.with_suffix(_BAD))
        else:
            path.unlink()

    def _names(self) -> list[str]:
        with suppress(FileNotFoundError):
            return sorted(each.name for each in self._folder.iterdir() if each.suffix == ".json" and not each.name.startswith("."))
        return []


class SharedAskBox(Stream):
    """What is raised is a ``SinkError``, which is an OSError, or a ``FullError``."""

    def __init__(self, url: str, key: bytes) -> None:
        super().__init__(url)
        self._key = key
        self.unusable = 0

    def put(self, ask: Ask, id_: str) -> None:
        with self._raised():
            waiting: int = self._client.llen(_LIST)
            if waiting < MAX_WAITING:
                self._client.lpush(_LIST, _sealed(ask, self._key))
                return
        raise FullError(f"{MAX_WAITING} asks wait")

    def take(self) -> list[Ask]:
        with self._raised():
            found: Any = self._client.rpop(_LIST, MAX_WAITING) or ()
        asks = []
        for each in found:
            try:
                asks.append(_opened(each, self._key))
            except ValueError:
                self.unusable += 1
                if self.unusable == 1:
                    log.warning("what was asked cannot be understood, or is not signed with this gateway's key")
        return asks


def _sealed(ask: Ask, key: bytes) -> bytes:
    return signed(to_bytes(ask), key, _PURPOSE)


def _opened(content: bytes, key: bytes) -> Ask:
    """Raises ValueError."""
    body = unsigned(content, key, _PURPOSE)
    if body is None:
        raise ValueError("not signed with this gateway's key")
    return from_bytes(body)
