"""Exchanges that wait for a person: which, in which order, how many, and what becomes of them."""

import json
from typing import Any

import pytest

from gateway.guard.plan import Gauge
from gateway.guard.review import Scored
from gateway.proxy.reviewqueue import MAX_AGE_S, MAX_ENTRIES, ReviewQueue, as_label
from gateway.telemetry.record import Exchange

GAUGE = Gauge("topics:1", border=0.05, review=0.1)


class Desk:
    """A queue, the events it keeps, and the time."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.kept: list[Any] = []
        self.counted: list[str] = []
        self.is_full = False
        self.queue = ReviewQueue(self._keep, lambda: self.now, self.counted.append)

    def _keep(self, event: Any) -> None:
        if self.is_full:
            raise OSError
        self.kept.append(event)

    def note(self, request_id: str, *chances: float, gauge: Gauge = GAUGE, **keys: Any) -> None:
        exchange = Exchange(request_id, self.now, 0.0, **{"app": "bot", "surface": "chat", "model": "m", "policy": "p@1", **keys})
        exchange.request.note_scores([Scored(f"rule{number}", 1 - chance, gauge) for number, chance in enumerate(chances)])
        self.queue.note(exchange)

    def ids(self, limit: int = 100) -> list[str]:
        return [each["request_id"] for each in self.queue.shown(limit)]


def test_the_most_uncertain_first():
    """Those near the border, on either side, nearest first; what is far from it, or has no border to review, does not wait."""
    desk = Desk()
    for name, chance in (("far", 0.16), ("near", 0.06), ("out", 0.001), ("in", 0.14), ("ordinary", 0.9)):
        desk.note(name, chance)
    desk.note("unscored")
    desk.note("unasked", 0.05, gauge=Gauge("language:1", 0.05))
    assert desk.ids() == ["near", "out", "in"]
    assert desk.ids(1) == ["near"]
    assert desk.queue.shown(1) == [{
        "request_id": "near", "ts": 1000.0, "app": "bot", "surface": "chat", "model": "m", "policy": "p@1", "decision": "allow",
        "rule": "rule0", "chance": 0.06, "border": 0.05, "distance": 0.01,
    }]  # fmt: skip


def test_an_exchange_waits_once():
    """By the rule to whose border it is nearest. A model's name that is none is not shown."""
    desk = Desk()
    desk.note("a", 0.14, 0.04, 0.9, model="a name\nthat is none")
    [shown] = desk.queue.shown(10)
    assert (shown["rule"], shown["model"]) == ("rule1", "")
    assert json.dumps(shown)


def test_it_is_bounded():
    """The farthest from the border goes first, and whatever has grown old."""
    desk = Desk()
    for number in range(MAX_ENTRIES):
        desk.note(f"far{number}", 0.14)
    desk.note("near", 0.05)
    assert len(desk.queue) == MAX_ENTRIES
    assert desk.ids(1) == ["near"]
    desk.now += MAX_AGE_S
    assert len(desk.queue) == MAX_ENTRIES
    desk.now += 1
    assert len(desk.queue) == 0
    with pytest.raises(KeyError):
        desk.queue.label("near", "inside")


def test_a_label():
    """It is written down, counted, and the exchange no longer waits; where it cannot be written down, it still does."""
    desk = Desk()
    desk.note("a", 0.05)
    desk.is_full = True
    with pytest.raises(OSError, match=r"^$"):
        desk.queue.label("a", "inside")
    assert desk.ids() == ["a"]
    desk.is_full = False
    desk.now = 1001.0
    event = desk.queue.label("a", "inside")
    assert event == {"v": 1, "kind": "review", "ts": 1001.0, "request_id": "a", "app": "bot", "rule": "rule0", "label": "inside"}
    assert (desk.kept, desk.counted, desk.ids()) == ([event], ["inside"], [])
    with pytest.raises(KeyError):
        desk.queue.label("a", "inside")


@pytest.mark.parametrize(("said", "label"), [("skip", "skip"), ("good", None), (None, None), (["inside"], None)])
def test_what_is_a_label(said: Any, label: str | None):
    """One of three words."""
    assert as_label(said) == label
