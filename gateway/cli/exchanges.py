"""``oddgate exchanges``: those that the watch has kept, newest first, by what they were and what became of them."""

import argparse
import json
import os
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from gateway.cli.serve import settings_file
from gateway.config import Config
from gateway.settings import load_config
from gateway.shown import open_to_read
from gateway.telemetry.sealing import Sealer, SealError
from gateway.watch.row import Row
from gateway.watch.store import MAX_PAGE, ExchangeStore, Place, Query, StoreError
from gateway.watch.views import QueryError, asked, exchange, summary
from policies.problems import ProblemsError

_NAMES = tuple(Query._fields)


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    text = "show exchanges of the store, newest first"
    parser = subparsers.add_parser("exchanges", help=text, description=text)
    parser.add_argument("id", nargs="?", help="one exchange, by its x-oddgate-request-id, with all that is recorded of it")
    parser.add_argument("--config", type=Path, help="settings (default: oddgate.yaml, if there is one)")
    for name in _NAMES:
        what = {"since": "from this time on: seconds, or 2026-11-22T10:15:00+00:00", "until": "before this time", "rule": "that fired"}
        parser.add_argument(f"--{name}", metavar="TIME" if name in ("since", "until") else name.upper(), help=what.get(name))
    parser.add_argument("-n", "--limit", type=int, default=20, help="how many (default: 20; 0: all)")
    parser.add_argument(
        "--text", action="store_true", help="with an ID: its texts as they came, where they are kept sealed (store.text_key)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    try:
        config = load_config(settings_file(args.config), dict(os.environ))
        query, _, _ = asked({name: value for name in _NAMES if (value := getattr(args, name))})
        with closing(open_to_read(config)) as store:
            if args.text:
                return _texts(store, config, args.id)
            return _one(store, args.id) if args.id else _many(store, query, args.limit, as_json=args.json)
    except (ProblemsError, QueryError) as error:
        print(error, file=sys.stderr)
    except StoreError as error:
        print(f"the store of exchanges cannot be read: {error} (the watch makes it; is there one?)", file=sys.stderr)
    return 2


def _one(store: ExchangeStore, request_id: str) -> int:
    found = exchange(store, request_id)
    if found is None:
        print(f"no exchange {request_id[:64]!r} is kept", file=sys.stderr)
        return 1
    print(json.dumps(found, indent=2))
    return 0


def _texts(store: ExchangeStore, config: Config, request_id: str | None) -> int:
    if not request_id:
        print("--text shows one exchange: say its ID", file=sys.stderr)
        return 2
    kept = store.texts(request_id)
    if not kept:
        print(f"no texts of {request_id[:64]!r} are kept", file=sys.stderr)
        return 1
    if "sealed_texts" not in kept:
        print(json.dumps(kept["texts"], indent=2))
        return 0
    key = config.store.text_key
    if key is None:
        print("its texts are sealed: set store.text_key to the key that they were sealed with", file=sys.stderr)
        return 2
    try:
        print(json.dumps(Sealer(key.get_secret_value().encode(), os.urandom).open(kept["sealed_texts"], request_id), indent=2))
    except SealError as error:
        print(f"its texts cannot be opened: {error}", file=sys.stderr)
        return 2
    return 0


def _many(store: ExchangeStore, query: Query, limit: int, *, as_json: bool) -> int:
    for row in _rows(store, query, limit):
        print(json.dumps(summary(row)) if as_json else _line(row))
    return 0


def _rows(store: ExchangeStore, query: Query, limit: int) -> Iterator[Row]:
    left, after = limit or sys.maxsize, None
    while left > 0 and (rows := store.page(query, after, min(left, MAX_PAGE))):
        yield from rows
        left -= len(rows)
        after = Place(rows[-1].ts, rows[-1].request_id)


def _line(row: Row) -> str:
    when = datetime.fromtimestamp(row.ts, UTC).strftime("%Y-%m-%d %H:%M:%S")
    what = (row.app or "-", row.surface, row.model or "-", row.decision.upper(), row.outcome, str(row.status), row.policy or "-")
    rules = row.rules.strip(",") or "-"
    cost = "-" if row.cost_usd is None else f"${row.cost_usd:.6f}"
    return "  ".join([when, *what, rules, f"{row.total_ms:.0f} ms (+{row.overhead_ms:.1f})", cost, row.request_id])
