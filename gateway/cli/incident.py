"""``oddgate incident``: for people on call: what is open, what is known of it, and what they say of it. Over the admin side."""

import argparse
import getpass
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from gateway.cli import incident_export
from gateway.cli.admin_client import AdminClient, AdminError, add_options, client_of, part, settings_of
from gateway.config import Config
from gateway.incidents.incident import SEVERITIES
from policies.problems import ProblemsError

Json = dict[str, Any]
Command = Callable[[argparse.Namespace, AdminClient, Config], int]

_MEMBERS = 10
_ANSWERS = ("approve", "reject", "revert")


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    text = "for people on call: what is open, what is known of it, and what they say of it"
    commands = subparsers.add_parser("incident", help=text, description=text).add_subparsers(required=True, metavar="COMMAND")
    list_ = _command(commands, "list", "incidents, those that go on first", _list)
    list_.add_argument("--state", choices=("opening", "open", "resolved", "withdrawn"))
    list_.add_argument("--severity", choices=SEVERITIES, help="at least")
    list_.add_argument("--app")
    list_.add_argument("-n", "--limit", type=int, default=20, help="how many (default: 20)")
    show = _command(commands, "show", "one incident with all that is known of it", _show)
    show.add_argument("id")
    ack = _command(commands, "ack", "say that you look after it: its channels are told", _ack)
    ack.add_argument("id")
    resolve = _command(commands, "resolve", "say that it is over: the same opens nothing for 10 minutes, unless it gets worse", _resolve)
    resolve.add_argument("id")
    resolve.add_argument("--reason", required=True)
    silence = _command(
        commands, "silence", "tell nobody of something for a while; without arguments: the silences that there are", _silence
    )
    silence.add_argument("where", nargs="*", metavar="NAME=VALUE", help="of what: app=shop, model=…, upstream=…; all that is named")
    silence.add_argument("--incident", metavar="ID", help="of the same dimensions as this incident")
    silence.add_argument("--hours", type=float, default=2.0, help="how long (default: 2)")
    silence.add_argument("--reason")
    silence.add_argument("--lift", metavar="ID", help="end this silence")
    deploy = _command(
        commands, "deploy", "say that something was changed: what settles with it wakes nobody, and it may be a cause", _deploy
    )
    deploy.add_argument("name")
    deploy.add_argument("where", nargs="*", metavar="NAME=VALUE", help="of what it was: app=shop …; none: of all")
    deploy.add_argument("--version", default="")
    for name in _ANSWERS:
        answer = _command(commands, name, f"{name} what would be, or is, done by itself", _answer)
        answer.add_argument("id")
        answer.set_defaults(answer=name)
    export = _command(
        commands, "export", "its exchanges as labels, as cases for a policy, or as data to calibrate by", incident_export.export
    )
    incident_export.add_arguments(export)


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, text: str, work: Command
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=text, description=text)
    add_options(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    if name not in ("list", "show", "export"):
        parser.add_argument("--by", default=_me(), help="who says so (default: who you are on this machine)")
    parser.set_defaults(run=run, work=work)
    return parser


def _me() -> str:
    try:
        return getpass.getuser()[:64]
    except (OSError, KeyError, ImportError):  # an account without a name
        return ""


def run(args: argparse.Namespace) -> int:
    """1: there is no such thing, or it was refused; 2: it could not be asked."""
    try:
        config = settings_of(args)
        work: Command = args.work
        return work(args, client_of(args, config), config)
    except AdminError as error:
        print(f"oddgate incident: {error}", file=sys.stderr)
        return 1 if error.status in (400, 404) else 2
    except (ProblemsError, incident_export.ExportError) as error:
        print(f"oddgate incident: {error}", file=sys.stderr)
        return 2


def _list(args: argparse.Namespace, client: AdminClient, _: Config) -> int:
    asked = {name: str(value) for name in ("state", "severity", "app", "limit") if (value := getattr(args, name)) is not None}
    said = client.get("/api/v1/incidents", asked)
    if args.json:
        return _printed(said)
    if said["ts"] is None:
        print("the watch has said nothing of incidents yet (does one run, and is alerts.enabled?)")
        return 0
    ordered = sorted(said["incidents"], key=lambda each: each["state"] not in ("opening", "open"))
    for line in columns([_row(each) for each in ordered]):
        print(line)
    print(f"as of {time(said['ts'])}: {len(ordered)} shown, {said['left_out']} more")
    return 0


def _row(each: Mapping[str, Any]) -> Sequence[str]:
    state = f"{each['state']}{' (acknowledged)' if each['acked_by'] and each['state'] == 'open' else ''}"
    return (time(each["since"]), state, each["urgency"], each["severity"], each["app"] or "-", each["id"], each["title"])


def _show(args: argparse.Namespace, client: AdminClient, _: Config) -> int:
    said = client.get(f"/api/v1/incidents/{part(args.id)}")
    if args.json:
        return _printed(said)
    for line in _told(said):
        print(line)
    return 0


def _told(said: Json) -> Iterator[str]:
    yield f"{said['id']}  {said['state']}, {said['urgency']}, {said['severity']}{', flapping' if said['flapping'] else ''}"
    yield f"  {said['title']}"
    yield f"  since {time(said['onset'])}; seen {said['count']} times, last {time(said['high_at'])}"
    if said["acked_by"]:
        yield f"  acknowledged by {said['acked_by']}, {time(said['acked_at'])}"
    if said["closed_by"]:
        yield f"  closed by {said['closed_by']}, {time(said['closed_at'])}"
    yield from (f"  {each['label']}: {each['value']}" for each in said["hints"])
    yield from (f"  like {each['id']} ({each['likeness']:.0%})" for each in said["similar"])
    yield "evidence:"
    members = [_member(each) for each in said["members"][:_MEMBERS]]
    yield from (f"  {line}" for line in columns(members))
    if more := len(said["members"]) - len(members) + said["members_left_out"]:
        yield f"  and {more} more"
    if said["evidence"]:
        yield f"exchanges: {', '.join(said['evidence'])}"
    for each in said["actions"]:
        yield f"action {each.get('id')}: {each.get('state')} {json.dumps(each.get('do'))}{_became(each)}"
    for each in said["deliveries"]:
        yield f"told {each['channel']}: {each['event']}, {time(each['at'])}: {each['became']}"


def _became(action: Mapping[str, Any]) -> str:
    """Why, from when to when, and who has said so."""
    times = [f"{name} {time(action[name])}" for name in ("since", "ended") if action.get(name) is not None]
    people = [f"{name.replace('_', ' ')} {action[name]}" for name in ("became", "by", "approved_by", "why") if action.get(name)]
    return "".join(f", {each}" for each in (*times, *people))


def _member(each: Mapping[str, Any]) -> Sequence[str]:
    where = ", ".join(f"{name}={value}" for name, value in each["dimensions"].items()) or "-"
    seen = "" if each["value"] is None else f"{each['value']:.4g}"
    usual = "" if each["baseline"] is None else f"usually {each['baseline']:.4g}"
    return (each["modality"], each["kind"], each["series"], where, f"level {each['level']:.1f}", seen, usual, each["note"])


def _ack(args: argparse.Namespace, client: AdminClient, _: Config) -> int:
    return _asked(args, client.send("POST", f"/api/v1/incidents/{part(args.id)}/ack", {"by": args.by}))


def _resolve(args: argparse.Namespace, client: AdminClient, _: Config) -> int:
    return _asked(args, client.send("POST", f"/api/v1/incidents/{part(args.id)}/resolve", {"by": args.by, "reason": args.reason}))


def _silence(args: argparse.Namespace, client: AdminClient, _: Config) -> int:
    if args.lift:
        return _asked(args, client.send("DELETE", f"/api/v1/silences/{part(args.lift)}", {"by": args.by}))
    if not (args.where or args.incident):
        return _silences(args, client.get("/api/v1/silences"))
    if not args.reason:
        raise AdminError("say why: --reason", 400)
    where = _pairs(args.where)
    if args.incident:
        where = {**client.get(f"/api/v1/incidents/{part(args.incident)}")["dimensions"], **where}
    asked = {"by": args.by, "reason": args.reason, "dimensions": where, "hours": args.hours}
    return _asked(args, client.send("POST", "/api/v1/silences", asked))


def _silences(args: argparse.Namespace, said: Json) -> int:
    if args.json:
        return _printed(said)
    rows = [
        (each["id"], f"until {time(each['ends'])}", ", ".join(f"{name}={value}" for name, value in each["dimensions"].items()), each["by"],
         each["reason"])
        for each in said["silences"]
    ]  # fmt: skip
    for line in columns(rows):
        print(line)
    print(f"{len(rows)} silences")
    return 0


def _deploy(args: argparse.Namespace, client: AdminClient, _: Config) -> int:
    asked = {"by": args.by, "name": args.name, "version": args.version, "dimensions": _pairs(args.where)}
    return _asked(args, client.send("POST", "/api/v1/deploys", asked))


def _answer(args: argparse.Namespace, client: AdminClient, _: Config) -> int:
    return _asked(args, client.send("POST", f"/api/v1/actions/{part(args.id)}/{args.answer}", {"by": args.by}))


def _pairs(given: Sequence[str]) -> dict[str, str]:
    pairs = [each.partition("=") for each in given]
    if any(not (name and value) for name, _, value in pairs):
        raise AdminError("say of what as NAME=VALUE: app=shop", 400)
    return {name: value for name, _, value in pairs}


def _asked(args: argparse.Namespace, said: Json) -> int:
    if args.json:
        return _printed(said)
    print(f"asked the watch: {said['asked']} {said['id']}")
    if said["watch"] != "alive":
        print("no watch runs at the moment: it is done when one does", file=sys.stderr)
    return 0


def _printed(said: Json) -> int:
    print(json.dumps(said, indent=2))
    return 0


def columns(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Side by side, each as wide as its widest."""
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))] if rows else []
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def time(ts: float) -> str:
    return datetime.fromtimestamp(ts, UTC).strftime("%Y-%m-%d %H:%M:%S")
