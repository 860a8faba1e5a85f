"""One exchange does not live at the cost of the others."""

import asyncio
from time import monotonic

from tests.support.faulty_upstream import FaultyUpstream
from tests.support.gateway import Gateway
from tests.support.raw_client import ask, chat, connected, post

_TURN_S = 10
"""How long one exchange may keep the others waiting, on a machine that is busy with tests: the stream has no end, and would for ever."""


async def _read_on(gateway: Gateway) -> None:
    async with connected(gateway.port) as (reader, writer):
        writer.write(post(chat("endless-stream", stream=True)))
        while await reader.read(2**16):
            pass


async def test_a_stream_at_full_speed_leaves_room_for_others(gateway: Gateway, faulty: FaultyUpstream):
    """An upstream that sends as fast as it can, to a client that reads as fast, does not keep the gateway from all else."""
    async with asyncio.TaskGroup() as group:
        reading = group.create_task(_read_on(gateway))
        await faulty.is_asked()
        await asyncio.sleep(0.3)
        waited = await asyncio.to_thread(_waits, gateway, 10)
        reading.cancel()
    assert sorted(waited)[5] < _TURN_S


def _waits(gateway: Gateway, count: int) -> list[float]:
    """Of an exchange with no upstream, so that it is the gateway's turn alone that is waited for."""
    waited = []
    for _ in range(count):
        start = monotonic()
        assert gateway.admin("/healthz")[0] == 200
        waited.append(monotonic() - start)
    return waited


async def test_large_requests_leave_room_for_others(gateway: Gateway, faulty: FaultyUpstream):
    """Scanning a long text does not stall the exchanges beside it for longer than it must."""
    long_text = "The quick brown fox wrote to a.b@example.org and went on over the lazy dog. " * 10_000
    async with asyncio.TaskGroup() as group:
        long_one = group.create_task(ask(gateway.port, post(chat("well", long_text))))
        await asyncio.sleep(0.05)
        assert (await ask(gateway.port, post(chat("well")), timeout_s=30)).status == 200
        await long_one
