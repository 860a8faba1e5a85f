"""Simulated traffic of labelled texts, with and without drift: what an application's exchanges look like to the watch. Chance is seeded.

Fifteen features. The mix of topics follows the time of day, and so do the share that is blocked, and the latency. What cannot be had from
texts alone (verdicts, answers, templates, languages) is drawn.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from detectors.series.observation import Observation

MONDAY = 4 * 86_400.0
DAY_S = 86_400.0

_CYCLE = 0.5
_LANGUAGES = (("en", 0.8), ("es", 0.1), ("de", 0.06), ("fr", 0.04))
_TEMPLATES = (("t1", 0.5), ("t2", 0.25), ("t3", 0.15), ("t4", 0.07), ("t5", 0.03))
_TOOLS = (("none", 0.7), ("search", 0.15), ("account", 0.1), ("mail", 0.05))
_FINISHES = (("stop", 0.93), ("length", 0.05), ("tool_calls", 0.02))
_LONG = 6
_NEW_LANGUAGE, _NEW_TEMPLATE = "it", "t9"


@dataclass(frozen=True, slots=True)
class Text:
    """What is kept of a text."""

    bucket: int | None
    characters: int
    unknown: float | None = None
    """The share of words that are in no group."""


@dataclass(frozen=True, slots=True)
class Change:
    """What is other from some exchange on. Shares are of all exchanges; times, of what is usual."""

    new_topic: float = 0.0
    language: float = 0.0
    length: float = 0.0
    template: float = 0.0
    blocked: float = 0.01
    refused: float = 0.03
    silent_pii: bool = False
    answer_times: float = 1.0


NOTHING = Change()


@dataclass(frozen=True, slots=True)
class Traffic:
    """Of one key: its usual topics, and one that is new to it."""

    topics: Mapping[str, Sequence[Text]]
    new: Sequence[Text] = field(default_factory=tuple)
    per_day: int = 10_000
    sources: int = 0
    """End users; 0: nobody knows them."""

    def stream(self, start: int, count: int, seed: str, change: Change = NOTHING) -> Iterator[Observation]:
        """Exchanges from the one with that number on."""
        chance = Random(seed)  # noqa: S311 a simulation
        names = sorted(self.topics)
        for number in range(start, start + count):
            ts = MONDAY + number * DAY_S / self.per_day
            hour = 2 * math.pi * ts / DAY_S
            yield self._exchange(number, ts, hour, chance, names, change)

    def _exchange(self, number: int, ts: float, hour: float, chance: Random, names: Sequence[str], change: Change) -> Observation:
        text = self._text(hour, chance, names, change)
        words = text.characters / 4 * (_LONG if chance.random() < change.length else 1)
        language = _NEW_LANGUAGE if chance.random() < change.language else _pick(_LANGUAGES, chance.random())
        template = _NEW_TEMPLATE if chance.random() < change.template else _pick(_TEMPLATES, chance.random())
        answer = chance.lognormvariate(5, 0.8) * change.answer_times
        has_pii = chance.random() < 0.04 and not change.silent_pii
        is_blocked = chance.random() < change.blocked * math.exp(0.3 * math.sin(hour))
        latency = chance.lognormvariate(6.5, 0.4) * math.exp(0.2 * math.sin(hour)) + answer * 8
        return Observation(
            id=f"x{number}",
            ts=ts,
            source=f"user {chance.randrange(self.sources)}" if self.sources else None,
            numeric={
                "input.characters": words * 4,
                "input.tokens": int(words) + 40,
                "input.turns": 1 + int(chance.expovariate(0.7)),
                "output.tokens": int(answer),
                "upstream.latency_ms": latency,
                "cost.usd": words * 1e-6 + answer * 4e-6,
                "detector.injection": chance.betavariate(1, 20),
            },
            categorical={
                "input.language": language,
                "template.fingerprint": template,
                "output.finish": _pick(_FINISHES, chance.random()),
                "output.refused": "yes" if chance.random() < change.refused else "no",
                "output.tool": _pick(_TOOLS, chance.random()),
                "detector.pii": "found" if has_pii else "none",
                "policy.verdict": "block" if is_blocked else "redact" if has_pii else "allow",
            },
            sketches={"input.topics": text.bucket},
        )

    def _text(self, hour: float, chance: Random, names: Sequence[str], change: Change) -> Text:
        if chance.random() < change.new_topic:
            return self.new[chance.randrange(len(self.new))]
        top = math.exp(_CYCLE)
        while True:  # each topic has its hour
            at = chance.randrange(len(names))
            if chance.random() * top < math.exp(_CYCLE * math.sin(hour + 2 * math.pi * at / len(names))):
                texts = self.topics[names[at]]
                return texts[chance.randrange(len(texts))]


def _pick(shares: Sequence[tuple[str, float]], drawn: float) -> str:
    for value, share in shares:
        drawn -= share
        if drawn < 0:
            return value
    return shares[-1][0]
