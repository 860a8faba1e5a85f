"""The way back: what an endpoint answers, guarded, whole or as it comes, and what a client gets instead of what may not pass."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator

from gateway.errors import GatewayError, PolicyViolation, UpstreamError
from gateway.guard.attempts import Attempts
from gateway.guard.outcome import Findings
from gateway.guard.plan import Plan
from gateway.guard.render import StreamRenderer, render_completion
from gateway.guard.response import Refuse, ResponseGuard
from gateway.proxy.http import UpstreamAnswer
from gateway.proxy.pictures import PictureReader
from gateway.proxy.refusing import refusal
from gateway.proxy.reply import EVENT_STREAM, JSON, Reply
from gateway.proxy.resampling import Samples
from gateway.proxy.scanning import TURN_S, AnswerScans
from gateway.proxy.vault import Recollection
from gateway.telemetry.record import Exchange
from gateway.wire.codec import encode
from gateway.wire.dialect import AnswerStream, Dialect
from gateway.wire.model import Event, Kind, Origin, Uninspectable
from gateway.wire.plain import read_error


async def chunks_of(answer: UpstreamAnswer, max_bytes: int, exchange: Exchange, clock: Callable[[], float]) -> AsyncIterator[bytes]:
    """The answer's bytes, with the time that is spent waiting for them noted. Raises UpstreamError beyond ``max_bytes``."""
    exchange.waits_since = clock()
    size = 0
    try:
        async for chunk in answer.chunks:
            exchange.heard(clock())
            size += len(chunk)
            if size > max_bytes:
                raise UpstreamError("upstream_too_large", "The upstream's answer is larger than the gateway takes.")
            yield chunk
            exchange.waits_since = clock()
    except GatewayError as error:
        exchange.attempt_failed(error.code, clock())
        raise
    exchange.waited(clock())


async def refuse(reply: Reply, exchange: Exchange, plan: Plan, dialect: Dialect, findings: Findings, origin: Origin) -> None:
    """The answer to a blocked exchange, in the style that the policy asks for. Only what was found is spoken of as a refusal."""
    error, respond = refusal(plan, findings), plan.policy.respond
    render = dialect.render_refusal_stream if exchange.is_stream else dialect.render_refusal
    is_spoken = respond.style == "refusal" and isinstance(error, PolicyViolation)
    body = render(respond.message, origin) if is_spoken else None
    if body is None:
        await reply.fail(error)
        return
    exchange.outcome = error.code
    await reply.send(200, [EVENT_STREAM if exchange.is_stream else JSON], body)


class Answering:
    """One answer on its way to the client."""

    def __init__(
        self,
        exchange: Exchange,
        reply: Reply,
        dialect: Dialect,
        plan: Plan,
        guard: ResponseGuard,
        scans: AnswerScans,
        recollection: Recollection,
        clock: Callable[[], float],
        origin: Origin,
        pictures: PictureReader | None = None,
        attempts: Attempts | None = None,
        samples: Samples | None = None,
    ) -> None:
        self._exchange = exchange
        self._reply = reply
        self._dialect = dialect
        self._plan = plan
        self._guard = guard
        self._scans = scans
        self._recollection = recollection
        self._clock = clock
        self._origin = origin
        self._finished: set[int] = set()  # choices of whose end the client has heard
        self._pictures = pictures
        self._attempts = attempts
        self._samples = samples
        self._holds = attempts is not None and attempts.holds_whole
        self._held: list[bytes] = []  # of a stream of which nothing goes out before all of it may
        self._is_refused = False  # another answer will be asked for

    async def run(self, answer: UpstreamAnswer, chunks: AsyncIterator[bytes]) -> bool:
        """Send it on. ``chunks`` are those of the answer. Returns whether the model is to be asked again instead: then nothing was sent."""
        is_good = answer.status < 300
        if not is_good:
            self._guard.bounds = self._attempts = None  # an error is no answer
        try:
            if is_good and (stream := self._dialect.open_stream(answer.content_type, self._origin)):
                await self._stream(stream, answer, chunks)
            elif is_good and (kind := self._dialect.unread(answer.content_type)):
                await self._pass_unread(kind, answer, chunks)
            else:
                await self._whole(answer, chunks)
        finally:
            self._exchange.note_answer(self._guard)
        if self._is_refused and self._attempts:
            self._attempts.again(self._guard.asks_again())
        return self._is_refused

    async def _whole(self, answer: UpstreamAnswer, chunks: AsyncIterator[bytes]) -> None:
        """An answer in one piece: a stream of one event, in which every channel ends."""
        exchange, guard = self._exchange, self._guard
        raw = b"".join([chunk async for chunk in chunks])
        begin = self._clock()
        event = self._dialect.parse_completion(raw, answer.content_type) if answer.status < 300 else read_error(raw, answer.status)
        exchange.note_event(event)
        await self._recollection.remember(event.names)
        await self._read_pictures(event)
        if self._attempts:
            self._attempts.take(event, lambda event: encode(event.body))
        guard.feed(event)
        guard.close()
        await self._scans.settle(is_end=True)
        release = guard.release()
        body = b"" if isinstance(release, Refuse) else render_completion(release, guard)
        exchange.guarded("output", begin, self._clock())
        exchange.note_answer(guard)
        if isinstance(release, Refuse):
            if not self._may_ask_again():
                await self._refuse()
            return
        if answer.status >= 300:
            exchange.outcome = "upstream_error"
        await self._compare()
        await self._reply.send(answer.status, answer.headers, body)

    async def _pass_unread(self, kind: Kind, answer: UpstreamAnswer, chunks: AsyncIterator[bytes]) -> None:
        """An answer that nothing can read (sound, a picture): the policy says whether it may go on as it comes."""
        self._guard.feed(Event(b"", None, uninspectable=(Uninspectable(kind, ()),)))
        self._exchange.note_answer(self._guard)
        if isinstance(self._guard.release(), Refuse):
            await self._refuse()
            return
        last = b""
        async for chunk in chunks:
            await self._reply.write(answer.status, answer.headers, last)
            last = chunk
        await self._reply.finish(answer.status, answer.headers, last)

    async def _stream(self, stream: AnswerStream, answer: UpstreamAnswer, chunks: AsyncIterator[bytes]) -> None:
        exchange, clock = self._exchange, self._clock
        renderer = StreamRenderer(stream, self._guard)
        self._reply.errors = stream.errors or self._reply.errors
        async for arrived in _events(stream, chunks):
            begin = clock()
            out = b""
            for event in arrived:
                released = self._pass_over(event) if self._is_refused else await self._pass(event, renderer)
                if released is None and not self._may_ask_again():
                    await self._stop(stream, answer, out)
                    return
                out += released or b""
                if event.is_end:
                    exchange.guarded("stream", begin, clock())
                    exchange.note_answer(self._guard)
                    if not self._is_refused:
                        await self._finish(answer, out)
                    return
                if clock() - begin > TURN_S:
                    exchange.guarded("stream", begin, clock())
                    await self._write(answer, out)
                    await asyncio.sleep(0)
                    begin, out = clock(), b""
            exchange.guarded("stream", begin, clock())
            await self._write(answer, out)
        if not self._is_refused:
            await self._end_unmarked(stream, renderer, answer)

    async def _write(self, answer: UpstreamAnswer, out: bytes) -> None:
        if self._holds:
            self._held.append(out)
        else:
            await self._reply.write(answer.status, answer.headers, out)

    async def _finish(self, answer: UpstreamAnswer, out: bytes) -> None:
        await self._compare()
        await self._reply.finish(answer.status, answer.headers, b"".join([*self._held, out]))

    async def _compare(self) -> None:
        """Note how far the answer agrees with the others that were asked for."""
        if self._samples and self._attempts:
            self._exchange.waits_since = self._clock()
            self._exchange.consistency = await self._samples.settle(self._attempts.said)
            self._exchange.waited(self._clock())

    def _may_ask_again(self) -> bool:
        """Whether the answer that was refused just now is to be followed by another."""
        self._is_refused = bool(self._attempts and self._guard.asks_again())
        return self._is_refused

    def _pass_over(self, event: Event) -> bytes | None:
        """The rest of an answer that is not accepted: what it says goes back to the model, and what it cost counts."""
        self._exchange.note_event(event)
        if self._attempts:
            self._attempts.hear(event)
        return None

    async def _pass(self, event: Event, renderer: StreamRenderer) -> bytes | None:
        """What may go out now that this event has come in; None if a rule has blocked."""
        guard = self._guard
        self._exchange.note_event(event)
        if event.names:
            await self._recollection.remember(event.names)
        if event.uninspectable:
            await self._read_pictures(event)
        if self._attempts:
            self._attempts.take(event, renderer.stream.render)
        guard.feed(event)
        if event.is_end:
            guard.close()
        await self._scans.settle(is_end=event.is_end)
        release = guard.release()
        if isinstance(release, Refuse):
            return None
        self._finished.update(event.finished)
        return renderer.render(release)

    async def _read_pictures(self, event: Event) -> None:
        if self._pictures:
            await self._pictures.read_answer(event, self._plan)

    async def _end_unmarked(self, stream: AnswerStream, renderer: StreamRenderer, answer: UpstreamAnswer) -> None:
        """The upstream closed without the end mark."""
        guard = self._guard
        if not stream.is_complete(guard.open_choices()):
            raise UpstreamError("upstream_reset", "The upstream's stream ended before its answer was complete.")
        guard.close()
        await self._scans.settle(is_end=True)
        release = guard.release()
        if isinstance(release, Refuse):
            if not self._may_ask_again():
                await self._stop(stream, answer, b"")
            return
        self._exchange.note_answer(guard)
        await self._finish(answer, renderer.render(release))

    async def _stop(self, stream: AnswerStream, answer: UpstreamAnswer, out: bytes) -> None:
        """End a stream that a rule has blocked: what was released before goes out, then the dialect's own ending."""
        self._exchange.note_answer(self._guard)
        if self._holds or (not out and not self._reply.has_started):
            await self._refuse()
            return
        self._exchange.outcome = "content_filter"
        await self._reply.finish(answer.status, answer.headers, out + stream.render_stop(self._unfinished()))

    def _unfinished(self) -> tuple[int, ...]:
        """The choices that are to be ended: those that have begun, and those of several that have not begun yet."""
        choices = self._guard.open_choices()
        if self._origin.choices == 1:
            return choices
        return tuple(sorted({*choices, *range(self._origin.choices)} - self._finished))

    async def _refuse(self) -> None:
        await refuse(self._reply, self._exchange, self._plan, self._dialect, self._guard.findings, self._origin)


async def _events(stream: AnswerStream, chunks: AsyncIterator[bytes]) -> AsyncIterator[Iterator[Event]]:
    """The answer's events, as many as have arrived together; at its end, one that lacks nothing but its blank line."""
    async for chunk in chunks:
        yield stream.feed(chunk)
    yield stream.flush()
