"""What became of one exchange, and whom it was about: what disparities are told from. No text."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outcome:
    """One exchange. What is not known is None or left out, and counts for nothing."""

    ts: float
    id: str
    app: str
    stratum: str
    """What else decides outcomes, and is to be held equal: a topic, a template, a model."""

    groups: Mapping[str, str]
    """By attribute: the group that the application's label says, or the only one that the text mentions."""

    rates: Mapping[str, bool | None]
    """By name: whether the adverse thing happened (blocked, refused)."""

    numbers: Mapping[str, float | None]
    """By name (characters, sentiment, milliseconds)."""

    source: str | None = None
    """A fingerprint of the end user or the conversation, where there is one: much of one source in a minute is not all counted."""
