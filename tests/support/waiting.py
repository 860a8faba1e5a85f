"""Waiting for what must come, and not for ever."""

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

AT_MOST_S = 120
"""For what comes in an instant, if nothing is amiss, on a machine that has much else to do."""
_SHORTEST_S, _LONGEST_S = 0.005, 0.1


async def eventually(probe: Callable[[], T | None], within_s: float = AT_MOST_S) -> T:
    """What ``probe`` gives as soon as that is true; ``TimeoutError`` when it does not become so in time. It is asked ever less often, as
    to be asked may cost whoever is waited for more than its work.
    """
    pause_s = _SHORTEST_S
    async with asyncio.timeout(within_s):
        while not (found := probe()):
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 1.5, _LONGEST_S)
        return found


def eventually_here(probe: Callable[[], T | None], within_s: float = AT_MOST_S) -> T:
    """The same where there is no event loop."""
    pause_s, until = _SHORTEST_S, time.monotonic() + within_s
    while not (found := probe()):
        if time.monotonic() > until:
            raise TimeoutError
        time.sleep(pause_s)
        pause_s = min(pause_s * 1.5, _LONGEST_S)
    return found
