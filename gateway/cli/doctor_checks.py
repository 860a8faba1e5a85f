"""What ``oddgate doctor`` looks at: each check says how one part is, in a line that names what to do where it is not well."""

import http.client
import os
import socket
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Literal

from detectors.registry import Catalog, DetectorError, build
from gateway.addresses import http_url
from gateway.cli.admin_client import reachable
from gateway.config import Config
from gateway.config.serving import Upstream
from gateway.guard.plan import options_of
from gateway.shown import Shown, open_to_read
from gateway.storage.redis_stream import Stream
from gateway.watch.status import NAME, READER_NAME
from gateway.watch.store import Query, SinkError, StoreError
from policies.load import LoadedPolicy, PolicyError, library, load_dir
from policies.measures import ForceRedaction, Measure, Tighten
from policies.policy import Policy
from policies.tightening import is_stricter

State = Literal["ok", "warn", "fail"]

_TIMEOUT_S = 5
_SKEW_S = 60.0
"""By which a clock is wrong: webhooks are refused from five minutes on, and records of another time are set to now."""


@dataclass(frozen=True, slots=True)
class Check:
    state: State
    part: str
    said: str


def checks(config: Config, wall: Callable[[], float]) -> Iterator[Check]:
    """In the order in which things depend on each other. ``wall`` gives seconds since 1970."""
    yield from _policies(config)
    for upstream in config.upstreams:
        yield _upstream(upstream, wall)
    if not config.upstreams:
        yield Check("warn", "upstreams", "none is configured: the embedded demo answers")
    yield _folder("journal", config.journal.dir)
    yield _folder("watch", config.watch.dir)
    yield _store(config)
    yield _state(config)
    yield from _ports(config)
    yield _watch(config, wall)


def _policies(config: Config) -> Iterator[Check]:
    folder = config.policies.dir or library()
    try:
        found = load_dir(folder, Catalog())
    except PolicyError as error:
        yield Check("fail", "policies", "; ".join(str(each) for each in error.problems[:5]))
        return
    except OSError as error:
        yield Check("fail", "policies", f"{folder} cannot be read: {error.strerror}")
        return
    named = {config.policies.default, *(app.policy for app in config.apps if app.policy)}
    if missing := sorted(named - found.keys()):
        yield Check("fail", "policies", f"there is no policy {', '.join(missing)} in {folder}")
        return
    yield Check("ok", "policies", f"{len(found)} in {folder}, {config.policies.default} is the default")
    yield _detectors(config, [found[name] for name in sorted(named)])
    if config.actions.allow:
        yield _actions(config, [each.policy for each in found.values()])


def _detectors(config: Config, policies: list[LoadedPolicy]) -> Check:
    """Those that are in use for sure; they are made ready as the gateway does."""
    settings = config.detectors.pii
    model = str(settings.ner_model) if settings.ner_model else None
    names = set()
    for loaded in policies:
        for rule in loaded.policy.rules:
            try:
                build(rule.detect, options_of(rule, model, str(settings.cache_dir)))
            except DetectorError as error:
                return Check("fail", "detectors", f"{loaded.policy.name}, rule {rule.id}: {error}")
            names.add(rule.detect)
    return Check("ok", "detectors", ", ".join(sorted(names)) or "none is asked for")


def _actions(config: Config, policies: list[Policy]) -> Check:
    """Whether each could do anything: the settings know of no rules."""
    rules = {rule.id for policy in policies for rule in policy.rules}
    for entry in config.actions.allow:
        deed = entry.do.deed
        if "rule" in entry.do.placeholders or not isinstance(deed, Tighten | ForceRedaction):
            continue
        if isinstance(deed, Tighten) and deed.rule not in rules:
            return Check("fail", "actions", f"{entry.id}: no policy has a rule {deed.rule}, so nothing would be done")
        if not is_stricter(policies, Measure("", entry.id, entry.do, 0.0, 0.0)):
            return Check("warn", "actions", f"{entry.id}: no policy would be stricter for it, so nothing would be done")
    is_dry = config.actions.dry_run or all(entry.dry_run for entry in config.actions.allow)
    if not config.alerts.enabled:
        return Check("warn", "actions", "no incident is ever opened, so nothing is ever done: alerts.enabled is false")
    return Check("ok", "actions", f"{len(config.actions.allow)} allowed{', as a dry run' if is_dry else ''}")


def _upstream(upstream: Upstream, wall: Callable[[], float]) -> Check:
    """Whatever it answers to somebody without a key, it is there."""
    part, timeout_s = f"upstream {upstream.name}", min(_TIMEOUT_S, upstream.connect_timeout_s)
    try:
        with urllib.request.urlopen(upstream.base_url, timeout=timeout_s) as answer:  # noqa: S310 the settings allow http and https alone
            status, date = answer.status, answer.headers.get("Date")
    except urllib.error.HTTPError as error:
        status, date = error.code, error.headers.get("Date")
        error.close()
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        return Check("fail", part, f"not reached: {getattr(reason, 'strerror', None) or type(reason).__name__}")
    skew = _skew(date, wall())
    if skew is not None and abs(skew) > _SKEW_S:
        return Check("warn", part, f"reached, but its clock is {skew:+.0f} s from this machine's: see which is right")
    return Check("ok", part, f"reached (status {status})")


def _skew(date: str | None, now: float) -> float | None:
    try:
        return parsedate_to_datetime(date or "").timestamp() - now
    except (ValueError, TypeError):
        return None


def _folder(part: str, folder: Path) -> Check:
    """Whether it can be written to; where it is not there yet, whether it can be made."""
    there = next((each for each in (folder, *folder.absolute().parents) if each.exists()), Path("/"))
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        return Check("fail", f"{part} folder", f"{folder} cannot be written to")
    return Check("ok", f"{part} folder", f"{folder}{'' if there == folder else ' is made at the start'}")


def _store(config: Config) -> Check:
    path = config.store.path
    if path is not None and not path.exists():
        return Check("warn", "store", f"{path} is not there yet: the watch makes it")
    try:
        with closing(open_to_read(config)) as store:
            kept = bool(store.page(Query(), None, 1))
    except StoreError as error:
        return Check("fail", "store", f"it cannot be read: {error}")
    return Check("ok", "store", "there are exchanges in it" if kept else "it is empty")


def _state(config: Config) -> Check:
    url = config.state.url.get_secret_value()
    if url == "memory://":
        return Check("ok", "state", "in memory")
    try:
        with closing(Stream(url)) as stream:
            stream.waiting()
    except (SinkError, RuntimeError) as error:
        return Check("fail", "state", str(error))
    return Check("ok", "state", "the Redis answers")


def _ports(config: Config) -> Iterator[Check]:
    listen = config.listen
    if _is_gateway(listen.admin_host, listen.admin_port):
        yield Check("ok", "gateway", f"runs: {http_url(reachable(listen.admin_host), listen.admin_port)} answers")
        return
    yield Check("warn", "gateway", "none runs with these settings")
    for side, host, port in (("data", listen.host, listen.port), ("admin", listen.admin_host, listen.admin_port)):
        try:
            socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
            yield Check("ok", f"{side} port", f"{port} at {host} is free")
        except OSError as error:
            yield Check("fail", f"{side} port", f"{port} at {host}: {error.strerror}")


def _is_gateway(host: str, port: int) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{http_url(reachable(host), port)}/healthz", timeout=_TIMEOUT_S) as answer:
            return bool(answer.read(100) == b'{"status":"ok"}')
    except (OSError, ValueError, http.client.HTTPException):
        return False


def _watch(config: Config, wall: Callable[[], float]) -> Check:
    names = (NAME, READER_NAME) if config.watch.shared else (NAME,)
    if any(Shown(config, name).status().is_alive(wall()) for name in names):
        return Check("ok", "watch", "runs")
    return Check("warn", "watch", f"none has said anything lately in {config.watch.dir}: `oddgate serve` starts one")
