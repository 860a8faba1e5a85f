"""The course of an exchange in time: what the guards took, and each attempt to have it answered."""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.wire.model import Json

MAX_ATTEMPTS = 64
"""The last stands for all that come after it."""


@dataclass(slots=True)
class Stage:
    """What the guards did with a request (``input``), or with an answer: whole (``output``) or as it came (``stream``).

    From the first time to the last, of which they were busy for ``busy_s``. Times are seconds of the exchange's clock.
    """

    name: str
    begin: float
    end: float
    busy_s: float


@dataclass(slots=True)
class Attempt:
    """One call of an upstream, with the span that it was told. ``end`` is when the last of its answer came; None: nothing has come yet.

    ``status`` is 0 and ``error`` empty where the exchange ended before anything was known. ``pause_s``: the longest wait between two parts
    of its answer.
    """

    span_id: str
    upstream: str
    begin: float
    end: float | None = None
    first: float | None = None
    status: int = 0
    error: str = ""
    pause_s: float = 0.0


def render_stages(stages: Sequence[Stage], start: float, actions: Sequence[str], findings: Sequence[int]) -> list[Json]:
    """Times in milliseconds since the exchange's start. ``actions`` and ``findings``: what came of the request, and of the answer."""
    return [
        {
            "stage": stage.name,
            "at": _since(start, stage.begin),
            "ms": _since(stage.begin, stage.end),
            "busy": _since(0.0, stage.busy_s),
            "action": actions[stage.name != "input"],
            "findings": findings[stage.name != "input"],
        }
        for stage in stages
    ]


def render_attempts(attempts: Sequence[Attempt], start: float, end: float) -> list[Json]:
    return [
        {
            "span": attempt.span_id,
            "upstream": attempt.upstream,
            "at": _since(start, attempt.begin),
            "ms": _since(attempt.begin, end if attempt.end is None else attempt.end),
            "first": None if attempt.first is None else _since(attempt.begin, attempt.first),
            **({"pause": _since(0.0, attempt.pause_s)} if attempt.pause_s else {}),
            "status": attempt.status or None,
            "error": attempt.error or None,
        }
        for attempt in attempts
    ]


def _since(begin: float, end: float) -> float:
    """In milliseconds. Rounding to microseconds by hand takes a fraction of what ``round`` does."""
    return int((end - begin) * 1e6 + 0.5) / 1e3 if end > begin else 0.0
