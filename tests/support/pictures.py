"""A pool for pictures that reads what it is told to, at once."""

import asyncio

from detectors.contract import Factory, Reading
from gateway.guard.memo import Memo
from gateway.proxy.offload import Undone, Work
from gateway.proxy.pictures import Limits, Pictures
from tests.support.guards import KEY

FACTORY = Factory("nowhere:build", {})
LIMITS = Limits(max_pictures=3, max_bytes=1000, deadline_s=1)


class Known:
    """``asked`` are the pictures that it was asked for, each for ``takes_s`` of its own time."""

    def __init__(self, takes_s: float = 0, **readings: Reading | Undone) -> None:
        self.readings = readings
        self.asked: list[str] = []
        self.takes_s = takes_s
        self.now = 0.0

    async def read(self, work: Work) -> Reading | Undone:
        assert work.factory == FACTORY
        assert 0 < work.deadline_s <= 1
        self.asked += work.units
        self.now += self.takes_s
        await asyncio.sleep(0)
        return self.readings[work.units[0]]


def pictures(readers: Known, limits: Limits = LIMITS) -> Pictures:
    return Pictures(readers, FACTORY, limits, Memo(KEY, 10_000, item_bytes=4), lambda: readers.now)
