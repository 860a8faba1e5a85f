"""One exchange, from its first byte to its record: the same path for every dialect, streaming or not."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from functools import partial

from gateway.errors import BadRequest, GatewayError, InternalError, Unavailable, UpstreamError
from gateway.guard.attempts import Attempts
from gateway.guard.glimpse import glimpse
from gateway.guard.plan import Plan
from gateway.guard.request import RequestGuard
from gateway.guard.response import ResponseGuard
from gateway.guard.tokens import Tokens
from gateway.guard.upload import UploadGuard
from gateway.guard.upload_steps import World
from gateway.proxy import feedback
from gateway.proxy.about import about
from gateway.proxy.answering import Answering, chunks_of, refuse
from gateway.proxy.apps import Caller, names_of
from gateway.proxy.http import Body, ClientGone, Inbound, Target, UpstreamAnswer, Writer
from gateway.proxy.parts import Parts
from gateway.proxy.realtime import Conversation
from gateway.proxy.reply import JSON, Reply
from gateway.proxy.resampling import Samples
from gateway.proxy.scanning import AnswerScans, review
from gateway.proxy.trail import Beside, Trail
from gateway.proxy.uploading import Uploading
from gateway.proxy.vault import Recollection
from gateway.telemetry.record import Exchange
from gateway.wire.codec import encode
from gateway.wire.dialect import Dialect
from gateway.wire.file_rows import read_row
from gateway.wire.model import Call, Form, Json, Origin, Request, Segment
from gateway.wire.openai.realtime import Realtime
from gateway.wire.routes import Match
from gateway.wire.surface import read_path
from gateway.wire.tracing import begin
from gateway.wire.upload import Upload
from policies.conditions import Circumstances
from policies.flows import FlowWatch
from policies.subject import GENERATING
from policies.verdict import Action
from policies.vocabulary import Scope

_QUERY = re.compile(r"(?:[A-Za-z0-9_.=&,:-]|%(?:5[BbDd]|2[Cc])){0,512}")
"""Names and values, with the brackets and commas of lists."""


async def handle(parts: Parts, inbound: Inbound, writer: Writer) -> None:
    """Serve one request. Raises nothing but cancellation and ClientGone, when there is nobody left to answer."""
    trace = begin(inbound.headers, inbound.header_items, parts.chance)
    exchange = Exchange(parts.new_id(), parts.wall(), parts.clock(), trace)
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


def _with_address(request: Request, call: Call, query: str) -> Request:
    """The variable parts of the path and the query string are texts too; like keys, they are read and not rewritten."""
    said = (Segment(query, "user", Scope.USER, ("query",), Form.KEY),) if query else ()
    return replace(request, segments=(*request.segments, *read_path(call), *said))


def _attempts(plan: Plan, request: Request, body: Body, flows: FlowWatch | None) -> Attempts | None:
    """What the policy holds answers to; None where it has no bounds, or no model answers."""
    bounds = plan.answer_bounds
    return Attempts(bounds, request, body, flows) if bounds and request.surface in GENERATING and isinstance(body, bytes) else None


class _Serving:
    """One exchange on its way through."""

    def __init__(self, parts: Parts, exchange: Exchange, inbound: Inbound, reply: Reply) -> None:
        self._parts = parts
        self._exchange = exchange
        self._inbound = inbound
        self._reply = reply
        self._caller: Caller
        self._tokens: Tokens
        self._recollection: Recollection
        self._about: Circumstances | None = None
        self._scans: AnswerScans | None = None
        self._samples: Samples | None = None
        self._flows: FlowWatch | None = None
        self._pictures = parts.pictures.reader() if parts.pictures else None
        self._max_answer_bytes = 0

    async def run(self) -> None:
        parts, exchange, inbound = self._parts, self._exchange, self._inbound
        self._reply.errors = parts.routes.error_shape(inbound.path)
        if inbound.path == feedback.PATH and inbound.method == "POST" and parts.keep:
            await self._take_feedback(parts.keep)
            return
        match = parts.routes.find(inbound.method, inbound.path)
        dialect = self._reply.errors = match.dialect
        exchange.surface, exchange.method, exchange.route = dialect.surface, inbound.method, match.pattern
        if isinstance(dialect, Realtime):
            await Conversation(parts, exchange, inbound, self._reply).run(match)
            return
        if not _QUERY.fullmatch(inbound.query):
            raise BadRequest("unsupported_query", "The query string holds more than plain names and values, and cannot be inspected.")
        caller = self._caller = parts.apps.identify(inbound.headers)
        exchange.app = caller.name
        exchange.user, exchange.session, exchange.group = caller.user, caller.session, caller.group
        if parts.measures.is_any:
            parts.measures.admit(names_of(caller, inbound.header_items()), exchange.note_measure)
        call = match.call(inbound.method, inbound.headers.get("content-type", ""))
        if not match.is_unguarded and (upload := dialect.open_upload(call)):
            await self._upload(match, call, upload)
            return
        raw = await inbound.body()
        exchange.request_bytes = len(raw)
        if match.is_unguarded:
            await self._pass_through(match, raw)
            return
        request = self._switched(dialect.parse_request(raw, call), dialect, call)
        if inbound.query or call.names:
            request = _with_address(request, call, inbound.query)
        exchange.model, exchange.is_stream = request.model, request.stream
        exchange.glimpse = glimpse(request) if parts.observes else None
        subject = caller.subject(request.model, request.surface)
        plan = parts.choose_plan(subject, caller.policy, exchange.request_id)
        exchange.planned(plan)
        self._about = about(plan, subject, request, parts.signals, exchange.started_at)
        exchange.asked = self._about.asked if self._about else None
        exchange.signals = self._about.signals if self._about and plan.asks_about_signals else None
        self._issue()
        if request.refers:
            await self._recollection.recall(request.refers)
        body = await self._review(plan, request)
        if body is None:
            await refuse(self._reply, exchange, plan, dialect, exchange.request, self._origin(request))
        else:
            await self._forward(plan, match, request, body)

    async def _take_feedback(self, keep: Callable[[Json], None]) -> None:
        """It is no exchange, and has no record but the event itself."""
        exchange = self._exchange
        exchange.surface = feedback.SURFACE
        exchange.app = self._parts.apps.identify(self._inbound.headers).name
        event = feedback.event(await self._inbound.body(), exchange.app, exchange.started_at)
        try:
            keep(event)
        except OSError:
            raise Unavailable("journal_unavailable", "The gateway cannot write the feedback down.") from None
        exchange.is_recorded = True
        await self._reply.send(202, [JSON], encode({"request_id": event["request_id"], "status": "accepted"}))

    def _switched(self, request: Request, dialect: Dialect, call: Call) -> Request:
        """The request as if it were for another model, where a measure says so: what follows is all of that one."""
        switch = self._parts.measures.model_for(self._caller.name, request.model) if self._parts.measures.is_any else None
        if switch is None or not isinstance(request.body, dict) or request.body.get("model") != request.model:
            return request
        model, measure = switch
        self._exchange.note_measure(measure.id, measure.do.kind)
        return dialect.parse_request(encode({**request.body, "model": model}), call)

    def _issue(self) -> None:
        self._tokens = Tokens(self._parts.key, self._caller.name)
        self._recollection = Recollection(self._parts.vault, self._caller.owner, self._tokens)

    async def _review(self, plan: Plan, request: Request) -> bytes | None:
        """What may go upstream, or None if the policy blocks the request."""
        begin = self._parts.clock()
        if self._pictures:
            request = await self._pictures.read(request)
        guard = RequestGuard(plan, request, self._parts.memos, self._tokens, self._exchange.app, self._about)
        self._exchange.request = guard.findings
        await review(guard, self._parts.scans, self._parts.clock, plan.patience_s)
        body = None if guard.verdict() is Action.BLOCK else guard.body()
        self._flows = guard.flows
        self._exchange.guarded("input", begin, self._parts.clock())
        return body

    async def _upload(self, match: Match, call: Call, upload: Upload) -> None:
        """A request that is judged and sent on as it comes."""
        parts, exchange, caller = self._parts, self._exchange, self._caller

        def plan_of(request: Request) -> Plan:
            plan = parts.choose_plan(caller.subject(request.model, request.surface), caller.policy, exchange.request_id)
            exchange.note_measures(plan)
            return plan

        def reader(method: str, path: str) -> tuple[Dialect, Call]:
            match = parts.routes.find(method, path)
            return match.dialect, match.call(method, "application/json")

        said = tuple(read_path(call))
        whole = Request(exchange.surface, "", stream=False, body=None, raw=b"", segments=said, uninspectable=())
        plan = plan_of(whole)
        exchange.planned(plan)
        self._issue()
        if said and await self._review(plan, whole) is None:
            await refuse(self._reply, exchange, plan, match.dialect, exchange.request, self._origin(whole))
            return

        def about_part(plan: Plan, request: Request) -> Circumstances | None:
            return about(plan, caller.subject(request.model, request.surface), request, parts.signals, exchange.started_at)

        world = World(
            plan, plan_of, parts.memos, self._tokens, partial(Tokens, parts.key, caller.name), caller.name,
            partial(read_row, reader=reader), parts.uploads.max_rows, about_part,
        )  # fmt: skip
        guard = UploadGuard(world, upload)
        guard.findings.absorb(exchange.request, (), ("path",))
        exchange.request = guard.findings
        uploading = Uploading(
            guard, self._inbound, exchange, parts.scans, parts.spawn, parts.clock, parts.uploads.timeout_s, self._pictures
        )
        try:
            body = await uploading.begin()
            await self._forward(plan, match, whole, uploading if body is None else body)
        except UpstreamError:
            uploading.check()  # the upstream may have failed since the upload did
            raise
        finally:
            uploading.stop()

    async def _forward(self, plan: Plan, match: Match, request: Request, body: Body) -> None:
        attempts = _attempts(plan, request, body, self._flows)
        wanted = attempts.samples(self._exchange.request_id, self._parts.key) if attempts else None
        if wanted:
            self._samples = Samples(match.dialect, partial(self._ask, match, request.model, wanted[0]), wanted[1], self._parts.spawn)
        while await self._attempt(plan, match, request, attempts.body if attempts else body, attempts):
            self._exchange.note_reask()
            self.drop_late_scans()

    async def _attempt(self, plan: Plan, match: Match, request: Request, body: Body, attempts: Attempts | None) -> bool:
        """Ask the endpoint and send its answer on; or, where that is not accepted, return whether it is to be asked again."""
        parts, exchange = self._parts, self._exchange
        guard = ResponseGuard(plan, self._tokens, parts.memos.scans.text_key, self._about)
        exchange.response = guard.findings
        guard.bounds = attempts.watch(guard.findings) if attempts else None
        answer = await self._send(match, request.model, body)
        if answer.status == 400 and attempts and attempts.drop_extras():
            answer.close()
            answer = await self._send(match, request.model, attempts.body)
        try:
            if answer.status < 300:
                await self._taken(request, body)
            self._scans = AnswerScans(guard, parts.scans, parts.spawn)
            answering = Answering(
                exchange, self._reply, match.dialect, plan, guard, self._scans, self._recollection, parts.clock, self._origin(request),
                self._pictures, attempts, self._samples,
            )  # fmt: skip
            return await answering.run(answer, self._chunks(answer))
        finally:
            answer.close()

    async def _taken(self, request: Request, body: Body) -> None:
        """The endpoint has done what it was asked for."""
        if isinstance(body, Uploading) and not body.is_complete:
            raise UpstreamError("upstream_invalid_response", "The upstream took the upload for complete before it was.")
        if self._inbound.method == "DELETE":
            await self._recollection.forget(request.refers)
        await self._recollection.remember(request.keeps)

    def _origin(self, request: Request) -> Origin:
        return Origin(self._exchange.request_id, request.model, int(self._exchange.started_at), request.choices)

    def _chunks(self, answer: UpstreamAnswer) -> AsyncIterator[bytes]:
        return chunks_of(answer, self._max_answer_bytes, self._exchange, self._parts.clock)

    def drop_late(self) -> None:
        self.drop_late_scans()
        if self._samples:
            self._samples.drop()

    def drop_late_scans(self) -> None:
        if self._scans:
            self._scans.drop()

    async def _ask(self, match: Match, model: str, body: bytes) -> UpstreamAnswer:
        """Beside the exchange, of which nothing is noted."""
        target, headers = self._target(match, model), self._inbound.header_items()
        beside = Beside(self._exchange)
        return (await self._parts.router.send(target, headers, body, beside, drop_credentials=self._caller.is_known))[1]

    def _target(self, match: Match, model: str) -> Target:
        inbound = self._inbound
        path = f"{match.path}?{inbound.query}" if inbound.query else match.path
        return Target(inbound.method, path, match.family, model, self._exchange.app)

    async def _send(self, match: Match, model: str, body: Body) -> UpstreamAnswer:
        exchange, inbound, clock = self._exchange, self._inbound, self._parts.clock
        target = self._target(match, model)
        trail = Trail(exchange, clock, self._parts.chance)
        exchange.waits_since = clock()
        upstream, answer = await self._parts.router.send(
            target, inbound.header_items(), body, trail, drop_credentials=self._caller.is_known
        )
        exchange.answered(upstream.name, answer.status, clock())
        self._max_answer_bytes = upstream.settings.max_response_mb << 20
        return answer

    async def _pass_through(self, match: Match, body: bytes) -> None:
        """A path that the settings leave unread: both ways as it comes, piece by piece, and recorded as such."""
        self._exchange.is_unguarded = True
        answer = await self._send(match, "", body)
        try:
            if 300 <= answer.status < 400:
                raise UpstreamError(
                    "upstream_invalid_response", "The upstream answered with a redirect, which the gateway does not follow."
                )
            async for chunk in self._chunks(answer):
                await self._reply.write(answer.status, answer.headers, chunk)
            if answer.status >= 400:
                self._exchange.outcome = "upstream_error"
            if self._reply.has_started:
                await self._reply.finish(answer.status, answer.headers, b"")
            else:
                await self._reply.send(answer.status, answer.headers, b"")
        finally:
            answer.close()
