"""Just enough HTTP/1.1 on raw streams for servers and clients that must be able to misbehave."""

import asyncio
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """A request or an answer: its first line, its headers with lower-case names, its body without framing."""

    first_line: str
    headers: dict[str, str]
    body: bytes

    @property
    def status(self) -> int:
        return int(self.first_line.split(" ")[1])

    @property
    def path(self) -> str:
        return self.first_line.split(" ")[1]


async def read_head(reader: asyncio.StreamReader) -> tuple[str, dict[str, str]]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
    return first, {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


async def read_message(reader: asyncio.StreamReader) -> Message:
    """Reads to the end of the body, by its length, by its chunks, or, for an answer with neither, to the end of the connection."""
    first, headers = await read_head(reader)
    if "chunked" in headers.get("transfer-encoding", ""):
        body = b"".join([chunk async for chunk in read_chunks(reader)])
    elif "content-length" in headers:
        body = await reader.readexactly(int(headers["content-length"]))
    else:
        body = await reader.read() if first.startswith("HTTP/") else b""
    return Message(first, headers, body)


async def read_chunks(reader: asyncio.StreamReader):
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        chunk = await reader.readexactly(size + 2)
        yield chunk[:-2]
    while await reader.readuntil(b"\r\n") != b"\r\n":
        pass  # trailers


def head(first_line: str, **headers: str) -> bytes:
    lines = [first_line, *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def chunked(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


LAST_CHUNK = b"0\r\n\r\n"
