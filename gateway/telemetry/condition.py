"""How the gateway is, for the watch beside it: a small file of figures that is written even where the disk is full.

It has its room from the beginning, and is written in place: who finds half of it finds nothing that can be read, and reads again.
"""

import fcntl
import json
import math
import os
from collections.abc import Mapping
from pathlib import Path

NAME = "gateway.json"
EVERY_S = 5.0
"""How often it is said."""
FRESH_S = 30.0
"""What was said longer ago says nothing of now."""
FIGURES = ("journal_errors", "vault_errors", "telemetry_spool_errors", "policy_degraded", "worker_restarts", "workers_missing")
_ROOM = 4096


class Condition:
    """Of one gateway: another one that has the same folder says nothing while this one does. ``close`` it."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._file: int | None = None

    def say(self, figures: Mapping[str, float], now: float) -> None:
        """Those of ``FIGURES``. Raises OSError."""
        said = {"ts": now, **{name: figures[name] for name in FIGURES if name in figures}}
        if self._file is None:
            self._file = self._opened()
        os.pwrite(self._file, json.dumps(said).encode().ljust(_ROOM), 0)

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _opened(self) -> int:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(file)
            raise
        return file


def condition(folder: Path, now: float) -> dict[str, float]:
    """Nothing where nothing was said of late that can be read."""
    try:
        with (folder / NAME).open("rb") as file:
            said = json.loads(file.read(_ROOM))
        figures = {name: float(said[name]) for name in ("ts", *FIGURES) if type(said.get(name)) in (int, float)}
    except (OSError, ValueError, AttributeError, OverflowError, RecursionError):
        return {}
    at = figures.pop("ts", -math.inf)
    return figures if abs(now - at) <= FRESH_S else {}
