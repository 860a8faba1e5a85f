"""A client that may misbehave: it sends the bytes it is given, as fast or slowly as it is told, and reads what comes back."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress

from tests.support.http11 import Message, head, read_message
from tests.support.waiting import AT_MOST_S

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Connection]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**22)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


def post(body: bytes, path: str = "/v1/chat/completions", **headers: str) -> bytes:
    own = {"Host": "gateway", "Content-Type": "application/json", "Content-Length": str(len(body))}
    return head(f"POST {path} HTTP/1.1", **(own | headers)) + body


def chat(model: str, content: str = "hello", **fields: object) -> bytes:
    return json.dumps({"model": model, "messages": [{"role": "user", "content": content}], **fields}).encode()


async def ask(port: int, request: bytes, timeout_s: float = AT_MOST_S) -> Message:
    """One request on a connection of its own."""
    return await send_slowly(port, [request], 0, timeout_s)


async def send_slowly(port: int, pieces: Iterable[bytes], pause_s: float, timeout_s: float = AT_MOST_S) -> Message:
    """Sends piece by piece and listens meanwhile: an answer may come before everything was sent, and ends the sending."""
    async with asyncio.timeout(timeout_s), connected(port) as (reader, writer):
        sending = asyncio.create_task(_send(writer, pieces, pause_s))
        try:
            return await read_message(reader)
        finally:
            sending.cancel()
            with suppress(asyncio.CancelledError, ConnectionError):
                await sending


async def _send(writer: asyncio.StreamWriter, pieces: Iterable[bytes], pause_s: float) -> None:
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(pause_s)


def error_of(message: Message) -> dict:
    """The error object, which must have the dialect's shape."""
    error = json.loads(message.body)["error"]
    assert {"message", "type", "param", "code"} <= set(error)
    assert isinstance(error["code"], str)
    return error
