"""What is looked at in exchanges, and of whom: which shares, heights and flows of the whole gateway, of an application, of a model that an
application asks for, and of a model at an upstream. Few of them, so that each says something.
"""

from typing import NamedTuple

from gateway.detecting.facts import Hit
from gateway.detecting.heights import Measured
from gateway.detecting.rises import Care
from gateway.incidents.symptom import About

_DAY_S = 86_400.0


class Share(NamedTuple):
    series: str
    bit: int
    about: About
    is_harm: bool
    care: Care


class Height(NamedTuple):
    series: str
    unit: str
    bit: int
    place: int
    """In ``Took``."""
    about: About
    is_harm: bool
    measured: Measured


class FlowOf(NamedTuple):
    series: str
    about: About
    least: float
    """In a step, below which there is no surge."""
    can_stop: bool = False
    """Whether it is told where nothing comes any longer."""


class Sort(NamedTuple):
    """One sort of keys, named by these dimensions."""

    dimensions: tuple[str, ...]
    shares: tuple[Share, ...]
    heights: tuple[Height, ...] = ()
    flows: tuple[FlowOf, ...] = ()
    has_findings: bool = False


_HARM, _QUIET = Care(0.03, 2.0, accept_s=_DAY_S), Care(0.1, 2.0)
FINDINGS = Care(0.08, 2.5, falls=True)

_FAILED = Share("failed exchanges", Hit.FAILED, "errors", is_harm=True, care=_HARM)
_LIMITED = Share("exchanges over the upstream's limit", Hit.LIMITED, "errors", is_harm=True, care=_HARM)
REJECTED = Share("rejected requests", Hit.REJECTED, "errors", is_harm=False, care=_QUIET)
_BLOCKED = Share("blocked exchanges", Hit.BLOCKED, "blocks", is_harm=True, care=Care(0.06, 2.0, accept_s=4 * 3600.0))
UNLOOKED = Share("exchanges in which a rule could not look", Hit.UNLOOKED, "other", is_harm=False, care=Care(0.05, 2.0))
_REFUSED = Share("refusals", Hit.REFUSED, "refusals", is_harm=True, care=Care(0.06, 2.0, accept_s=4 * 3600.0))
_RETRIED = Share("retried exchanges", Hit.RETRIED, "retries", is_harm=False, care=Care(0.05, 2.0))
UNFINISHED = Share("answers without an end", Hit.UNFINISHED, "errors", is_harm=True, care=Care(0.05, 2.0, accept_s=_DAY_S))
CUT_SHORT = Share("answers cut short", Hit.CUT_SHORT, "other", is_harm=False, care=_QUIET)
_OTHER_MODEL = Share("answers of another model", Hit.OTHER_MODEL, "drift", is_harm=False, care=_QUIET)

_LATENCY = Height("upstream latency", "ms", Hit.LATENCY, 0, "latency", is_harm=True, measured=Measured(0.1, 30.0, ("high", "tail")))
_FIRST = Height("time to first part", "ms", Hit.FIRST, 1, "latency", is_harm=True, measured=Measured(0.1, 30.0, ("high",)))
_GUARDS = Height("time of the guards", "ms", Hit.GUARDS, 2, "latency", is_harm=True, measured=Measured(0.01, 20.0, ("high",)))
_OUTPUT = Height("answer's tokens", "", Hit.OUTPUT, 3, "other", is_harm=False, measured=Measured(1.0, 8.0, ("high", "low")))
_INPUT = Height("request's tokens", "", Hit.INPUT, 4, "other", is_harm=False, measured=Measured(1.0, 16.0, ("high",)))
_COST = Height("cost of an exchange", "USD", Hit.COST, 5, "cost", is_harm=False, measured=Measured(1e-7, 1e-6, ("high",)))

_TRAFFIC = FlowOf("exchanges", "traffic", 8.0, can_stop=True)
_SPENT = FlowOf("cost", "cost", 0.01)

WHOLE = Sort((), (_FAILED, _LIMITED, _BLOCKED, _REFUSED, UNLOOKED), (_GUARDS,), (_TRAFFIC,))
UPSTREAM = Sort(("upstream", "model"), (_FAILED, _LIMITED, _REFUSED, _RETRIED, UNFINISHED, _OTHER_MODEL), (_LATENCY, _FIRST))
APP = Sort(("app",), (_FAILED, _LIMITED, REJECTED, _BLOCKED, _REFUSED, UNLOOKED), (), (_TRAFFIC, _SPENT), has_findings=True)
APP_MODEL = Sort(("app", "model"), (CUT_SHORT,), (_OUTPUT, _INPUT, _COST))
