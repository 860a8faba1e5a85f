"""Signals as the path has them."""

import logging

import pytest

from gateway.proxy.signals import SignalsInForce, seal
from policies.signals import Board, Level, render
from policies.subject import Subject

KEY = b"a key of thirty-two bytes, or so."
NOW = 1_795_000_000.0
SHOP = Subject("shop", "gpt", "chat")


class Desk:
    """A watch that leaves what it is told to, and a clock."""

    def __init__(self):
        self.left: bytes | OSError | None = None
        self.now = NOW

    def read(self) -> bytes | None:
        if isinstance(self.left, OSError):
            raise self.left
        return self.left

    def leave(self, level: float, key: bytes = KEY) -> None:
        board = Board(self.now, self.now + 120, [Level("drift", "topics", level, self.now + 120, app="shop")])
        self.left = seal(render(board), key)


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def signals(desk) -> SignalsInForce:
    return SignalsInForce(desk.read, KEY, lambda: desk.now)


def test_what_the_watch_tells(desk, signals):
    """The newest board counts, for the exchanges that it is about."""
    for level in (0.3, 0.4):
        desk.leave(level)
        signals.refresh()
        assert signals.about(SHOP).drift["topics"] == level
        assert signals.about(Subject("bank", "gpt", "chat")).drift["topics"] == 0
    assert signals.errors == 0


def test_before_a_watch_has_said_anything(desk, signals):
    """There is nothing to see while the first watch starts; where none says anything after that, signals are stale."""
    signals.refresh()
    assert not signals.about(SHOP).is_stale
    desk.now += 61
    signals.refresh()
    assert signals.about(SHOP).is_stale
    assert signals.is_stale


def test_a_watch_that_has_ended(desk, signals):
    """What it told last counts until it expires, and is stale then; a new watch ends that."""
    desk.leave(0.3)
    signals.refresh()
    desk.now += 119
    assert signals.about(SHOP).drift["topics"] == 0.3
    desk.now += 2
    assert signals.about(SHOP).is_stale
    desk.leave(0.2)
    signals.refresh()
    assert signals.about(SHOP).drift["topics"] == 0.2


@pytest.mark.parametrize("broken", ["unsigned", "other key", "cut", "nothing", "unreadable"])
def test_what_cannot_be_read_changes_nothing(desk, signals, broken, caplog):
    """Who can write the file and has no key tells nothing; what was read last counts, it is counted, and said once without its text."""
    desk.leave(0.3)
    signals.refresh()
    board = render(Board(NOW, NOW + 10**6))
    desk.left = {
        "unsigned": board,
        "other key": seal(board, KEY[::-1]),
        "cut": seal(board, KEY)[:-1],
        "nothing": b"",
        "unreadable": OSError(5, "Input/output error", "a secret path"),
    }[broken]
    with caplog.at_level(logging.WARNING):
        signals.refresh()
        signals.refresh()
    assert signals.about(SHOP).drift["topics"] == 0.3
    assert signals.errors == 2
    assert len(caplog.records) == 1
    assert "secret" not in caplog.text
    desk.now += 121
    assert signals.about(SHOP).is_stale
