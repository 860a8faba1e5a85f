"""What all parts of the watch tell the path, on one board: what each of them tells is fresh as long as that part goes on."""

import threading
from collections.abc import Callable, Mapping, Sequence

from policies.signals import INCIDENT, MAX_LEVELS, Board, Level, render

LASTS_S = 120.0
"""How long what is told counts."""
_AGAIN_S = 5.0
_WAITS_S = 60.0
"""For a part that has not told anything yet: a watch that begins anew does not take back what the last one told."""
_OF_PART: Mapping[str, tuple[str, ...]] = {"drift": ("drift",), "bias": ("disparity",), "incidents": ("anomaly", INCIDENT)}
"""The kinds that a part tells. Where there is no such part, nobody looks, and what asks about them has no answer."""


class Bulletin:
    """``parts`` name those that tell something; until each has, nothing is told, for a while. ``save`` may raise OSError, and is called by
    one thread at a time.
    """

    def __init__(self, parts: Sequence[str], save: Callable[[bytes], None]) -> None:
        self._parts = frozenset(parts)
        self._save = save
        self._told: dict[str, tuple[float, Sequence[Level]]] = {}
        self._first: float | None = None
        """When anything was told first."""
        self._incidents = (0, 0)
        self._saved: tuple[float, object] = (float("-inf"), None)
        self._lock = threading.Lock()
        self.errors = 0

    def tell(self, part: str, levels: Sequence[Level], now: float, incidents: tuple[int, int] | None = None) -> None:
        """All that this part has to say at the moment. ``incidents``: the worst open one's severity, and how many are open."""
        with self._lock:
            self._told[part] = (now, levels)
            self._first = now if self._first is None else self._first
            self._incidents = incidents or self._incidents
            if self._told.keys() >= self._parts or abs(now - self._first) >= _WAITS_S:
                self._write(now)

    def said(self, part: str) -> Sequence[Level]:
        """What it has told last."""
        with self._lock:
            return self._told.get(part, (0.0, ()))[1]

    def _write(self, now: float) -> None:
        """What is new at once, and what is not from time to time, for it to stay fresh."""
        levels = [level for _, told in self._told.values() for level in told]
        said = ([(each.kind, each.name, each.app, each.model, each.surface, each.level) for each in levels], self._incidents)
        if said == self._saved[1] and 0 <= now - self._saved[0] < _AGAIN_S:
            return
        levels.sort(key=lambda level: -level.level)
        try:
            self._save(render(Board(now, now + LASTS_S, levels[:MAX_LEVELS], *self._incidents, self._until(now))))
        except OSError:
            self.errors += 1
        else:
            self._saved = (now, said)

    def _until(self, now: float) -> dict[str, float]:
        """Of each kind: what no part tells has expired always, and what one has yet to tell, since anything was told."""
        until = {kind: 0.0 for kinds in _OF_PART.values() for kind in kinds}
        for part in self._parts:
            told = self._told.get(part)
            for kind in _OF_PART.get(part, ()):
                until[kind] = min(told[0], now) + LASTS_S if told else self._first or now
        return until
