"""``oddgate policy diff``: what one policy decides otherwise than another, key by key: tighter, looser, or both (mixed)."""

import argparse
import json
import sys
from pathlib import Path

from detectors.registry import Catalog
from gateway.cli.policy.shown import FOUND, GOOD, USAGE, counted, print_json
from policies.diff import Change, diff
from policies.load import PolicyError, load_policy
from policies.positions import Json

_MAX_CHARS = 120


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("diff", help="what one policy decides otherwise than another; exit 1 if anything", description=__doc__)
    parser.add_argument("old", type=Path, metavar="A")
    parser.add_argument("new", type=Path, metavar="B")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    try:
        old, new = load_policy(args.old, Catalog()), load_policy(args.new, Catalog())
    except PolicyError as error:
        print(error, file=sys.stderr)
        return USAGE
    changes = diff(old.policy, new.policy)
    if args.json:
        print_json({"old": old.version, "new": new.version, "changes": [_as_json(change) for change in changes]})
    else:
        for change in changes:
            print(f"{change.trend:<8}{change.key}: {_said(change)}")
        print(f"{old.version} -> {new.version}: {counted(len(changes), 'change')}")
    return FOUND if changes else GOOD


def _as_json(change: Change) -> dict[str, Json]:
    return {"key": change.key, "old": change.old, "new": change.new, "trend": change.trend.value}


def _said(change: Change) -> str:
    if change.old is None and isinstance(change.new, dict):
        return f"added: {_short(change.new)}"
    if change.new is None and isinstance(change.old, dict):
        return f"removed: {_short(change.old)}"
    if isinstance(change.old, list) and isinstance(change.new, list):
        return _entries(change.old, change.new)
    return f"{_short(change.old)} -> {_short(change.new)}"


def _entries(old: list[Json], new: list[Json]) -> str:
    gone = [f"-{_short(each)}" for each in old if each not in new]
    come = [f"+{_short(each)}" for each in new if each not in old]
    return ", ".join(gone + come) or "in another order"


def _short(value: Json) -> str:
    text = value if isinstance(value, str) else "not set" if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MAX_CHARS else f"{text[:_MAX_CHARS]}…"
