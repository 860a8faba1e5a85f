"""Keeping something going that may end: again soon where it had gone well for a while, and after longer and longer pauses where not."""

import asyncio
from collections.abc import Awaitable, Callable

_STEADY_S = 60.0
"""What ran so long begins again after the shortest pause."""


async def keep_running(run: Callable[[], Awaitable[None]], shortest_pause_s: float, longest_pause_s: float) -> None:
    """``run`` returns when it has ended. Until cancelled."""
    clock, pause_s = asyncio.get_running_loop().time, shortest_pause_s / 2
    while True:
        began = clock()
        await run()
        pause_s = shortest_pause_s if clock() - began >= _STEADY_S else min(pause_s * 2, longest_pause_s)
        await asyncio.sleep(pause_s)
