"""``oddgate report bias``: whether outcomes differ between groups, what probes have shown, and what our own rules make of groups."""

import argparse
import json
import os
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from gateway.cli.serve import settings_file
from gateway.config import Config
from gateway.proxy.keeping import replace_file
from gateway.settings import load_config
from gateway.shown import open_to_read
from gateway.shown_signals import known
from gateway.watch.bias.guard_treatment import guards
from gateway.watch.bias.page import page
from gateway.watch.bias.tables import NOTES, Table, summary, tables
from gateway.watch.status import BIAS_NAME
from gateway.watch.store import StoreError
from policies.problems import ProblemsError


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    text = "whether outcomes differ between groups of people"
    parser = subparsers.add_parser("bias", help=text, description=text)
    parser.add_argument("--config", type=Path, help="settings (default: oddgate.yaml, if there is one)")
    parser.add_argument("--app", metavar="APP", help="of this application alone")
    parser.add_argument("--out", type=Path, metavar="FILE.html", help="write it as a page, which needs nothing else")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    try:
        config = load_config(settings_file(args.config), dict(os.environ))
        said = _said(config, args.app)
        if args.out:
            replace_file(args.out, page(said).encode(), mode=0o644)
    except ProblemsError as error:
        print(error, file=sys.stderr)
        return 2
    except StoreError as error:
        print(f"the store of exchanges cannot be read: {error} (the watch makes it; is there one?)", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"{args.out} cannot be written: {error.strerror}", file=sys.stderr)
        return 2
    if args.json:
        print(json.dumps(said, indent=2))
        return 0
    for line in (*summary(said), *(line for table in tables(said) for line in _lines(table)), "", *NOTES):
        print(line)
    return 0


def _said(config: Config, app: str | None) -> dict[str, Any]:
    """Raises ``StoreError``."""
    said = dict(known(config.watch.dir / BIAS_NAME))
    if app is not None:
        said["apps"] = [each for each in said.get("apps", ()) if each["app"] == app]
        if said.get("probes"):
            said["probes"] = {**said["probes"], "apps": [each for each in said["probes"]["apps"] if each["app"] == app]}
    with closing(open_to_read(config)) as store:
        said["guards"] = guards(store, app or "")
    return {"kind": "bias", **said}


def _lines(table: Table) -> Iterator[str]:
    """As wide as its widest cells."""
    yield ""
    yield f"{table.title}: {table.note}"
    if not table.rows:
        return
    places = [place for place, name in enumerate(table.head) if name in table.brief]
    widths = [max(len(row[place]) for row in (table.head, *table.rows)) for place in places]
    for row in (table.head, *table.rows):
        yield "  " + "  ".join(row[place].ljust(width) for place, width in zip(places, widths, strict=True)).rstrip()
