"""A sink of the watch's: what the journal says, to those who look for what is not as usual, each by itself.

Where the clock is set ahead, they go on, and what they knew is kept; where it is set back, they go on from that, or begin anew: what they
have heard since is of a time that never was.
What they know is written down together with how far the journal was taken, as one file, as ``drifting`` does. A fault of one of them costs
that exchange there, and nothing else.
"""

import logging
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Generic, Protocol, TypeVar

import orjson

from gateway.telemetry.tailing import Offsets
from gateway.watch.row import Label, Record
from gateway.watch.upkeep import Upkeep

STATE = "detecting-state"
"""The file in which what is known outlasts the process."""
MAX_STATE = 64 << 20
_SAVE_S = 30.0
_TICK_S = 1.0
_AHEAD_S = 60.0
"""How much later than now a record may say that it is."""
_SET_S = 120.0
"""By so much more a clock that is set differs from one that goes on."""

log = logging.getLogger("oddgate.watch")

S = TypeVar("S")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Finder(Protocol[T_co]):
    """Whatever a record holds, nothing is raised; what it knows is bounded. ``now`` is how far the watch has read."""

    def take(self, record: Record) -> Iterable[T_co]: ...

    def tick(self, now: float) -> Iterable[T_co]: ...

    def snapshot(self) -> bytes:
        """JSON."""

    def restore(self, data: bytes) -> None:
        """Raises ValueError where that is no snapshot of this version."""


class Finding(Generic[T]):
    """``load`` and ``save`` keep the state, and may raise OSError. ``tell`` is given what was found, and how far was read, in seconds since
    1970; ``see`` each record before; ``moved``, by how many seconds the clock was set. ``wall`` gives seconds since 1970, ``clock`` seconds
    that never go back.
    """

    def __init__(
        self,
        finders: Mapping[str, Finder[T]],
        load: Callable[[], bytes | None],
        save: Callable[[bytes], None],
        see: Callable[[Record, float], None],
        tell: Callable[[Sequence[T], float], None],
        wall: Callable[[], float],
        clock: Callable[[], float],
        moved: Callable[[float], None] = lambda _: None,
    ) -> None:
        self._finders, self._moved = finders, moved
        self._apart = wall() - clock()
        self._blank = self._before = self._snapshots()
        self._save, self._see, self._tell, self._wall, self._clock = save, see, tell, wall, clock
        self._offsets: Offsets = _restored(finders, load, wall() + _SET_S)
        self._upkeep = Upkeep("anomalies", clock)
        self._is_dirty = False
        self._next_save = clock() + _SAVE_S
        self._ticked = -math.inf
        self.now = 0.0
        """How far was read, in seconds since 1970."""
        self.faults = 0

    def offsets(self) -> Offsets:
        return self._offsets

    def keep(self, records: Sequence[Record], labels: Sequence[Label], offsets: Offsets, now: float) -> int:
        self.take(records, labels)
        self._offsets = offsets
        return len(records)

    def take(self, records: Iterable[Record], labels: Iterable[Label]) -> None:
        self._follow()
        latest = self._wall() + _AHEAD_S
        for record in records:
            ended = _ended(record)
            if ended is not None:
                self._go_on(min(ended, latest))
            self._see(record, self.now)
            self._told([found for finder in self._finders.values() for found in self._found(finder.take, record)])

    def beat(self, *, is_behind: bool = False) -> None:
        """It goes on. Where it is not behind, all that was written until now is read."""
        self._follow()
        if not is_behind:
            self._go_on(self._wall())
        if self._is_dirty and self._clock() >= self._next_save:
            self._next_save = self._upkeep.again(_SAVE_S, self._write)

    def prune(self, now: float) -> int:
        """What is kept is bounded anyhow."""
        return 0

    def close(self) -> None:
        """What is known is written down."""
        if self._is_dirty:
            self._upkeep.again(_SAVE_S, self._write)

    @property
    def errors(self) -> int:
        return self._upkeep.errors + self.faults

    def _follow(self) -> None:
        """The clock, where it was set."""
        apart = self._wall() - self._clock()
        by_s, self._apart = apart - self._apart, apart
        if not (_SET_S <= abs(by_s) < math.inf and self.now):
            return
        log.warning("the clock was set by %.0f s: what is known goes on as before", by_s)
        if by_s > 0:
            self._before = self._snapshots()
        else:
            for name, finder in self._finders.items():
                finder.restore(self._before[name])
            self._before = self._blank
        self.now, self._ticked = max(0.0, self.now + by_s), -math.inf
        try:
            self._moved(by_s)
        except Exception as error:  # noqa: BLE001 what goes on is found again
            self._fault(error)

    def _snapshots(self) -> dict[str, bytes]:
        return {name: finder.snapshot() for name, finder in self._finders.items()}

    def _go_on(self, now: float) -> None:
        self.now = max(self.now, now)
        if self.now - self._ticked >= _TICK_S:
            self._ticked, self._is_dirty = self.now, True
            self._told([found for finder in self._finders.values() for found in self._found(finder.tick, self.now)])

    def _told(self, found: Sequence[T]) -> None:
        if not found:
            return
        try:
            self._tell(found, self.now)
        except Exception as error:  # noqa: BLE001 of these, and of nothing that is found later
            self._fault(error)

    def _found(self, look: Callable[[S], Iterable[T]], seen: S) -> Iterator[T]:
        try:
            yield from look(seen)
        except Exception as error:  # noqa: BLE001 of one finder, at one exchange
            self._fault(error)

    def _fault(self, error: Exception) -> None:
        self.faults += 1
        if self.faults == 1:
            log.error("looking for anomalies failed at an exchange (%s)", type(error).__name__)

    def _write(self) -> None:
        known = {name: orjson.Fragment(finder.snapshot()) for name, finder in self._finders.items()}
        self._save(orjson.dumps({"offsets": self._offsets, "now": self.now, "finders": known}))
        self._is_dirty = False


def _ended(record: Record) -> float | None:
    """When, in seconds since 1970, so far as it says so."""
    ts, timings = record.get("ts"), record.get("timings_ms")
    total = timings.get("total") if isinstance(timings, dict) else 0
    if not isinstance(ts, int | float) or not math.isfinite(ts):
        return None
    return ts + max(0.0, total) / 1000 if isinstance(total, int | float) and math.isfinite(total) else ts


def _restored(finders: Mapping[str, Finder[T]], load: Callable[[], bytes | None], latest: float) -> Offsets:
    """What one of them cannot use it learns anew, from now on, as all of them do what is of a time to come; where nothing can be used, from
    what the journal still has.
    """
    try:
        content = load()
        if content is None:
            return {}
        said = orjson.loads(content)
        offsets: Offsets = {name: int(size) for name, size in said["offsets"].items()}
        if said["now"] > latest:
            log.warning("what was known of anomalies is of a time to come: it is learned anew")
            return offsets
        known = {str(name): orjson.dumps(each) for name, each in said["finders"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        why = error.strerror if isinstance(error, OSError) else type(error).__name__
        log.warning("what was known of anomalies cannot be used (%s): it is learned anew, from what is left of the journal", why)
        return {}
    for name, finder in finders.items():
        try:
            if name in known:
                finder.restore(known[name])
        except ValueError:
            log.warning("what was known of anomalies (%s) cannot be used: it is learned anew", name)
    return offsets
