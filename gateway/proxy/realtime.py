"""A realtime session: a WebSocket on either side, and between them every event guarded, until one side closes.

The endpoint is asked first, so that its refusal is an HTTP answer; then the client is let in. Two pumps run side by side, each of which
sends what it was given before it takes more, and end together.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import count

from gateway.errors import BadRequest, GatewayError, InternalError, TooLarge
from gateway.guard.request import RequestGuard
from gateway.guard.tokens import Tokens
from gateway.proxy.http import ClientGone, Handshake, Headers, Inbound, Socket, Target
from gateway.proxy.parts import Parts
from gateway.proxy.realtime_asked import ClientEvents, Passage
from gateway.proxy.realtime_told import ServerEvents
from gateway.proxy.realtime_turns import Turns
from gateway.proxy.refusing import refusal
from gateway.proxy.reply import JSON, Reply
from gateway.proxy.scanning import review
from gateway.proxy.shutdown import shutting_down
from gateway.proxy.trail import Trail
from gateway.telemetry.record import Exchange
from gateway.wire.model import Request
from gateway.wire.openai.realtime import Offer, no_socket, read_handshake, read_offer, render_error, render_upstream_refusal
from gateway.wire.routes import Match
from policies.verdict import Action

_NORMAL, _GOING_AWAY, _UNSUPPORTED, _TOO_BIG, _FAILED = 1000, 1001, 1003, 1009, 1011
_MAX_VALUES = 10_000
"""Values that one session may have replaced by placeholders; they are kept until its end."""


@dataclass(frozen=True, slots=True)
class _End:
    """How a session ends, for the side that has not ended it: ``by_client``: it was the client who went."""

    by_client: bool
    code: int = _NORMAL
    error: GatewayError | None = None


def _stopped() -> _End:
    return _End(by_client=False, code=_GOING_AWAY, error=shutting_down())


class Conversation:
    """From the handshake to the last record."""

    def __init__(self, parts: Parts, exchange: Exchange, inbound: Inbound, reply: Reply) -> None:
        self._parts = parts
        self._exchange = exchange
        self._inbound = inbound
        self._reply = reply
        self._tokens: Tokens

    async def run(self, match: Match) -> None:
        """Raises GatewayError while the client waits for the answer to its handshake; after that, nothing but cancellation."""
        parts, exchange, inbound = self._parts, self._exchange, self._inbound
        if not inbound.is_upgrade:
            raise no_socket()
        if parts.shutdown.begun.is_set():
            raise shutting_down()
        asked, offer = read_handshake(inbound.query), read_offer(inbound.headers.get("sec-websocket-protocol", ""))
        caller = parts.apps.identify(inbound.headers, offer.key)
        exchange.app, exchange.model, exchange.is_stream = caller.name, asked.model, True
        exchange.user, exchange.session, exchange.group = caller.user, caller.session, caller.group
        turns = Turns(parts, exchange, caller, inbound.header_items())
        turns.admit()
        self._tokens = Tokens(parts.key, caller.name)
        await self._review(turns, asked)
        path = f"{match.path}?{inbound.query}" if inbound.query else match.path
        target = Target("GET", path, match.family, asked.model, caller.name)
        trail = Trail(exchange, parts.clock, parts.chance)
        exchange.waits_since = parts.clock()
        upstream, answer = await parts.router.connect(
            target, _forwarded(inbound.header_items(), offer), offer.protocols, trail, drop_credentials=caller.is_known
        )
        exchange.answered(upstream.name, answer.status, parts.clock())
        if answer.socket is None:
            await self._refuse(answer)
            return
        await self._converse(turns, answer, upstream.settings.max_response_mb << 20)

    async def _review(self, turns: Turns, asked: Request) -> None:
        """The query string is a text too; like a key, it is read and not rewritten. Raises PolicyViolation or Unavailable."""
        plan, parts = turns.plan, self._parts
        guard = RequestGuard(plan, asked, parts.memos, self._tokens, self._exchange.app, turns.about(asked))
        self._exchange.request = guard.findings
        await review(guard, parts.scans, parts.clock, plan.patience_s)
        if guard.verdict() is Action.BLOCK:
            raise refusal(plan, guard.findings)

    async def _refuse(self, answer: Handshake) -> None:
        exchange = self._exchange
        exchange.outcome = "upstream_error"
        headers = [(name, value) for name, value in answer.headers if not name.lower().startswith(("content-", "sec-websocket-"))]
        await self._reply.send(answer.status, [*headers, JSON], render_upstream_refusal(exchange.request_id, exchange.policy))

    async def _converse(self, turns: Turns, answer: Handshake, max_bytes: int) -> None:
        upstream = answer.socket
        assert upstream is not None  # noqa: S101 a refusal has been answered
        try:
            if self._parts.shutdown.begun.is_set():
                raise shutting_down()
            client = await self._reply.accept(answer.protocol)
            await _Session(self._parts, turns, self._tokens, client, upstream, max_bytes).run()
        finally:
            await upstream.close(_NORMAL)


class _Session:
    """Two sockets and what goes between them. Raises nothing but cancellation."""

    def __init__(self, parts: Parts, turns: Turns, tokens: Tokens, client: Socket, upstream: Socket, max_bytes: int) -> None:
        numbers = count()

        def new_event_id() -> str:
            return f"event_oddgate_{next(numbers)}"

        self._parts = parts
        self._turns = turns
        self._tokens = tokens
        self._client = client
        self._upstream = upstream
        self._new_event_id = new_event_id
        self._asked = ClientEvents(parts, turns, tokens, turns.turn.model, new_event_id)
        self._told = ServerEvents(parts, turns, tokens, max_bytes, new_event_id)

    async def run(self) -> None:
        end = _End(by_client=True, code=_FAILED)
        try:
            end = await self._until_one_ends()
        finally:
            self._told.drop_late()
            error = self._record(end)
        await self._close(end, error)

    async def _until_one_ends(self) -> _End:
        async with asyncio.TaskGroup() as pumps:
            asking = pumps.create_task(self._pump(self._ask))
            telling = pumps.create_task(self._pump(self._tell))
            stopping = pumps.create_task(self._until_stopped())
            done, rest = await asyncio.wait((asking, telling, stopping), return_when=asyncio.FIRST_COMPLETED)
            for task in rest:
                task.cancel()
        return done.pop().result()

    async def _until_stopped(self) -> _End:
        """The gateway is shutting down: the session ends between two responses, or, if that takes too long, in the middle of one."""
        await self._parts.shutdown.begun.wait()
        if self._told.is_busy:
            await self._parts.shutdown.over.wait()
        return _stopped()

    async def _pump(self, step: Callable[[], Awaitable[_End | None]]) -> _End:
        try:
            while True:
                if end := await step():
                    return end
        except ClientGone:
            return _End(by_client=True)
        except GatewayError as error:
            code = {BadRequest: _UNSUPPORTED, TooLarge: _TOO_BIG}.get(type(error), _FAILED)
            return _End(by_client=False, code=code, error=error)
        except Exception as error:  # noqa: BLE001 the last line: nothing more goes out, and no text of the exception is repeated
            self._parts.failed(self._turns.turn, error)
            return _End(by_client=False, code=_FAILED, error=InternalError())

    async def _ask(self) -> _End | None:
        text = await self._client.receive()
        if text is None:
            return _End(by_client=True)
        self._turns.admit()
        passage = await self._asked.take(text)
        if passage.asks:
            self._turns.note_ask()
            self._told.expect()
        await self._send(passage)
        if passage.upstream != (text,) and len(self._tokens.restorable()) > _MAX_VALUES:
            raise TooLarge("body_too_large", "The session has more values to protect than the gateway takes.")
        return None

    async def _tell(self) -> _End | None:
        text = await self._upstream.receive()
        if text is None:
            return _End(by_client=False, code=_sendable(self._upstream.close_code))
        await self._send(await self._told.take(text))
        return _stopped() if self._parts.shutdown.begun.is_set() and not self._told.is_busy else None

    async def _send(self, passage: Passage) -> None:
        for text in passage.upstream:
            await self._upstream.send(text)
        for text in passage.client:
            await self._client.send(text)

    def _record(self, end: _End) -> GatewayError | None:
        """The last record; the error that the client is to hear."""
        outcome = "completed"
        if end.error:
            outcome = end.error.code
        elif self._told.is_answering:
            outcome = "client_disconnected" if end.by_client else "upstream_reset"
        try:
            self._turns.end(self._told.open_answers(), outcome)
        except GatewayError as error:
            return error
        return end.error

    async def _close(self, end: _End, error: GatewayError | None) -> None:
        if error:
            turn = self._turns.turn
            with contextlib.suppress(ClientGone):
                await self._client.send(render_error(error, turn.request_id, turn.policy, self._new_event_id()).decode())
        code = _FAILED if error and end.code == _NORMAL else end.code
        await asyncio.gather(self._client.close(code), self._upstream.close(_NORMAL))


def _sendable(code: int | None) -> int:
    """A close code of one side as the other may be told it."""
    return code if code is not None and (code in (1000, 1001) or 1007 <= code <= 1014 or 3000 <= code <= 4999) else _FAILED


def _forwarded(headers: Headers, offer: Offer) -> Headers:
    """The client's headers without those of its own handshake; a key among its subprotocols becomes the header that it stands for."""
    kept = [(name, value) for name, value in headers if not name.lower().startswith("sec-websocket-") and name.lower() != "origin"]
    if not offer.key:
        return kept
    return [*((name, value) for name, value in kept if name.lower() != "authorization"), ("Authorization", f"Bearer {offer.key}")]
