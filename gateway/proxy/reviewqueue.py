"""Exchanges near the border of a domain, for a person to look at: the most uncertain first, that is those nearest to the border.

Bounded in count (the farthest from the border goes first) and age, in memory: what a restart drops still stands in the journal.
"""

from bisect import insort
from collections.abc import Callable
from typing import NamedTuple, get_args

from gateway.guard.review import Scored
from gateway.telemetry.record import Exchange
from gateway.wire.model import Json
from policies.labels import REVIEW, ReviewLabel

MAX_ENTRIES = 1000
MAX_AGE_S = 7 * 24 * 3600
_DIGITS = 9


class _Waiting(NamedTuple):
    """In the order in which they are shown."""

    distance: float
    newness: float
    request_id: str
    scored: Scored
    exchange: "_Said"


class _Said(NamedTuple):
    """What the record of an exchange says of it."""

    ts: float
    app: str
    surface: str
    model: str
    policy: str
    decision: str


class ReviewQueue:
    """``keep`` writes an event down; it raises OSError."""

    def __init__(self, keep: Callable[[Json], None], clock: Callable[[], float], counted: Callable[[str], None]) -> None:
        self._keep = keep
        self._clock = clock
        self._counted = counted
        self._waiting: list[_Waiting] = []

    def note(self, exchange: Exchange) -> None:
        """Take up an exchange that is over, if one of its scores is near a border."""
        scores = exchange.request.scores
        near = [each for each in scores.values() if _distance(each) <= each.gauge.review and each.gauge.review] if scores else ()
        if not near:
            return
        scored = min(near, key=_distance)
        said = _Said(
            exchange.started_at, exchange.app, exchange.surface, exchange.model_name, exchange.policy, exchange.decision
        )  # fmt: skip
        insort(self._waiting, _Waiting(_distance(scored), -said.ts, exchange.request_id, scored, said))
        if len(self._waiting) > MAX_ENTRIES:
            self._drop_old()
            del self._waiting[MAX_ENTRIES:]

    def __len__(self) -> int:
        self._drop_old()
        return len(self._waiting)

    def shown(self, limit: int) -> list[Json]:
        self._drop_old()
        return [_as_json(each) for each in self._waiting[:limit]]

    def label(self, request_id: str, label: ReviewLabel) -> Json:
        """What a person says of it; the event that was written down. Raises KeyError where it does not wait, OSError where it stays."""
        self._drop_old()
        found = next((each for each in self._waiting if each.request_id == request_id), None)
        if found is None:
            raise KeyError(request_id)
        event = {
            "v": 1, "kind": REVIEW, "ts": round(self._clock(), 6), "request_id": request_id, "app": found.exchange.app,
            "rule": found.scored.rule, "label": label,
        }  # fmt: skip
        self._keep(event)
        self._waiting.remove(found)
        self._counted(label)
        return event

    def _drop_old(self) -> None:
        oldest = self._clock() - MAX_AGE_S
        self._waiting = [each for each in self._waiting if each.exchange.ts >= oldest]


def as_label(said: Json) -> ReviewLabel | None:
    return next((label for label in get_args(ReviewLabel) if label == said), None)


def _chance(scored: Scored) -> float:
    return 1 - scored.score


def _distance(scored: Scored) -> float:
    return abs(_chance(scored) - scored.gauge.border)


def _as_json(waiting: _Waiting) -> Json:
    return {
        "request_id": waiting.request_id,
        **waiting.exchange._asdict(),
        "rule": waiting.scored.rule,
        "chance": round(_chance(waiting.scored), _DIGITS),
        "border": round(waiting.scored.gauge.border, _DIGITS),
        "distance": round(waiting.distance, _DIGITS),
    }
