"""How well a scope is kept: what is told apart, what is refused wrongly, what it costs. Pure, given labelled texts and the clock.

A draw allows some intents of a data set, known by a few examples each, and judges other texts of theirs, texts of the other intents, and
out-of-scope texts where the set has them. Texts that say nothing ("yes", "thank you") are of every topic, whatever a set calls them: they
are left out. The choice is drawn from hashes, so it is the same on every run.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from detectors.text.turns import own_words, parts, with_context

OUT_OF_SCOPE = "oos"
REFUSALS = (0.01, 0.02, 0.05)
RECALL = 0.95
MAX_ALLOWED = 10
MAX_JUDGED = 200
"""Texts of each kind in a draw."""

SENTENCES = (1, 2, 3, 5, 10)
MAX_LONG = 100
"""Turns of several sentences."""
_STRIDE = 7

FOLLOW_UPS = (
    "and tomorrow?", "what about the other one?", "yes please", "no, the first one", "how much?", "why?", "thanks", "ok do it", "when?",
    "can you repeat that?", "how long will it take?", "and next week?", "can i change it later?", "tell me more", "same for my wife",
    "what else?",
)  # fmt: skip

Clock = Callable[[], int]
"""Processor time in nanoseconds."""


class Judge(Protocol):
    judged: int
    encoded: int

    def chances(self, units: Sequence[str]) -> list[float]: ...


@dataclass(frozen=True, slots=True)
class Row:
    text: str
    intent: str
    is_known: bool
    """Whether examples may be taken of it; it is judged otherwise."""


@dataclass(frozen=True, slots=True)
class Draw:
    examples: Mapping[str, Sequence[str]]
    inside: Sequence[str]
    others: Sequence[str]
    out_of_scope: Sequence[str]


def draws(rows: Sequence[Row], per_topic: int, count: int) -> Iterator[Draw]:
    """``count`` draws of some intents, ``per_topic`` examples of each."""
    intents = sorted({row.intent for row in rows} - {OUT_OF_SCOPE})
    for turn in range(count):
        allowed = set(_drawn(intents, f"{turn} intents", min(MAX_ALLOWED, (len(intents) + 1) // 2)))
        known = {intent: [row.text for row in rows if row.is_known and row.intent == intent] for intent in sorted(allowed)}
        judged = _judged(rows)
        yield Draw(
            {intent: _drawn(texts, f"{turn} examples", per_topic) for intent, texts in known.items()},
            _drawn((row.text for row in judged if row.intent in allowed), f"{turn} inside", MAX_JUDGED),
            _drawn((row.text for row in judged if row.intent not in allowed | {OUT_OF_SCOPE}), f"{turn} others", MAX_JUDGED),
            _drawn((row.text for row in judged if row.intent == OUT_OF_SCOPE), f"{turn} oos", MAX_JUDGED),
        )


def everything(rows: Sequence[Row]) -> Draw:
    """All intents allowed, all known texts as examples; only for sets that have out-of-scope texts."""
    known: dict[str, list[str]] = {}
    for row in rows:
        if row.is_known and row.intent != OUT_OF_SCOPE:
            known.setdefault(row.intent, []).append(row.text)
    judged = _judged(rows)
    inside = [row.text for row in judged if row.intent != OUT_OF_SCOPE]
    return Draw(known, inside, (), [row.text for row in judged if row.intent == OUT_OF_SCOPE])


def _judged(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if not row.is_known and parts(row.text)]


def _drawn(items: Iterable[str], salt: str, count: int) -> list[str]:
    return sorted(items, key=lambda item: hashlib.sha256(f"{salt}{item}".encode()).digest())[:count]


def figures(inside: Sequence[float], outside: Sequence[float]) -> dict[str, float]:
    """Of chances: small is outside."""
    allowed, stopped = 1 - np.array(inside), 1 - np.array(outside)
    found = {"auroc": _auroc(allowed, stopped), "fpr_at_95_recall": float((allowed >= np.quantile(stopped, 1 - RECALL)).mean())}
    for refusal in REFUSALS:
        found[f"recall_at_{refusal:.0%}_refused"] = float((stopped > np.quantile(allowed, 1 - refusal)).mean())
    return {name: round(value, 4) for name, value in found.items()}


def _auroc(allowed: "np.ndarray", stopped: "np.ndarray") -> float:
    """The share of pairs in the right order, ties as half."""
    ordered = np.sort(allowed)
    below, upto = np.searchsorted(ordered, stopped, side="left"), np.searchsorted(ordered, stopped, side="right")
    return float((below + upto).mean() / 2 / len(allowed))


def held(inside: Sequence[float]) -> dict[str, float]:
    """How often allowed texts are refused when a policy accepts so many false alarms."""
    return {f"refused_at_max_fpr_{rate:g}": round(float((np.array(inside) <= rate).mean()), 4) for rate in REFUSALS}


def turns(judge: Judge, draw: Draw, max_fpr: float = 0.05) -> dict[str, float]:
    """What more than one sentence, and more than one turn, does to the verdict."""

    def refused(units: Sequence[str]) -> float:
        return round(float((np.array(judge.chances(units)) <= max_fpr).mean()), 4)

    inside, outside = draw.inside, draw.out_of_scope or draw.others
    pairs = [*zip(inside, outside, strict=False)]
    asked = [with_context([text], FOLLOW_UPS[at % len(FOLLOW_UPS)]) for at, text in enumerate(inside)]
    return {
        "follow_ups_refused": refused(asked),
        "follow_ups_without_context_refused": refused([FOLLOW_UPS[at % len(FOLLOW_UPS)] for at in range(len(inside))]),
        "inside_word_after_inside_refused": refused(_words_after(inside, inside[::-1])),
        "outside_word_after_inside_caught": refused(_words_after(inside, outside)),
        "outside_after_inside_caught": refused([with_context([first], second) for first, second in pairs]),
        "greeting_and_inside_refused": refused([f"Hello, good morning. {text}" for text in inside]),
        **{f"{count}_inside_refused": refused(_in_a_row(inside, count)) for count in SENTENCES},
        **{f"{count}_outside_caught": refused(_in_a_row(outside, count)) for count in SENTENCES},
        **{f"{count}_inside_and_1_outside_caught": refused(_behind(inside, outside, count)) for count in SENTENCES},
    }


def _words_after(before: Sequence[str], texts: Sequence[str]) -> list[str]:
    """A turn that says one word, the longest of another text, after a whole one."""
    words = (max(own_words(text), key=len, default="") for text in texts)
    return [with_context([first], f"And {word}?") for first, word in zip(before, words, strict=False) if word]


def _in_a_row(texts: Sequence[str], count: int) -> list[str]:
    """Turns of ``count`` sentences."""
    return [". ".join(texts[(at + step * _STRIDE) % len(texts)] for step in range(count)) for at in range(min(MAX_LONG, len(texts)))]


def _behind(inside: Sequence[str], outside: Sequence[str], count: int) -> list[str]:
    return [f"{before}. {text}" for before, text in zip(_in_a_row(inside, count), outside, strict=False)]


def timed(judge: Judge, texts: Sequence[str], clock: Clock) -> tuple[list[float], list[float], float]:
    """Of each text by itself: its chance, its microseconds; and the share of texts that the cheap tier settled."""
    chances, times = [], []
    judged, encoded = judge.judged, judge.encoded
    for text in texts:
        before = clock()
        chances += judge.chances([text])
        times.append((clock() - before) / 1000)
    settled = 1 - (judge.encoded - encoded) / max(1, judge.judged - judged)
    return chances, times, settled
