"""What is done to a site, one thing at a time, and what should be heard of it."""

import asyncio
import signal
import sqlite3
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import psutil

from bench.drill.settings import TOO_LAX, TOO_STRICT
from bench.drill.site import Site

_LEAVES_S = 10.0
_FULL_BYTES = 8192
Names = frozenset[str]
Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """``about``: any of these is what an incident of it may be about. ``where``: what it may be said of, if it says where; and a hint at
    one of the ``causes`` (a dimension with its value, or what was changed with its name, which may be left out) is right.
    """

    name: str
    begin: Callable[[Site], None]
    about: Names
    where: Pairs = ()
    causes: Pairs = ()


_EAST: Pairs = (("upstream", "east"), ("model", "gpt-4o"))
_WEST: Pairs = (("upstream", "west"), ("model", "gpt-4o-mini"))


def _app(name: str) -> Pairs:
    return (("app", name),)


def _east(**changes: object) -> Callable[[Site], None]:
    return lambda site: _set(site.east.behaviour, changes)


def _west(**changes: object) -> Callable[[Site], None]:
    return lambda site: _set(site.west.behaviour, changes)


def _users(app: str, **changes: object) -> Callable[[Site], None]:
    return lambda site: _set(site.manners[app], changes)


def _set(held: object, changes: dict[str, object]) -> None:
    for name, value in changes.items():
        if not hasattr(held, name):
            raise AttributeError(name)
        setattr(held, name, value)


def _storm(site: Site) -> None:
    """West fails half of what it is asked, east is not there for it, and the application sends everything again at once."""
    site.west.behaviour.failing = 0.5
    site.manners["coder"].again = 4


def _leaves(site: Site) -> None:
    asyncio.run_coroutine_threadsafe(site.west.leave(), site.loop).result(_LEAVES_S)


def _burst(app: str, times: float) -> Callable[[Site], None]:
    return lambda site: _set(site.manners[app], {"loop_per_s": site.manners[app].per_s * times})


def _policy(name: str, text: str) -> Callable[[Site], None]:
    return lambda site: site.policy(name, text)


def _names_die(site: Site) -> None:
    """What looks for names is killed, again and again."""
    _again(site, lambda: [process.kill() for process in site.workers("scan_worker")])


def _names_stop(site: Site) -> None:
    """What looks for names is there, and does nothing."""
    _again(site, lambda: [process.send_signal(signal.SIGSTOP) for process in site.workers("scan_worker")])
    site.undo.append(lambda: [process.send_signal(signal.SIGCONT) for process in site.workers("scan_worker")])


def _again(site: Site, act: Callable[[], object], every_s: float = 0.5) -> None:
    over = threading.Event()

    def run() -> None:
        while not over.wait(every_s):
            try:
                act()
            except psutil.Error:
                continue

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    site.undo.append(lambda: (over.set(), thread.join(2)))


def _store_locked(site: Site) -> None:
    """Somebody else holds the store's file."""
    held = sqlite3.connect(site.folder / "oddgate.db", timeout=30, isolation_level=None, check_same_thread=False)
    held.execute("BEGIN EXCLUSIVE")
    site.undo.append(held.close)


def _journal_full(site: Site) -> None:
    """No file of the gateway's own process may be longer than a few records, as on a disk that is full."""
    site.gateway.rlimit(psutil.RLIMIT_FSIZE, (_FULL_BYTES, psutil.RLIM_INFINITY))


def _redis_gone(site: Site) -> None:
    if site.redis:
        site.redis.kill()


_UPSTREAM, _LATE, _ERRORS = (frozenset(each) for each in (("upstream", "errors", "retries"), ("latency",), ("errors", "upstream")))
_GUARDS = frozenset({"blocks", "other", "errors", "latency", "telemetry"})
_CONTENT = frozenset({"drift", "blocks", "other", "refusals"})
_OWN = frozenset({"telemetry", "other", "errors", "logs"})
"""Of the gateway's own parts."""

FAULTS: tuple[Fault, ...] = (
    Fault("upstream slow", _east(first_s=2.0), _LATE, _EAST, (*_EAST, ("first piece of", "east"), ("answer of", "east"))),
    Fault("upstream fails 30 %", _east(failing=0.3), _ERRORS, _EAST, _EAST),
    Fault("upstream gone", _east(is_gone=True), _ERRORS | {"traffic"}, _EAST, _EAST),
    Fault("upstream hangs", _east(hung=0.5), _ERRORS | _LATE | {"traffic"}, _EAST, _EAST),
    Fault("upstream gone, another takes over", _leaves, _UPSTREAM | _LATE | {"traffic"}, _WEST, _WEST),
    Fault("another model answers", _east(model="gpt-3.5-turbo-0125"), _CONTENT | {"upstream", "cost"}, _EAST, (*_EAST, ("model", ""))),
    Fault("streams break off", _east(cut=0.4), _ERRORS, _EAST, _EAST),
    Fault("streams stall", _west(stalled=0.6), _LATE, _WEST, (*_WEST, *_app("coder"), ("stream of", "west"))),
    Fault("answers end at their limit", _west(short=0.6), _CONTENT | {"cost"}, _WEST, _WEST),
    Fault("refusals", _west(refusing=0.5), frozenset({"refusals", "drift"}), _WEST, _WEST),
    Fault("quota used up (429)", _east(limited=0.6), _ERRORS | {"other"}, _EAST, _EAST),
    Fault("keys in answers", _west(leaking=0.3), frozenset({"blocks", "other"}), (*_WEST, ("rule", "leaks")), (*_WEST, ("rule", "leaks"))),
    Fault("long answers", _users("shop", wordy=0.9), frozenset({"cost", "drift", "latency", "other"}), _app("shop"), _app("shop")),
    Fault("injections", _users("support-bot", injecting=0.4), frozenset({"blocks", "drift", "other"}),
          (*_app("support-bot"), ("rule", "injection")), (*_app("support-bot"), ("rule", "injection"))),
    Fault("one tenant's loop", _burst("coder", 8.0), frozenset({"traffic", "cost"}), _app("coder"), (*_app("coder"), ("tenant", ""))),
    Fault("many cards and addresses", _users("shop", personal=0.9, cards=0.6), frozenset({"blocks", "other", "drift"}),
          (*_app("shop"), ("rule", "pii")), (*_app("shop"), ("rule", "pii"))),
    Fault("a policy blocks too much", _policy("main", TOO_STRICT), frozenset({"blocks"}),
          (("policy", "main"), ("rule", "words")), (("policy", "main"), ("rule", "words"), ("policy", ""))),
    Fault("a policy finds nothing any more", _policy("main", TOO_LAX), frozenset({"blocks", "other"}),
          (("policy", "main"), ("rule", "pii")), (("policy", ""), ("policy", "main"), ("rule", "pii"))),
    Fault("a detector dies", _names_die, _GUARDS, (("rule", "names"), *_app("hr-desk"), ("detector", "pii")),
          (("rule", "names"), *_app("hr-desk"), ("policy", "people"))),
    Fault("a detector is stuck", _names_stop, _GUARDS, (("rule", "names"), *_app("hr-desk"), ("detector", "pii")),
          (("rule", "names"), *_app("hr-desk"), ("policy", "people"))),
    Fault("the store cannot be written", _store_locked, _OWN, causes=(("store", ""),)),
    Fault("the journal cannot be written", _journal_full, _OWN | {"traffic"}, causes=(("journal", ""),)),
    Fault("Redis gone", _redis_gone, _OWN, causes=(("state", ""), ("redis", ""), ("Redis", ""))),
    Fault("other topics", _users("hr-desk", corpus="stars"), frozenset({"drift"}), _app("hr-desk"), _app("hr-desk")),
    Fault("another language", _users("support-bot", corpus="german"), frozenset({"drift"}),
          (*_app("support-bot"), ("language", "de")), (*_app("support-bot"), ("language", "de"))),
    Fault("a retry storm", _storm, _UPSTREAM | {"traffic"}, (*_WEST, *_app("coder")), (*_WEST, *_app("coder"))),
    Fault("a broken prompt template", _users("shop", system="You advise {{customer_name}}, who wants {{thing}}."),
          _ERRORS | {"refusals", "drift", "other"}, _app("shop"), (*_app("shop"), ("template", ""))),
    Fault("an application falls silent", _users("support-bot", per_s=0.0), frozenset({"traffic"}),
          _app("support-bot"), _app("support-bot")),
    Fault("a service logs a new error", lambda site: _set(site.service.health, {"complaining": 0.5}), frozenset({"logs"}),
          (("source", "otlp/retriever/retriever"),), (("source", "otlp/retriever/retriever"),)),
    Fault("a service's step is slow", lambda site: _set(site.service.health, {"search_s": 0.4}), frozenset({"latency"}),
          (("source", "otlp/retriever/retriever"), ("operation", "search")), (("operation", "search"), ("operation", ""))),
)  # fmt: skip
QUICK = (
    "upstream slow", "upstream fails 30 %", "upstream gone", "injections", "one tenant's loop", "a policy blocks too much",
    "a detector dies", "an application falls silent",
)  # fmt: skip


def chosen(names: Iterable[str]) -> list[Fault]:
    """Raises ValueError where there is no such fault."""
    known = {fault.name: fault for fault in FAULTS}
    missing = [name for name in names if name not in known]
    if missing:
        raise ValueError(f"no fault is called {', '.join(missing)}; there are: {', '.join(known)}")
    return [known[name] for name in names]
