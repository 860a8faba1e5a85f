"""What detectors found in texts, remembered on disk, so that the same texts need not be looked at twice.

A text stands there as a keyed hash, beside the digest of each detector that looked and what it found: kinds, offsets and scores. The key is
made once, for this cache alone; whoever has neither it nor the text learns nothing from a hash.
"""

import hashlib
import os
import sqlite3
from collections.abc import Iterable
from pathlib import Path

import orjson

from detectors.finding import Evidence, Finding

MAX_ROWS = 2_000_000
"""Beyond it, what was remembered first is forgotten first."""
_TABLE = "CREATE TABLE IF NOT EXISTS found (text BLOB, detector TEXT, number INTEGER PRIMARY KEY, findings BLOB, UNIQUE (text, detector))"

Found = tuple[Finding, ...]
CacheError = sqlite3.Error


class Remembered:
    """``folder`` None: in memory alone. Raises ``OSError`` and ``CacheError``."""

    def __init__(self, folder: Path | None, max_rows: int = MAX_ROWS) -> None:
        self._max_rows = max_rows
        if folder is None:
            self._key, self._rows = os.urandom(32), sqlite3.connect(":memory:")
        else:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._key = _key(folder / "key")
            self._rows = sqlite3.connect(folder / "findings.sqlite", isolation_level=None)
            self._rows.execute("PRAGMA journal_mode = WAL")
            self._rows.execute("PRAGMA synchronous = OFF")  # a cache
        self._rows.execute(_TABLE)

    def known(self, text: str) -> dict[str, Found]:
        """By the detectors' digests."""
        rows = self._rows.execute("SELECT detector, findings FROM found WHERE text = ?", (self._hash(text),))
        return {detector: _decoded(findings) for detector, findings in rows}

    def keep(self, detector: str, found: Iterable[tuple[str, Found]]) -> None:
        rows = [(self._hash(text), detector, _encoded(findings)) for text, findings in found]
        self._rows.execute("BEGIN")
        self._rows.executemany("INSERT OR IGNORE INTO found (text, detector, findings) VALUES (?, ?, ?)", rows)
        self._rows.execute("COMMIT")

    def close(self) -> None:
        """Forget what is too much."""
        (last,) = self._rows.execute("SELECT max(number) FROM found").fetchone()
        self._rows.execute("DELETE FROM found WHERE number <= ?", ((last or 0) - self._max_rows,))
        self._rows.close()

    def _hash(self, text: str) -> bytes:
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16, key=self._key).digest()


def _encoded(findings: Found) -> bytes:
    return orjson.dumps([(f.detector, f.kind, f.start, f.end, f.score, int(f.evidence)) for f in findings]) if findings else b""


def _decoded(findings: bytes) -> Found:
    return tuple([_finding(*row) for row in orjson.loads(findings)]) if findings else ()


def _finding(detector: str, kind: str, start: int, end: int, score: float, evidence: int) -> Finding:
    return Finding(detector, kind, start, end, score, Evidence(evidence))


def _key(path: Path) -> bytes:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        key = path.read_bytes()
        if len(key) != 32:
            raise OSError(f"{path} is no key; delete the folder it is in") from None
        return key
    with os.fdopen(descriptor, "wb") as file:
        file.write(key := os.urandom(32))
    return key
