"""Records of exchanges whose steps take their time, by chance that is the same each time."""

import random
from collections.abc import Iterator
from typing import Any

START = 1_795_000_000.0


def record(at: float, number: int, chance: random.Random, *, slower: float = 1.0, pause_ms: float = 20.0, **fields: Any) -> dict[str, Any]:
    """Of a streamed answer that ended at ``at``, whose first part came ``slower`` times as late as it does."""
    first, rest = 300 * slower * chance.lognormvariate(0, 0.3), 800 * chance.lognormvariate(0, 0.3)
    total = first + rest + 10
    said = {
        "v": 1, "request_id": f"req_{number:024x}", "ts": at - total / 1000, "app": "shop", "model": "gpt", "route": "/v1/chat/completions",
        "trace": {"id": f"{number:032x}", "span": "1" * 16, "parent": "", "flags": 1}, "decision": "allow", "status": 200, "stream": True,
        "tokens": {"input": 50, "output": 40},
        "stages": [{"stage": "input", "at": 0.1, "ms": 3.0, "busy": 3.0}, {"stage": "stream", "at": 300.0, "ms": rest, "busy": 2.0}],
        "attempts": [
            {"span": "2" * 16, "upstream": "near", "at": 5.0, "ms": first + rest, "first": first,
             "pause": pause_ms * chance.lognormvariate(0, 0.2), "status": 200, "error": None}
        ],
        "timings_ms": {"total": total, "overhead": 7.0, "guards": 5.0, "upstream": first + rest, "first_byte": first},
    }  # fmt: skip
    return said | fields


def records(seconds: float, after_s: float = 0.0, each_s: int = 3, seed: int = 1, **fields: Any) -> Iterator[dict[str, Any]]:
    """So many in a second, so long after ``START``."""
    chance = random.Random(f"{seed} {after_s}")
    for number in range(int(seconds * each_s)):
        yield record(START + after_s + number / each_s, number + int(after_s * each_s), chance, **fields)


def failed(code: str = "upstream_unreachable") -> dict[str, Any]:
    """What is other of one that no upstream answered."""
    attempt = {"span": "2" * 16, "upstream": "near", "at": 5.0, "ms": 3.0, "first": None, "status": None, "error": code}
    return {"status": 502, "attempts": [attempt], "tokens": {"input": None, "output": None}}
