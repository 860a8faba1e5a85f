"""What all parts of the watch tell the path, on one board: as long as each of them goes on, it is fresh."""

import threading
from collections.abc import Callable, Sequence

from policies.signals import MAX_LEVELS, Board, Level, render

LASTS_S = 120.0
"""How long what is told counts."""
_AGAIN_S = 5.0


class Bulletin:
    """``parts`` name those that tell something; until each has, nothing is told. ``save`` may raise OSError, and is called by one thread at
    a time.
    """

    def __init__(self, parts: Sequence[str], save: Callable[[bytes], None]) -> None:
        self._parts = frozenset(parts)
        self._save = save
        self._told: dict[str, tuple[float, Sequence[Level]]] = {}
        self._incidents = (0, 0)
        self._saved: tuple[float, object] = (float("-inf"), None)
        self._lock = threading.Lock()
        self.errors = 0

    def tell(self, part: str, levels: Sequence[Level], now: float, incidents: tuple[int, int] | None = None) -> None:
        """All that this part has to say at the moment. ``incidents``: the worst open one's severity, and how many are open."""
        with self._lock:
            self._told[part] = (now, levels)
            self._incidents = incidents or self._incidents
            if self._told.keys() >= self._parts:
                self._write(now)

    def _write(self, now: float) -> None:
        """What is new at once, and what is not from time to time, for it to stay fresh."""
        levels = [level for _, told in self._told.values() for level in told]
        said = ([(each.kind, each.name, each.app, each.model, each.surface, each.level) for each in levels], self._incidents)
        if said == self._saved[1] and 0 <= now - self._saved[0] < _AGAIN_S:
            return
        levels.sort(key=lambda level: -level.level)
        expires = min(ts for ts, _ in self._told.values()) + LASTS_S
        try:
            self._save(render(Board(now, expires, levels[:MAX_LEVELS], *self._incidents)))
        except OSError:
            self.errors += 1
        else:
            self._saved = (now, said)
