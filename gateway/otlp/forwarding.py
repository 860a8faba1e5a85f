"""What was taken from applications, on its way to a collector: a bounded queue, and patience with a collector that is down or busy."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from gateway.errors import GatewayError
from gateway.proxy.http import Headers, Target, UpstreamAnswer
from gateway.wire.otlp.exports import Encoding, Signal, rejected_of

WORKERS = 4
"""How many exports are under way to the collector at once."""
MAX_WAITING = 1000
MAX_WAITING_BYTES = 64 << 20
_GIVE_UP_S = 300.0
_FIRST_WAIT_S, _LONGEST_WAIT_S = 1.0, 30.0
_LATER = frozenset({429, 502, 503, 504})
"""Answers after which the same may be taken later; after any other it never will be."""
_MAX_ANSWER = 64 << 10
_HEADERS = (("Content-Type", Encoding.PROTOBUF.value), ("User-Agent", "oddgate"))
_FAMILY = "openai"  # of whose ways to take a key none is used: the headers have it


class Collector(Protocol):
    async def send(self, target: Target, headers: Headers, body: bytes) -> UpstreamAnswer:
        """Raises GatewayError."""
        ...


Told = Callable[[str, str, int], None]
"""Counts the records of a signal by what became of them: ``sent``, ``refused`` by the collector, or ``given_up``."""


@dataclass(frozen=True, slots=True)
class Batch:
    """One export, in protobuf."""

    signal: Signal
    body: bytes
    records: int


class _Became(NamedTuple):
    """How many records of an export the collector has, will never have, and could not be given."""

    sent: int = 0
    refused: int = 0
    given_up: int = 0


@dataclass(frozen=True, slots=True)
class _Later:
    """``after_s`` is what the collector has asked for."""

    after_s: float | None = None


class Forwarder:
    """``run`` is run by ``WORKERS`` tasks. ``headers`` are those that the collector asks for; ``chance`` gives a number from 0 to 1."""

    def __init__(
        self, collector: Collector, headers: Headers, told: Told, chance: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:  # fmt: skip
        self._collector = collector
        self._headers = (*_HEADERS, *headers)
        self._told = told
        self._chance = chance
        self._sleep = sleep
        self._queue: asyncio.Queue[Batch] = asyncio.Queue()
        self.waiting = 0
        self.waiting_bytes = 0

    def has_room(self, size: int) -> bool:
        """Whether one more export of so many bytes may wait; what is under way counts until the collector has it."""
        return self.waiting < MAX_WAITING and self.waiting_bytes + size <= MAX_WAITING_BYTES

    def put(self, batch: Batch) -> None:
        """Where there is room."""
        self.waiting += 1
        self.waiting_bytes += len(batch.body)
        self._queue.put_nowait(batch)

    async def run(self) -> None:
        """Until it is cancelled; what it has then is given up."""
        while True:
            batch = await self._queue.get()
            became = _Became(given_up=batch.records)
            try:
                became = await self._deliver(batch)
            finally:
                self.waiting -= 1
                self.waiting_bytes -= len(batch.body)
                self._tell(batch.signal, became)
                self._queue.task_done()

    async def drain(self, timeout_s: float) -> None:
        """Let the collector have what waits; what it has not taken in this time is given up."""
        try:
            await asyncio.wait_for(self._queue.join(), timeout_s)
        except TimeoutError:
            while not self._queue.empty():
                batch = self._queue.get_nowait()
                self._tell(batch.signal, _Became(given_up=batch.records))

    def _tell(self, signal: Signal, became: _Became) -> None:
        for name, records in became._asdict().items():
            if records:
                self._told(signal.name, name, records)

    async def _deliver(self, batch: Batch) -> _Became:
        waited_s, longest_s = 0.0, _FIRST_WAIT_S
        while isinstance(result := await self._try(batch), _Later):
            jitter_s = longest_s * (0.5 + self._chance() / 2)
            wait_s = jitter_s if result.after_s is None else min(max(result.after_s, jitter_s), _LONGEST_WAIT_S)
            waited_s += wait_s
            if waited_s > _GIVE_UP_S:
                return _Became(given_up=batch.records)
            await self._sleep(wait_s)
            longest_s = min(2 * longest_s, _LONGEST_WAIT_S)
        return result

    async def _try(self, batch: Batch) -> _Became | _Later:
        target = Target("POST", batch.signal.path, _FAMILY, "")
        try:
            answer = await self._collector.send(target, self._headers, batch.body)
        except GatewayError:
            return _Later()
        try:
            if answer.status in _LATER:
                return _Later(_retry_after(answer.headers))
            if answer.status >= 300:
                return _Became(refused=batch.records)
            refused = min(rejected_of(batch.signal, await _read(answer)), batch.records)
            return _Became(batch.records - refused, refused)
        finally:
            answer.close()


async def _read(answer: UpstreamAnswer) -> bytes:
    """Nothing where it is no answer to an export; that it was taken, its status has said."""
    said = bytearray()
    try:
        async for chunk in answer.chunks:
            said += chunk
            if len(said) > _MAX_ANSWER:
                return b""
    except GatewayError:
        return b""
    return bytes(said)


def _retry_after(headers: Headers) -> float | None:
    said = next((value for name, value in headers if name.lower() == "retry-after"), "")
    return float(said) if said.isascii() and said.isdigit() and len(said) < 10 else None
