"""The load: a closed loop of some connections, each of which sends its next request when the last answer is complete."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter

from bench.bodies import Body

_LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)
_HEAD = (
    "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    "Authorization: Bearer bench\r\nContent-Length: "
)
_STALL_S = 30


def http_request(body: bytes) -> bytes:
    return f"{_HEAD}{len(body)}\r\n\r\n".encode() + body


class BenchError(Exception):
    """An answer that is none: what is measured would mean nothing."""


@dataclass(slots=True)
class Exchange:
    """One answer as it came: when it was asked for, and each piece with its time."""

    sent: float
    pieces: list[tuple[float, bytes]] = field(default_factory=list)


class Connection(asyncio.Protocol):
    """Sends what ``next_request`` gives until that is None; every complete answer goes to ``finished``."""

    def __init__(self, next_request: Callable[[], bytes | None], finished: Callable[[Exchange], None]) -> None:
        self._next_request = next_request
        self._finished = finished
        self._left = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._send()

    def _send(self) -> None:
        request = self._next_request()
        if request is None:
            self._close(None)
            return
        self._head = b""
        self._is_open = True
        self._exchange = Exchange(perf_counter())
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._exchange.pieces.append((perf_counter(), data))
        if self._is_complete(data):
            self._finished(self._exchange)
            self._send()

    def _is_complete(self, data: bytes) -> bool:
        if not self._is_open:
            self._left -= len(data)
            return self._left == 0 if self._left >= 0 else data.endswith(b"0\r\n\r\n")
        self._head += data
        end = self._head.find(b"\r\n\r\n")
        if end < 0:
            return False
        if not self._head.startswith(b"HTTP/1.1 200"):
            self._close(BenchError(f"the server answered {self._head[:400]!r}"))
            return False
        self._is_open = False
        if length := _LENGTH.search(self._head, 0, end):
            self._left = int(length[1]) - (len(self._head) - end - 4)
            return self._left == 0
        self._left = -1
        return self._head.endswith(b"0\r\n\r\n")

    def connection_lost(self, exc: Exception | None) -> None:
        self._close(exc or BenchError("the server closed the connection"))

    def _close(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error) if error else self.done.set_result(None)
        self._transport.close()


@dataclass(frozen=True, slots=True)
class Batch:
    """What one closed loop measured: how long it took, and each request's latency."""

    seconds: float
    latencies_s: list[float]

    @property
    def requests(self) -> int:
        return len(self.latencies_s)


async def closed_loop(port: int, body: Body, *, connections: int, seconds: float, most: int, first: int = 0) -> Batch:
    """Requests for ``seconds``, or until ``most`` were sent. ``first`` numbers them, for bodies that are fresh each time."""
    latencies: list[float] = []
    sent = 0
    start = perf_counter()
    whole = http_request(body.content)

    def next_request() -> bytes | None:
        nonlocal sent
        if sent >= most or perf_counter() - start > seconds:
            return None
        sent += 1
        return http_request(body.render(first + sent)) if body.fresh else whole

    await run_connections(
        port, connections, next_request, lambda exchange: latencies.append(exchange.pieces[-1][0] - exchange.sent), seconds
    )
    return Batch(perf_counter() - start, latencies)


async def run_connections(
    port: int, connections: int, next_request: Callable[[], bytes | None], finished: Callable[[Exchange], None], seconds: float
) -> None:
    loop = asyncio.get_running_loop()
    opened = [await loop.create_connection(lambda: Connection(next_request, finished), "127.0.0.1", port) for _ in range(connections)]
    await asyncio.wait_for(asyncio.gather(*(protocol.done for _, protocol in opened)), seconds + _STALL_S)
