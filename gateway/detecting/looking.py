"""Finders of one exchange, as one finder."""

import math
from collections.abc import Iterable

import orjson

from gateway.detecting.causes import Causes
from gateway.detecting.exchanges import Exchanges
from gateway.detecting.facts import AHEAD_S, facts
from gateway.detecting.shares import Shares
from gateway.detecting.states import States
from gateway.incidents.symptom import Symptom
from gateway.watch.row import Record


class Looking:
    """Those who need to know the same of an exchange, which is read once: what is not as usual, how much of the traffic it is, states, and
    what exchanges show to have changed.
    """

    def __init__(self, exchanges: Exchanges, shares: Shares, states: States, causes: Causes) -> None:
        self._exchanges, self._shares, self._states, self._causes = exchanges, shares, states, causes
        self._now = math.inf

    def take(self, record: Record) -> Iterable[Symptom]:
        said = facts(record)
        if said is None:
            return ()
        self._shares.note(said)
        found = self._exchanges.note(said)
        said = said.by(self._now + AHEAD_S)
        self._states.note(said)
        self._causes.note(said)
        return found

    def tick(self, now: float) -> Iterable[Symptom]:
        self._now = now
        self._causes.tick(now)
        return [*self._exchanges.tick(now), *self._states.tick(now)]

    def snapshot(self) -> bytes:
        parts: dict[str, Exchanges | States | Causes] = {"exchanges": self._exchanges, "states": self._states, "causes": self._causes}
        return orjson.dumps({name: orjson.Fragment(part.snapshot()) for name, part in parts.items()})

    def restore(self, data: bytes) -> None:
        said = orjson.loads(data)
        try:
            exchanges, states, causes = (orjson.dumps(said[name]) for name in ("exchanges", "states", "causes"))
        except (KeyError, TypeError) as error:
            raise ValueError("not a snapshot") from error
        self._exchanges.restore(exchanges)
        self._states.restore(states)
        self._causes.restore(causes)
