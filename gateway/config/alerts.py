"""Who is told of incidents, when and how, and what is promised."""

from typing import Annotated, Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, SecretStr

from gateway.config.section import Host, OtherHeaderName, Section, http_parts
from gateway.secret import Secret
from policies.vocabulary import Glob, Name


def _channel_url(url: SecretStr) -> SecretStr:
    """No message has the URL in it, which may be what the channel is used by."""
    parts = http_parts(url.get_secret_value())
    if parts is None or parts.fragment or parts.username is not None:
        raise ValueError("this is not the URL of a channel; allowed: https://HOST[:PORT][/PATH], or http://…")
    return url


ChannelKind = Literal["pagerduty", "slack", "alertmanager", "teams", "opsgenie", "mail", "webhook"]


class AlertChannel(Section):
    """Where people are told of incidents. Which keys it has, its kind says."""

    name: Name
    kind: ChannelKind
    url: Annotated[Secret, AfterValidator(_channel_url)] | None = None
    """Of PagerDuty and Opsgenie: None is the usual one."""
    routing_key: Secret | None = None
    api_key: Secret | None = None
    secrets: Annotated[tuple[Secret, ...], Field(max_length=5)] = ()
    """What a webhook is signed with, each ``whsec_…``: several, while one takes the place of another."""
    headers: dict[OtherHeaderName, Secret] = Field(default_factory=dict)
    host: Host | None = None
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: Annotated[str, Field(max_length=256)] = ""
    password: Secret | None = None
    sender: Annotated[str, Field(max_length=256)] | None = None
    to: Annotated[tuple[Annotated[str, Field(max_length=256)], ...], Field(max_length=50)] = ()


def _link(url: str) -> str:
    parts = http_parts(url)
    if parts is None or parts.query or parts.fragment or parts.username is not None:
        raise ValueError("this is not the address of a console; allowed: https://HOST[:PORT][/PREFIX], or http://…")
    return url.rstrip("/")


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("this is no time zone; allowed: names such as Europe/Berlin, America/New_York, UTC") from None
    return name


Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = get_args(Day)


class AlertHours(Section):
    """From one time of a day to another; where the first is later, over midnight."""

    zone: Annotated[str, Field(max_length=64), AfterValidator(_zone)]
    start: Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")] = "00:00"
    end: Annotated[str, Field(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")] = "24:00"
    days: Annotated[tuple[Day, ...], Field(min_length=1, max_length=7)] = DAYS
    """On which they begin."""


class AlertRoute(Section):
    """Who is told of what. All that it says must be so; every route that fits counts."""

    channels: Annotated[tuple[Name, ...], Field(min_length=1, max_length=20)]
    apps: Annotated[tuple[Glob, ...], Field(min_length=1, max_length=100)] = ("*",)
    urgency: Literal["ticket", "page"] = "ticket"
    """At least."""
    severity: Literal["info", "warning", "error", "critical"] = "info"
    """At least."""
    hours: AlertHours | None = None


Objective = Annotated[float, Field(ge=0.5, le=0.99999)]


class AlertObjective(Section):
    """What is promised of some applications' exchanges."""

    apps: Annotated[tuple[Glob, ...], Field(min_length=1, max_length=100)]
    objective: Objective


class Alerts(Section):
    """What is not as usual is made into incidents, and people are told of them."""

    enabled: bool = True
    objective: Objective = 0.995
    """The share of an application's exchanges that are to be good, over 30 days."""
    objectives: Annotated[tuple[AlertObjective, ...], Field(max_length=100)] = ()
    """The first that fits counts, before ``objective``."""
    usd_per_day: Annotated[float, Field(gt=0, le=10_000_000)] | None = None
    """What all exchanges of a day (UTC) may cost. Nothing is stopped: it is told when the day is on its way to cost more."""
    learning_h: Annotated[float, Field(ge=0, le=720)] = 24
    """How long nobody is told of what only seems unusual of an application that is new. Budgets that burn are told at once."""
    channels: Annotated[tuple[AlertChannel, ...], Field(max_length=20)] = ()
    """None: incidents are kept and shown, and nobody is told."""
    routes: Annotated[tuple[AlertRoute, ...], Field(max_length=100)] = ()
    """None: everything goes to ``last``."""
    last: Annotated[tuple[Name, ...], Field(max_length=20)] = ()
    """Who is paged where no route fits. Needed where there are channels."""
    link: Annotated[str, Field(max_length=500), AfterValidator(_link)] | None = None
    """Where people reach the console: notices link to the incident there."""
