"""What is not as usual in a metric, a log or a trace: one value for all of them, so that incidents need not know who found it.

It holds numbers, names and ids, and no text of anybody's: what a log line or an exchange said is looked up by what stands in ``evidence``.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

MetricKind: TypeAlias = Literal["level shift", "spike", "dip", "variance change", "silence", "beyond limit", "rare count"]
LogKind: TypeAlias = Literal["new template", "template rate", "sequence break", "parameter outlier"]
TraceKind: TypeAlias = Literal["slow operation", "slow path", "missing span", "extra span", "retry storm", "stall", "failing operation"]
Kind: TypeAlias = MetricKind | LogKind | TraceKind

MAX_EVIDENCE = 20
_MAX_ID = 64


@dataclass(frozen=True, slots=True)
class Anomaly:
    kind: Kind
    key: tuple[str, ...]
    """Whose it is: app, model, route; or service, operation."""
    series: str
    """What is not as usual: a metric's name, a template's id, an operation."""
    onset: float
    """When it began, as far as can be told: seconds since 1970."""
    at: float
    """When it was found."""
    score: float
    """The share of usual observations that are at least as unusual as this one (a p-value): from 0 to 1, less is worse."""
    value: float | None = None
    """What was seen. None: nothing was."""
    baseline: float | None = None
    """What is usual."""
    n: int = 0
    """The number of observations that what is usual was learned from."""
    evidence: tuple[str, ...] = ()
    """Ids of exchanges, traces or templates that show it (see ``limited``)."""


def limited(ids: Iterable[str]) -> tuple[str, ...]:
    """So many different ids, in their order, and so much of each, as an anomaly carries."""
    found: dict[str, None] = {}
    for each in ids:
        found.setdefault(each[:_MAX_ID])
        if len(found) == MAX_EVIDENCE:
            break
    return tuple(found)
