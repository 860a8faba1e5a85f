"""The data side's HTTP engine: bounds in time, size and number, and errors in our own words, whatever comes in."""

import asyncio
import contextlib
import gzip
import json
import logging
import re
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from random import Random

import pytest
from aiohttp.compression_utils import HAS_ZSTD

from gateway.errors import GatewayError
from gateway.proxy.connection import Bounds
from gateway.proxy.http import ClientGone, Inbound, Writer
from gateway.proxy.server import Server
from gateway.proxy.shutdown import Shutdown
from gateway.wire.openai.errors import render_error
from gateway.wire.routes import Routes
from tests.support.http11 import LAST_CHUNK, Message, chunked, head, read_chunks, read_head, read_message
from tests.support.raw_client import ask, connected, error_of, post, send_slowly
from tests.support.waiting import eventually

MAX_BODY = 100_000
BOUNDS = Bounds(max_body_bytes=MAX_BODY, max_connections=20, header_timeout_s=0.3, body_timeout_s=0.5, write_timeout_s=0.5)
CANARY = b"canary-7f3a"


class App:
    """What the tests' handler does: it echoes, or does as the path says."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str, str, bytes]] = []
        self.sizes: list[int] = []
        self.cancelled = 0
        self.gone = 0
        self.may_go_on = asyncio.Event()

    async def __call__(self, inbound: Inbound, writer: Writer) -> None:
        try:
            await getattr(self, inbound.path.strip("/").replace("/", "_"), self.echo)(inbound, writer)
        except GatewayError as error:
            await writer.send(error.status, [("Content-Type", "application/json")], render_error(error, "req_1", "none"))
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        except ClientGone:
            self.gone += 1
            raise

    async def echo(self, inbound: Inbound, writer: Writer) -> None:
        body = await inbound.body()
        self.heard.append((inbound.method, inbound.path, inbound.query, body))
        await writer.send(200, [("X-Echo", "a"), ("X-Echo", "b")], body)

    async def chunks(self, inbound: Inbound, writer: Writer) -> None:
        async for chunk in inbound.chunks():
            self.sizes.append(len(chunk))
        await writer.send(200, [], str(sum(self.sizes)).encode())

    async def early(self, inbound: Inbound, writer: Writer) -> None:
        await writer.send(404, [], b"no")

    async def wait(self, inbound: Inbound, writer: Writer) -> None:
        await self.may_go_on.wait()
        await writer.send(200, [], b"waited")

    async def large(self, inbound: Inbound, writer: Writer) -> None:
        await writer.send(200, [], b"x" * 30_000_000)

    async def stream(self, inbound: Inbound, writer: Writer) -> None:
        assert not writer.has_started
        await writer.start(200, [("Content-Type", "text/event-stream")])
        assert writer.has_started
        for piece in (b"one", b"two", b"three"):
            await writer.write(piece)
        await writer.finish()

    async def held_stream(self, inbound: Inbound, writer: Writer) -> None:
        await writer.start(200, [])
        await writer.write(b"one")
        await self.may_go_on.wait()
        await writer.write(b"two")
        await writer.finish()

    async def endless(self, inbound: Inbound, writer: Writer) -> None:
        await writer.start(200, [])
        while True:
            await writer.write(b"x" * 65_536)

    async def bug(self, inbound: Inbound, writer: Writer) -> None:
        raise RuntimeError(CANARY.decode() + (await inbound.body()).decode())


@asynccontextmanager
async def serving(bounds: Bounds = BOUNDS, handle: Callable[[Inbound, Writer], Awaitable[None]] | None = None) -> AsyncIterator[tuple]:
    app = App()
    server = Server(handle or app, bounds, Routes.error_shape, lambda: "req_test", Shutdown())
    port = await server.listen("127.0.0.1", 0)
    try:
        yield app, port, server
    finally:
        app.may_go_on.set()
        await server.drain(2)


def get(path: str, version: str = "1.1", **headers: str) -> bytes:
    return head(f"GET {path} HTTP/{version}", **({"Host": "x"} | headers))


def assert_ours(message: Message, status: int, code: str) -> None:
    assert (message.status, error_of(message)["code"]) == (status, code)
    assert message.headers["content-type"] == "application/json"
    assert message.headers["x-oddgate-request-id"] == "req_test"
    assert message.headers.get("connection", "close") == "close"
    assert CANARY not in message.body + str(message.headers).encode()


async def test_a_request():
    """Method, path, query and body come as they were sent; the answer's headers go out as they were given, and no more is said of us."""
    async with serving() as (app, port, _):
        message = await ask(port, post(b"hello", "/a%2Fb//c?x=%20&y"))
        assert app.heard == [("POST", "/a%2Fb//c", "x=%20&y", b"hello")]
        assert (message.status, message.body, message.headers["server"]) == (200, b"hello", "oddgate")
        assert message.headers["content-length"] == "5"


async def test_one_connection_for_many_requests():
    """Connections are kept, and requests that come before their turn are answered in order."""
    async with serving() as (app, port, _), connected(port) as (reader, writer):
        for number in range(3):
            writer.write(post(b"%d" % number, "/x"))
            assert (await read_message(reader)).body == b"%d" % number
        writer.write(b"".join(post(b"piped %d" % number, "/x") for number in range(3)))
        assert [(await read_message(reader)).body for _ in range(3)] == [b"piped 0", b"piped 1", b"piped 2"]
        assert len(app.heard) == 6


@pytest.mark.parametrize("sizes", [(5,), (1, 1, 1, 2), (2, 3)])
async def test_a_chunked_body(sizes: tuple[int, ...]):
    """A body needs no length."""
    async with serving() as (app, port, _):
        body, at, pieces = b"hello", 0, []
        for size in sizes:
            pieces.append(chunked(body[at : at + size]))
            at += size
        request = head("POST /x HTTP/1.1", Host="x", Transfer_Encoding="chunked") + b"".join(pieces) + LAST_CHUNK
        assert (await ask(port, request)).body == app.heard[0][3] == b"hello"
        assert (await send_slowly(port, [request[:60], *[bytes([byte]) for byte in request[60:]]], 0.001)).body == b"hello"


@pytest.mark.parametrize(
    ("coding", "encode"), [("gzip", gzip.compress), ("deflate", zlib.compress), ("GZIP", gzip.compress), ("br", None), ("identity", bytes)]
)
async def test_a_body_in_a_coding(coding: str, encode: Callable[[bytes], bytes] | None):
    """Codings are undone before anybody looks at the body."""
    import brotli

    async with serving() as (app, port, _):
        message = await ask(port, post((encode or brotli.compress)(b"hello" * 100), "/x", Content_Encoding=coding))
        assert (message.status, app.heard[0][3]) == (200, b"hello" * 100)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br"])
@pytest.mark.parametrize("body", [CANARY * 10, gzip.compress(CANARY * 1000, mtime=0)[:30], gzip.compress(CANARY, mtime=0)[:-6]])
async def test_a_body_that_is_not_in_its_coding(coding: str, body: bytes, caplog: pytest.LogCaptureFixture):
    """It is the client's error, and is not repeated; one that is only cut short is what came of it, which its reader will notice."""
    async with serving() as (app, port, _):
        message = await ask(port, post(body, "/x", Content_Encoding=coding))
        if message.status == 200:
            assert (CANARY * 1000).startswith(app.heard[0][3])
        else:
            assert (message.status, error_of(message)["code"], app.heard) == (400, "invalid_http", [])
    assert CANARY.decode() not in caplog.text


async def test_a_bomb():
    """A small body that decodes to a huge one is refused as huge, without being decoded to its end."""
    import psutil

    async with serving() as (app, port, _):
        bomb = gzip.compress(b"\0" * 200_000_000, mtime=0)
        before = psutil.Process().memory_info().rss
        message = await ask(port, post(bomb[: MAX_BODY - 1], "/x", Content_Encoding="gzip"))
        assert (message.status, error_of(message)["code"]) == (413, "body_too_large")
        assert app.heard == []
        assert psutil.Process().memory_info().rss - before < 60_000_000


@pytest.mark.parametrize("coding", ["compress", "x-gzip", "gzip, br", "snappy", "zstd" if not HAS_ZSTD else "lz4"])
@pytest.mark.parametrize("path", ["/x", "/chunks"])
async def test_a_body_in_a_coding_that_nobody_undoes(coding: str, path: str):
    """It is refused, for what is in it would reach nobody as it was sent."""
    async with serving() as (app, port, _):
        message = await ask(port, post(b"hello", path, Content_Encoding=coding))
        assert (message.status, error_of(message)["code"], app.heard, app.sizes) == (400, "invalid_http", [], [])


@pytest.mark.parametrize("coding", [None, "gzip"])
@pytest.mark.parametrize("extra", [0, 1, 3_000_000])
async def test_a_body_as_it_comes(coding: str | None, extra: int):
    """It has a bound of its own, which counts what a coding unfolds to; it is given in small pieces."""
    async with serving(replace(BOUNDS, max_upload_bytes=2_000_000)) as (app, port, _):
        body = (Random(7).randbytes(50_000).hex().encode() * 51)[: 2_000_000 + extra]  # becomes half as large when it is packed
        headers = {"Content_Encoding": coding} if coding else {}
        message = await ask(port, post(gzip.compress(body, mtime=0) if coding else body, "/chunks", **headers))
        if extra:
            assert (message.status, error_of(message)["code"]) == (413, "body_too_large")
            assert sum(app.sizes) <= 2_000_000
        else:
            assert (message.status, message.body) == (200, b"2000000")
            assert max(app.sizes) <= 1024 * 1024


async def test_a_body_that_grows():
    """What becomes very much larger than it was sent is refused long before its bound, unless it is small all the same."""
    async with serving(replace(BOUNDS, max_upload_bytes=64 << 20)) as (app, port, _):
        for size, status in ((1 << 20, 200), (60 << 20, 413)):
            message = await ask(port, post(gzip.compress(b"x" * size, mtime=0), "/chunks", Content_Encoding="gzip"))
            assert message.status == status
        assert error_of(message)["code"] == "body_too_large"
        assert sum(app.sizes) < 30 << 20


async def test_a_body_that_comes_slowly():
    """It has the time of a whole body for each megabyte, and not for each piece."""
    async with serving(replace(BOUNDS, body_timeout_s=0.4)) as (_, port, _):
        first = "POST /chunks HTTP/1.1"
        pieces = [head(first, Host="x", Content_Length="100"), *([b"x"] * 100)]
        message = await send_slowly(port, pieces, 0.05)
        assert (message.status, error_of(message)["code"]) == (408, "request_timeout")
        pieces = [head(first, Host="x", Content_Length=str(3 << 20)), *([b"x" * (1 << 20)] * 3)]
        assert (await send_slowly(port, pieces, 0.2)).status == 200


async def test_a_body_that_is_cut_off_as_it_comes():
    """The client hears that, if it still listens."""
    async with serving() as (_, port, _):
        message = await ask(port, post(CANARY * 10, "/chunks", Content_Encoding="gzip"))
        assert (message.status, error_of(message)["code"]) == (400, "invalid_http")


@pytest.mark.parametrize("extra", [0, 1, 1_000_000])
@pytest.mark.parametrize("is_chunked", [False, True])
async def test_a_large_body(extra: int, is_chunked: bool):
    """A body up to the bound is taken, a larger one refused, announced or not."""
    async with serving() as (app, port, _):
        body = b"x" * (MAX_BODY + extra)
        request = post(body, "/x")
        if is_chunked:
            request = head("POST /x HTTP/1.1", Host="x", Transfer_Encoding="chunked") + chunked(body) + LAST_CHUNK
        message = await ask(port, request)
        if extra:
            assert (message.status, error_of(message)["code"]) == (413, "body_too_large")
            assert app.heard == []
        else:
            assert (message.status, len(message.body)) == (200, MAX_BODY)


async def test_a_huge_body_is_refused_before_it_is_sent():
    """Its announced length is enough."""
    async with serving() as (_, port, _), connected(port) as (reader, writer):
        writer.write(head("POST /x HTTP/1.1", Host="x", Content_Length=str(10**12)))
        assert (await asyncio.wait_for(read_message(reader), 60)).status == 413


@pytest.mark.parametrize("sent", [b"", b"half"])
async def test_a_body_that_does_not_come(sent: bytes):
    """It is waited for, and not for ever."""
    async with serving() as (app, port, _), connected(port) as (reader, writer):
        writer.write(head("POST /x HTTP/1.1", Host="x", Content_Length="100") + sent)
        message = await asyncio.wait_for(read_message(reader), 60)
        assert (message.status, error_of(message)["code"], app.heard) == (408, "request_timeout", [])


async def test_a_body_byte_by_byte():
    """A client that sends slowly has the body's whole time, not that much for each byte."""
    async with serving() as (_, port, _):
        request = post(b"x" * 100, "/x")
        message = await send_slowly(port, [request[:-100], *[b"x"] * 100], 0.05)
        assert (message.status, error_of(message)["code"]) == (408, "request_timeout")


@pytest.mark.parametrize("framing", ["length", "chunked"])
async def test_a_client_that_leaves_in_mid_body(framing: str, caplog: pytest.LogCaptureFixture):
    """Nothing of half a body is served, and the next client is."""
    async with serving() as (app, port, _):
        request = head("POST /x HTTP/1.1", Host="x", Content_Length="100") + CANARY
        if framing == "chunked":
            request = head("POST /x HTTP/1.1", Host="x", Transfer_Encoding="chunked") + b"40\r\n" + CANARY
        async with connected(port) as (_, writer):
            writer.write(request)
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.05)
        assert app.heard == []
        assert (await ask(port, post(b"next", "/x"))).body == b"next"
    assert CANARY.decode() not in caplog.text


@pytest.mark.parametrize(
    "sent",
    [b"", b"POST", b"POST /x HTTP/1.1\r\n", b"POST /x HTTP/1.1\r\nHost: x\r\nX-Slow: " + CANARY, b"\r\n"],
)
async def test_headers_that_do_not_come(sent: bytes):
    """They are waited for, and not for ever; so is the first byte."""
    async with serving() as (_, port, _), connected(port) as (reader, writer):
        writer.write(sent)
        assert_ours(await asyncio.wait_for(read_message(reader), 60), 408, "request_timeout")
        assert await reader.read() == b""


async def test_headers_byte_by_byte():
    """A byte now and then does not extend the time, nor does it on a connection that has been used."""
    async with serving() as (_, port, _):
        assert_ours(await send_slowly(port, [b"POST /x HTTP/1.1\r\n", *[b"X-Y: 1\r\n"] * 100], 0.02), 408, "request_timeout")
        async with connected(port) as (reader, writer):
            writer.write(post(b"a", "/x"))
            await read_message(reader)
            await asyncio.sleep(0.5)  # an idle connection is kept for longer
            writer.write(b"GET /x")
            assert_ours(await asyncio.wait_for(read_message(reader), 60), 408, "request_timeout")


async def test_too_many_connections():
    """One more than the bound is told so and closed; when one leaves, another may come."""
    async with serving() as (_, port, _), contextlib.AsyncExitStack() as stack:
        for _ in range(BOUNDS.max_connections - 1):
            await stack.enter_async_context(connected(port))
        async with connected(port):
            await asyncio.sleep(0.05)
            assert_ours(await ask(port, b""), 503, "too_many_connections")
        await asyncio.sleep(0.05)
        assert (await ask(port, post(b"a", "/x"))).status == 200


FIELD = b"X-Field: " + CANARY + b"\r\n"


@pytest.mark.parametrize(
    ("request_head", "status", "code"),
    [
        (b"GET /" + CANARY * 2000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 431, "headers_too_large"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX-Large: " + CANARY * 3000 + b"\r\n\r\n", 431, "headers_too_large"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX-" + CANARY * 3000 + b": x\r\n\r\n", 431, "headers_too_large"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + FIELD * 200 + b"\r\n", None, None),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + FIELD * 50_000 + b"\r\n", None, None),
        (CANARY + b"\r\n\r\n", 400, "invalid_http"),
        (b"GET " + CANARY + b"\r\n\r\n", 400, "invalid_http"),
        (b"GET / HTTP/9.9" + CANARY + b"\r\n\r\n", 400, "invalid_http"),
        (b"GET / HTTP/1.1\r\n" + CANARY + b"\r\n\r\n", 400, "invalid_http"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + CANARY + b" : x\r\n\r\n", 400, "invalid_http"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n " + CANARY + b"\r\n\r\n", 400, "invalid_http"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + CANARY + b"\x00\r\n\r\n", 400, "invalid_http"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: " + CANARY + b"\r\n\r\n", 400, "invalid_http"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n" + CANARY, 400, "invalid_http"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n" + CANARY, 400, "invalid_http"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + CANARY, 400, "invalid_http"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: " + CANARY + b"\r\n\r\n", 400, "invalid_http"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + CANARY + b"\r\n\r\n", 400, "invalid_http"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "invalid_http"),
        (b"{\"" + CANARY + b"\": 1}\n\n", 400, "invalid_http"),
        ("GET /é".encode() + CANARY + b" HTTP/1.1\r\nHost: x\r\n\r\n", None, None),
    ],
)  # fmt: skip
async def test_what_is_not_http(request_head: bytes, status: int | None, code: str | None, caplog: pytest.LogCaptureFixture):
    """It is answered as an error in the dialect's shape, and neither the answer nor a log repeats what came."""
    caplog.set_level(logging.DEBUG)
    async with serving() as (app, port, _):
        message = await ask(port, request_head)
        if status is None and message.status == 200:
            return
        assert_ours(message, status or message.status, code or error_of(message)["code"])
        assert app.heard == []
        assert (await ask(port, post(b"next", "/x"))).body == b"next"
    assert CANARY.decode() not in caplog.text


_LONG = b"x" * 20_000


@pytest.mark.parametrize("path", [b"/v1/messages", b"/anthropic/v1/models", b"/v1/chat/completions", b"/", b"/v1/messagesx"])
@pytest.mark.parametrize(
    "request_bytes",
    [
        b"POST %s HTTP/1.1\r\nHost: x\r\nX-Long: " + _LONG + b"\r\n\r\n",
        b"POST %s?" + _LONG + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST %s HTTP/1.1\r\nHost : x\r\n\r\n",
        b"\r\nPOST %s HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"POST %s HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST %s HTTP/1.1\r\nHost: x\r\n",
    ],
    ids=["long header", "long target", "bad name", "bad length", "bad chunk", "late"],
)
async def test_the_words_for_what_is_not_http(path: bytes, request_bytes: bytes):
    """They are those of the API that its path belongs to, and of HTTP as it is spoken today."""
    async with serving() as (app, port, _):
        message = await ask(port, request_bytes.replace(b"%s", path))
        is_anthropic = path.startswith(b"/anthropic") or path == b"/v1/messages"
        assert (json.loads(message.body).get("type"), app.heard) == ("error" if is_anthropic else None, [])
        assert_ours(message, message.status, error_of(message)["code"])
        assert re.fullmatch(r"HTTP/1\.1 4\d\d [A-Z][A-Za-z ]+", message.first_line)


async def test_the_words_of_a_connection():
    """Where the path of a request cannot be told, it is that of the one before it."""
    for path, kind in (("/v1/messages", "error"), ("/v1/files", None)):
        async with serving() as (_, port, _), connected(port) as (reader, writer):
            writer.write(post(b"a", path))
            assert (await read_message(reader)).status == 200
            writer.write(b"NONSENSE\r\n\r\n")
            message = await read_message(reader)
            assert (message.status, json.loads(message.body).get("type")) == (400, kind)


async def test_a_target_that_comes_in_pieces():
    """It is told all the same."""
    async with serving() as (_, port, _):
        message = await send_slowly(port, [b"PO", b"ST /v1/mess", b"ages HTTP/1.1\r\nHost : x\r\n\r\n"], 0.02)
        assert (message.status, json.loads(message.body).get("type")) == (400, "error")


async def test_a_chunk_that_is_none_after_the_head(caplog: pytest.LogCaptureFixture):
    """A body that loses its framing while it is read is an error of its request, in that one's words, and nothing follows it."""
    async with serving() as (app, port, _), connected(port) as (reader, writer):
        writer.write(head("POST /x HTTP/1.1", Host="x", Transfer_Encoding="chunked") + chunked(b"a"))
        await asyncio.sleep(0.05)
        writer.write(b"zz\r\n" + CANARY + post(b"smuggled", "/x"))
        message = await asyncio.wait_for(read_message(reader), 60)
        assert (message.status, error_of(message)["code"]) == (400, "invalid_http")
        rest = await asyncio.wait_for(reader.read(), 60)
        assert (CANARY in message.body + rest, b"HTTP/1.1 200" in rest, app.heard) == (False, False, [])
    assert CANARY.decode() not in caplog.text


async def test_draining_takes_the_rest_of_a_body():
    """A request that is still arriving when the gateway stops arrives, and is answered."""
    async with serving() as (app, port, server), connected(port) as (reader, writer):
        writer.write(head("POST /x HTTP/1.1", Host="x", Content_Length="10") + b"first")
        await eventually(lambda: server.under_way == 1)
        draining = asyncio.ensure_future(server.drain(60))
        await asyncio.sleep(0.05)
        writer.write(b" last")
        message = await asyncio.wait_for(read_message(reader), 60)
        assert (message.status, message.headers["connection"], app.heard[0][3]) == (200, "close", b"first last")
        await asyncio.wait_for(draining, 60)


async def test_header_floods_are_bounded():
    """Neither the number of fields nor their sum is without a bound."""
    async with serving() as (_, port, _):
        few, many = FIELD * 100, FIELD * 200
        assert (await ask(port, b"GET / HTTP/1.1\r\nHost: x\r\n" + few + b"\r\n")).status == 200
        assert_ours(await ask(port, b"GET / HTTP/1.1\r\nHost: x\r\n" + many + b"\r\n"), 400, "invalid_http")


@pytest.mark.parametrize(
    "chunk", [b"zz\r\n" + CANARY, b"5\r\n" + CANARY + b"\r\n", b"-5\r\n", b"5;" + b"x" * 100_000, b"ffffffffffffffffff\r\n"]
)
async def test_chunks_that_are_none(chunk: bytes, caplog: pytest.LogCaptureFixture):
    """A body that loses its framing is an error, and ends the connection, so that nothing of it is read as a request."""
    caplog.set_level(logging.DEBUG)
    async with serving() as (app, port, _), connected(port) as (reader, writer):
        writer.write(head("POST /x HTTP/1.1", Host="x", Transfer_Encoding="chunked") + chunked(b"a") + chunk + post(b"smuggled", "/x"))
        message = await asyncio.wait_for(read_message(reader), 60)
        assert message.status in {400, 408, 413}
        assert (await asyncio.wait_for(reader.read(), 60)) == b""
        assert app.heard == []
    assert CANARY.decode() not in caplog.text


async def test_100_continue():
    """A client that asks first is told to go on, or why not, before it sends."""
    async with serving() as (app, port, _):
        for length, expected in ((5, 100), (10**9, 413)):
            async with connected(port) as (reader, writer):
                writer.write(head("POST /x HTTP/1.1", Host="x", Content_Length=str(length), Expect="100-continue"))
                first, _ = await asyncio.wait_for(read_head(reader), 60)
                assert first.split()[1] == str(expected)
                if expected == 100:
                    writer.write(b"hello")
                    assert (await read_message(reader)).body == b"hello"
        assert len(app.heard) == 1


async def test_an_early_answer_to_a_client_that_asked_first():
    """Where the body is not wanted, no continue is sent."""
    async with serving() as (_, port, _), connected(port) as (reader, writer):
        writer.write(head("POST /early HTTP/1.1", Host="x", Content_Length="5", Expect="100-continue"))
        first, _ = await asyncio.wait_for(read_head(reader), 60)
        assert first.split()[1] == "404"


@pytest.mark.parametrize(("connection", "stays"), [("close", False), ("keep-alive", True)])
async def test_http_1_0(connection: str, stays: bool):
    """It is served; its connection stays only if it asks for that, and a stream to it is ended by closing."""
    async with serving() as (_, port, _):
        async with connected(port) as (reader, writer):
            writer.write(head("POST /x HTTP/1.0", Content_Length="2", Connection=connection) + b"hi")
            assert (await read_message(reader)).body == b"hi"
            if not stays:
                assert await asyncio.wait_for(reader.read(), 60) == b""
        message = await ask(port, head("GET /stream HTTP/1.0", Connection="close"))
        assert ("transfer-encoding" in message.headers, message.body) == (False, b"onetwothree")


async def test_a_stream():
    """Each piece goes out when it is written, and the end is marked."""
    async with serving() as (_, port, _), connected(port) as (reader, writer):
        writer.write(get("/stream"))
        first, headers = await read_head(reader)
        assert (first.split()[1], headers["transfer-encoding"], headers["content-type"]) == ("200", "chunked", "text/event-stream")
        assert b"".join([chunk async for chunk in read_chunks(reader)]) == b"onetwothree"
        writer.write(post(b"next", "/x"))
        assert (await read_message(reader)).body == b"next"


async def test_a_client_that_leaves():
    """What is done for it is cancelled at once."""
    async with serving() as (app, port, _):
        async with connected(port) as (_, writer):
            writer.write(get("/wait"))
            await asyncio.sleep(0.05)
        await eventually(lambda: app.cancelled == 1)


@pytest.mark.parametrize("path", ["/endless", "/large"])
async def test_a_client_that_does_not_read(path: str):
    """It is given time, and then the connection; what waits for it stays small."""
    async with serving() as (app, port, server), connected(port) as (_, writer):
        writer.transport.pause_reading()
        writer.write(get(path))
        await eventually(lambda: app.gone + app.cancelled == 1)
        await eventually(lambda: not server.engine.connections)


async def test_a_client_that_reads_slowly_and_asks_again():
    """A request that comes while an answer still goes out does not spoil that answer, however long it takes."""
    bounds = Bounds(MAX_BODY, 20, header_timeout_s=0.2, body_timeout_s=1, write_timeout_s=5)
    async with serving(bounds) as (_, port, _), connected(port) as (reader, writer):
        writer.transport.pause_reading()
        writer.write(get("/large"))
        await asyncio.sleep(0.1)
        writer.write(b"GET /ne")
        await asyncio.sleep(0.5)
        writer.transport.resume_reading()
        writer.write(b"xt HTTP/1.1\r\nHost: x\r\n\r\n")
        message = await asyncio.wait_for(read_message(reader), 60)
        assert (message.status, len(message.body), set(message.body)) == (200, 30_000_000, {ord("x")})


async def test_a_fault_of_ours(caplog: pytest.LogCaptureFixture):
    """An error that nobody caught is an answer without a word of what it was about, in the answer and in the log."""
    async with serving() as (_, port, _):
        message = await ask(port, post(b"my secret", "/bug"))
        assert (message.status, error_of(message)["code"]) == (500, "internal_error")
    assert CANARY not in message.body
    assert "secret" not in caplog.text + message.body.decode()


async def test_draining():
    """What is under way ends, its connection with it; idle connections close, and no new ones are taken."""
    async with (
        serving() as (app, port, server),
        connected(port) as (idle, _),
        connected(port) as (waiting, writer),
        connected(port) as (streaming, stream_writer),
    ):
        writer.write(get("/wait"))
        stream_writer.write(get("/held_stream"))
        await read_head(streaming)
        await asyncio.sleep(0.05)
        draining = asyncio.ensure_future(server.drain(60))
        assert await asyncio.wait_for(idle.read(), 60) == b""
        with pytest.raises(OSError, match=r"refused|Connect call failed"):
            await asyncio.open_connection("127.0.0.1", port)
        app.may_go_on.set()
        message = await read_message(waiting)
        assert (message.body, message.headers.get("connection")) == (b"waited", "close")
        assert b"".join([chunk async for chunk in read_chunks(streaming)]) == b"onetwo"
        await asyncio.wait_for(draining, 60)


async def test_draining_does_not_wait_for_ever():
    """What outlasts the time is cut."""
    async with serving() as (app, port, server), connected(port) as (reader, writer):
        writer.write(get("/wait"))
        await asyncio.sleep(0.05)
        await asyncio.wait_for(server.drain(0.1), 60)
        assert await asyncio.wait_for(reader.read(), 60) == b""
        assert app.cancelled == 1


async def test_a_large_answer_is_drained():
    """An answer counts as under way until its last byte is out."""
    async with serving(replace(BOUNDS, write_timeout_s=60)) as (_, port, server), connected(port) as (reader, writer):
        writer.transport.pause_reading()
        writer.write(get("/large"))
        await asyncio.sleep(0.1)
        draining = asyncio.ensure_future(server.drain(60))
        await asyncio.sleep(0.3)
        writer.transport.resume_reading()
        assert len((await asyncio.wait_for(read_message(reader), 60)).body) == 30_000_000
        await draining
