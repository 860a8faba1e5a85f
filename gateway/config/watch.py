"""The process beside the gateway, and what it looks for."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from gateway.config.section import Host, Port, Seconds, Section
from gateway.secret import Secret
from policies.vocabulary import Glob


def _moment(text: str) -> str:
    try:
        if datetime.fromisoformat(text).tzinfo is not None:
            return text
    except ValueError:
        pass
    raise ValueError("this is no time; allowed: 2026-11-22T10:15:00+00:00")


def moment(text: str) -> float:
    """In seconds since 1970."""
    return datetime.fromisoformat(text).timestamp()


Moment = Annotated[str, Field(max_length=64), AfterValidator(_moment)]


class DriftReference(Section):
    """What traffic is compared with."""

    kind: Literal["frozen", "rolling", "period"] = "frozen"
    """``frozen``: what came first; ``rolling``: that of late, which forgets what is old; ``period``: that of a time that was good."""
    least: Annotated[int, Field(ge=50, le=1_000_000)] = 1000
    """Exchanges that are learned before anything is compared."""
    size: Annotated[int, Field(ge=50, le=10_000_000)] = 10_000
    """Exchanges that are learned at most, or remembered."""
    start: Moment | None = None
    end: Moment | None = None


class WatchDrift(Section):
    """Whether traffic is as usual, for each application, model and surface."""

    enabled: bool = True
    reference: DriftReference = DriftReference()
    sensitivity: Literal["low", "normal", "high"] = "normal"
    """A false alarm is expected once in 10,000,000, 1,000,000 or 100,000 exchanges, or less often."""
    features: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=100)], ...], Field(max_length=40)] = ()
    """None: all that there are."""
    utc_offset_h: Annotated[float, Field(ge=-14, le=14)] = 0
    """Of the place whose days and weekends the traffic follows."""
    max_keys: Annotated[int, Field(ge=1, le=400)] = 200
    max_models: Annotated[int, Field(ge=1, le=1000)] = 16
    """Of an application on a surface that are watched by themselves; the others are watched together."""
    confirm: bool = False
    """Whether Evidently is asked about each drift that is found, in a process of its own. What it says decides nothing."""


class WatchBias(Section):
    """Whether outcomes differ between groups of people."""

    enabled: bool = True
    cues: bool = False
    """Whether records say of which groups the last message of a user speaks. A mention says nothing of the user; and it is sensitive."""


SwappedAttribute = Literal["gender", "religion", "nationality", "ethnicity", "age", "orientation", "disability", "wealth"]


class WatchProbes(Section):
    """What endpoints answer to the same question about another group: asked off the path, with the settings' keys, and paid for."""

    enabled: bool = False
    apps: Annotated[tuple[Glob, ...], Field(max_length=100)] = ()
    """Whose exchanges are asked again."""
    models: Annotated[tuple[Glob, ...], Field(max_length=100)] = ()
    """And of which models."""
    attributes: Annotated[tuple[SwappedAttribute, ...], Field(min_length=1)] = ("gender",)
    share: Annotated[float, Field(gt=0, le=1)] = 0.01
    """Of the exchanges that fit."""
    per_minute: Annotated[int, Field(ge=3, le=600)] = 6
    """Calls; a probe is three."""
    usd_per_day: Annotated[float, Field(gt=0, le=100_000)] = 1.0
    """By the prices. A model without a price is not asked."""
    tokens_per_day: Annotated[int, Field(ge=1, le=10**12)] = 500_000
    answer_tokens: Annotated[int, Field(ge=1, le=100_000)] = 300
    """What an answer may have at most."""
    timeout_s: Seconds = 60


class Watch(Section):
    """The process beside the gateway that makes everything of the journal which is not needed at once."""

    dir: Path = Path("var")
    """Where it says how it is (``watch.json``)."""
    shared: bool = False
    """Whether journals go to the Redis of ``state.url``, from where ``oddgate watch``, once or several times, keeps them in the store."""
    metrics_host: Host = "127.0.0.1"
    metrics_port: Port | None = None
    """Where ``oddgate watch`` shows how it is; the one beside a gateway is shown by that."""
    metrics_token: Secret | None = None
    """Required where ``metrics_host`` is not this machine alone."""
    observe: bool = True
    """Whether records say what exchanges are like, without their texts; without it there is no drift to be seen of what is said."""
    drift: WatchDrift = WatchDrift()
    bias: WatchBias = WatchBias()
    probes: WatchProbes = WatchProbes()
