"""A sink of the watch's: what the journal says, to those who look for drift (``roster``).

What is known is written down together with how far the journal was taken, as one file: so whoever ends this process whenever, the next one
goes on where that file was written, and no exchange is missed or counts twice.
"""

import logging
from collections.abc import Callable, Iterable, Sequence

import orjson

from detectors.series.observation import Observation
from gateway.telemetry.tailing import Offsets
from gateway.watch.drift.episodes import Episode
from gateway.watch.drift.roster import Roster, StateError
from gateway.watch.observe import observe
from gateway.watch.row import Label, Record
from gateway.watch.upkeep import Upkeep

STATE = "drift-state"
"""The file in which what is known outlasts the process."""
MAX_STATE = 128 << 20
_TELL_S, _SHOW_S, _SAVE_S = 1.0, 5.0, 30.0
_ABOUT_ANSWERS = ("good", "bad")

log = logging.getLogger("oddgate.watch")


class Drifting:
    """``load`` and ``save`` keep the state, ``show`` what others see; all of them may raise OSError. ``make`` makes a roster that knows
    nothing; ``tell`` is given it from time to time, with the time in seconds since 1970. ``sentiment`` is of a record's answer. ``clock``
    gives seconds that never go back.
    """

    def __init__(
        self,
        make: Callable[[], Roster],
        load: Callable[[], bytes | None],
        save: Callable[[bytes], None],
        show: Callable[[bytes], None],
        tell: Callable[[Roster, float], None],
        sentiment: Callable[[Record], float | None],
        clock: Callable[[], float],
    ) -> None:
        self._sentiment = sentiment
        self._save, self._show, self._tell, self._clock = save, show, tell, clock
        self.roster, self._offsets = _restored(make, load)
        self._upkeep = Upkeep("drift", clock)
        self._is_dirty, self._is_whole = False, True
        self.ongoing: Sequence[Episode] = ()
        """As was shown last: for other threads."""
        self._next_tell = self._next_show = clock()
        self._next_save = clock() + _SAVE_S

    def offsets(self) -> Offsets:
        return self._offsets

    def keep(self, records: Sequence[Record], labels: Sequence[Label], offsets: Offsets, now: float) -> int:
        self.take(records, labels)
        self._offsets = offsets
        self.beat(now)
        return len(records)

    def take(self, records: Iterable[Record], labels: Iterable[Label]) -> None:
        """All of them, or a fault of ours: then what is known is of a part, and is not written down."""
        self._is_whole = False
        seen = (observe(record, self._sentiment(record)) for record in records)
        for observation in (*seen, *map(labelled, labels)):
            if observation is not None:
                for episode in self.roster.update(observation):
                    _say(episode)
                    self._next_tell = self._next_show = self._clock()
        self._is_whole = self._is_dirty = True

    def beat(self, now: float) -> None:
        """It goes on: what it knows is told, shown and written down, each in its time."""
        if self._clock() >= self._next_tell:
            self._next_tell = self._upkeep.again(_TELL_S, lambda: self._tell(self.roster, now))
        if self._clock() >= self._next_show:
            self._next_show = self._upkeep.again(_SHOW_S, lambda: self._show(self._overview(now)))
        if self._is_dirty and self._clock() >= self._next_save:
            self._next_save = self._upkeep.again(_SAVE_S, self._write)

    def _write(self) -> None:
        self._save(orjson.dumps({"offsets": self._offsets, "roster": orjson.Fragment(self.roster.snapshot())}))
        self._is_dirty = False

    def _overview(self, now: float) -> bytes:
        roster = self.roster
        episodes = roster.episodes.newest_first()
        self.ongoing = [each for each in episodes if each.ended is None]
        said = {
            "ts": now,
            "evicted": roster.evicted,
            "begun": roster.episodes.begun,
            "errors": self.errors,
            "keys": roster.overview(),
            "episodes": episodes,
        }
        return orjson.dumps(said)

    def figures(self) -> dict[str, float]:
        roster = self.roster
        begun, evicted = roster.episodes.begun, roster.evicted
        return {"drift_keys": len(roster), "drift_begun": begun, "drift_evicted": evicted, "drift_errors": self.errors}

    @property
    def errors(self) -> int:
        return self._upkeep.errors

    def prune(self, now: float) -> int:
        """What is kept is bounded anyhow."""
        return 0

    def close(self) -> None:
        """What is known is written down."""
        if self._is_dirty and self._is_whole:
            self._upkeep.again(_SAVE_S, self._write)


def labelled(label: Label) -> Observation:
    """What is said of exchanges later is watched by itself, for each application: the exchange has been counted already."""
    about = "label.answer" if label.label in _ABOUT_ANSWERS else "label.guard"
    return Observation(label.request_id, (label.app, "", ""), label.ts, categorical={about: label.label})


def _restored(make: Callable[[], Roster], load: Callable[[], bytes | None]) -> tuple[Roster, Offsets]:
    """What cannot be used is left, and all is learned anew, from what the journal still has."""
    try:
        content = load()
        if content is None:
            return make(), {}
        said = orjson.loads(content)
        roster, offsets = make(), said["offsets"]
        _check(offsets.values())
        roster.restore(said["roster"])
    except (OSError, StateError, ValueError, KeyError, TypeError, AttributeError) as error:
        why = error if isinstance(error, OSError | StateError) else type(error).__name__
        log.warning("what was known of drift cannot be used (%s): it is learned anew, from what is left of the journal", why)
        return make(), {}
    return roster, offsets


def _check(sizes: Iterable[object]) -> None:
    if not all(type(size) is int and size >= 0 for size in sizes):
        raise StateError("it does not say how far the journal was taken")


def _say(episode: Episode) -> None:
    """No name that a client may have made up."""
    if episode.ended is None:
        log.warning("drift: %s began to be other than usual (%s)", episode.feature.partition(".")[0], episode.id)
    else:
        log.info("drift: %s is over", episode.id)
