"""A client's side of a realtime session: each of its events is guarded like a request, and what is blocked goes nowhere."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from gateway.errors import BadRequest, GatewayError
from gateway.guard.request import RequestGuard
from gateway.guard.tokens import Tokens
from gateway.proxy.parts import Parts
from gateway.proxy.realtime_turns import Turns
from gateway.proxy.refusing import refusal
from gateway.proxy.scanning import review
from gateway.proxy.shutdown import shutting_down
from gateway.wire.model import Json, Kind, Request
from gateway.wire.openai.realtime import render_error
from gateway.wire.openai.realtime_requests import read_client_event
from policies.verdict import Action

_ASK = "response.create"


@dataclass(frozen=True, slots=True)
class Passage:
    """What comes of an event: messages for the upstream, messages for the client. ``asks``: the upstream is asked for a response."""

    upstream: tuple[str, ...] = ()
    client: tuple[str, ...] = ()
    asks: bool = False


class ClientEvents:
    """``new_event_id`` makes ids for events of our own."""

    def __init__(self, parts: Parts, turns: Turns, tokens: Tokens, model: str, new_event_id: Callable[[], str]) -> None:
        self._parts = parts
        self._turns = turns
        self._tokens = tokens
        self._model = model
        self._new_event_id = new_event_id
        self._pictures = parts.pictures.reader() if parts.pictures else None
        self._is_mute = False  # its sound is blocked, which was said once

    async def take(self, text: str) -> Passage:
        """Raises Unavailable."""
        raw = text.encode("utf-8", "surrogatepass")
        try:
            request = read_client_event(raw, self._model)
        except BadRequest as error:
            return self._refuse(error)
        asks = request.body.get("type") == _ASK
        if asks and self._parts.shutdown.begun.is_set():
            return self._refuse(shutting_down(), request.body.get("event_id"))
        is_sound = not request.segments and all(part.kind is Kind.AUDIO for part in request.uninspectable) and request.uninspectable
        if is_sound and self._is_mute:
            return Passage()
        if is_sound and self._turns.has_sound:
            self._turns.turn.request_bytes += len(raw)
            return Passage(upstream=(text,))
        self._is_mute = False
        passage = await self._review(text, request, is_sound=bool(is_sound))
        return replace(passage, asks=True) if asks and passage.upstream else passage

    def _refuse(self, error: GatewayError, about: Json = None) -> Passage:
        turn = self._turns.turn
        return Passage(client=(render_error(error, turn.request_id, turn.policy, self._new_event_id(), about).decode(),))

    async def _review(self, text: str, request: Request, *, is_sound: bool) -> Passage:
        parts, turns, plan = self._parts, self._turns, self._turns.plan
        begin = parts.clock()
        if self._pictures and request.uninspectable and not is_sound:
            request = await self._pictures.read(request)
        guard = RequestGuard(plan, request, parts.memos, self._tokens, turns.turn.app, turns.about(request))
        await review(guard, parts.scans, parts.clock, plan.patience_s)
        action = guard.verdict()
        body = request.raw if action is Action.BLOCK else guard.body()
        turns.turn.guarded("input", begin, parts.clock())
        if action is not Action.BLOCK:
            turns.note_asked(guard.findings, len(request.raw))
            turns.has_sound = turns.has_sound or is_sound
            return Passage(upstream=(text if body is request.raw else body.decode("utf-8", "surrogatepass"),))
        self._is_mute = is_sound
        error = refusal(plan, guard.findings)
        blocked = turns.block(error.code, guard.findings, None, len(request.raw))
        message = render_error(error, blocked.request_id, plan.version, self._new_event_id(), request.body.get("event_id"))
        return Passage(client=(message.decode(),))
