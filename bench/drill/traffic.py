"""Simulated users of several applications, who ask at a rate of their own whatever becomes of it; how they ask is switched meanwhile."""

import asyncio
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from bench.drill.corpus import SYSTEMS, asked, card, injected, named, personal

MAX_WAITING = 300
_TIMEOUT_S = 20.0
_TENANTS = 2000


@dataclass(slots=True)
class Manners:
    """How the users of an application ask; shares are of their requests. Whoever holds them may change them at any time."""

    per_s: float
    corpus: str
    model: str
    streaming: float = 0.5
    personal: float = 0.08
    cards: float = 0.0
    named: float = 0.0
    keeping: float = 0.0
    """By the Responses API, in conversations that the endpoint keeps."""
    injecting: float = 0.0
    system: str = ""
    wordy: float = 0.0
    """Answers wanted at full length."""
    again: int = 0
    """How often a request that failed is sent again at once."""
    loop_per_s: float = 0.0
    """One tenant that sends the same over and over."""


def usual(per_s: float) -> dict[str, Manners]:
    """All applications', of together so many requests a second."""
    return {
        "support-bot": Manners(0.34 * per_s, "support", "gpt-4o"),
        "shop": Manners(0.28 * per_s, "shop", "gpt-4o"),
        "coder": Manners(0.22 * per_s, "code", "gpt-4o-mini", streaming=0.8, personal=0.02),
        "hr-desk": Manners(0.16 * per_s, "people", "gpt-4o-mini", streaming=0.0, named=0.3, keeping=0.3),
    }


def key_of(app: str) -> str:
    return f"drill-key-of-{app}"


@dataclass(slots=True)
class Answers:
    """By status; 0: none came."""

    by_status: dict[int, int] = field(default_factory=dict)
    left_out: int = 0
    """Not sent, as so many were waiting already."""

    def note(self, status: int) -> None:
        self.by_status[status] = self.by_status.get(status, 0) + 1


class Traffic:
    """Runs until it is cancelled."""

    def __init__(self, url: str, manners: Mapping[str, Manners], chance: random.Random) -> None:
        self.manners = manners
        self.answers = Answers()
        self._url = url
        self._chance = chance
        self._waiting: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        timeout = aiohttp.ClientTimeout(total=_TIMEOUT_S)
        async with aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=0)) as session:
            try:
                async with asyncio.TaskGroup() as group:
                    for app in self.manners:
                        group.create_task(self._users(session, app))
                        group.create_task(self._tenant(session, app))
            finally:
                for task in self._waiting:
                    task.cancel()
                await asyncio.gather(*self._waiting, return_exceptions=True)

    async def _users(self, session: aiohttp.ClientSession, app: str) -> None:
        """As many as come by chance (Poisson); none while the rate is 0."""
        while True:
            rate = self.manners[app].per_s
            await asyncio.sleep(min(self._chance.expovariate(rate), 5.0) if rate > 0 else 0.5)
            if rate > 0:
                self._send(session, app, self._asking(app))

    async def _tenant(self, session: aiohttp.ClientSession, app: str) -> None:
        said = self._asking(app)
        while True:
            rate = self.manners[app].loop_per_s
            await asyncio.sleep(1 / rate if rate > 0 else 0.5)
            if rate > 0:
                self._send(session, app, said, "tenant-loop")

    def _send(self, session: aiohttp.ClientSession, app: str, said: str, tenant: str = "") -> None:
        if len(self._waiting) >= MAX_WAITING:
            self.answers.left_out += 1
            return
        task = asyncio.get_running_loop().create_task(self._ask(session, app, said, tenant))
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    async def _ask(self, session: aiohttp.ClientSession, app: str, said: str, tenant: str) -> None:
        path, body = self._body(app, said)
        tenant = tenant or f"tenant-{self._chance.randrange(_TENANTS)}"
        headers = {"Authorization": f"Bearer {key_of(app)}", "Content-Type": "application/json", "x-oddgate-user": tenant}
        for _ in range(1 + self.manners[app].again):
            status = await self._once(session, path, body, headers)
            self.answers.note(status)
            if 0 < status < 500:
                return

    async def _once(self, session: aiohttp.ClientSession, path: str, body: bytes, headers: Mapping[str, str]) -> int:
        try:
            async with session.post(self._url + path, data=body, headers=headers) as response:
                await response.read()
                return response.status
        except (aiohttp.ClientError, TimeoutError):
            return 0

    def _asking(self, app: str) -> str:
        manners, chance = self.manners[app], self._chance
        said = injected(chance) if chance.random() < manners.injecting else asked(manners.corpus, chance)
        for share, more in ((manners.personal, personal), (manners.cards, card), (manners.named, named)):
            if chance.random() < share:
                said += more(chance)
        return f"{said} Explain it at full length." if chance.random() < manners.wordy else said

    def _body(self, app: str, said: str) -> tuple[str, bytes]:
        manners = self.manners[app]
        system = manners.system or SYSTEMS[app]
        if self._chance.random() < manners.keeping:
            earlier = f"resp_{self._chance.randrange(200):016x}"
            kept = {"model": manners.model, "instructions": system, "input": said, "previous_response_id": earlier}
            return "/v1/responses", json.dumps(kept).encode()
        messages = [{"role": "system", "content": system}, {"role": "user", "content": said}]
        body: dict[str, Any] = {"model": manners.model, "messages": messages}
        if self._chance.random() < manners.streaming:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        return "/v1/chat/completions", json.dumps(body).encode()
