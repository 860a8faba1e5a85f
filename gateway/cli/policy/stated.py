"""What a command line states of an exchange: whose it is, and what it asks for. Bounds on what is left out cannot be judged."""

import argparse
from datetime import UTC, datetime
from typing import Any

from policies.domain_parts import OF_REQUESTS
from policies.rehearsal.exchange import Exchange, Text
from policies.rehearsal.recorded import parameter
from policies.subject import Asked, Signals, Subject
from policies.vocabulary import Scope

_LABELS = ("app", "model", "surface", "user", "session", "group")
_NUMBERS = ("max_tokens", "temperature", "top_p", "n")
_UNSTATED = ("model", "group", "max_tokens")
"""What every exchange has, or has to have: where it is left out, nothing is known of it."""

_SIGNALS = "drift.NAME, disparity.NAME, anomaly.NAME, incident.severity, incident.open, stale"
_STALE = "stale"


def add_options(parser: argparse.ArgumentParser) -> None:
    for label in _LABELS:
        parser.add_argument(f"--{label}", default="chat" if label == "surface" else None, metavar="NAME", help="whose exchange it is")
    for number in _NUMBERS:
        parser.add_argument(f"--{number.replace('_', '-')}", type=float, metavar="NUMBER", help="as the request says")
    parser.add_argument("--tools", type=_names, default=(), metavar="NAME,…", help="that are offered to the model")
    parser.add_argument("--time", type=_moment, metavar="TIME", help="such as 2026-11-22T10:00:00+00:00; default: now")
    parser.add_argument(
        "--signals", type=_signals, default=Signals(), metavar="NAME=LEVEL,…", help="drift.topics=0.3,incident.severity=2; default: none"
    )


def exchange_of(args: argparse.Namespace, scope: Scope, text: str) -> Exchange:
    """Of this one text. ``unknown`` names what is not stated; of a request there is nothing where the text is an answer's."""
    is_answer = scope is Scope.OUTPUT
    labels = (getattr(args, label) or "" for label in _LABELS)
    numbers: dict[str, Any] = {number: parameter(number, getattr(args, number)) for number in _NUMBERS}
    unstated = frozenset(f"exchange.{name}" for name in _UNSTATED if getattr(args, name) is None)
    return Exchange(
        Subject(*labels),
        Asked(messages=1, chars=0 if is_answer else len(text), tools=args.tools, kinds=frozenset({"text"}), **numbers),
        args.signals,
        args.time or datetime.now(UTC),  # noqa: TID251 a command is a part of the shell
        (Text(scope, text, is_answer),),
        unknown=frozenset(OF_REQUESTS.values()) if is_answer else unstated,
    )


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise argparse.ArgumentTypeError("it needs its offset from UTC: 2026-11-22T10:00:00+00:00")
    return moment


def _signals(text: str) -> Signals:
    levels: dict[str, dict[str, float]] = {"drift": {}, "disparity": {}, "anomaly": {}, "incident": {}}
    names = _names(text)
    for each in [name for name in names if name != _STALE]:
        name, _, level = each.partition("=")
        kind, _, what = name.partition(".")
        if kind not in levels or not what or (kind == "incident" and what not in ("severity", "open")):
            raise argparse.ArgumentTypeError(f"there is no signal {name}; allowed: {_SIGNALS}")
        levels[kind][what] = float(level)
    incident = levels["incident"]
    return Signals(
        levels["drift"],
        levels["disparity"],
        levels["anomaly"],
        incident_severity=int(incident.get("severity", 0)),
        incidents_open=int(incident.get("open", 0)),
        is_stale=_STALE in names,
    )
