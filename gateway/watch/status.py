"""How the watch is: a small file, replaced whole, by which everybody else knows."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

NAME = "watch.json"
READER_NAME = "watch-reader.json"
"""Of a watch that keeps what others have sent."""
MAX_BYTES = 4096
DRIFT_NAME = "drift.json"
"""By which everybody else knows what is known of drift."""
MAX_DRIFT_BYTES = 16 << 20
BIAS_NAME = "bias.json"
"""And of bias."""
ALIVE_S = 10.0
"""A watch that has said nothing for longer is not counted as alive."""


class Status(NamedTuple):
    """``ts`` is when it was said, in seconds since 1970; the counts are since the watch's start."""

    ts: float = -math.inf
    pid: int = 0
    lag_bytes: float = 0
    lag_records: float = 0
    kept: float = 0
    known: float = 0
    unreadable: float = 0
    store_errors: float = 0
    store_rebuilt: float = 0
    missed_bytes: float = 0
    otlp_sent: float = 0
    otlp_dropped: float = 0
    otlp_errors: float = 0
    otlp_lag_bytes: float = 0
    drift_keys: float = 0
    drift_begun: float = 0
    drift_evicted: float = 0
    drift_errors: float = 0
    bias_errors: float = 0
    incidents_open: float = 0
    incidents_opened: float = 0
    incident_errors: float = 0
    asks_refused: float = 0

    def is_alive(self, now: float) -> bool:
        return abs(now - self.ts) <= ALIVE_S


NOTHING = Status()


def render(pid: int, figures: Mapping[str, float]) -> bytes:
    return orjson.dumps({"pid": pid, **figures})


def parse(content: bytes) -> Status:
    """What cannot be read is as if nothing had been said."""
    try:
        said = orjson.loads(content)
    except orjson.JSONDecodeError:
        return NOTHING
    if not isinstance(said, dict):
        return NOTHING
    known: dict[str, Any] = {name: value for name, value in said.items() if name in Status._fields and isinstance(value, int | float)}
    return Status(**known)
