"""Uploads as clients send them, and an endpoint that takes them."""

import asyncio
from collections.abc import Awaitable, Callable

from tests.support.http11 import head, read_chunks, read_head

FORM = "multipart/form-data; boundary=b0"
ANSWER = b'{"id": "file-1", "object": "file", "filename": "x.jsonl", "purpose": "batch", "status": "processed"}'

Behave = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[bool]]
"""What is done once a request's head has come; whether that was all."""


class Endpoint:
    """Takes uploads. ``files`` are those that came to be, ``cut`` how many ended before they were whole."""

    def __init__(self, behave: Behave | None = None) -> None:
        self._behave = behave
        self.heads: list[dict[str, str]] = []
        self.files: list[bytes] = []
        self.cut = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            _, headers = await read_head(reader)
            self.heads.append(headers)
            if self._behave and await self._behave(reader, writer):
                return
            if "content-length" in headers:
                body = await reader.readexactly(int(headers["content-length"]))
            else:
                body = b"".join([chunk async for chunk in read_chunks(reader)])
            self.files.append(body)
            await answer(writer, 200, ANSWER)
        except (asyncio.IncompleteReadError, ConnectionError):
            self.cut += bool(self.heads)
        finally:
            writer.close()


async def answer(writer: asyncio.StreamWriter, status: int, body: bytes) -> None:
    fields = {"Content-Type": "application/json", "Content-Length": str(len(body)), "Connection": "close"}
    writer.write(head(f"HTTP/1.1 {status} X", **fields) + body)
    await writer.drain()


def form(content: bytes, name: str = "x.jsonl", purpose: str = "batch") -> bytes:
    return (
        f'--b0\r\nContent-Disposition: form-data; name="purpose"\r\n\r\n{purpose}\r\n'
        f'--b0\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    ).encode() + content + b"\r\n--b0--\r\n"  # fmt: skip


def post(length: int | None, path: str = "/v1/files", **headers: str) -> bytes:
    """The head of a request with so long a form; None: in chunks."""
    framing = {"Content-Length": str(length)} if length is not None else {"Transfer-Encoding": "chunked"}
    return head(f"POST {path} HTTP/1.1", **({"Host": "x", "Content-Type": FORM} | framing | headers))
