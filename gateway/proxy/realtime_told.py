"""The endpoint's side of a realtime session: each response is guarded like a streamed answer, what is said besides event by event."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from gateway.errors import GatewayError, UpstreamError
from gateway.guard.messages import render_messages
from gateway.guard.response import Refuse, ResponseGuard
from gateway.guard.tokens import Tokens
from gateway.proxy.parts import Parts
from gateway.proxy.realtime_asked import Passage
from gateway.proxy.realtime_turns import Turns
from gateway.proxy.refusing import refusal
from gateway.proxy.scanning import AnswerScans
from gateway.telemetry.record import Exchange
from gateway.wire.model import Channel, Kind
from gateway.wire.openai.realtime import is_about, render_cancel, render_error
from gateway.wire.openai.realtime_answer import RealtimeAnswer
from gateway.wire.openai.realtime_events import CREATED, DONE, ServerEvent, read_server_event

_ERROR = "error"
_MAX_RESPONSES = 16
_MAX_TRANSCRIPTS = 16
_MAX_IDS = 1024


@dataclass(slots=True)
class _Answer:
    """A response, or the transcript of what a user said, that is under way."""

    guard: ResponseGuard
    scans: AnswerScans
    written: RealtimeAnswer
    items: set[str] = field(default_factory=set)
    size: int = 0
    has_begun: bool = False
    has_sound: bool = False


class ServerEvents:
    """``max_bytes``: how long one response may become, its sound aside. ``new_event_id`` makes ids for events of our own."""

    def __init__(self, parts: Parts, turns: Turns, tokens: Tokens, max_bytes: int, new_event_id: Callable[[], str]) -> None:
        self._parts = parts
        self._turns = turns
        self._tokens = tokens
        self._max_bytes = max_bytes
        self._new_event_id = new_event_id
        self._pictures = parts.pictures.reader() if parts.pictures else None
        self._responses: dict[str, _Answer] = {}
        self._transcripts: dict[Channel, _Answer] = {}
        self._stopped: deque[str] = deque(maxlen=_MAX_IDS)  # responses that a verdict has ended before the endpoint did
        self._dropped: deque[str] = deque(maxlen=_MAX_IDS)  # items of which the client hears nothing more
        self._cancels: deque[str] = deque(maxlen=_MAX_IDS)
        self._is_awaited = False  # a response that is asked for and has not begun

    def open_answers(self) -> list[ResponseGuard]:
        return [answer.guard for answer in (*self._responses.values(), *self._transcripts.values())]

    @property
    def is_answering(self) -> bool:
        return bool(self._responses)

    @property
    def is_busy(self) -> bool:
        """Whether a response is under way, or to be expected."""
        return self.is_answering or self._is_awaited

    def expect(self) -> None:
        """The endpoint has been asked for a response."""
        self._is_awaited = True

    def drop_late(self) -> None:
        for answer in (*self._responses.values(), *self._transcripts.values()):
            answer.scans.drop()

    async def take(self, text: str) -> Passage:
        """Raises UpstreamError for more than the gateway takes, and Unavailable."""
        event = read_server_event(text.encode("utf-8", "surrogatepass"))
        self._turns.note_event(event)
        if event.kind in (CREATED, _ERROR):
            self._is_awaited = False
        if is_about(event.body, self._cancels) or self._is_over(event):
            return Passage()
        begin = self._parts.clock()
        if event.response is not None:
            passage = await self._take_response(event, event.response, begin)
        else:
            passage = await self._take_aside(event, begin)
        return passage

    def _is_over(self, event: ServerEvent) -> bool:
        """Whether it belongs to what a verdict has ended."""
        if event.response is not None and event.response in self._stopped:
            self._dropped.extend(event.items)
            if event.kind == DONE:
                self._stopped.remove(event.response)
            return True
        return any(item in self._dropped for item in event.items)

    async def _take_response(self, event: ServerEvent, response: str, begin: float) -> Passage:
        answer = self._responses.get(response)
        if answer is None:
            if len(self._responses) >= _MAX_RESPONSES:
                raise UpstreamError("upstream_too_large", "The upstream makes more responses at a time than the gateway takes.")
            answer = self._responses[response] = self._new_answer(response)
        answer.items.update(event.items)
        self._note_sound(answer, event)
        is_end = event.kind == DONE
        messages = await self._pass(answer, event, is_end=is_end)
        self._turns.turn.guarded("stream", begin, self._parts.clock())
        if messages is None:
            return self._stop(answer, event, response)
        answer.has_begun = answer.has_begun or event.kind == CREATED
        if is_end:
            del self._responses[response]
            self._turns.end_turn(answer.guard, event, "completed")
        return Passage(client=messages)

    def _note_sound(self, answer: _Answer, event: ServerEvent) -> None:
        """A response's sound is listed once."""
        is_sound = any(part.kind is Kind.AUDIO for part in event.uninspectable)
        if is_sound and answer.has_sound:
            event.uninspectable = tuple(part for part in event.uninspectable if part.kind is not Kind.AUDIO)
        answer.has_sound = answer.has_sound or is_sound
        answer.size += 0 if is_sound else len(event.raw)
        if answer.size > self._max_bytes:
            raise UpstreamError("upstream_too_large", "The upstream's answer is larger than the gateway takes.")

    async def _pass(self, answer: _Answer, event: ServerEvent, *, is_end: bool) -> tuple[str, ...] | None:
        """What may go to the client now that this event has come in; None if a rule has blocked."""
        if self._pictures and event.uninspectable:
            await self._pictures.read_answer(event, answer.guard.plan)
        answer.guard.feed(event)
        if is_end:
            answer.guard.close()
        await answer.scans.settle(is_end=is_end)
        release = answer.guard.release()
        if isinstance(release, Refuse):
            return None
        messages = render_messages(release, event, answer.written if event.response is not None or event.heard else None)
        return tuple(message.decode("utf-8", "surrogatepass") for message in messages)

    def _stop(self, answer: _Answer, event: ServerEvent, response: str) -> Passage:
        """End a response that a rule has blocked in the API's own words, here and at the endpoint."""
        del self._responses[response]
        answer.scans.drop()
        error = refusal(answer.guard.plan, answer.guard.findings)
        turn = self._turns.end_turn(answer.guard, event, "content_filter" if answer.has_begun else error.code)
        self._dropped.extend(answer.items)
        cancel: tuple[str, ...] = ()
        if event.kind != DONE:
            self._stopped.append(response)
            event_id = self._new_event_id()
            self._cancels.append(event_id)
            cancel = (render_cancel(response, event_id).decode(),)
        if answer.has_begun:
            return Passage(cancel, tuple(message.decode("utf-8", "surrogatepass") for message in answer.written.stop()))
        return Passage(cancel, (self._told_of(error, turn),))

    async def _take_aside(self, event: ServerEvent, begin: float) -> Passage:
        """What is of no response is judged as it stands, but for transcripts of what the user said, which come in pieces."""
        if not event.deltas and not event.uninspectable and not event.heard:
            return Passage(client=(event.raw.decode("utf-8", "surrogatepass"),))
        answer = self._transcript(event.heard) if event.heard else self._new_answer("")
        is_end = not event.heard or event.kind.endswith("completed")
        messages = await self._pass(answer, event, is_end=is_end)
        self._turns.turn.guarded("stream", begin, self._parts.clock())
        if event.heard and (is_end or messages is None):
            self._transcripts.pop(event.heard, None)
        if messages is None:
            if event.heard:
                self._dropped.extend(event.items)
            answer.scans.drop()
            error = refusal(answer.guard.plan, answer.guard.findings)
            blocked = self._turns.block(error.code, None, answer.guard, len(event.raw))
            return Passage(client=(self._told_of(error, blocked),))
        if is_end:
            self._turns.note_told(answer.guard, [each.guard.findings for each in self._responses.values()])
        return Passage(client=messages)

    def _transcript(self, heard: Channel) -> _Answer:
        answer = self._transcripts.get(heard)
        if answer is None:
            if len(self._transcripts) >= _MAX_TRANSCRIPTS:  # the oldest one's end never came
                self._turns.note_told(self._transcripts.pop(next(iter(self._transcripts))).guard, ())
            answer = self._transcripts[heard] = self._new_answer("")
        return answer

    def _new_answer(self, response: str) -> _Answer:
        """What the client has tokenised until now is restored in it."""
        guard = ResponseGuard(self._turns.plan, self._tokens, self._parts.memos.scans.text_key, self._turns.about(None))
        return _Answer(guard, AnswerScans(guard, self._parts.scans, self._parts.spawn), RealtimeAnswer(response, self._new_event_id))

    def _told_of(self, error: GatewayError, exchange: Exchange) -> str:
        return render_error(error, exchange.request_id, exchange.policy, self._new_event_id()).decode()
