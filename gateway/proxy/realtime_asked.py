"""A client's side of a realtime session: each of its events is guarded like a request, and what is blocked goes nowhere."""

from collections.abc import Callable
from dataclasses import dataclass

from gateway.errors import BadRequest, PolicyViolation
from gateway.guard.request import RequestGuard
from gateway.guard.tokens import Tokens
from gateway.proxy.parts import Parts
from gateway.proxy.realtime_turns import Turns
from gateway.proxy.scanning import review
from gateway.wire.model import Kind, Request
from gateway.wire.openai.realtime import render_error
from gateway.wire.openai.realtime_requests import read_client_event
from policies.verdict import Action


@dataclass(frozen=True, slots=True)
class Passage:
    """What comes of an event: messages for the upstream, messages for the client."""

    upstream: tuple[str, ...] = ()
    client: tuple[str, ...] = ()


class ClientEvents:
    """``new_event_id`` makes ids for events of our own."""

    def __init__(self, parts: Parts, turns: Turns, tokens: Tokens, model: str, new_event_id: Callable[[], str]) -> None:
        self._parts = parts
        self._turns = turns
        self._tokens = tokens
        self._model = model
        self._new_event_id = new_event_id
        self._is_mute = False  # its sound is blocked, which was said once

    async def take(self, text: str) -> Passage:
        """Raises Unavailable."""
        raw = text.encode("utf-8", "surrogatepass")
        try:
            request = read_client_event(raw, self._model)
        except BadRequest as error:
            turn = self._turns.turn
            message = render_error(error, turn.request_id, turn.policy, self._new_event_id())
            return Passage(client=(message.decode(),))
        is_sound = not request.segments and all(part.kind is Kind.AUDIO for part in request.uninspectable) and request.uninspectable
        if is_sound and self._is_mute:
            return Passage()
        if is_sound and self._turns.has_sound:
            self._turns.turn.request_bytes += len(raw)
            return Passage(upstream=(text,))
        self._is_mute = False
        return await self._review(text, request, is_sound=bool(is_sound))

    async def _review(self, text: str, request: Request, *, is_sound: bool) -> Passage:
        parts, turns, plan = self._parts, self._turns, self._turns.plan
        begin = parts.clock()
        guard = RequestGuard(plan, request, parts.memos, self._tokens, turns.turn.app)
        await review(guard, parts.scans, parts.clock, plan.patience_s)
        action = guard.verdict()
        body = request.raw if action is Action.BLOCK else guard.body()
        turns.turn.guard_s += parts.clock() - begin
        if action is not Action.BLOCK:
            turns.note_asked(guard.findings, len(request.raw))
            turns.has_sound = turns.has_sound or is_sound
            return Passage(upstream=(text if body is request.raw else body.decode("utf-8", "surrogatepass"),))
        self._is_mute = is_sound
        blocked = turns.block(guard.findings, None, len(request.raw))
        violation = PolicyViolation(plan.policy.respond.message, guard.findings.rules(blocking_only=True), guard.findings.reasons())
        message = render_error(violation, blocked.request_id, plan.version, self._new_event_id(), request.body.get("event_id"))
        return Passage(client=(message.decode(),))
