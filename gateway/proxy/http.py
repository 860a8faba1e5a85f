"""The seam between the exchange and the HTTP engine: nothing on this side knows which engine it is.

Inbound: method, target, headers, a body to be read within bounds, and a writer. Outbound: status, headers and an async iterator of bytes.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

Headers = Sequence[tuple[str, str]]


class Inbound(Protocol):
    """A request as it comes in. ``headers`` is case-insensitive and gives the first of several values."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]

    def header_items(self) -> Headers: ...

    async def body(self) -> bytes:
        """The whole body. Raises TooLarge, TooSlow or BadRequest (cut off, or not what its headers say)."""
        ...


class Writer(Protocol):
    """The answer to one request: ``send`` once, or ``start``, ``write`` … ``finish``. Writing waits while the client is slow."""

    has_started: bool

    async def send(self, status: int, headers: Headers, body: bytes) -> None: ...

    async def start(self, status: int, headers: Headers) -> None: ...

    async def write(self, data: bytes) -> None:
        """Raises ClientGone when nobody reads any more."""
        ...

    async def finish(self) -> None: ...


class ClientGone(Exception):
    """The client closed its connection, or took nothing for too long."""


@dataclass(frozen=True, slots=True)
class UpstreamAnswer:
    """An upstream's answer with its content codings undone. ``chunks`` raises UpstreamError or UpstreamTimeout.

    Whoever has it closes it; ``close`` before the answer is read to its end ends the connection, and so the work upstream.
    """

    status: int
    headers: Headers
    content_type: str
    chunks: AsyncIterator[bytes]
    close: Callable[[], None]
