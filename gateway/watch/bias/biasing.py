"""A sink of the watch's: what the journal says, to those who look for disparities between groups, and to those who ask of other groups.

What is known is written down together with how far the journal was taken, as one file, as in ``drifting``.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from gateway.telemetry.tailing import Offsets
from gateway.watch.bias.disparities import Disparities, StateError
from gateway.watch.observe import outcome
from gateway.watch.probes.probing import Prober
from gateway.watch.row import Label, Record
from gateway.watch.upkeep import Upkeep

VERSION = 1
STATE = "bias-state"
"""The file in which what is known outlasts the process."""
MAX_STATE = 64 << 20
_LOOK_S, _SHOW_S, _SAVE_S = 1.0, 5.0, 30.0
_EVERY_S = 20.0
"""How often one application is looked at, at most."""

log = logging.getLogger("oddgate.watch")

Sentiment = Callable[[Record], float | None]
Json = dict[str, Any]


@dataclass(slots=True)
class Seen:
    """Exchanges, and those of which it is known whom they were about."""

    exchanges: int = 0
    with_groups: int = 0


class Biasing:
    """``load`` and ``save`` keep the state, ``show`` what others see; all of them may raise OSError. ``make`` makes what knows nothing;
    ``prober`` is who asks at the moment, if anybody does; ``guards`` what our own rules make of groups, as far as it is known. ``tell`` is
    called from time to time, with the time in seconds since 1970. ``clock`` gives seconds that never go back.
    """

    def __init__(
        self,
        make: Callable[[], Disparities],
        sentiment: Sentiment,
        prober: Callable[[], Prober | None],
        guards: Callable[[], Json | None],
        load: Callable[[], bytes | None],
        save: Callable[[bytes], None],
        show: Callable[[bytes], None],
        tell: Callable[[Disparities, float], None],
        clock: Callable[[], float],
    ) -> None:
        self._sentiment, self._prober, self._guards = sentiment, prober, guards
        self._save, self._show, self._tell, self._clock = save, show, tell, clock
        self.disparities, self._offsets, self._seen = _restored(make, load)
        while self.disparities.look(clock(), _EVERY_S):
            """What was known is told from the beginning."""
        self._upkeep = Upkeep("disparities", clock)
        self._is_dirty = False
        self._next_look = self._next_show = clock()
        self._next_save = clock() + _SAVE_S

    def offsets(self) -> Offsets:
        return self._offsets

    def keep(self, records: Sequence[Record], labels: Sequence[Label], offsets: Offsets, now: float) -> int:
        self.take(records, labels)
        self._offsets = offsets
        self.beat(now)
        return len(records)

    def take(self, records: Iterable[Record], labels: Iterable[Label]) -> None:
        """It never fails: what it takes is taken."""
        self._is_dirty = True
        prober = self._prober()
        for record in records:
            self._seen.exchanges += 1
            if found := outcome(record):
                self._seen.with_groups += 1
                self.disparities.update(replace(found, numbers={**found.numbers, "sentiment": self._sentiment(record)}))
            if prober:
                prober.offer(record)

    def beat(self, now: float) -> None:
        """It goes on: what it knows is looked at, told, shown and written down, each in its time."""
        if self._clock() >= self._next_look:
            self._next_look = self._upkeep.again(_LOOK_S, lambda: self._look(now))
        if self._clock() >= self._next_show:
            self._next_show = self._upkeep.again(_SHOW_S, lambda: self._show(self._overview(now)))
        if self._is_dirty and self._clock() >= self._next_save:
            self._next_save = self._upkeep.again(_SAVE_S, self._write)

    def _look(self, now: float) -> None:
        self.disparities.look(self._clock(), _EVERY_S)
        self._tell(self.disparities, now)

    def _write(self) -> None:
        seen = [self._seen.exchanges, self._seen.with_groups]
        said = {"v": VERSION, "offsets": self._offsets, "seen": seen, "disparities": self.disparities.snapshot()}
        self._save(orjson.dumps(said))
        self._is_dirty = False

    def _overview(self, now: float) -> bytes:
        prober = self._prober()
        said: Json = {
            "ts": now,
            "exchanges": self._seen.exchanges,
            "with_groups": self._seen.with_groups,
            "evicted": self.disparities.evicted,
            "errors": self.errors,
            "apps": self.disparities.shown(),
            "probes": prober.shown() if prober else None,
            "guards": self._guards(),
        }
        return orjson.dumps(said)

    @property
    def grouped(self) -> int:
        """Exchanges of which it is known whom they were about."""
        return self._seen.with_groups

    @property
    def errors(self) -> int:
        return self._upkeep.errors

    def prune(self, now: float) -> int:
        """What is kept is bounded anyhow."""
        return 0

    def close(self) -> None:
        """What is known is written down."""
        if self._is_dirty:
            self._upkeep.again(_SAVE_S, self._write)


def _restored(make: Callable[[], Disparities], load: Callable[[], bytes | None]) -> tuple[Disparities, Offsets, Seen]:
    """What cannot be used is left, and all is learned anew, from what the journal still has."""
    try:
        content = load()
        return (make(), {}, Seen()) if content is None else _opened(make, orjson.loads(content))
    except (OSError, StateError, ValueError, KeyError, TypeError, AttributeError) as error:
        why = error if isinstance(error, OSError | StateError) else type(error).__name__
        log.warning("what was known of disparities cannot be used (%s): it is learned anew, from what is left of the journal", why)
        return make(), {}, Seen()


def _opened(make: Callable[[], Disparities], said: Any) -> tuple[Disparities, Offsets, Seen]:  # noqa: ANN401 JSON
    if said["v"] != VERSION:
        raise StateError("it is of another version")
    disparities, offsets, (exchanges, with_groups) = make(), said["offsets"], said["seen"]
    if not all(type(size) is int and size >= 0 for size in (*offsets.values(), exchanges, with_groups)):
        raise StateError("it does not say how far the journal was taken")
    disparities.restore(said["disparities"])
    return disparities, offsets, Seen(exchanges, with_groups)
