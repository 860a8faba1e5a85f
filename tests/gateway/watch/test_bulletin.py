"""What the watch tells, as one."""

import pytest

from gateway.watch.bulletin import LASTS_S, Bulletin
from policies.signals import Level, parse

NOW = 1_795_000_000.0


def level(value: float, name: str = "topics") -> Level:
    return Level("drift", name, value, NOW + LASTS_S, "shop")


class Desk(list):
    is_full = False

    def save(self, board: bytes) -> None:
        if self.is_full:
            raise OSError("no space")
        self.append(parse(board))


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_parts_together(desk):
    """Nothing is told before all parts have said something; then all of it is, until the one that was silent for longest would expire."""
    bulletin = Bulletin(("drift", "bias"), desk.save)
    bulletin.tell("drift", [level(0.3)], NOW)
    assert desk == []
    bulletin.tell("bias", [level(0.5, "other")], NOW + 10, (2, 1))
    (board,) = desk
    assert [each.level for each in board.levels] == [0.5, 0.3]
    assert (board.ts, board.expires, board.incident_severity, board.incidents_open) == (NOW + 10, NOW + LASTS_S, 2, 1)


def test_what_is_new_is_told_at_once(desk):
    """What is not new is told from time to time, so that it stays fresh."""
    bulletin = Bulletin(("drift",), desk.save)
    for at, value in ((0, 0.3), (1, 0.3), (2, 0.4), (3, 0.4), (8, 0.4)):
        bulletin.tell("drift", [level(value)], NOW + at)
    assert [(board.ts - NOW, board.levels[0].level) for board in desk] == [(0, 0.3), (2, 0.4), (8, 0.4)]


def test_a_clock_that_goes_back(desk):
    """It does not make the watch silent."""
    bulletin = Bulletin(("drift",), desk.save)
    bulletin.tell("drift", [], NOW)
    bulletin.tell("drift", [], NOW - 3600)
    assert len(desk) == 2


def test_a_full_disk(desk):
    """It is counted, and tried again."""
    bulletin = Bulletin(("drift",), desk.save)
    desk.is_full = True
    bulletin.tell("drift", [level(0.3)], NOW)
    desk.is_full = False
    bulletin.tell("drift", [level(0.3)], NOW + 1)
    assert (bulletin.errors, len(desk)) == (1, 1)
