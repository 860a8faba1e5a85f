"""Self-consistency: a share of the exchanges is asked again beside the answer that the app gets, and the answers are compared.

The further answers go nowhere: of them their agreement with the first is recorded, and what they have cost.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from detectors.text.agreement import agreement
from gateway.errors import GatewayError, UpstreamError
from gateway.proxy.http import UpstreamAnswer
from gateway.proxy.scanning import Spawn
from gateway.telemetry.record import Consistency
from gateway.wire.dialect import Dialect
from gateway.wire.model import Usage
from gateway.wire.reasking import Said

PATIENCE_S = 20.0
"""How long an answer waits, at its end, for the others."""
_MAX_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class _Sample:
    text: str
    usage: Usage


class Samples:
    """The further answers to one request, asked for at once. ``ask`` sends it."""

    def __init__(self, dialect: Dialect, ask: Callable[[], Awaitable[UpstreamAnswer]], count: int, spawn: Spawn) -> None:
        self._dialect = dialect
        self._ask = ask
        self._tasks = [spawn(self._sample(), "sample") for _ in range(count)]

    async def settle(self, answer: str) -> Consistency:
        """Compare an answer with those that have come in time."""
        done, late = await asyncio.wait(self._tasks, timeout=PATIENCE_S)
        for task in late:
            task.cancel()
        samples = [sample for task in done if not task.cancelled() and task.exception() is None and (sample := task.result())]
        usage = Usage()
        for sample in samples:
            usage = usage.plus(sample.usage)
        return Consistency(agreement(answer, [sample.text for sample in samples]), len(self._tasks), len(samples), usage)

    def drop(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def _sample(self) -> _Sample | None:
        """None: the endpoint did not answer as it should."""
        try:
            answer = await self._ask()
            try:
                event = self._dialect.parse_completion(await _whole(answer), answer.content_type)
            finally:
                answer.close()
        except GatewayError:
            return None
        said = Said()
        said.hear(event)
        return _Sample(said.text(0), event.usage or Usage())


async def _whole(answer: UpstreamAnswer) -> bytes:
    if answer.status != 200:
        raise UpstreamError("upstream_invalid_response", "The upstream did not answer.")
    pieces, size = [], 0
    async for chunk in answer.chunks:
        size += len(chunk)
        if size > _MAX_BYTES:
            raise UpstreamError("upstream_too_large", "The upstream's answer is larger than the gateway takes.")
        pieces.append(chunk)
    return b"".join(pieces)
