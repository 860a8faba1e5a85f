"""What the gateway and its watch say of themselves, as states: the store fails, the journal cannot be written, a worker dies again and
again, what was written is not read.

Figures are counters that count something bad (``GROWS``), or levels (``ABOVE``), by the names of their metrics, with or without what all
of these begin and end with. What is in neither table is none of ours.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from gateway.detecting.facts import number
from gateway.incidents.symptom import About, Symptom, dimensions
from gateway.telemetry.observed import OWN

WINDOW_S = 120.0
_STEP_S = 10.0
_HOLDS_S = 30.0
"""A level that is too high for less is nobody's news."""
_MB = float(1 << 20)


class Figure(NamedTuple):
    """``part``: of the gateway. ``limit``: how many more within ``WINDOW_S``, or how high, is an incident."""

    part: str
    about: About
    limit: float
    says: str
    is_harm: bool = False


GROWS: Mapping[str, Figure] = {
    "store_errors": Figure("store", "telemetry", 3, "the store of exchanges fails; they wait in the journal"),
    "store_rebuilt": Figure("store", "telemetry", 1, "a damaged store was begun anew"),
    "missed_bytes": Figure("journal", "telemetry", 1, "journal was removed before it was read"),
    "unreadable": Figure("journal", "telemetry", 10, "lines of the journal are no records"),
    "journal_errors": Figure("journal", "errors", 3, "records cannot be written: exchanges are refused, or go on without", is_harm=True),
    "vault_errors": Figure("state", "other", 5, "the store of placeholders fails"),
    "worker_restarts": Figure("workers", "errors", 2, "workers die, and are started again"),
    "otlp_errors": Figure("collector", "telemetry", 5, "the collector takes no spans"),
    "drift_errors": Figure("drift", "telemetry", 3, "what is known of drift cannot be written down"),
    "bias_errors": Figure("bias", "telemetry", 3, "what is known of bias cannot be written down"),
    "telemetry_spool_errors": Figure("telemetry", "telemetry", 3, "what applications send cannot be put by"),
    "asks_refused": Figure("asks", "other", 1, "what was asked of the watch is not signed with the gateway's key"),
    "source_faults": Figure("sources", "telemetry", 3, "reading other sources breaks off"),
}
ABOVE: Mapping[str, Figure] = {
    "lag_bytes": Figure("watch", "telemetry", 64 * _MB, "bytes of the journal are not read yet"),
    "lag_records": Figure("watch", "telemetry", 100_000, "sent records are not kept yet"),
    "signals_age_seconds": Figure("signals", "telemetry", 120, "seconds since the watch told policies anything"),
    "policy_degraded": Figure("policies", "other", 1, "a policy cannot be used; an older one is in force"),
    "workers_missing": Figure("workers", "errors", 1, "workers do not serve"),
}


@dataclass(slots=True)
class _Known:
    """``seen``: times and values, a step apart. ``high_since``: since when the level is too high."""

    seen: list[tuple[float, float]] = field(default_factory=list)
    high_since: float | None = None

    def growth(self, value: float, now: float) -> float:
        if not self.seen or value < self.seen[-1][1]:  # it counts from nothing again
            self.seen = [(now, 0.0 if self.seen else value)]
        elif now - self.seen[-1][0] >= _STEP_S:
            self.seen.append((now, value))
            self.seen = [each for each in self.seen if now - each[0] <= WINDOW_S] or [(now, value)]
        return value - self.seen[0][1]

    def height(self, value: float, limit: float, now: float) -> float:
        """As a level: none while it is not known to last."""
        if value < limit / 2:
            self.high_since = None
            return 0.0
        self.high_since = now if self.high_since is None else self.high_since
        return value / limit if now - self.high_since >= _HOLDS_S else 0.0


class Figures:
    """``take`` what is said, every few seconds: what of it is wrong."""

    def __init__(self) -> None:
        self._known: dict[str, _Known] = {}
        self.unusable = 0

    def take(self, said: Mapping[str, float], now: float) -> Iterator[Symptom]:
        for name, value in said.items():
            plain = name.removeprefix("oddgate_").removeprefix("watch_").removesuffix("_total")
            if (figure := GROWS.get(plain) or ABOVE.get(plain)) is None:
                continue
            if number(value) is None or value < 0:
                self.unusable += 1
                continue
            known = self._known.setdefault(plain, _Known())
            grown = known.growth(value, now) if plain in GROWS else value
            level = grown / figure.limit if plain in GROWS else known.height(value, figure.limit, now)
            if level >= 0.5:
                yield _symptom(plain, figure, known, Shown(level, grown), now)

    def as_json(self) -> dict[str, Any]:
        return {name: [known.seen, known.high_since] for name, known in self._known.items()}

    def read_json(self, saved: dict[str, Any]) -> None:
        """Raises ValueError, TypeError or AttributeError."""
        for name, (seen, high_since) in saved.items():
            if name in GROWS or name in ABOVE:
                pairs = [(float(at), float(value)) for at, value in seen]
                self._known[name] = _Known(pairs, None if high_since is None else float(high_since))


class Shown(NamedTuple):
    level: float
    value: float


def _symptom(name: str, figure: Figure, known: _Known, shown: Shown, now: float) -> Symptom:
    grows = name in GROWS
    onset = next((at for at, value in reversed(known.seen) if value <= known.seen[0][1]), now) if grows else known.high_since
    return Symptom(
        modality="state",
        about=figure.about,
        kind="failing" if grows else "too high",
        series=name,
        dimensions=dimensions({"part": figure.part, "source": OWN}),
        onset=min(onset or now, now),
        at=now,
        level=shown.level,
        value=shown.value,
        is_harm=figure.is_harm,
        note=figure.says,
    )
