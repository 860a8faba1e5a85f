"""A second method's word on drifts."""

import threading
import time

import pytest

from gateway.watch.drift.episodes import Episode, Episodes
from gateway.watch.drift.reporting import ReportError
from gateway.watch.drift.second_opinion import SecondOpinion
from tests.gateway.watch.drift.test_episodes import report
from tests.gateway.watch.drifts import KEY


class World:
    """Drifts, somebody who is asked about them, and a clock."""

    def __init__(self, *features: str) -> None:
        self.episodes = Episodes()
        for feature in features or ("input.topics",):
            self.episodes.note(KEY, report("began", 1, feature))
        self.asked: list[str] = []
        self.answer: bool | Exception | None = True
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.clock = 0.0
        self.opinion = SecondOpinion(self.ask, lambda: self.clock)

    def ask(self, episode: Episode) -> bool | None:
        self.asked.append(episode.feature)
        assert self.may_answer.wait(60)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def look(self) -> None:
        self.opinion.look(self.episodes)

    def settle(self) -> None:
        """Until whoever is asked has answered, and that is noted."""
        self.look()
        for _ in range(12_000):
            if not (self.opinion._asking and self.opinion._asking.is_alive()):
                break
            time.sleep(0.005)
        self.look()

    @property
    def confirmed(self) -> list[bool | None]:
        return [each.confirmed for each in self.episodes.newest_first()]


@pytest.mark.parametrize("answer", [True, False])
def test_an_answer(answer: bool):
    """It stands with the drift, and is not asked for again."""
    world = World()
    world.answer = answer
    for _ in range(3):
        world.settle()
        world.clock += 61
    assert (world.confirmed, world.asked) == ([answer], ["input.topics"])


def test_one_at_a_time():
    """Nobody is kept waiting for an answer, and no two are asked for at once, nor one after the other without a pause."""
    world = World("input.topics", "output.tokens")
    world.may_answer.clear()
    for _ in range(5):
        world.look()
        world.clock += 61
    assert (world.asked, world.confirmed) == (["input.topics"], [None, None])
    world.may_answer.set()
    world.settle()
    world.settle()
    assert world.confirmed == [True, True]
    assert world.asked == ["input.topics", "output.tokens"]


@pytest.mark.parametrize("answer", [None, ReportError("the report failed (code 1)")])
def test_no_answer(answer: Exception | None, caplog: pytest.LogCaptureFixture):
    """It is asked for three times, and then no more; it stays open whether it is one."""
    world = World()
    world.answer = answer
    for _ in range(6):
        world.settle()
        world.clock += 61
    assert (world.confirmed, len(world.asked)) == ([None], 3)
    assert caplog.text.count("no second opinion on drift-") == (3 if answer else 0)


def test_a_drift_that_is_over():
    """Nobody is asked about it."""
    world = World()
    world.episodes.note(KEY, report("ended", 2))
    world.settle()
    assert world.asked == []
