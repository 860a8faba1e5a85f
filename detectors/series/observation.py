"""What the watch knows of one exchange: numbers, categories and buckets, and no text.

A feature's name says which side of the exchange it is of, then what it is: ``input.tokens``, ``template.fingerprint``, ``output.length``
(what was answered; how long that took is ``upstream.latency_ms``), ``detector.pii``, ``policy.verdict``, ``label.correct``. What is not
there, or is None, is missing; missing is not zero.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

_NONE: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Observation:
    """One exchange."""

    id: str
    key: tuple[str, ...] = ()
    """Whose traffic it is: app, model, route."""
    ts: float | None = None
    """Seconds since 1970, by the clock of who recorded it."""
    source: str | None = None
    """A fingerprint of the end user or the conversation, where there is one; never the app's own key, of which everything comes."""
    numeric: Mapping[str, float | None] = field(default_factory=lambda: _NONE)
    categorical: Mapping[str, str | None] = field(default_factory=lambda: _NONE)
    sketches: Mapping[str, int | None] = field(default_factory=lambda: _NONE)
    """Buckets of texts, below ``BUCKETS``; neighbours are alike (see ``text.word_groups``)."""
    is_answered: bool = True
    """By a model: there is one of the name that was asked for."""


BUCKETS = 128


def side(name: str) -> str:
    """The part before the first dot; all of it where there is none."""
    return name.partition(".")[0]
