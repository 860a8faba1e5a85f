"""What becomes of a delivery by what the channel answered: pure, so that an hour without a channel is a table in a test."""

from dataclasses import dataclass
from typing import TypeAlias

FIRST_WAIT_S, LONGEST_WAIT_S = 5.0, 300.0
GIVE_UP_S = 6 * 3600.0
_LATER = frozenset({408, 425, 429})
_GONE = 410
_LONGEST_ASKED_S = 3600.0


@dataclass(frozen=True, slots=True)
class Answer:
    """``retry_after_s``: what the channel has asked for."""

    status: int
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """``why``: in a word."""

    why: str


@dataclass(frozen=True, slots=True)
class Delivered:
    pass


@dataclass(frozen=True, slots=True)
class Retry:
    at: float


@dataclass(frozen=True, slots=True)
class Failed:
    """``is_gone``: the channel wants nothing more, ever."""

    why: str
    is_gone: bool = False


Outcome: TypeAlias = Answer | NoAnswer
Next: TypeAlias = Delivered | Retry | Failed


def next_attempt(attempts: int, first_at: float, outcome: Outcome, now: float, chance: float) -> Next:
    """``attempts``: those made, with this one; the first was at ``first_at``. ``chance``, from 0 to 1: so that not all come at once."""
    match outcome:
        case Answer(status) if 200 <= status < 300:
            return Delivered()
        case Answer(status) if status == _GONE:
            return Failed("gone", is_gone=True)
        case Answer(status) if status < 500 and status not in _LATER:
            return Failed(f"status {status}")
    if now - first_at >= GIVE_UP_S:
        return Failed("no answer for too long" if isinstance(outcome, NoAnswer) else f"status {outcome.status} for too long")
    longest_s = min(FIRST_WAIT_S * 2 ** min(attempts - 1, 20), LONGEST_WAIT_S)
    wait_s = longest_s * (0.5 + chance / 2)
    if isinstance(outcome, Answer) and outcome.retry_after_s is not None:
        wait_s = max(wait_s, min(outcome.retry_after_s, _LONGEST_ASKED_S))
    return Retry(now + wait_s)


def word(outcome: Outcome) -> str:
    return f"status {outcome.status}" if isinstance(outcome, Answer) else outcome.why
