"""One thing that is not as usual, whichever watcher says so: what incidents are made of. Numbers, names and ids; no text of anybody's."""

import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, get_args

from pydantic import TypeAdapter

from detectors.series.anomaly import Anomaly, LogKind, MetricKind, limited
from gateway.incidents.burn import Burn

Modality: TypeAlias = Literal["metric", "log", "trace", "guard", "drift", "bias", "burn", "state"]
"""What kind of evidence it is. ``burn``: an error budget; ``state``: what a part of the gateway says of itself."""
About: TypeAlias = Literal[
    "errors", "latency", "retries", "cost", "traffic", "blocks", "refusals", "drift", "bias", "logs", "upstream", "telemetry", "other"
]
Dimensions: TypeAlias = tuple[tuple[str, str], ...]

HARMS: frozenset[About] = frozenset({"errors", "latency", "blocks", "refusals"})
"""What users see of it."""
UPSTREAM_DOWN, TELEMETRY_LOST = "upstream down", "telemetry lost"
MAX_DIMENSIONS = 12
MAX_TEXT = 64
MAX_TRACES = 50
MAX_LEVEL = 100.0
_UNLIKELY = 1e-300
_BETTER = frozenset({"dip", "silence"})


def shown(text: str) -> str:
    """A name as people may be shown it: in one line, without what could move or hide it, and not long."""
    return "".join(char if char.isprintable() else "?" for char in text[:MAX_TEXT])


def dimensions(named: Mapping[str, str]) -> Dimensions:
    """In the order of their names; what is empty says nothing."""
    return tuple(sorted((shown(name), shown(value)) for name, value in named.items() if value)[:MAX_DIMENSIONS])


@dataclass(frozen=True, slots=True)
class Symptom:
    modality: Modality
    about: About
    kind: str
    series: str
    dimensions: Dimensions
    onset: float
    """When it began, as far as can be told: seconds since 1970."""
    at: float
    level: float = 1.0
    """Of what it takes to open an incident: at 1 one opens, below a half it is over."""
    value: float | None = None
    baseline: float | None = None
    n: int = 0
    """The number of observations that ``baseline`` was learned from."""
    share: float = 0.0
    """Of all the gateway's exchanges, how many it hits: from 0 to 1."""
    is_harm: bool = False
    """Whether users see it, and it is for the worse."""
    is_page: bool = False
    """Whether it pages alone: an error budget that burns too fast, and nothing else."""
    is_learning: bool = False
    """Whether what is usual there is not known yet."""
    note: str = ""
    evidence: tuple[str, ...] = ()
    traces: tuple[str, ...] = ()
    """Ids of traces that failed."""

    @property
    def fingerprint(self) -> str:
        """The same for the same thing at any time."""
        told = json.dumps([self.modality, self.about, self.kind, self.series, self.dimensions])
        return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:32]

    def dimension(self, name: str) -> str:
        return next((value for each, value in self.dimensions if each == name), "")


def of_anomaly(
    anomaly: Anomaly, about: About, names: Sequence[str], alpha: float, *, share: float = 0.0, is_learning: bool = False,
    traces: Iterable[str] = (),
) -> Symptom:  # fmt: skip
    """``names``: of what stands in its key. ``alpha``: the chance below which an incident opens."""
    return Symptom(
        modality=modality_of(anomaly.kind),
        about=about,
        kind=anomaly.kind,
        series=anomaly.series,
        dimensions=dimensions(dict(zip(names, anomaly.key, strict=False))),
        onset=min(anomaly.onset, anomaly.at),
        at=anomaly.at,
        level=min(math.log(max(anomaly.score, _UNLIKELY)) / math.log(alpha), MAX_LEVEL),
        value=anomaly.value,
        baseline=anomaly.baseline,
        n=anomaly.n,
        share=share,
        is_harm=about in HARMS and _is_worse(anomaly),
        is_learning=is_learning,
        evidence=anomaly.evidence,
        traces=tuple(traces),
    )


def sound(symptom: Symptom, now: float) -> Symptom | None:
    """As it may be kept and shown, whoever made it: nothing is of a time to come. None: it says no time, or no level."""
    if not all(math.isfinite(each) for each in (symptom.onset, symptom.at, symptom.level, symptom.share)):
        return None
    return replace(
        symptom,
        kind=shown(symptom.kind),
        series=shown(symptom.series),
        note=shown(symptom.note),
        dimensions=dimensions(dict(symptom.dimensions)),
        onset=max(min(symptom.onset, symptom.at, now), 0.0),
        at=max(min(symptom.at, now), 0.0),
        level=min(max(symptom.level, 0.0), MAX_LEVEL),
        value=_finite(symptom.value),
        baseline=_finite(symptom.baseline),
        share=min(max(symptom.share, 0.0), 1.0),
        evidence=limited(shown(each) for each in symptom.evidence),
        traces=tuple(dict.fromkeys(shown(each) for each in symptom.traces))[:MAX_TRACES],
    )


def to_bytes(symptom: Symptom) -> bytes:
    return _ADAPTER.dump_json(symptom)


def from_bytes(data: bytes) -> Symptom:
    """Raises ValueError where that is none."""
    return _ADAPTER.validate_json(data)


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def of_burn(app: str, burn: Burn, at: float, *, share: float = 0.0, upstream: str = "") -> Symptom:
    """``upstream``: where what is bad is bad."""
    return Symptom(
        modality="burn",
        about="errors",
        kind="fast burn" if burn.rule.urgency == "page" else "slow burn",
        series="error budget",
        dimensions=dimensions({"app": app, "upstream": upstream}),
        onset=burn.onset,
        at=at,
        level=burn.level,
        value=burn.rate,
        n=burn.total,
        share=share,
        is_harm=True,
        is_page=burn.rule.urgency == "page",
        note=f"{burn.rule.times * burn.level:.3g} times the budget over {_span(burn.rule.long_s)} and over {_span(burn.rule.short_s)}",
    )


def _span(seconds: float) -> str:
    return f"{seconds / 3600:g} h" if seconds >= 3600 else f"{seconds / 60:g} min"


def modality_of(kind: str) -> Modality:
    if kind in get_args(MetricKind):
        return "metric"
    return "log" if kind in get_args(LogKind) else "trace"


def _is_worse(anomaly: Anomaly) -> bool:
    if anomaly.value is None or anomaly.baseline is None:
        return anomaly.kind not in _BETTER
    return anomaly.value > anomaly.baseline


_ADAPTER = TypeAdapter(Symptom)
