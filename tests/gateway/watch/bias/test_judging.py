"""When our own rules are looked at."""

import threading

import pytest

from gateway.watch.bias import judging
from gateway.watch.bias.judging import EXCHANGES, Judging
from gateway.watch.store import StoreError


class Desk:
    """With a count and a clock of its own; each look finds how many there were."""

    def __init__(self) -> None:
        self.count, self.clock, self.looks, self.is_gone = 0, 0.0, 0, False
        self.judging = Judging(self._look, lambda: self.count, lambda: self.clock)

    def _look(self) -> dict:
        if self.is_gone:
            raise StoreError("there is none")
        self.looks += 1
        return {"exchanges": self.count, "rows": []}

    def step(self, count: int, clock: float) -> int:
        self.count, self.clock = count, clock
        self.judging.step()
        return self.looks


def test_when_it_looks():
    """At once where there is something, and then when much has come, or something in an hour."""
    desk = Desk()
    assert desk.step(0, 0) == 0
    assert desk.judging.found is None
    assert desk.step(10, 5) == 1
    assert desk.step(9 + EXCHANGES, 10) == 1
    assert desk.step(10 + EXCHANGES, 15) == 2
    assert desk.step(11 + EXCHANGES, 3000) == 2
    assert desk.step(11 + EXCHANGES, 3700) == 3
    assert desk.step(11 + EXCHANGES, 9999) == 3
    assert desk.judging.found == {"exchanges": 11 + EXCHANGES, "rows": []}


def test_without_a_store():
    """It is looked at again, and what was found before stands."""
    desk = Desk()
    desk.is_gone = True
    assert desk.step(10, 0) == 0
    desk.is_gone = False
    assert desk.step(10, 5) == 1
    desk.is_gone = True
    desk.step(10 + EXCHANGES, 10)
    assert desk.judging.found == {"exchanges": 10, "rows": []}


def test_until_it_is_told_to_stop(monkeypatch: pytest.MonkeyPatch):
    """It goes on beside all else."""
    monkeypatch.setattr(judging, "_ASK_S", 0.01)
    desk, stop = Desk(), threading.Event()
    desk.count = 1
    thread = threading.Thread(target=desk.judging.run, args=(stop,))
    thread.start()
    while desk.judging.found is None and thread.is_alive():
        stop.wait(0.01)
    stop.set()
    thread.join(60)
    assert desk.looks == 1
