"""A simulated service that applications use, which sends its own spans and log lines by OTLP; how it is doing is switched meanwhile."""

import asyncio
import random
import time
from dataclasses import dataclass
from typing import Any

import aiohttp

NAME = "retriever"
_TIMEOUT_S = 5.0


@dataclass(slots=True)
class Health:
    """Whoever holds it may change it at any time."""

    per_s: float = 4.0
    search_s: float = 0.03
    complaining: float = 0.0
    """The share of calls that write a line that was never written before."""


class Service:
    """Runs until it is cancelled."""

    def __init__(self, url: str, key: str, chance: random.Random) -> None:
        self.health = Health()
        self._url = url
        self._headers = {"Authorization": f"Bearer {key}"}
        self._chance = chance

    async def run(self) -> None:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_TIMEOUT_S)) as session:
            while True:
                await asyncio.sleep(1.0)
                calls = [self._call() for _ in range(max(1, round(self._chance.gauss(self.health.per_s, 1.0))))]
                await self._send(session, "/v1/traces", self._spans([span for spans, _ in calls for span in spans]))
                await self._send(session, "/v1/logs", self._logs([line for _, lines in calls for line in lines]))

    async def _send(self, session: aiohttp.ClientSession, path: str, export: dict[str, Any]) -> None:
        try:
            async with session.post(self._url + path, json=export, headers=self._headers) as response:
                await response.read()
        except (aiohttp.ClientError, TimeoutError):
            """As exporters do, it goes on."""

    def _call(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """A trace of three spans, and what was logged."""
        chance, health = self._chance, self.health
        search_s = health.search_s * chance.lognormvariate(0.0, 0.25)
        rank_s = 0.008 * chance.lognormvariate(0.0, 0.25)
        trace, root = f"{chance.getrandbits(128):032x}", f"{chance.getrandbits(64):016x}"
        begin = time.time() - search_s - rank_s - 0.004
        spans = [
            self._span(trace, root, "", "answer", begin, search_s + rank_s + 0.004),
            self._span(trace, "", root, "search", begin + 0.001, search_s),
            self._span(trace, "", root, "rank", begin + 0.002 + search_s, rank_s),
        ]
        lines = [self._line(trace, 9, f"{chance.randrange(3, 40)} documents found in shard {chance.randrange(8)}")]
        if chance.random() < 0.2:
            lines.append(self._line(trace, 9, f"cache missed for shard {chance.randrange(8)}"))
        if chance.random() < health.complaining:
            lines.append(self._line(trace, 17, f"index of shard {chance.randrange(8)} is corrupt at block {chance.randrange(9999)}"))
        return spans, lines

    def _span(self, trace: str, span: str, parent: str, name: str, begin: float, duration_s: float) -> dict[str, Any]:
        return {
            "traceId": trace, "spanId": span or f"{self._chance.getrandbits(64):016x}", "parentSpanId": parent, "name": name, "kind": 1,
            "startTimeUnixNano": str(int(begin * 1e9)), "endTimeUnixNano": str(int((begin + duration_s) * 1e9)), "status": {},
        }  # fmt: skip

    def _line(self, trace: str, severity: int, body: str) -> dict[str, Any]:
        now = str(int(time.time() * 1e9))
        return {"timeUnixNano": now, "severityNumber": severity, "body": {"stringValue": body}, "traceId": trace}

    def _spans(self, spans: list[dict[str, Any]]) -> dict[str, Any]:
        return {"resourceSpans": [{"resource": _RESOURCE, "scopeSpans": [{"scope": {"name": NAME}, "spans": spans}]}]}

    def _logs(self, lines: list[dict[str, Any]]) -> dict[str, Any]:
        return {"resourceLogs": [{"resource": _RESOURCE, "scopeLogs": [{"scope": {"name": NAME}, "logRecords": lines}]}]}


_RESOURCE = {"attributes": [{"key": "service.name", "value": {"stringValue": NAME}}]}
