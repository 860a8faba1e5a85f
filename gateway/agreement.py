"""What sections of the settings must agree on, which none of them can know by itself."""

import ipaddress
from collections import Counter
from collections.abc import Iterator
from urllib.parse import urlsplit

from gateway import surfaces
from gateway.config import Config
from policies.positions import Loc

Objection = tuple[Loc, str]
"""Where, and what is wrong and allowed there."""


def objections(config: Config) -> Iterator[Objection]:
    for check in (_addresses, _telemetry, _unsupported, _watches, _labels, _references, _twice, _surfaces):
        yield from check(config)


def _addresses(config: Config) -> Iterator[Objection]:
    listen = config.listen
    if listen.admin_token is None and not _is_loopback(listen.admin_host):
        yield (
            ("listen", "admin_host"),
            "other machines reach this address: set listen.admin_token; allowed without: 127.0.0.1, ::1, localhost",
        )
    if listen.port == listen.admin_port != 0:
        yield ("listen", "admin_port"), f"{listen.port} is the port of the data side; allowed: any other"


def _telemetry(config: Config) -> Iterator[Objection]:
    settings = config.telemetry
    if settings.forward and not settings.receive:
        yield ("telemetry", "forward"), "there is nothing to send on; set telemetry.receive: true"
    if not settings.receive:
        return
    if settings.receive_token and config.apps:
        yield ("telemetry", "receive_token"), "applications are known by their keys; allowed where none are configured"
    if not (settings.receive_token or config.apps or _is_loopback(settings.receive_host)):
        message = "other machines reach this address: set telemetry.receive_token; allowed without: 127.0.0.1, ::1, localhost"
        yield ("telemetry", "receive_host"), message
    if settings.receive_port in (config.listen.port, config.listen.admin_port) and settings.receive_port:
        yield ("telemetry", "receive_port"), f"{settings.receive_port} is the port of another side; allowed: any other"
    for key in ("otlp_endpoint", "forward"):
        if (url := getattr(settings, key)) and _is_own(url, settings.receive_port):
            yield ("telemetry", key), "this is the gateway's own receiver, which would be told of itself without end"


def _is_own(url: str, port: int) -> bool:
    parts = urlsplit(url)
    return _is_loopback(parts.hostname or "") and parts.port == port


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _unsupported(config: Config) -> Iterator[Objection]:
    if config.listen.workers != 1:
        yield ("listen", "workers"), "several workers are not supported by this version; allowed: 1"
    for index, app in enumerate(config.apps):
        if app.limits is not None:
            yield ("apps", index, "limits"), "limits are not supported by this version and would not be enforced; leave the key out"


def _watches(config: Config) -> Iterator[Objection]:
    if config.watch.shared and config.state.url.get_secret_value() == "memory://":
        yield ("watch", "shared"), "what is shared goes through a Redis: set state.url to redis://…"


def _labels(config: Config) -> Iterator[Objection]:
    if config.apps and "app" in config.labels.trust:
        place = ("labels", "trust", config.labels.trust.index("app"))
        yield place, "applications are known by their keys; allowed where none are configured"


def _references(config: Config) -> Iterator[Objection]:
    names = [upstream.name for upstream in config.upstreams]
    for index, route in enumerate(config.routes):
        for place, name in enumerate(route.to):
            if name not in names:
                yield ("routes", index, "to", place), f"there is no upstream {name}; allowed: {', '.join(names) or 'none is configured'}"
            elif name in route.to[:place]:
                yield ("routes", index, "to", place), f"{name} is listed twice"


def _twice(config: Config) -> Iterator[Objection]:
    app_keys = [app.key.get_secret_value() for app in config.apps]
    for section, key, values in (
        ("upstreams", "name", [upstream.name for upstream in config.upstreams]),
        ("apps", "name", [app.name for app in config.apps]),
        ("apps", "key", app_keys),
    ):
        counts = Counter[str]()
        for index, value in enumerate(values):
            counts[value] += 1
            if counts[value] > 1:
                yield (section, index, key), f"the same {key} is given to {section}[{values.index(value)}]; each needs its own"


def _surfaces(config: Config) -> Iterator[Objection]:
    for loc, message in surfaces.objections(config.surfaces):
        yield ("surfaces", *loc), message
