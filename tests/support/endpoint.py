"""What the demo endpoint got to know in a test."""

import json

import aiohttp

from tests.support.personal import leaked


async def received(demo: str) -> str:
    """All that the endpoint has seen so far, without escapes."""
    async with aiohttp.ClientSession() as session, session.get(f"{demo}/demo/received") as response:
        return json.dumps(await response.json(), ensure_ascii=False)


async def saw_placeholders_only(demo: str) -> bool:
    """The endpoint has seen a placeholder at least, and no value."""
    seen = await received(demo)
    return "<EMAIL_ADDRESS_" in seen and leaked(seen) == []


async def count(demo: str) -> int:
    """How many requests the endpoint has got."""
    return json.loads(await received(demo))["count"]
