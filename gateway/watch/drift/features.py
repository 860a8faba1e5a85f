"""Which drift a feature's shift is told as: what policies call it, for what ``observe`` calls its features. Pure.

A feature's side of the exchange is one name (``input``, ``output``), and what it is of is another (``topics``, ``lengths``): a shift of
``input.topics`` is told as both.
"""

from collections.abc import Mapping

from detectors.series.observation import side

_BY_SIDE: Mapping[str, str] = {
    "input": "input",
    "template": "templates",
    "output": "output",
    "policy": "decisions",
    "detector": "detectors",
    "cost": "cost",
    "label": "concept",
}
_BY_FEATURE: Mapping[str, str] = {
    "input.characters": "lengths",
    "input.texts": "lengths",
    "input.tokens": "lengths",
    "input.language": "languages",
    "input.topics": "topics",
    "output.characters": "lengths",
    "output.tokens": "lengths",
    "output.language": "languages",
    "output.topics": "topics",
    "output.refused": "refusals",
    "output.tool": "tools",
    "output.model": "model",
    "output.sentiment": "sentiment",
    "upstream.latency_ms": "latency",
    "upstream.outcome": "errors",
}


def told_as(feature: str) -> tuple[str, ...]:
    """Names of ``policies.signals.DRIFT``."""
    names = (_BY_SIDE.get(side(feature)), _BY_FEATURE.get(feature))
    return tuple(name for name in names if name)
