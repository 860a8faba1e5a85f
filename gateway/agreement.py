"""What sections of the settings must agree on, which none of them can know by itself."""

import ipaddress
from collections import Counter
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from gateway import alerts, surfaces
from gateway.acting import known_to
from gateway.config import Config
from gateway.config.telemetry import ScrapeTarget
from gateway.config.watch import DriftReference, moment
from gateway.incidents import allowed
from policies.positions import Loc

Objection = tuple[Loc, str]
"""Where, and what is wrong and allowed there."""


def objections(config: Config) -> Iterator[Objection]:
    for check in (
        _addresses, _telemetry, _unsupported, _texts, _watches, _probes, _labels, _references, _twice, _surfaces, _alerts, _actions,
    ):  # fmt: skip
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
    yield from _scraped(settings.scrape)
    if settings.otlp_logs and not settings.otlp_endpoint:
        yield ("telemetry", "otlp_logs"), "there is no collector to send them to; set telemetry.otlp_endpoint"
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


def _scraped(targets: Sequence[ScrapeTarget]) -> Iterator[Objection]:
    names = [target.name for target in targets]
    for index, target in enumerate(targets):
        if target.name in names[:index]:
            yield (
                ("telemetry", "scrape", index, "name"),
                f"the same name is given to scrape[{names.index(target.name)}]; each needs its own",
            )
        if target.bearer_token and any(name.lower() == "authorization" for name in target.headers):
            yield ("telemetry", "scrape", index, "bearer_token"), "headers has authorization already; allowed: one of them"


def _is_own(url: str, port: int) -> bool:
    parts = urlsplit(url)
    return _is_loopback(parts.hostname or "") and parts.port == port


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _unsupported(config: Config) -> Iterator[Objection]:
    for index, app in enumerate(config.apps):
        if app.limits is not None:
            yield ("apps", index, "limits"), "limits are not supported by this version and would not be enforced; leave the key out"


def _texts(config: Config) -> Iterator[Objection]:
    store = config.store
    if store.keep_text == "full" and not store.allow_full_text:
        yield (
            ("store", "keep_text"),
            "full keeps what people say as they say it: set store.allow_full_text: true besides; allowed without: none, redacted",
        )
    if store.keep_text == "full" and store.text_key is None:
        yield ("store", "keep_text"), "full is kept sealed: set store.text_key; allowed without: none, redacted"
    if (store.text_retain_days or 0) > store.retain_days:
        yield (
            ("store", "text_retain_days"),
            f"a text is kept no longer than its exchange; allowed: 1 to {store.retain_days}, as store.retain_days",
        )


def _watches(config: Config) -> Iterator[Objection]:
    watch = config.watch
    if watch.metrics_port is not None and watch.metrics_token is None and not _is_loopback(watch.metrics_host):
        message = "other machines reach this address: set watch.metrics_token; allowed without: 127.0.0.1, ::1, localhost"
        yield ("watch", "metrics_host"), message
    if watch.metrics_port and watch.metrics_port in (config.listen.port, config.listen.admin_port):
        yield ("watch", "metrics_port"), f"{watch.metrics_port} is a port of the gateway's; allowed: any other"
    if config.watch.shared and config.state.url.get_secret_value() == "memory://":
        yield ("watch", "shared"), "what is shared goes through a Redis: set state.url to redis://…"
    if watch.bias.cues and not watch.observe:
        yield ("watch", "bias", "cues"), "nothing is recorded of what texts are like: set watch.observe to true; allowed without: false"
    yield from _reference(watch.drift.reference)


def _reference(reference: DriftReference) -> Iterator[Objection]:
    place: Loc = ("watch", "drift", "reference")
    if reference.least > reference.size:
        yield (*place, "least"), f"no more can be learned first than at all; allowed: 50 to {reference.size}, as reference.size"
    is_period = reference.kind == "period"
    if not is_period and (reference.start or reference.end):
        yield (*place, "start" if reference.start else "end"), "this is of a period; set kind: period, or leave it out"
    if is_period and (not reference.start or not reference.end or moment(reference.start) >= moment(reference.end)):
        yield (*place, "kind"), "a period needs a start, and an end after it"


def _probes(config: Config) -> Iterator[Objection]:
    probes = config.watch.probes
    if not probes.enabled:
        return
    place = ("watch", "probes", "enabled")
    if config.store.keep_text != "redacted":
        yield place, "what is asked again is taken from the texts that are kept redacted: set store.keep_text: redacted"
    if not config.watch.bias.enabled:
        yield place, "it is a part of the watch for bias: set watch.bias.enabled: true"
    if not any(upstream.api_key and upstream.dialect != "azure" for upstream in config.upstreams):
        yield place, "probes use no client's key: give an upstream its api_key (dialect openai, anthropic or any)"
    for name in ("apps", "models"):
        if not getattr(probes, name):
            yield ("watch", "probes", name), f"say which {name} may be asked again; allowed: names, and globs such as *"
    if len(set(probes.attributes)) < len(probes.attributes):
        yield ("watch", "probes", "attributes"), "each attribute once"


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


def _alerts(config: Config) -> Iterator[Objection]:
    for loc, message in alerts.objections(config.alerts):
        yield ("alerts", *loc), message


def _actions(config: Config) -> Iterator[Objection]:
    for loc, message in allowed.objections(config.actions, known_to(config)):
        yield ("actions", *loc), message
