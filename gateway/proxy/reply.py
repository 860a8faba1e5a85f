"""The way back to the client: our headers on every answer, and the record written before the last byte goes out."""

import contextlib
from collections.abc import Callable

from gateway.errors import GatewayError, Unavailable
from gateway.proxy.headers import client_headers
from gateway.proxy.http import Headers, Socket, Writer
from gateway.telemetry.record import Exchange
from gateway.wire.dialect import ErrorShape
from gateway.wire.openai import errors as openai_errors

JSON = ("Content-Type", "application/json")
EVENT_STREAM = ("Content-Type", "text/event-stream; charset=utf-8")


class Reply:
    """``record`` raises OSError if the exchange's record cannot be written and the settings say that it must be."""

    def __init__(self, exchange: Exchange, writer: Writer, record: Callable[[Exchange], None], clock: Callable[[], float]) -> None:
        self._exchange = exchange
        self._writer = writer
        self._record = record
        self._clock = clock
        self.errors: ErrorShape = openai_errors

    @property
    def has_started(self) -> bool:
        return self._writer.has_started

    async def send(self, status: int, headers: Headers, body: bytes) -> None:
        """A whole answer."""
        exchange = self._exchange
        exchange.status = status
        exchange.response_bytes = len(body)
        now = exchange.first_byte = self._clock()
        self.record()
        await self._writer.send(status, [*client_headers(headers), *self._ours(now)], body)

    async def write(self, status: int, headers: Headers, data: bytes) -> None:
        """A piece of a stream; the first one brings the headers."""
        if not data:
            return
        begin = self._clock()
        if not self._writer.has_started:
            self._exchange.first_byte = begin
            await self._writer.start(status, [*client_headers(headers), *self._ours(begin)])
        self._exchange.response_bytes += len(data)
        await self._writer.write(data)
        self._exchange.client_s += self._clock() - begin

    async def finish(self, status: int, headers: Headers, data: bytes) -> None:
        """The last piece of a stream, after the record."""
        self.record()
        await self.write(status, headers, data)
        await self._writer.finish()

    async def accept(self, protocol: str) -> Socket:
        """A WebSocket, whose records are its user's matter."""
        exchange = self._exchange
        now = exchange.first_byte = self._clock()
        socket = await self._writer.accept(protocol, self._ours(now))
        exchange.status = 101
        return socket

    async def fail(self, error: GatewayError) -> None:
        """Answer with an error in the API's shape; in mid-stream, with its error event and a clean end."""
        exchange = self._exchange
        exchange.outcome = error.code
        policy = exchange.policy or "none"
        if not self._writer.has_started:
            exchange.first_byte = None
            await self._send_error(error, self.errors.render_error(error, exchange.request_id, policy))
        else:
            await self._finish_error(self.errors.render_error_event(error, exchange.request_id, policy))

    async def _send_error(self, error: GatewayError, body: bytes) -> None:
        try:
            await self.send(error.status, [JSON, *error.headers], body)
        except Unavailable as error:  # the record could not be written: that is what the client hears
            await self.fail(error)

    async def _finish_error(self, event: bytes) -> None:
        self.record_late()
        await self.finish(self._exchange.status, [], event)

    def record(self) -> None:
        """Once for each exchange. Raises Unavailable (``journal_unavailable``)."""
        exchange = self._exchange
        if exchange.is_recorded:
            return
        exchange.end = self._clock()
        exchange.waited(exchange.end)
        exchange.is_recorded = True  # also if it fails: that is said once, and counted once
        try:
            self._record(exchange)
        except OSError:
            raise Unavailable("journal_unavailable", "The gateway cannot write its record of this exchange.") from None

    def record_late(self) -> None:
        """For an exchange that ended without an answer; nobody is left to hear that its record could not be written."""
        with contextlib.suppress(Unavailable):
            self.record()

    def _ours(self, now: float) -> Headers:
        exchange = self._exchange
        return (
            ("x-oddgate-request-id", exchange.request_id),
            ("x-oddgate-decision", exchange.decision),
            ("x-oddgate-policy", exchange.policy or "none"),
            ("x-oddgate-overhead-ms", f"{exchange.overhead_s(now) * 1000:.3f}"),
        )
