"""What the watch tells, as one."""

import pytest

from gateway.watch.bulletin import LASTS_S, Bulletin
from policies.signals import Level, Told, parse
from policies.subject import Subject

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
    """Nothing is told before all parts have said something; then all of it is, and of each kind until when it counts."""
    bulletin = Bulletin(("drift", "bias"), desk.save)
    bulletin.tell("drift", [level(0.3)], NOW)
    assert desk == []
    bulletin.tell("bias", [level(0.5, "other")], NOW + 10, (2, 1))
    (board,) = desk
    assert [each.level for each in board.levels] == [0.5, 0.3]
    assert (board.ts, board.expires, board.incident_severity, board.incidents_open) == (NOW + 10, NOW + 10 + LASTS_S, 2, 1)
    assert (board.until["drift"], board.until["disparity"]) == (NOW + LASTS_S, NOW + 10 + LASTS_S)


def test_a_part_that_is_silent(desk):
    """What the others tell stays fresh, and what it told expires."""
    bulletin = Bulletin(("drift", "bias"), desk.save)
    bulletin.tell("bias", [], NOW)
    for at in range(0, 300, 10):
        bulletin.tell("drift", [level(0.3)], NOW + at)
    assert desk[-1].expires == desk[-1].until["drift"] == NOW + 290 + LASTS_S
    assert desk[-1].until["disparity"] == NOW + LASTS_S


def test_a_part_that_never_tells_anything(desk):
    """The others wait for it for a minute, and no longer; what it would have told is stale from then on."""
    bulletin = Bulletin(("drift", "bias"), desk.save)
    for at in (0, 59, 60):
        bulletin.tell("drift", [level(0.3)], NOW + at)
    (board,) = desk
    assert (board.ts, board.until["drift"], board.until["disparity"]) == (NOW + 60, NOW + 60 + LASTS_S, NOW)


def test_what_no_part_tells(desk):
    """Nobody looks for bias, and nobody makes incidents: what asks about them has no answer."""
    bulletin = Bulletin(("drift",), desk.save)
    bulletin.tell("drift", [], NOW)
    signals = Told(desk[-1]).about(Subject("shop", "gpt", "chat"), NOW)
    assert signals.stale_kinds == {"disparity", "anomaly", "incident"}


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
    assert desk[-1].until["drift"] == NOW - 3600 + LASTS_S


def test_a_full_disk(desk):
    """It is counted, and tried again."""
    bulletin = Bulletin(("drift",), desk.save)
    desk.is_full = True
    bulletin.tell("drift", [level(0.3)], NOW)
    desk.is_full = False
    bulletin.tell("drift", [level(0.3)], NOW + 1)
    assert (bulletin.errors, len(desk)) == (1, 1)
