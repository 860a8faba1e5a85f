"""Waiting for what must come, and not for ever."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def eventually(probe: Callable[[], T | None], within_s: float) -> T:
    """What ``probe`` gives as soon as that is true; ``TimeoutError`` when it does not become so in time."""
    async with asyncio.timeout(within_s):
        while not (found := probe()):  # noqa: ASYNC110 (what is waited for is not ours to signal)
            await asyncio.sleep(0.005)
        return found
