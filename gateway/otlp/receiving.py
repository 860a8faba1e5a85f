"""One export of an application's, from its first byte to its answer. What could not be read or checked does not go on."""

import asyncio
import hmac
import math
from dataclasses import dataclass, field
from typing import Protocol

from gateway.errors import (
    BadRequest,
    GatewayError,
    InternalError,
    MethodNotAllowed,
    NotAllowed,
    NotSupported,
    Unauthorized,
    Unavailable,
    WrongMedia,
)
from gateway.guard.plan import Plan
from gateway.guard.telemetry import TelemetryGuard
from gateway.guard.tokens import Tokens
from gateway.otlp.forwarding import Batch, Forwarder
from gateway.otlp.observing import Observing, is_clean
from gateway.otlp.spool import Spool
from gateway.proxy.about import about
from gateway.proxy.apps import Caller
from gateway.proxy.http import ClientGone, Inbound, Writer
from gateway.proxy.parts import Parts
from gateway.proxy.reply import Reply
from gateway.proxy.scanning import in_turns
from gateway.telemetry.record import Exchange
from gateway.wire.otlp import exports
from gateway.wire.otlp.exports import SIGNALS, SURFACE, Encoding, Message, Signal, encoding_of
from gateway.wire.otlp.units import Export, read
from gateway.wire.tracing import begin
from policies.vocabulary import Scope

_AT_ONCE = 64 << 10
"""What is larger is read beside the loop that serves all others."""
_LARGE_AT_ONCE = 2
_RETRY_AFTER = ("Retry-After", "5")


class Told(Protocol):
    """Who counts what becomes of the records of a signal."""

    def telemetry_received(self, signal: str, result: str, records: int) -> None:
        """``accepted``, or ``blocked``."""
        ...

    def telemetry_left_out(self, signal: str, what: str, number: int) -> None:
        """``attributes`` that were too many, ``unknown_bytes`` of fields that OTLP does not have."""
        ...


@dataclass(frozen=True, slots=True)
class Receiving:
    """What exports are received with. ``token`` None: nobody is asked for one; ``forwarder`` None: nothing is sent on; ``spool`` None:
    nothing is put by for the watch.
    """

    parts: Parts
    told: Told
    token: str | None = None
    forwarder: Forwarder | None = None
    spool: Spool | None = None
    large: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_LARGE_AT_ONCE))


async def receive(receiving: Receiving, inbound: Inbound, writer: Writer) -> None:
    """Raises nothing but cancellation and ClientGone."""
    parts = receiving.parts
    trace = begin(inbound.headers, inbound.header_items, parts.chance)
    exchange = Exchange(parts.new_id(), parts.wall(), parts.clock(), trace, surface=SURFACE)
    reply = Reply(exchange, writer, parts.record, parts.clock)
    encoding = encoding_of(inbound.headers.get("content-type", "")) or Encoding.JSON
    try:
        try:
            await _Taking(receiving, exchange, inbound, reply).run()
        except GatewayError as error:
            await _fail(reply, exchange, error, encoding)
        except (asyncio.CancelledError, ClientGone):
            raise
        except Exception as error:  # noqa: BLE001 the last line: nothing of it goes on, and no text of the exception is repeated
            parts.failed(exchange, error)
            await _fail(reply, exchange, InternalError(), encoding)
    except (asyncio.CancelledError, ClientGone):
        exchange.outcome = "client_disconnected"
        raise
    finally:
        reply.record_late()


async def _fail(reply: Reply, exchange: Exchange, error: GatewayError, encoding: Encoding) -> None:
    exchange.outcome = error.code
    body = exports.render_status(error.code, error.message, encoding)
    try:
        await reply.send(error.status, [("Content-Type", encoding.value), *error.headers], body)
    except Unavailable as unrecorded:
        await _fail(reply, exchange, unrecorded, encoding)


class _Taking:
    """One export on its way."""

    def __init__(self, receiving: Receiving, exchange: Exchange, inbound: Inbound, reply: Reply) -> None:
        self._receiving = receiving
        self._parts = receiving.parts
        self._exchange = exchange
        self._inbound = inbound
        self._reply = reply

    async def run(self) -> None:
        exchange = self._exchange
        signal = self._signal()
        exchange.method, exchange.route = self._inbound.method, signal.path
        caller = self._caller()
        exchange.app, exchange.user, exchange.session, exchange.group = caller.name, caller.user, caller.session, caller.group
        encoding = encoding_of(self._inbound.headers.get("content-type", ""))
        if encoding is None:
            raise WrongMedia("unsupported_media_type", f"Telemetry is {' or '.join(each.value for each in Encoding)}.")
        plan = self._plan(caller)
        raw = await self._inbound.body()
        exchange.request_bytes = len(raw)
        if len(raw) <= _AT_ONCE:
            await self._take(plan, caller, signal, encoding, *_read(raw, signal, encoding))
            return
        async with self._receiving.large:
            await self._take(plan, caller, signal, encoding, *await asyncio.to_thread(_read, raw, signal, encoding))

    def _signal(self) -> Signal:
        inbound = self._inbound
        signal = SIGNALS.get(inbound.path)
        if signal is None:
            raise NotSupported("unsupported_path", f"Telemetry goes to {', '.join(SIGNALS)}.")
        if inbound.method != "POST":
            raise MethodNotAllowed(["POST"])
        if inbound.query:
            raise BadRequest("unsupported_query", "An export has no query string.")
        return signal

    def _caller(self) -> Caller:
        token, headers = self._receiving.token, self._inbound.headers
        if token is not None:
            given = headers.get("authorization", "").removeprefix("Bearer ").strip()
            if not hmac.compare_digest(given.encode("utf-8", "surrogateescape"), token.encode()):
                raise Unauthorized("invalid_api_key", "The receiver of telemetry needs its bearer token.")
        return self._parts.apps.identify(headers)

    def _plan(self, caller: Caller) -> Plan:
        """A policy that says nothing of telemetry lets none through: else what is sent to be redacted would go on as it is."""
        plan = self._parts.choose_plan(caller.subject("", SURFACE), caller.policy, self._exchange.request_id)
        self._exchange.planned(plan)
        if not plan.on_request.rule_ids(Scope.TELEMETRY):
            name = plan.policy.name
            raise NotAllowed("telemetry_unguarded", f"No rule of the policy {name} has the scope telemetry, so nothing would be looked at.")
        return plan

    async def _take(
        self, plan: Plan, caller: Caller, signal: Signal, encoding: Encoding, message: Message, export: Export, left_out: int
    ) -> None:
        exchange, receiving = self._exchange, self._receiving
        blocked = await self._review(plan, caller, message, export)
        accepted = export.records - blocked
        body: bytes = message.SerializeToString()
        if receiving.forwarder and body and not receiving.forwarder.has_room(len(body)):
            error = Unavailable("collector_unavailable", "The collector does not keep up, and no more can wait for it. Try again.")
            error.headers = (_RETRY_AFTER,)
            raise error
        said = f"{blocked} of {export.records} records are blocked by the policy {plan.policy.name}."
        answer = exports.render_answer(signal, encoding, blocked, said)
        exchange.status, exchange.response_bytes = 200, len(answer)
        self._reply.record()
        if receiving.forwarder and body:
            receiving.forwarder.put(Batch(signal, body, accepted))
        if receiving.spool and body:
            observing = Observing(self._parts.key, caller.name, self._parts.wall(), is_clean(exchange.request))
            receiving.spool.put(observing.seen(message), len(body))
        for result, records in (("accepted", accepted), ("blocked", blocked)):
            receiving.told.telemetry_received(signal.name, result, records)
        for what, number in (("attributes", export.trimmed), ("unknown_bytes", left_out)):
            receiving.told.telemetry_left_out(signal.name, what, number)
        await self._reply.send(200, [("Content-Type", encoding.value)], answer)

    async def _review(self, plan: Plan, caller: Caller, message: Message, export: Export) -> int:
        """How many records are blocked; the others are as they may go on."""
        parts, exchange = self._parts, self._exchange
        begun = parts.clock()
        subject = caller.subject("", SURFACE)
        guard = TelemetryGuard(
            plan, message, export, parts.memos, Tokens(parts.key, caller.name), caller.name,
            lambda plan, request: about(plan, subject, request, parts.signals, exchange.started_at),
        )  # fmt: skip
        exchange.request = guard.findings
        await in_turns(guard.begin(), parts.clock, math.inf)
        left_s = await in_turns(guard.look(), parts.clock, plan.patience_s)
        if jobs := guard.needs():
            guard.settle(await parts.scans.run(jobs))
        await in_turns(guard.scan(), parts.clock, left_s)
        await in_turns(guard.judge(), parts.clock, math.inf)
        blocked = guard.finish()
        exchange.guarded("input", begun, parts.clock())
        return blocked


def _read(raw: bytes, signal: Signal, encoding: Encoding) -> tuple[Message, Export, int]:
    message, left_out = exports.decode(raw, signal, encoding)
    return message, read(message), left_out
