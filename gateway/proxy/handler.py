"""One exchange, from its first byte to its record: the same path for every dialect, streaming or not."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

from gateway.errors import BadRequest, GatewayError, InternalError, PolicyViolation, UpstreamError
from gateway.guard.outcome import Findings
from gateway.guard.plan import Plan
from gateway.guard.render import StreamRenderer, render_completion
from gateway.guard.request import Memos, RequestGuard
from gateway.guard.response import Refuse, ResponseGuard
from gateway.guard.scans import Answer, Job
from gateway.guard.tokens import Tokens
from gateway.proxy.apps import Apps, Caller
from gateway.proxy.http import ClientGone, Headers, Inbound, UpstreamAnswer, Writer
from gateway.proxy.reply import EVENT_STREAM, JSON, Reply
from gateway.proxy.upstream import Upstream
from gateway.telemetry.record import Exchange
from gateway.wire.dialect import Conversation, Route, find_route
from gateway.wire.model import Event, Form, Request, Segment
from gateway.wire.plain import read_error
from gateway.wire.sse import KEEP_ALIVE, SseDecoder, SseEvent
from policies.policy import Scope
from policies.subject import Subject
from policies.verdict import Action

MAX_EVENT_BYTES = 8 * 1024 * 1024
_TURN_S = 0.005  # an upstream that sends in bursts does not keep the other exchanges waiting for longer
_CUT_OFF = "The upstream's stream ended before its answer was complete."
_QUERY = re.compile(r"[A-Za-z0-9_.=&-]{0,512}")


class Scans(Protocol):
    async def run(self, jobs: list[Job]) -> dict[Job, Answer]: ...


class Router(Protocol):
    async def send(
        self, model: str, method: str, path: str, client: Headers, body: bytes, *, drop_credentials: bool
    ) -> tuple[Upstream, UpstreamAnswer]: ...


T = TypeVar("T")


class Spawn(Protocol):
    """Start a task that the app owns."""

    def __call__(self, work: Coroutine[Any, Any, T], name: str) -> "asyncio.Task[T]": ...


@dataclass(frozen=True, slots=True)
class Parts:
    """What an exchange is served with; made by the app."""

    routes: Mapping[str, Route]
    apps: Apps
    choose_plan: Callable[[Subject, str | None], Plan]
    memos: Memos
    scans: Scans
    router: Router
    spawn: Spawn
    record: Callable[[Exchange], None]
    failed: Callable[[Exchange, Exception], None]
    """Told of a fault of ours, by its type."""
    key: bytes
    wall: Callable[[], float]
    clock: Callable[[], float]
    new_id: Callable[[], str]


async def handle(parts: Parts, inbound: Inbound, writer: Writer) -> None:
    """Serve one request. Raises nothing but cancellation and ClientGone, when there is nobody left to answer."""
    exchange = Exchange(parts.new_id(), parts.wall(), parts.clock())
    reply = Reply(exchange, writer, parts.record, parts.clock)
    serving = _Serving(parts, exchange, inbound, reply)
    try:
        try:
            await serving.run()
        except GatewayError as error:
            await reply.fail(error)
        except (asyncio.CancelledError, ClientGone):
            raise
        except Exception as error:  # noqa: BLE001 the last line: nothing more goes out, and no text of the exception is repeated
            parts.failed(exchange, error)
            await reply.fail(InternalError())
    except (asyncio.CancelledError, ClientGone):
        exchange.outcome = "client_disconnected"
        raise
    finally:
        serving.drop_late()
        reply.record_late()


def _with_query(request: Request, query: str) -> Request:
    """The query string is a text too; like a key, it is read and not rewritten."""
    return replace(request, segments=(*request.segments, Segment(query, "user", Scope.USER, ("query",), Form.KEY)))


class _Serving:
    """One exchange on its way through."""

    def __init__(self, parts: Parts, exchange: Exchange, inbound: Inbound, reply: Reply) -> None:
        self._parts = parts
        self._exchange = exchange
        self._inbound = inbound
        self._reply = reply
        self._late: list[asyncio.Task[dict[Job, Answer]]] = []
        self._max_answer_bytes = 0

    async def run(self) -> None:
        parts, exchange, inbound = self._parts, self._exchange, self._inbound
        route = find_route(parts.routes, inbound.method, inbound.path)
        self._reply.dialect = route.dialect
        exchange.surface = route.dialect.surface
        if not _QUERY.fullmatch(inbound.query):
            raise BadRequest("unsupported_query", "The query string holds more than plain names and values, and cannot be inspected.")
        caller = parts.apps.identify(inbound.headers)
        exchange.app = caller.name
        raw = await inbound.body() if route.has_body else b""
        exchange.request_bytes = len(raw)
        request = route.dialect.parse_request(raw)
        if inbound.query:
            request = _with_query(request, inbound.query)
        exchange.model, exchange.is_stream = request.model, request.stream
        plan = parts.choose_plan(Subject(caller.name, request.model, request.surface), caller.policy)
        exchange.policy = plan.version
        tokens = Tokens(parts.key, caller.name)
        body = await self._review(plan, request, tokens)
        if body is None:
            await self._refuse(plan, route.conversation, exchange.request)
        else:
            await self._forward(plan, route, request, tokens, caller, body)

    async def _review(self, plan: Plan, request: Request, tokens: Tokens) -> bytes | None:
        """What may go upstream, or None if the policy blocks the request."""
        begin = self._parts.clock()
        guard = RequestGuard(plan, request, self._parts.memos, tokens, self._exchange.app)
        self._exchange.request = guard.findings
        if jobs := guard.needs():
            guard.settle(await self._parts.scans.run(jobs))
        await self._scan(guard, plan.patience_s)
        body = None if guard.verdict() is Action.BLOCK else guard.body()
        self._exchange.guard_s += self._parts.clock() - begin
        return body

    async def _scan(self, guard: RequestGuard, patience_s: float) -> None:
        """Scan, and let others have their turn; what takes longer than the rules' deadline allows is left unchecked."""
        clock = self._parts.clock
        spent, begin = 0.0, clock()
        for _ in guard.scan():
            turn = clock() - begin
            if turn > _TURN_S:
                spent += turn
                if spent > patience_s:
                    return
                await asyncio.sleep(0)
                begin = clock()

    async def _forward(self, plan: Plan, route: Route, request: Request, tokens: Tokens, caller: Caller, body: bytes) -> None:
        exchange, inbound, clock = self._exchange, self._inbound, self._parts.clock
        path = f"{route.path}?{inbound.query}" if inbound.query else route.path
        guard = ResponseGuard(plan, tokens, self._parts.memos.scans.text_key)
        exchange.response = guard.findings
        exchange.waits_since = clock()
        upstream, answer = await self._parts.router.send(
            request.model, inbound.method, path, inbound.header_items(), body, drop_credentials=caller.is_known
        )
        exchange.waited(clock())
        exchange.upstream, exchange.status = upstream.name, answer.status
        self._max_answer_bytes = upstream.settings.max_response_mb << 20
        try:
            if route.conversation and answer.content_type == "text/event-stream" and answer.status < 300:
                await self._stream(route.conversation, plan, guard, answer)
            else:
                await self._whole(route, plan, guard, answer)
        finally:
            answer.close()
            exchange.note_answer(guard)

    async def _whole(self, route: Route, plan: Plan, guard: ResponseGuard, answer: UpstreamAnswer) -> None:
        """An answer in one piece: a stream of one event, in which every channel ends."""
        exchange = self._exchange
        raw = b"".join([chunk async for chunk in self._chunks(answer)])
        begin = self._parts.clock()
        event = route.dialect.parse_completion(raw) if answer.status < 300 else read_error(raw, answer.status)
        exchange.note_event(event)
        guard.feed(event)
        await self._settle(guard, is_end=True)
        release = guard.release()
        body = b"" if isinstance(release, Refuse) else render_completion(release, guard)
        exchange.guard_s += self._parts.clock() - begin
        exchange.note_answer(guard)
        if isinstance(release, Refuse):
            await self._refuse(plan, route.conversation, guard.findings)
            return
        if answer.status >= 300:
            exchange.outcome = "upstream_error"
        await self._reply.send(answer.status, answer.headers, body)

    async def _chunks(self, answer: UpstreamAnswer) -> AsyncIterator[bytes]:
        """The answer's bytes, with the time that is spent waiting for them noted."""
        exchange, clock = self._exchange, self._parts.clock
        exchange.waits_since = clock()
        size = 0
        async for chunk in answer.chunks:
            exchange.waited(clock())
            size += len(chunk)
            if size > self._max_answer_bytes:
                raise UpstreamError("upstream_too_large", "The upstream's answer is larger than the gateway takes.")
            yield chunk
            exchange.waits_since = clock()
        exchange.waited(clock())

    def drop_late(self) -> None:
        for task in self._late:
            task.cancel()

    async def _stream(self, dialect: Conversation, plan: Plan, guard: ResponseGuard, answer: UpstreamAnswer) -> None:
        exchange, reply, clock = self._exchange, self._reply, self._parts.clock
        renderer = StreamRenderer(dialect, guard)
        async for arrived in self._events(dialect, answer):
            begin = clock()
            out = b""
            for sse in arrived:
                event = None if sse.data is None else dialect.parse_event(sse)
                if event is None:
                    out += KEEP_ALIVE
                    continue
                released = await self._pass(event, guard, renderer)
                if released is None:
                    await self._stop(dialect, plan, guard, renderer, answer, out)
                    return
                out += released
                if event.is_end:
                    exchange.guard_s += clock() - begin
                    exchange.note_answer(guard)
                    await reply.finish(answer.status, answer.headers, out)
                    return
                if clock() - begin > _TURN_S:
                    exchange.guard_s += clock() - begin
                    await reply.write(answer.status, answer.headers, out)
                    await asyncio.sleep(0)
                    begin, out = clock(), b""
            exchange.guard_s += clock() - begin
            await reply.write(answer.status, answer.headers, out)
        await self._end_unmarked(guard, renderer, answer)

    async def _events(self, dialect: Conversation, answer: UpstreamAnswer) -> AsyncIterator[Iterator[SseEvent]]:
        """The answer's events, as many as have arrived together; at its end, one that lacks nothing but its blank line."""
        decoder = SseDecoder(MAX_EVENT_BYTES)
        async for chunk in self._chunks(answer):
            yield decoder.feed(chunk)
        left = next(decoder.flush(), None)
        if left and left.data is not None:
            event = dialect.parse_event(left)
            if event.body is None and not event.is_end:
                raise UpstreamError("upstream_reset", _CUT_OFF)
            yield iter((left,))

    async def _end_unmarked(self, guard: ResponseGuard, renderer: StreamRenderer, answer: UpstreamAnswer) -> None:
        """The upstream closed without the end mark: fine if every choice had ended, as some endpoints do it; cut off otherwise."""
        if renderer.last is None or guard.open_choices():
            raise UpstreamError("upstream_reset", _CUT_OFF)
        guard.close()
        await self._settle(guard, is_end=True)
        release = guard.release()
        self._exchange.note_answer(guard)
        await self._reply.finish(answer.status, answer.headers, b"" if isinstance(release, Refuse) else renderer.render(release))

    async def _pass(self, event: Event, guard: ResponseGuard, renderer: StreamRenderer) -> bytes | None:
        """What may go out now that this event has come in; None if a rule has blocked."""
        self._exchange.note_event(event)
        guard.feed(event)
        if event.is_end:
            guard.close()
        await self._settle(guard, is_end=event.is_end)
        release = guard.release()
        return None if isinstance(release, Refuse) else renderer.render(release)

    async def _settle(self, guard: ResponseGuard, *, is_end: bool) -> None:
        """Run what the guard needs. Text waits only for jobs that could change it; the others are heard at the end at the latest."""
        needs = guard.needs()
        if not needs and not self._late:
            return
        late = [job for job, holds in needs if not holds]
        if late:
            self._late.append(self._parts.spawn(self._parts.scans.run(late), "late scans"))
        while jobs := [job for job, holds in needs if holds]:
            guard.settle(await self._parts.scans.run(jobs))
            needs = guard.needs()
        for task in [task for task in self._late if is_end or task.done()]:  # what is heard at once need not be kept to the end
            guard.settle(await task)
            self._late.remove(task)

    async def _stop(
        self, dialect: Conversation, plan: Plan, guard: ResponseGuard, renderer: StreamRenderer, answer: UpstreamAnswer, out: bytes
    ) -> None:
        """End a stream that a rule has blocked: what was released before goes out, then the dialect's own ending."""
        exchange = self._exchange
        exchange.note_answer(guard)
        if not out and not self._reply.has_started:
            await self._refuse(plan, dialect, guard.findings)
            return
        exchange.outcome = "content_filter"
        stop = dialect.render_stop(renderer.last, guard.open_choices(), exchange.request_id, exchange.model, int(exchange.started_at))
        await self._reply.finish(answer.status, answer.headers, out + stop)

    async def _refuse(self, plan: Plan, dialect: Conversation | None, findings: Findings) -> None:
        """The answer to a blocked exchange, in the style that the policy asks for."""
        exchange, respond = self._exchange, plan.policy.respond
        violation = PolicyViolation(respond.message, findings.rules(blocking_only=True), findings.reasons())
        if respond.style == "error" or dialect is None:
            await self._reply.fail(violation)
            return
        exchange.outcome = violation.code
        model, created = exchange.model, int(exchange.started_at)
        if exchange.is_stream:
            body = dialect.render_refusal_stream(respond.message, exchange.request_id, model, created)
            await self._reply.send(200, [EVENT_STREAM], body)
        else:
            await self._reply.send(200, [JSON], dialect.render_refusal(respond.message, exchange.request_id, model, created))
