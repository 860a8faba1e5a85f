"""What the settings say of alerts, as the parts that it is for: channels, routes, links, promises; and what is wrong with it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias
from zoneinfo import ZoneInfo

from pydantic import SecretStr

from gateway.config.alerts import DAYS, AlertChannel, AlertHours, Alerts, ChannelKind
from gateway.incidents.mailing import Mailer
from gateway.incidents.notice import Channel, Link
from gateway.incidents.notify.alertmanager import Alertmanager
from gateway.incidents.notify.mail import Mail
from gateway.incidents.notify.opsgenie import Opsgenie
from gateway.incidents.notify.pagerduty import PagerDuty
from gateway.incidents.notify.slack import Slack
from gateway.incidents.notify.teams import Teams
from gateway.incidents.notify.webhook import Webhook
from gateway.incidents.routing import Hours, Route, Router
from policies.globs import matches
from policies.positions import Loc

AnyChannel: TypeAlias = Channel | Mailer
Objection: TypeAlias = tuple[Loc, str]

_NEEDED: Mapping[ChannelKind, tuple[str, ...]] = {
    "pagerduty": ("routing_key",),
    "slack": ("url",),
    "alertmanager": ("url",),
    "teams": ("url",),
    "opsgenie": ("api_key",),
    "mail": ("host", "sender", "to"),
    "webhook": ("url", "secrets"),
}
_BESIDES: Mapping[ChannelKind, tuple[str, ...]] = {
    "pagerduty": ("url",),
    "slack": (),
    "alertmanager": ("headers",),
    "teams": (),
    "opsgenie": ("url",),
    "mail": ("port", "security", "user", "password"),
    "webhook": (),
}


def channels(settings: Alerts) -> Mapping[str, AnyChannel]:
    """By their names. Raises ValueError where ``objections`` has something to say."""
    return {each.name: _made(each) for each in settings.channels}


def resent(settings: Alerts) -> frozenset[str]:
    """Those that take silence for the end: they are told again and again of what goes on."""
    return frozenset(each.name for each in settings.channels if each.kind == "alertmanager")


def router(settings: Alerts, told: Mapping[str, tuple[str, ...]]) -> Router | None:
    """``told``: who has heard of what, before. None: there is nobody to tell."""
    if not settings.channels:
        return None
    routes = [Route(each.channels, each.apps, each.urgency, each.severity, _hours(each.hours)) for each in settings.routes]
    return Router(routes or [Route(settings.last)], settings.last, dict(told))


def links(settings: Alerts) -> Callable[[str], Sequence[Link]]:
    """Where an incident, by its id, is shown."""
    base = settings.link
    return lambda incident: (Link(f"{base}/#/incidents/{incident}", "incident"),) if base else ()


def objective(settings: Alerts, app: str) -> float:
    """The share of an application's exchanges that are to be good."""
    return next((each.objective for each in settings.objectives if any(matches(app, glob) for glob in each.apps)), settings.objective)


def objections(settings: Alerts) -> Iterator[Objection]:
    """What is wrong, and where: each channel by itself, then who is told by which."""
    names = [each.name for each in settings.channels]
    for at, channel in enumerate(settings.channels):
        place: Loc = ("channels", at)
        if channel.name in names[:at]:
            yield (*place, "name"), f"the same name is given to channels[{names.index(channel.name)}]; each needs its own"
        wrong = list(_keys(channel, place))
        yield from wrong
        if not wrong:
            yield from _form(channel, place)
    for at, route in enumerate(settings.routes):
        yield from _known(("routes", at, "channels"), route.channels, names)
        if route.hours and route.hours.start == route.hours.end:
            yield ("routes", at, "hours", "end"), "this is when they begin; allowed: another time, or 24:00 after 00:00 for the whole day"
    yield from _known(("last",), settings.last, names)
    if names and not settings.last:
        yield ("channels",), f"where no route fits, a page must go somewhere: set alerts.last; allowed: {', '.join(names)}"


def _keys(channel: AlertChannel, place: Loc) -> Iterator[Objection]:
    """Those that its kind needs, and no others."""
    needed, allowed = _NEEDED[channel.kind], (*_NEEDED[channel.kind], *_BESIDES[channel.kind])
    for name in needed:
        if not getattr(channel, name):
            yield (*place, "kind"), f"{channel.kind} needs {name}"
    for name in channel.model_fields_set - {"name", "kind"}:
        if name not in allowed:
            yield (*place, name), f"this is not for {channel.kind}; allowed: {', '.join(allowed)}"


def _form(channel: AlertChannel, place: Loc) -> Iterator[Objection]:
    if channel.kind == "mail" and bool(channel.user) != bool(channel.password):
        yield (*place, "user" if channel.user else "password"), "user and password go together; allowed: both, or none"
    try:
        _made(channel)
    except ValueError as error:  # which names the key, and has nothing of its value
        yield place, str(error)


def _known(place: Loc, asked: Sequence[str], names: Sequence[str]) -> Iterator[Objection]:
    for at, name in enumerate(asked):
        if name not in names:
            yield (*place, at), f"there is no channel {name}; allowed: {', '.join(names) or 'none is configured'}"


def _made(channel: AlertChannel) -> AnyChannel:
    url = _value(channel.url)
    base = {"url": url.rstrip("/")} if url else {}
    match channel.kind:
        case "pagerduty":
            return PagerDuty(_value(channel.routing_key), **base)
        case "slack":
            return Slack(url)
        case "teams":
            return Teams(url)
        case "alertmanager":
            return Alertmanager(url.rstrip("/"), tuple((name, value.get_secret_value()) for name, value in channel.headers.items()))
        case "opsgenie":
            return Opsgenie(_value(channel.api_key), **base)
        case "webhook":
            return Webhook(url, tuple(each.get_secret_value() for each in channel.secrets))
        case "mail":
            mail = Mail(channel.sender or "", channel.to)
            return Mailer(mail, channel.host or "", channel.port, channel.security, channel.user, _value(channel.password))


def _value(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""


def _hours(settings: AlertHours | None) -> Hours | None:
    if settings is None:
        return None
    days = frozenset(DAYS.index(each) for each in settings.days)
    return Hours(ZoneInfo(settings.zone), _minute(settings.start), _minute(settings.end), days)


def _minute(time: str) -> int:
    hours, minutes = time.split(":")
    return int(hours) * 60 + int(minutes)
