"""The way of an upload through the gateway: read, judged, and sent on while it still comes, in bounded memory.

Small ones are judged whole before anything is sent, and so is the beginning of large ones. A large one that is then refused leaves the
endpoint with a request that never ends, of which no file comes to be.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass

from gateway.errors import GatewayError, PolicyViolation, TooSlow
from gateway.guard.upload import UploadGuard
from gateway.guard.upload_steps import BlockedError, Step
from gateway.proxy.http import Inbound
from gateway.proxy.pictures import PictureReader
from gateway.proxy.refusing import is_unchecked, refusal
from gateway.proxy.scanning import TURN_S, Scans, Spawn, in_turns
from gateway.telemetry.record import Exchange
from gateway.wire.upload import MAX_ROWS

_AHEAD_BYTES = 1 << 20
"""Judged before the upstream is asked at all."""
_WAITING = 4
"""Pieces that are judged and that the upstream has not taken yet; none is much larger than the largest row."""


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """What one upload may take of the gateway, besides its bytes. ``timeout_s`` is for all of it, until the last piece is taken."""

    max_rows: int = MAX_ROWS
    timeout_s: float = 3600


class StoppedError(Exception):
    """The rest of the upload is not wanted."""


class Uploading:
    """One upload. Iterating over it gives what may go upstream, as it comes; ``is_complete`` once all of it is judged."""

    def __init__(
        self, guard: UploadGuard, inbound: Inbound, exchange: Exchange, scans: Scans, spawn: Spawn, clock: Callable[[], float],
        timeout_s: float, pictures: PictureReader | None = None,
    ) -> None:  # fmt: skip
        self._guard = guard
        self._inbound = inbound
        self._exchange = exchange
        self._scans = scans
        self._spawn = spawn
        self._clock = clock
        self._timeout_s = timeout_s
        self._pictures = pictures
        self._turn = clock()
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue(_WAITING)
        self._ahead: list[bytes] = []
        self._task: asyncio.Task[None] | None = None
        self._failure: Exception | None = None
        self.is_complete = False

    async def begin(self) -> bytes | None:
        """The whole form, if it is small; None: its beginning is judged, and the rest is to be iterated over.

        Raises GatewayError for what is refused so far, PolicyViolation among them.
        """
        self._task = self._spawn(self._judge_all(), "upload")
        size = 0
        while size < _AHEAD_BYTES:
            piece = await self._queue.get()
            if piece is None:
                self.check()
                return b"".join(self._ahead)
            size += len(piece)
            self._ahead.append(piece)
        return None

    def check(self) -> None:
        """Raises what the upload was refused for, if it was."""
        match self._failure:
            case BlockedError() as blocked:
                raise self._refused(blocked) from None
            case Exception() as error:
                raise error

    def _refused(self, blocked: BlockedError) -> GatewayError:
        """As any request is; a row is named by its number."""
        if is_unchecked(self._guard.findings):
            return refusal(blocked.plan, self._guard.findings)
        return PolicyViolation(blocked.plan.policy.respond.message, blocked.rules, blocked.reasons)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for judged in self._ahead:
            yield judged
        while (piece := await self._queue.get()) is not None:
            yield piece
        if not self.is_complete:
            raise StoppedError

    def stop(self) -> None:
        """No more of it is wanted, and nobody reads it any more."""
        if self._task:
            self._task.cancel()
        with contextlib.suppress(asyncio.QueueEmpty):
            while True:
                self._queue.get_nowait()
        self._queue.put_nowait(None)

    async def _judge_all(self) -> None:
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._judge_each()
            self.is_complete = True
        except (GatewayError, BlockedError) as error:
            self._failure = error
        except TimeoutError:
            self._failure = TooSlow("request_timeout", f"The upload took longer than the {self._timeout_s:g} s that it may take.")
        except Exception as error:  # noqa: BLE001 it is raised again where the exchange is served
            self._failure = error
        await self._queue.put(None)

    async def _judge_each(self) -> None:
        guard, exchange = self._guard, self._exchange
        await self._judge(guard.query(self._inbound.query))
        begin = self._clock()
        async for chunk in self._inbound.chunks():
            exchange.client_s += 0 if exchange.waits_since else self._clock() - begin
            exchange.request_bytes += len(chunk)
            if piece := await self._judge(guard.feed(chunk)):
                await self._queue.put(piece)
            begin = self._clock()
        await self._queue.put(await self._judge(guard.close()))

    async def _judge(self, steps: Iterator[Step]) -> bytes:
        """What may go of these steps. Others have their turn between any two of them, also of two that came in different chunks."""
        out: list[bytes] = []
        clock = self._clock
        begin = clock()
        for step in steps:
            if self._pictures and step.request and step.request.uninspectable:
                step.read(await self._pictures.read(step.request))
            left_s = await in_turns(step.look(), clock, step.patience_s)
            while jobs := step.needs():
                step.settle(await self._scans.run(jobs))
            await in_turns(step.scan(), clock, left_s)
            out.append(step.finish())
            if clock() - self._turn > TURN_S:
                await asyncio.sleep(0)
                self._turn = clock()
        self._exchange.guarded("input", begin, clock())
        return b"".join(out)
