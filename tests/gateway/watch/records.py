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


def traced(number: int, **fields) -> dict:
    """An exchange that was guarded and answered, in a trace of its own."""
    found = {
        "rule": "pii", "kind": "pii.EMAIL_ADDRESS", "place": "messages.0.content", "scope": "user", "start": 9, "end": 32, "score": 0.95,
        "action": "tokenize", "shadow": False, "why": "match", "fingerprint": "6c1f0a2b3c4d5e6f",
    }  # fmt: skip
    late = {
        **found,
        "rule": "later",
        "kind": "toxicity",
        "scope": "output",
        "shadow": True,
        "why": "timeout",
        "score": 0.0,
        "action": "flag",
    }
    said = {
        "trace": {"id": f"{number + 1:032x}", "span": f"{number + 1:016x}", "parent": "b7ad6b7169203331", "flags": 1},
        "method": "POST", "route": "/v1/chat/completions", "upstream": "openai", "decision": "redact", "rules": ["pii"],
        "findings": [found, late], "tokens": {"input": 7, "output": 9}, "asked": {"messages": 1, "max_tokens": 50.0, "temperature": 0.5},
        "stages": [
            {"stage": "input", "at": 0.25, "ms": 1.5, "busy": 1.25, "action": "tokenize", "findings": 1},
            {"stage": "stream", "at": 300.0, "ms": 190.0, "busy": 2.0, "action": "allow", "findings": 1},
        ],
        "attempts": [
            {
                "span": f"1{number + 1:015x}", "upstream": "near", "at": 2.0, "ms": 1.0, "first": None, "status": None,
                "error": "upstream_unreachable",
            },
            {"span": f"{number + 1:016x}"[::-1], "upstream": "openai", "at": 3.5, "ms": 480, "first": 290.0, "status": 200, "error": None},
        ],
        "stream": True,
    }  # fmt: skip
    return record(number, **(said | fields))
