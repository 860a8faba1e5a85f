"""``oddgate report drift``: what is watched and how it is, and each drift with what moved; and two windows side by side as a page."""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gateway.cli.serve import settings_file
from gateway.config import Config
from gateway.settings import load_config
from gateway.shown import open_to_read
from gateway.shown_signals import known
from gateway.watch.drift.reporting import ReportError, report
from gateway.watch.drift.windows import LEAST, Tables, read
from gateway.watch.status import DRIFT_NAME
from gateway.watch.store import Query, StoreError
from gateway.watch.views import QueryError, asked
from policies.problems import ProblemsError

_KEY = ("app", "model", "surface")
_EPISODES = 20
_TOP = 3

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Compared:
    """Two windows, and what is said of each column."""

    tables: Tables
    columns: Mapping[str, Any]


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    text = "how the traffic is against what is usual of it"
    parser = subparsers.add_parser("drift", help=text, description=text)
    parser.add_argument("--config", type=Path, help="settings (default: oddgate.yaml, if there is one)")
    for name in _KEY:
        parser.add_argument(f"--{name}", metavar=name.upper(), help=f"of this {name} alone")
    parser.add_argument(
        "--since",
        metavar="TIME",
        help="where the later window begins (default: where the newest open drift does; without one, in the middle)",
    )
    parser.add_argument("--out", type=Path, metavar="FILE.html", help="set the two windows side by side, with oddgate[reports]")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    chosen = {name: value for name in _KEY if (value := getattr(args, name)) is not None}
    try:
        config = load_config(settings_file(args.config), dict(os.environ))
        query, _, _ = asked({**chosen, **({"since": args.since} if args.since else {})})
        said = _said(known(config.watch.dir / DRIFT_NAME), chosen)
        compared = _compare(config, query, said, args.out) if args.out else None
    except (ProblemsError, QueryError, ReportError) as error:
        print(f"oddgate report drift: {error}", file=sys.stderr)
        return 2
    except StoreError as error:
        print(f"the store of exchanges cannot be read: {error} (the watch makes it; is there one?)", file=sys.stderr)
        return 2
    if args.json:
        print(json.dumps({**said, **({"windows": _windows(compared)} if compared else {})}, indent=2))
        return 0
    for line in (*_lines(said), *(_told(compared, args.out) if compared else ())):
        print(line)
    return 0


def _said(overview: Json, chosen: Mapping[str, str]) -> Json:
    """Of the keys that are asked for."""

    def is_asked(each: Mapping[str, Any]) -> bool:
        return all(each.get(name) == value for name, value in chosen.items())

    found = {name: [each for each in overview.get(name, []) if is_asked(each)] for name in ("keys", "episodes")}
    return {"ts": overview.get("ts"), **found}


def _compare(config: Config, query: Query, said: Json, out: Path) -> _Compared:
    """Raises ``StoreError`` and ``ReportError``."""
    since = query.since
    if since is None:
        since = next((each["since"] for each in said["episodes"] if each["ended"] is None), None)
    with closing(open_to_read(config)) as store:
        tables = read(store, query._replace(since=None), since)
    if tables is None:
        raise ReportError(f"there are too few exchanges to compare: {LEAST} are needed of each of the two windows")
    return _Compared(tables, report(tables, out))


def _lines(said: Json) -> Iterator[str]:
    if said["ts"] is None:
        yield "the watch has said nothing of drift yet (does one run, and is watch.drift.enabled?)"
        return
    yield f"as of {_time(said['ts'])}: {len(said['keys'])} watched"
    for each in said["keys"]:
        kinds = f"  ({', '.join(each['kinds'])})" if each["kinds"] else ""
        yield f"  {_name(each)}  {each['exchanges']:,} exchanges  {each['state']}{kinds}"
    yield from (line for each in said["episodes"][:_EPISODES] for line in _episode(each))


def _episode(each: Mapping[str, Any]) -> Iterator[str]:
    until = f"until {_time(each['ended'])}" if each["ended"] is not None else "goes on"
    yield ""
    yield f"{each['id']}  {_name(each)}  {each['feature']}"
    yield f"  since {_time(each['since'])}, {until}; level {each['level']:.2f} ({each['low']:.2f} to {each['high']:.2f})"
    for moved in each["moved"][:_TOP]:
        yield f"  {moved['bin']}: {moved['usual']:.1%} → {moved['late']:.1%}"
    for segment in each["segments"]:
        yield f"  {segment['share']:.0%} of it where {segment['feature']} is {segment['value']}"
    if each["examples"]:
        yield f"  for example {', '.join(each['examples'][:_TOP])}"


def _told(compared: _Compared, out: Path) -> Iterator[str]:
    early, late = compared.tables.sizes
    yield ""
    yield f"{out}: {early:,} exchanges before {_time(compared.tables.since)}, and {late:,} since"
    drifted = sorted(name for name, column in compared.columns.items() if column["drifted"])
    yield f"Evidently's own bounds are passed by: {', '.join(drifted) or 'none'} (of {len(compared.columns)})"


def _windows(compared: _Compared) -> Json:
    early, late = compared.tables.sizes
    return {"since": compared.tables.since, "reference": early, "current": late, "columns": compared.columns}


def _name(each: Mapping[str, Any]) -> str:
    names: Sequence[str] = [each[name] or "-" for name in _KEY]
    return " · ".join(names)


def _time(ts: float | None) -> str:
    return "?" if ts is None else datetime.fromtimestamp(ts, UTC).strftime("%Y-%m-%d %H:%M:%S")
