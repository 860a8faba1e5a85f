"""Traffic whose languages change."""

from collections.abc import Iterable

import orjson

from detectors.series.drift import Settings
from detectors.series.observation import Observation
from detectors.series.reference import Reference
from gateway.watch.drift.roster import Limits, Roster
from tests.gateway.watch.records import NOW, record

LEAST = 200
CHANGE = 400
"""The exchange from which on it is other than usual."""
SETTINGS = Settings(Reference("period", LEAST, 1000, NOW - 1e6, NOW + 300), exchanges_per_false_alarm=100_000)
KEY = ("shop", "gpt-4o", "chat")


def language(number: int) -> str:
    return "en" if number % 4 else "de"


def observation(number: int, said: str | None = None, key: tuple[str, ...] = KEY) -> Observation:
    return Observation(f"req_{number}", key, NOW + number, categorical={"input.language": said or language(number)})


def exchange(number: int, said: str | None = None, **fields: object) -> dict:
    observed = {"input": {"chars": 20, "language": said or language(number), "script": "latin"}}
    return record(number, observed=observed, **fields)


def exchanges(numbers: Iterable[int]) -> bytes:
    """Lines of a journal, of another language from ``CHANGE`` on."""
    return b"".join([orjson.dumps(exchange(number, "fr" if number >= CHANGE else None)) + b"\n" for number in numbers])


def roster(limits: Limits | None = None, features: frozenset[str] = frozenset({"input.language"})) -> Roster:
    return Roster(SETTINGS, limits, features)


def drifted(limits: Limits | None = None) -> Roster:
    """One that has seen the change."""
    made = roster(limits)
    for number in range(700):
        made.update(observation(number, "fr" if number >= CHANGE else None))
    return made
