"""The parts of a realtime session for tests: no sockets, small detectors, and records that are kept."""

import asyncio
import json
from collections.abc import Sequence
from itertools import count
from typing import Any

from detectors.contract import TextDetector
from gateway.guard.memo import Memo
from gateway.guard.request import Memos
from gateway.guard.scans import Answer, Job
from gateway.guard.tokens import Tokens
from gateway.proxy.apps import Caller
from gateway.proxy.measures import no_measures
from gateway.proxy.realtime_asked import ClientEvents
from gateway.proxy.realtime_told import ServerEvents
from gateway.proxy.realtime_turns import Turns
from gateway.proxy.shutdown import Shutdown
from gateway.telemetry.record import Exchange, render
from gateway.wire.tracing import Trace
from policies.subject import NO_SIGNALS
from tests.support.guards import DIGITS, KEY, MAILS, Names, plan, policy


class SessionParts:
    """See ``realtime_turns.Parts``. Jobs of the pool are answered by the detector that capitalised words are people to."""

    def __init__(
        self,
        *rules: Any,
        detectors: Sequence[TextDetector] = (DIGITS, MAILS),
        journal_fails: bool = False,
        pictures: Any = None,
        **keys: Any,
    ) -> None:
        self.plan = plan(policy(*rules, **keys), detectors)
        self.memos = Memos(Memo(KEY, 100_000), Memo(KEY, 100_000))
        self.key = KEY
        self.shutdown = Shutdown()
        self.scans = self
        self.records: list[dict[str, Any]] = []
        self.faults: list[Exception] = []
        self.chosen: list[tuple[object, str | None, str]] = []
        self.journal_fails = journal_fails
        self.pictures = pictures
        self.signals = lambda _: NO_SIGNALS
        self.measures = no_measures()
        self._ids, self._times, self._chances = count(), count(), count(1)

    def choose_plan(self, subject: object, named: str | None, request_id: str) -> Any:
        self.chosen.append((subject, named, request_id))
        return self.plan

    async def run(self, jobs: list[Job]) -> dict[Job, Answer]:
        return {job: tuple(Names.scan(unit) for unit in job.units) for job in jobs}

    def spawn(self, work: Any, name: str) -> "asyncio.Task[Any]":
        return asyncio.get_running_loop().create_task(work, name=name)

    def record(self, exchange: Exchange) -> None:
        if self.journal_fails:
            raise OSError
        self.records.append(render(exchange))

    def failed(self, exchange: Exchange, error: Exception) -> None:
        self.faults.append(error)

    def wall(self) -> float:
        return float(next(self._times))

    def clock(self) -> float:
        return next(self._times) / 1e6

    def chance(self, size: int) -> bytes:
        return next(self._chances).to_bytes(size, "big")

    def new_id(self) -> str:
        return f"req_{next(self._ids) + 1}"


class SessionTalk:
    """Both sides of one session."""

    def __init__(self, *rules: Any, max_bytes: int = 1 << 20, **keys: Any) -> None:
        self.parts = SessionParts(*rules, **keys)
        first = Exchange(
            "req_0", 0.0, 0.0, Trace("a" * 32, "b" * 16), surface="realtime", model="m", is_stream=True, upstream="mock", status=101
        )
        self.turns = Turns(self.parts, first, Caller("", None, is_known=False))
        self.tokens = Tokens(KEY, "")
        numbers = count()

        def new_event_id() -> str:
            return f"ours_{next(numbers)}"

        self.asked = ClientEvents(self.parts, self.turns, self.tokens, "m", new_event_id)
        self.told = ServerEvents(self.parts, self.turns, self.tokens, max_bytes, new_event_id)

    @property
    def records(self) -> list[dict[str, Any]]:
        return self.parts.records

    async def ask(self, event: Any) -> tuple[list[Any], list[Any]]:
        """What goes to the upstream and to the client."""
        passage = await self.asked.take(event if isinstance(event, str) else json.dumps(event))
        return [json.loads(text) for text in passage.upstream], [json.loads(text) for text in passage.client]

    async def tell(self, event: Any) -> tuple[list[Any], list[Any]]:
        """The same for an event of the endpoint's."""
        passage = await self.told.take(event if isinstance(event, str) else json.dumps(event))
        return [json.loads(text) for text in passage.upstream], [json.loads(text) for text in passage.client]

    async def hears(self, *events: Any) -> list[Any]:
        """All that the client is told of these events."""
        return [message for event in events for message in (await self.tell(event))[1]]


def say(text: str) -> dict[str, Any]:
    """An event by which a client says something."""
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
    return {"type": "conversation.item.create", "event_id": "mine", "item": item}


def answer(pieces: Sequence[str], name: str = "r") -> list[dict[str, Any]]:
    """The events of a response that says these pieces."""
    text = "".join(pieces)
    at = {"event_id": "e", "response_id": name, "item_id": f"item_{name}", "output_index": 0, "content_index": 0}
    item = {"id": f"item_{name}", "object": "realtime.item", "type": "message", "role": "assistant", "status": "in_progress", "content": []}
    whole = {**item, "status": "completed", "content": [{"type": "output_text", "text": text}]}
    response = {"id": name, "object": "realtime.response", "status": "in_progress", "output": []}
    usage = {"input_tokens": 10, "output_tokens": 2}
    return [
        {"type": "response.created", "event_id": "e", "response": response},
        {**at, "type": "response.output_item.added", "item": item},
        {**at, "type": "response.content_part.added", "part": {"type": "text", "text": ""}},
        *({**at, "type": "response.output_text.delta", "delta": piece} for piece in pieces),
        {**at, "type": "response.output_text.done", "text": text},
        {**at, "type": "response.content_part.done", "part": {"type": "text", "text": text}},
        {**at, "type": "response.output_item.done", "item": whole},
        {"type": "conversation.item.done", "event_id": "e", "previous_item_id": None, "item": whole},
        {"type": "response.done", "event_id": "e", "response": {**response, "status": "completed", "output": [whole], "usage": usage}},
    ]


def said(events: Sequence[Any]) -> str:
    """The text that the pieces among these events make."""
    return "".join(event["delta"] for event in events if event["type"].endswith("_text.delta"))
