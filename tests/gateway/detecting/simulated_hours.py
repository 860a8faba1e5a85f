"""Hours of simulated traffic of a few applications, second by second, and a finder that reads their records as the watch does."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from gateway.detecting.exchanges import Exchanges
from gateway.incidents.symptom import Symptom

NOW = 1_795_000_000.0
SAID = {"rule": "pii", "kind": "pii.EMAIL_ADDRESS", "action": "tokenize", "shadow": False, "why": "match"}
FAILED = {"status": 502, "outcome": "upstream_unreachable", "upstream": None, "answer": {}}


@dataclass(frozen=True)
class App:
    name: str
    model: str
    upstream: str
    rate: float
    """Exchanges in a second."""


APPS = (App("shop", "m-1", "near", 4.0), App("desk", "m-1", "near", 3.0), App("bot", "m-2", "far", 5.0), App("hr", "m-2", "far", 0.8))


@dataclass
class Fault:
    """Of some exchanges: a part of those with these names, and what their records say instead. ``rates``: times as much traffic, by app."""

    fields: dict = field(default_factory=dict)
    where: dict = field(default_factory=dict)
    part: float = 1.0
    slower: float = 1.0
    rates: dict = field(default_factory=dict)

    def hits(self, app: App, rng: random.Random) -> bool:
        if not self.fields and self.slower == 1:
            return False
        return all(getattr(app, name) == value for name, value in self.where.items()) and rng.random() < self.part


def record(number: int, at: float, rng: random.Random | None = None, of: App = APPS[0], **fields: object) -> dict:
    """Of an exchange that ended at that time, and went well."""
    rng = rng or random.Random(number)
    ms = rng.lognormvariate(6, 0.5) * float(fields.pop("slower", 1.0))
    tokens = int(rng.lognormvariate(4, 0.6)) + 1
    said = {
        "v": 1, "ts": at - ms / 1000, "request_id": f"req_{number}", "trace": {"id": f"{number:032x}"}, "route": "/v1/chat/completions",
        "app": of.name, "surface": "chat", "model": of.model, "stream": True, "decision": "allow", "outcome": "completed", "status": 200,
        "upstream": of.upstream, "attempts": [{"upstream": of.upstream, "ms": ms, "first": ms / 3, "status": 200, "error": None}],
        "findings": [SAID] if rng.random() < 0.2 else [], "tokens": {"input": int(rng.lognormvariate(5, 0.5)) + 1, "output": tokens},
        "answer": {"model": of.model, "finish": ["stop"]}, "cost_usd": tokens * 1e-5,
        "timings_ms": {"total": ms, "overhead": 2.0, "guards": rng.lognormvariate(0.5, 0.3), "upstream": ms},
    }  # fmt: skip
    return {**said, **fields}


def traffic(
    since: float, seconds: float, seed: int = 1, fault: Fault | None = None, busy: Callable[[float], float] = lambda _: 1.0
) -> Iterator[tuple[float, list[dict]]]:
    """Of a thousand exchanges three fail."""
    rng = random.Random(seed)
    number = int(since)
    for second in range(int(seconds)):
        at, found = since + second, []
        for app in APPS:
            rate = app.rate * busy(at) * (fault.rates.get(app.name, 1.0) if fault else 1.0)
            for _ in range(sum(rng.random() < rate / 40 for _ in range(40))):
                number += 1
                said: dict = dict(FAILED) if rng.random() < 0.003 else {}
                if fault and fault.hits(app, rng):
                    said = {**fault.fields, "slower": fault.slower}
                found.append(record(number, at + rng.random(), rng, app, **said))
        yield at + 1, found


def read(finder: Exchanges, seconds: Iterator[tuple[float, list[dict]]]) -> list[Symptom]:
    """What the finder tells of them, tick by tick."""
    told: list[Symptom] = []
    for at, records in seconds:
        for each in records:
            told += finder.take(each)
        told += finder.tick(at)
    return told
