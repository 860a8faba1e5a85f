"""Lines of a journal, as the gateway writes them."""

import orjson

from gateway.guard.outcome import Findings
from gateway.telemetry.record import Exchange, render

NOW = 1_795_000_000.0


def record(number: int, **fields) -> dict:
    """An exchange so many seconds after ``NOW``."""
    exchange = Exchange(f"req_{number:024x}", NOW + number, 1.0, app="shop", surface="chat", model="gpt-4o", end=1.5, status=200)
    exchange.request = Findings()
    exchange.policy = "default@0123456789ab"
    return {**render(exchange), **fields}


def line(number: int, **fields) -> bytes:
    return orjson.dumps(record(number, **fields)) + b"\n"


def feedback(number: int, label: str, ts: float = NOW, **fields) -> bytes:
    said = {"v": 1, "kind": "feedback", "ts": ts, "request_id": f"req_{number:024x}", "app": "shop", "label": label, **fields}
    return orjson.dumps(said) + b"\n"
