"""Says in microseconds which finders could find something, and where: so that most texts are done when they have been looked at once.

A trigger is an expression that matches, ending inside the value or one character behind it, wherever its finder finds a value; it may
match too often.
``Hyperscan`` compiles all triggers into one automaton in its prefilter mode, which guarantees a superset of the matches; where it is not
installed, ``Coarse`` looks for single characters (a digit, an at sign). A property test holds that neither changes a result.
"""

import platform
import re
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from tempfile import NamedTemporaryFile
from threading import Lock
from typing import Protocol, cast

from detectors.text.raw import Finder

Hit = tuple[int, int]
"""A position in the text, and the set of finders as a bit mask."""


class Gate(Protocol):
    def hits(self, text: str) -> list[Hit]:
        """In order of position."""
        ...


def best_gate(finders: Sequence[Finder], cache_dir: Path | None) -> Gate:
    """Hyperscan where it is installed and has a place to keep its database, which takes seconds to compile."""
    if cache_dir is None or find_spec("hyperscan") is None:
        return Coarse([finder.coarse for finder in finders])
    return Hyperscan([finder.triggers for finder in finders], cache_dir)


class Coarse:
    """The pure-``re`` gate: each distinct expression is searched once. ``groups``: one finder's expressions each."""

    def __init__(self, groups: Sequence[Sequence[str]]) -> None:
        masks: dict[str, int] = {}
        for index, group in enumerate(groups):
            for coarse in group:
                masks[coarse] = masks.get(coarse, 0) | 1 << index
        self._expressions = [(re.compile(coarse), mask) for coarse, mask in masks.items()]

    def hits(self, text: str) -> list[Hit]:
        found = [(match.end(), mask) for expression, mask in self._expressions for match in expression.finditer(text)]
        found.sort()
        return found


class Hyperscan:
    """One automaton for all triggers; its position is where a match ends. Raises ``hyperscan.HyperscanError`` on one it cannot compile."""

    def __init__(self, groups: Sequence[Sequence[str]], cache_dir: Path) -> None:
        triggers = [(trigger, index) for index, group in enumerate(groups) for trigger in group]
        self._masks = [1 << index for _, index in triggers]
        self._database = _database([trigger for trigger, _ in triggers], cache_dir)
        self._lock = Lock()  # a database has one scratch space

    def hits(self, text: str) -> list[Hit]:
        data = text.encode("utf-8", "replace")  # a lone surrogate is no part of any value
        found: list[Hit] = []
        masks = self._masks

        def on_match(trigger: int, _start: int, end: int, _flags: int, _context: object) -> None:
            found.append((end, masks[trigger]))

        with self._lock:
            self._database.scan(data, match_event_handler=on_match)
        if not found:
            return found
        found.sort()
        return found if len(data) == len(text) else _in_characters(found, data)


def _in_characters(hits: Iterable[Hit], data: bytes) -> list[Hit]:
    """Byte offsets as character offsets."""
    converted: list[Hit] = []
    at_byte = at = 0
    for end, mask in hits:
        at += len(data[at_byte:end].decode("utf-8"))
        at_byte = end
        converted.append((at, mask))
    return converted


_MAGIC = b"oddgate prefilter 1"
_OnMatch = Callable[[int, int, int, int, object], None]


class _Database(Protocol):
    def scan(self, data: bytes, *, match_event_handler: _OnMatch) -> None: ...

    def info(self) -> bytes: ...


def _database(triggers: Sequence[str], cache_dir: Path) -> _Database:
    """Compiled, or loaded if this library has compiled these very triggers before."""
    import hyperscan

    key = sha256("\0".join([version("hyperscan"), _library(), platform.machine(), *triggers]).encode()).digest()
    path = cache_dir / f"prefilter-{key.hex()[:16]}.hsdb"
    cached = _cached(path, key)
    if cached is not None:
        return cached
    database = _compiled(triggers)
    _store(path, key, hyperscan.dumpb(cast("hyperscan.Database", database)))
    return database


def _compiled(triggers: Sequence[str]) -> _Database:
    import hyperscan as hs

    flags = hs.HS_FLAG_PREFILTER | hs.HS_FLAG_UTF8 | hs.HS_FLAG_UCP | hs.HS_FLAG_DOTALL
    database = hs.Database()
    expressions = [trigger.encode() for trigger in triggers]
    database.compile(expressions=expressions, ids=list(range(len(triggers))), elements=len(triggers), flags=[flags] * len(triggers))
    return cast("_Database", database)


def _library() -> str:
    """Version and processor features that a database is compiled for."""
    return str(_compiled(["a"]).info())


def _cached(path: Path, key: bytes) -> _Database | None:
    """A database that was stored whole under this key, or None: anything else is built anew, never tried."""
    import hyperscan as hs

    try:
        magic, stored_key, digest, body = path.read_bytes().split(b"\n", 3)
    except (OSError, ValueError):
        return None
    if (magic, stored_key, digest) != (_MAGIC, key.hex().encode(), sha256(body).hexdigest().encode()):
        return None
    try:
        database = hs.loadb(body, hs.HS_MODE_BLOCK)
        database.scratch = hs.Scratch(database)
    except hs.HyperscanError:
        return None
    return cast("_Database", database)


def _store(path: Path, key: bytes, body: bytes) -> None:
    """A cache that cannot be written is no error: the next start compiles again."""
    content = b"\n".join([_MAGIC, key.hex().encode(), sha256(body).hexdigest().encode(), body])
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=path.parent, prefix=path.stem, delete=False) as file:
            file.write(content)
        Path(file.name).replace(path)
    except OSError:
        return
