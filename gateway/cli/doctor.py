"""``oddgate doctor``: whether everything that the gateway needs is there, part by part; and whether alerts reach people.

With ``--page`` each channel of the settings, or the one that is named, gets a real notice that says that it is a test. Exit code 1 where
something is broken.
"""

import argparse
import asyncio
import json
import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

from gateway.alerts import AnyChannel, channels
from gateway.cli.doctor_checks import Check, checks
from gateway.cli.incident import columns
from gateway.cli.serve import settings_file
from gateway.config.alerts import Alerts
from gateway.incidents.deliver import Answer, NoAnswer
from gateway.incidents.notice import Notice
from gateway.incidents.sending import send_once
from gateway.settings import load_config
from policies.problems import ProblemsError

_ALL = ""
_MARKS = {"ok": "ok", "warn": "warn", "fail": "FAIL"}


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    text = "check settings, policies, endpoints, stores, ports, the watch and alert channels"
    parser = subparsers.add_parser("doctor", help=text, description=__doc__)
    parser.add_argument("--config", type=Path, help="settings (default: oddgate.yaml, if there is one)")
    parser.add_argument("--page", nargs="?", const=_ALL, metavar="CHANNEL", help="send a test page: to each channel, or to this one")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    found = list(_found(args))
    if args.json:
        print(json.dumps({"ok": _is_well(found), "checks": [{"state": e.state, "part": e.part, "said": e.said} for e in found]}, indent=2))
    else:
        for line in columns([(_MARKS[each.state], each.part, each.said) for each in found]):
            print(line)
    return 0 if _is_well(found) else 1


def _is_well(found: list[Check]) -> bool:
    return all(each.state != "fail" for each in found)


def _found(args: argparse.Namespace) -> Iterator[Check]:
    path = settings_file(args.config)
    try:
        config = load_config(path, dict(os.environ))
    except (ProblemsError, OSError) as error:
        yield Check("fail", "settings", str(error))
        return
    yield Check("ok", "settings", str(path or "the defaults"))
    if args.page is None:
        yield from checks(config, time.time)  # noqa: TID251 a command is a part of the shell
    yield from _channels(config.alerts, args.page)


def _channels(settings: Alerts, page: str | None) -> Iterator[Check]:
    found = channels(settings)
    if not found:
        yield Check("fail" if page is not None else "warn", "alerts", "no channel is configured: nobody is told of incidents")
        return
    if page is None:
        yield Check("ok", "alerts", f"{', '.join(found)}; `oddgate doctor --page` sends each a test")
        return
    if page not in (_ALL, *found):
        yield Check("fail", "alerts", f"there is no channel {page}; there is: {', '.join(found)}")
        return
    for name, channel in found.items():
        if page in (_ALL, name):
            yield _paged(name, channel)


def _paged(name: str, channel: AnyChannel) -> Check:
    now, id_ = time.time(), f"test-{secrets.token_hex(8)}"  # noqa: TID251 a command is a part of the shell
    outcome = asyncio.run(send_once(channel, _test(id_, now), f"msg-{id_}", now))
    match outcome:
        case Answer(status) if 200 <= status < 300:
            return Check("ok", f"channel {name}", f"took {id_} (status {status}): see whether it reached somebody, and resolve it there")
        case Answer(status):
            return Check("fail", f"channel {name}", f"refused it: status {status}")
        case NoAnswer(why):
            return Check("fail", f"channel {name}", f"not reached: {why}")


def _test(id_: str, now: float) -> Notice:
    return Notice(
        incident=id_,
        event="trigger",
        urgency="page",
        severity="error",
        title="TEST of oddgate's alerts: nothing is wrong",
        reason="somebody ran `oddgate doctor --page`",
        app="",
        dimensions=(),
        kind="test",
        onset=now,
        at=now,
        facts=(("what to do", "nothing but to resolve it"),),
    )
