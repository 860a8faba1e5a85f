"""The seam between the exchange and the HTTP engine: nothing on this side knows which engine it is.

Inbound: method, target, headers, a body to be read within bounds, and a writer. Outbound: status, headers and an async iterator of bytes.
"""

from collections.abc import AsyncIterable, AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

Headers = Sequence[tuple[str, str]]

Body = bytes | AsyncIterable[bytes]
"""What is sent upstream: at once, or as it comes."""


class Inbound(Protocol):
    """A request as it comes in. ``headers`` is case-insensitive and gives the first of several values."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]

    @property
    def is_upgrade(self) -> bool:
        """Whether the client asks for a WebSocket."""
        ...

    def header_items(self) -> Headers: ...

    async def body(self) -> bytes:
        """The whole body. Raises TooLarge, TooSlow or BadRequest (cut off, or not what its headers say)."""
        ...

    def chunks(self) -> AsyncIterator[bytes]:
        """The body as it arrives, in bounds of an upload's own. Raises as ``body`` does."""
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

    async def accept(self, protocol: str, headers: Headers) -> "Socket":
        """Instead of all these: a WebSocket. Raises BadRequest."""
        ...


class Socket(Protocol):
    """A connection of text messages, either way."""

    @property
    def close_code(self) -> int | None:
        """With which the connection was closed."""
        ...

    async def receive(self) -> str | None:
        """The next message, None once the other side has closed.

        Raises ClientGone or UpstreamError where that was no clean end, a GatewayError for what is no text or beyond the bound.
        """
        ...

    async def send(self, text: str) -> None:
        """Waits while the other side is slow. Raises ClientGone or UpstreamError once it has gone."""
        ...

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Once closed, this does nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Handshake:
    """An upstream's answer to the wish for a WebSocket: ``socket`` is None where it refuses, with ``status`` and ``headers``.

    ``protocol`` is the subprotocol that it chose. Whoever has the socket closes it.
    """

    status: int
    headers: Headers
    socket: Socket | None
    protocol: str = ""


class ClientGone(Exception):
    """The client closed its connection, or took nothing for too long."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes: ``path`` with its query, below the base URL of an upstream that speaks ``family`` and serves ``model``. ``app``
    is whose it is.
    """

    method: str
    path: str
    family: str
    model: str
    app: str = ""


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
