"""Notices on their way: in order for each channel and incident, the newest where several wait, with patience, dead letters and a history.

Pure and bounded. At least once: a delivery keeps its id over attempts and restarts, by which a receiver knows it again.
"""

import hashlib
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, replace

from pydantic import TypeAdapter

from gateway.incidents.deliver import Delivered, Failed, Outcome, Retry, next_attempt, word
from gateway.incidents.incident import URGENCIES
from gateway.incidents.notice import Change, Notice

MAX_WAITING = 1000
MAX_HISTORY = 1000
MAX_DEAD = 200
NOT_FOR = "not for this channel"


@dataclass(frozen=True, slots=True)
class Delivery:
    id: str
    channel: str
    notice: Notice | Change
    not_before: float
    attempts: int = 0
    first_at: float | None = None


@dataclass(frozen=True, slots=True)
class Past:
    """What became of a delivery: ``delivered``, or why not."""

    id: str
    channel: str
    incident: str
    event: str
    at: float
    attempts: int
    became: str


@dataclass(frozen=True, slots=True)
class State:
    waiting: tuple[Delivery, ...] = ()
    dead: tuple[Delivery, ...] = ()
    history: tuple[Past, ...] = ()
    gone: tuple[str, ...] = ()
    number: int = 0


class Outbox:
    def __init__(self, state: State | None = None) -> None:
        kept = state or State()
        self._waiting = {each.id: each for each in kept.waiting}
        self.dead = deque(kept.dead, MAX_DEAD)
        self.history = deque(kept.history, MAX_HISTORY)
        self.gone = set(kept.gone)
        """Channels that want nothing more: until they are set up anew."""
        self._number = kept.number
        self._under_way: dict[str, str] = {}
        """Channels by deliveries."""

    @property
    def waiting(self) -> tuple[Delivery, ...]:
        return tuple(self._waiting.values())

    def put(self, channel: str, notice: Notice | Change, now: float) -> None:
        """An update takes the place of what waits of its incident, so that a channel that was away hears each thing once, as it is."""
        self._number += 1
        made = Delivery(_id(channel, notice, self._number), channel, notice, now)
        if channel in self.gone:
            self._bury(made, "gone", now)
            return
        last = self._last_of(channel, notice.incident)
        if last and notice.event == "update" and last.notice.event in ("trigger", "update"):
            self._waiting[last.id] = replace(last, notice=replace(notice, event=last.notice.event))
            return
        if len(self._waiting) >= MAX_WAITING:
            least = min((*self._free(), made), key=_importance)
            self._bury(least, "too many wait", now)
            if least is made:
                return
        self._waiting[made.id] = made

    def due(self, now: float, at_once: int) -> list[Delivery]:
        """Which are to be tried now, pages first; of an incident one after the other. So many of each channel are under way at once."""
        heads: dict[tuple[str, str], Delivery] = {}
        for each in self._waiting.values():
            heads.setdefault((each.channel, each.notice.incident), each)
        ready = [each for each in heads.values() if each.not_before <= now and each.id not in self._under_way]
        chosen, busy = [], Counter(self._under_way.values())
        for each in sorted(ready, key=lambda each: (-URGENCIES.index(each.notice.urgency), each.not_before)):
            if busy[each.channel] < at_once:
                busy[each.channel] += 1
                self._under_way[each.id] = each.channel
                chosen.append(each)
        return chosen

    def settle(self, delivery: Delivery, outcome: Outcome, now: float, chance: float) -> None:
        self._under_way.pop(delivery.id, None)
        first_at = now if delivery.first_at is None else delivery.first_at
        tried = replace(delivery, attempts=delivery.attempts + 1, first_at=first_at)
        match next_attempt(tried.attempts, first_at, outcome, now, chance):
            case Delivered():
                self._note(tried, "delivered", now)
            case Retry(at):
                self._waiting[tried.id] = replace(tried, not_before=at)
            case Failed(_, is_gone):
                self._bury(tried, word(outcome), now)
                if is_gone:
                    self._close(tried.channel, now)

    def skip(self, delivery: Delivery, now: float) -> None:
        """The channel has no word for it, or is no more."""
        self._under_way.pop(delivery.id, None)
        self._note(delivery, NOT_FOR, now)

    def release(self) -> None:
        """What was under way when the sender stopped waits again."""
        self._under_way.clear()

    @property
    def state(self) -> State:
        return State(self.waiting, tuple(self.dead), tuple(self.history), tuple(sorted(self.gone)), self._number)

    def snapshot(self) -> bytes:
        return _ADAPTER.dump_json(self.state)

    @classmethod
    def restore(cls, data: bytes) -> "Outbox":
        """Raises ValueError where that is no snapshot."""
        return cls(_ADAPTER.validate_json(data))

    def _last_of(self, channel: str, incident: str) -> Delivery | None:
        own = [each for each in self._free() if each.channel == channel and each.notice.incident == incident]
        return own[-1] if own else None

    def _free(self) -> Iterable[Delivery]:
        return (each for each in self._waiting.values() if each.id not in self._under_way)

    def _close(self, channel: str, now: float) -> None:
        self.gone.add(channel)
        for each in [each for each in self._free() if each.channel == channel]:
            self._bury(each, "gone", now)

    def _bury(self, delivery: Delivery, why: str, now: float) -> None:
        self.dead.append(delivery)
        self._note(delivery, why, now)

    def _note(self, delivery: Delivery, became: str, now: float) -> None:
        self._waiting.pop(delivery.id, None)
        notice = delivery.notice
        self.history.append(Past(delivery.id, delivery.channel, notice.incident, notice.event, now, delivery.attempts, became))


_ADAPTER = TypeAdapter(State)
_RANK = {"change": 0, "update": 0, "acknowledge": 1, "trigger": 2, "resolve": 2}


def _importance(delivery: Delivery) -> tuple[int, int, float]:
    """What goes last when there is no room: pages; of those, what opens and closes."""
    return URGENCIES.index(delivery.notice.urgency), _RANK[delivery.notice.event], delivery.not_before


def _id(channel: str, notice: Notice | Change, number: int) -> str:
    """Of one delivery, whatever is put besides."""
    told = f"{channel} {notice.incident} {notice.event} {notice.at} {number}"
    return "msg-" + hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:24]
