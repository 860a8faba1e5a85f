"""An upstream that misbehaves on purpose: raw asyncio, one behaviour for each model name.

It records what it received, and when the peer closed the connection, so that a test can say "the gateway cancelled within a second".
``FaultyUpstream(extra={"my-model": behaviour})`` adds a behaviour for one test.
"""

import asyncio
import gzip
import json
import socket
import struct
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import monotonic

import brotli

from tests.support.http11 import LAST_CHUNK, chunked, head, read_message
from tests.support.waiting import eventually

TEXT = "The quick answer is that everything is fine."


def completion(text: str = TEXT) -> bytes:
    message = {"role": "assistant", "content": text, "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    usage = {"prompt_tokens": 5, "completion_tokens": 9, "total_tokens": 14}
    return json.dumps(
        {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage}
    ).encode()


def event(delta: Mapping[str, object], finish_reason: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
    return sse(json.dumps({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}))


def sse(data: str) -> bytes:
    return f"data: {data}\n\n".encode()


def events(pieces: Iterable[str]) -> list[bytes]:
    """A complete stream that says these pieces."""
    return [event({"role": "assistant", "content": ""}), *(event({"content": piece}) for piece in pieces), event({}, "stop"), sse("[DONE]")]


PIECES = tuple(TEXT[at : at + 4] for at in range(0, len(TEXT), 4))


@dataclass(slots=True)
class Received:
    """One exchange as this side saw it. ``closed_at`` is when the peer had closed, on the monotonic clock."""

    path: str
    headers: dict[str, str]
    body: bytes
    closed_at: float | None = None

    @property
    def json(self) -> dict:
        return json.loads(self.body)


@dataclass(slots=True)
class Exchange:
    """What a behaviour works with."""

    received: Received
    writer: asyncio.StreamWriter
    peer_closed: asyncio.Event

    @property
    def is_streamed(self) -> bool:
        return bool(self.received.json.get("stream"))

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, body: bytes, *, status: str = "200 OK", content_type: str = "application/json", **headers: str) -> None:
        await self.send(head(f"HTTP/1.1 {status}", Content_Type=content_type, Content_Length=str(len(body)), **headers) + body)

    async def start_stream(self, **headers: str) -> None:
        await self.send(head("HTTP/1.1 200 OK", Content_Type="text/event-stream", Transfer_Encoding="chunked", **headers))

    async def stream(self, data: Iterable[bytes], pause_s: float = 0.0) -> None:
        for each in data:
            await self.send(chunked(each))
            await asyncio.sleep(pause_s)

    def reset(self) -> None:
        """Closes with RST instead of FIN."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Behaviour = Callable[[Exchange], Awaitable[None]]


async def well(exchange: Exchange) -> None:
    if not exchange.is_streamed:
        await exchange.answer(completion())
        return
    await exchange.start_stream()
    await exchange.stream(events(PIECES))
    await exchange.send(LAST_CHUNK)


async def echo(exchange: Exchange) -> None:
    """Says the last message again, in pieces of three characters."""
    text = exchange.received.json["messages"][-1]["content"]
    if not exchange.is_streamed:
        await exchange.answer(completion(text))
        return
    await exchange.start_stream()
    await exchange.stream(events(text[at : at + 3] for at in range(0, len(text), 3)))
    await exchange.send(LAST_CHUNK)


async def reset_at_once(exchange: Exchange) -> None:
    exchange.reset()


async def reset_mid_body(exchange: Exchange) -> None:
    body = completion()
    await exchange.send(head("HTTP/1.1 200 OK", Content_Type="application/json", Content_Length=str(len(body))) + body[:40])
    await asyncio.sleep(0.05)
    exchange.reset()


async def short_body(exchange: Exchange) -> None:
    """Promises more than it sends, and closes properly."""
    body = completion()
    await exchange.send(head("HTTP/1.1 200 OK", Content_Type="application/json", Content_Length=str(len(body) + 100)) + body)
    exchange.writer.close()


async def reset_mid_stream(exchange: Exchange) -> None:
    await exchange.start_stream()
    await exchange.stream(events(PIECES)[:4], pause_s=0.02)
    exchange.reset()


async def end_mid_stream(exchange: Exchange) -> None:
    """A stream that ends properly as HTTP and has no end as a stream of events."""
    await exchange.start_stream()
    await exchange.stream(events(PIECES)[:4])
    await exchange.send(LAST_CHUNK)


async def stall_mid_stream(exchange: Exchange) -> None:
    await exchange.start_stream()
    await exchange.stream(events(PIECES)[:4])
    await exchange.peer_closed.wait()


async def stall_mid_body(exchange: Exchange) -> None:
    body = completion()
    await exchange.send(head("HTTP/1.1 200 OK", Content_Type="application/json", Content_Length=str(len(body))) + body[:40])
    await exchange.peer_closed.wait()


async def never_answer(exchange: Exchange) -> None:
    await exchange.peer_closed.wait()


async def slow_head(exchange: Exchange) -> None:
    """Its head comes a byte at a time, for longer than any idle timeout of a test."""
    for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"y" * 10_000:
        if exchange.peer_closed.is_set():
            return
        await exchange.send(bytes([byte]))
        await asyncio.sleep(0.02)


async def malformed_json(exchange: Exchange) -> None:
    await exchange.answer(b'{"id": "chatcmpl-1", "choices": [{"index": 0, "message"')


async def not_utf8(exchange: Exchange) -> None:
    await exchange.answer(completion("caf\u00e9").replace(b"caf\\u00e9", b"caf\xe9"))


async def wrong_shape(exchange: Exchange) -> None:
    await exchange.answer(b'{"id": 7, "choices": [{"index": "zero", "message": ["hello"]}], "usage": "none"}')


async def html_200(exchange: Exchange) -> None:
    await exchange.answer(b"<html><body>Please sign in: someone@example.org</body></html>", content_type="text/html")


async def html_502(exchange: Exchange) -> None:
    await exchange.answer(b"<html><body>Bad gateway</body></html>", status="502 Bad Gateway", content_type="text/html")


async def rate_limited(exchange: Exchange) -> None:
    error = {"error": {"message": "Rate limit reached.", "type": "requests", "param": None, "code": "rate_limit_exceeded"}}
    limits = {"x_ratelimit_remaining_requests": "0", "x_ratelimit_reset_requests": "6s", "retry_after": "6"}
    await exchange.answer(json.dumps(error).encode(), status="429 Too Many Requests", **limits)


async def malformed_sse(exchange: Exchange) -> None:
    """Events whose data are not JSON stand between good ones."""
    first, second, *_ = events(PIECES)
    await exchange.start_stream()
    await exchange.stream(
        [first, second, b"data: {not json\n\n", b"nonsense without a colon\n\n", b"data: [1, 2]\n\n", *events(PIECES)[2:]]
    )
    await exchange.send(LAST_CHUNK)


async def unknown_events(exchange: Exchange) -> None:
    """Well-formed events of kinds that the dialect does not have, with a value inside that must not pass unseen."""
    stray = '{"type": "response.something_new", "note": "write to hidden.person@example.org"}'
    await exchange.start_stream()
    await exchange.stream([*events(PIECES)[:3], f"event: novelty\ndata: {stray}\n\n".encode(), *events(PIECES)[3:]])
    await exchange.send(LAST_CHUNK)


async def comments(exchange: Exchange) -> None:
    """Keep-alive comments, CRLF line ends and retry fields: all of it allowed in a stream of events."""
    whole = b"".join(events(PIECES)).replace(b"\n", b"\r\n")
    await exchange.start_stream()
    await exchange.stream([b": keep-alive\n\n", b"retry: 3000\n\n", whole, b": bye\r\n\r\n"])
    await exchange.send(LAST_CHUNK)


async def stream_not_utf8(exchange: Exchange) -> None:
    good = events(PIECES)
    await exchange.start_stream()
    await exchange.stream([*good[:3], good[3].replace(b'"content": "', b'"content": "\xff\xfe'), *good[4:]])
    await exchange.send(LAST_CHUNK)


async def huge_body(exchange: Exchange) -> None:
    """A JSON string that has no end."""
    await exchange.send(head("HTTP/1.1 200 OK", Content_Type="application/json", Transfer_Encoding="chunked"))
    await exchange.send(chunked(completion("")[:120]))
    await _send_without_end(exchange, b"a" * 65536)


async def endless_line(exchange: Exchange) -> None:
    """An event that has no end."""
    await exchange.start_stream()
    await exchange.stream([*events(PIECES)[:2], b"data: "])
    await _send_without_end(exchange, b"a" * 65536)


async def endless_stream(exchange: Exchange) -> None:
    """Good events for as long as somebody reads them."""
    await exchange.start_stream()
    await _send_without_end(exchange, event({"content": "All work and no play makes a dull stream. "}) * 20)


async def lasting_stream(exchange: Exchange) -> None:
    """The same at the pace of a model."""
    await exchange.start_stream()
    while not exchange.peer_closed.is_set():
        await exchange.stream([event({"content": " word"})], pause_s=0.01)


async def _send_without_end(exchange: Exchange, data: bytes) -> None:
    while not exchange.peer_closed.is_set():
        await exchange.send(chunked(data))
        await asyncio.sleep(0)


async def without_length(exchange: Exchange) -> None:
    """An answer that ends with its connection."""
    await exchange.send(head("HTTP/1.1 200 OK", Content_Type="application/json", Connection="close") + completion())
    exchange.writer.close()


async def closing_after(exchange: Exchange) -> None:
    """A whole answer, and then the idle connection is closed without a word."""
    await well(exchange)
    exchange.writer.close()


async def header_flood(exchange: Exchange) -> None:
    flood = "".join(f"X-Flood-{number}: {'y' * 200}\r\n" for number in range(2000))
    await exchange.send(f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{flood}Content-Length: 2\r\n\r\n{{}}".encode())


async def not_http(exchange: Exchange) -> None:
    await exchange.send(b"SSH-2.0-OpenSSH_9.2\r\n")
    exchange.writer.close()


def compressed(encoding: str) -> Behaviour:
    async def behave(exchange: Exchange) -> None:
        if not exchange.is_streamed:
            await exchange.answer(_compress(encoding, completion()), content_encoding=encoding)
            return
        await exchange.start_stream(content_encoding=encoding)
        await exchange.stream(_compress_each(encoding, events(PIECES)))
        await exchange.send(LAST_CHUNK)

    return behave


def _compress(encoding: str, data: bytes) -> bytes:
    return b"".join(_compress_each(encoding, [data]))


def _compress_each(encoding: str, data: Iterable[bytes]) -> list[bytes]:
    """Each piece can be read when it arrives: the compressor is flushed after each."""
    if encoding == "br":
        compressor = brotli.Compressor()
        return [compressor.process(each) + compressor.flush() for each in data] + [compressor.finish()]
    packer = zlib.compressobj(wbits=31 if encoding == "gzip" else 15)
    return [packer.compress(each) + packer.flush(zlib.Z_SYNC_FLUSH) for each in data] + [packer.flush()]


async def broken_gzip(exchange: Exchange) -> None:
    await exchange.answer(gzip.compress(completion(), mtime=0)[:30] + b"\xff" * 60, content_encoding="gzip")


async def models(exchange: Exchange) -> None:
    listed = [{"id": name, "object": "model", "created": 1, "owned_by": "test"} for name in ("well", "echo")]
    await exchange.answer(json.dumps({"object": "list", "data": listed}).encode())


async def zip_bomb(exchange: Exchange) -> None:
    """50 MB of blanks in 50 kB."""
    packer = zlib.compressobj(wbits=31)
    body = b"".join(packer.compress(b" " * 2**20) for _ in range(50)) + packer.flush()
    await exchange.answer(body, content_encoding="gzip")


_GOOD = (well, echo, comments, without_length, closing_after)
_CUT_SHORT = (reset_at_once, reset_mid_body, short_body, reset_mid_stream, end_mid_stream)
_ENDLESS = (stall_mid_stream, stall_mid_body, never_answer, slow_head, huge_body, endless_line, endless_stream, lasting_stream)
_WRONG = (malformed_json, not_utf8, wrong_shape, html_200, html_502, malformed_sse, unknown_events, stream_not_utf8)
_UNREADABLE = (header_flood, not_http, broken_gzip, zip_bomb)

BEHAVIOURS: Mapping[str, Behaviour] = {
    **{each.__name__.replace("_", "-"): each for each in (*_GOOD, *_CUT_SHORT, *_ENDLESS, *_WRONG, *_UNREADABLE, rate_limited)},
    **{encoding: compressed(encoding) for encoding in ("gzip", "br", "deflate")},
}


@dataclass(slots=True)
class FaultyUpstream:
    """``received`` grows with every request; ``connections`` counts what was opened; ``port`` 0 is a free one."""

    extra: Mapping[str, Behaviour] = field(default_factory=dict)
    received: list[Received] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def last(self) -> Received:
        return self.received[-1]

    async def is_asked(self, times: int = 1) -> Received:
        """Waits until so many requests have arrived; returns the last of them."""
        return await eventually(lambda: len(self.received) >= times and self.last)

    async def is_left(self, received: Received) -> float:
        """Waits until the peer has closed the connection of this exchange; returns when that was."""
        return await eventually(lambda: received.closed_at)

    @asynccontextmanager
    async def running(self) -> AsyncIterator["FaultyUpstream"]:
        server = await asyncio.get_running_loop().create_server(lambda: _Connection(self), "127.0.0.1", self.port)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def connected(self, connection: "_Connection", reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.create_task(self._serve(connection, reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, connection: "_Connection", reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while not writer.is_closing():
                request = await read_message(reader)
                received = Received(request.path, request.headers, request.body)
                self.received.append(received)
                connection.current = received
                await self._behaviour(received)(Exchange(received, writer, connection.peer_closed))
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the peer has gone, as it may
        finally:
            writer.transport.abort()

    def _behaviour(self, received: Received) -> Behaviour:
        if received.path.startswith("/v1/models"):
            return models
        name = received.json["model"].removeprefix("guarded-")  # so that a policy may apply to some requests alone
        return self.extra.get(name) or BEHAVIOURS[name]


class _Connection(asyncio.StreamReaderProtocol):
    """Notices at once when the peer closes, also while nobody reads."""

    def __init__(self, upstream: FaultyUpstream) -> None:
        self.peer_closed = asyncio.Event()
        self.current: Received | None = None
        super().__init__(asyncio.StreamReader(limit=2**20), lambda reader, writer: upstream.connected(self, reader, writer))

    def eof_received(self) -> bool:
        self._note()
        return bool(super().eof_received())

    def connection_lost(self, exc: Exception | None) -> None:
        self._note()
        super().connection_lost(exc)

    def _note(self) -> None:
        self.peer_closed.set()
        if self.current is not None and self.current.closed_at is None:
            self.current.closed_at = monotonic()
