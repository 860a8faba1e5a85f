"""``oddgate tail``: the journal's records as they come, one readable line each."""

import argparse
import json
import os
import sys
import time
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gateway.cli.serve import settings_file
from gateway.settings import load_config
from gateway.telemetry.chain import is_own
from gateway.telemetry.tailing import JournalReader
from gateway.watch.row import TEXTS
from policies.labels import MEASURE, is_event
from policies.problems import ProblemsError

_FILTERS = {
    "app": "of this application",
    "surface": "of this surface",
    "decision": "that were so decided",
    "rule": "in which this rule fired",
}
_PAUSE_S = 0.2


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    text = "show exchanges as their records are written"
    parser = subparsers.add_parser("tail", help=text, description=text)
    parser.add_argument("--config", type=Path, help="settings (default: oddgate.yaml, if there is one)")
    parser.add_argument("--dir", type=Path, help="the journal's folder (default: that of the settings)")
    parser.add_argument("-n", "--lines", type=int, default=10, help="records from before to begin with (default: 10)")
    parser.add_argument("--no-follow", action="store_true", help="stop at the end of the journal")
    parser.add_argument("--json", action="store_true", help="the records as they are, but for texts")
    for name, text in _FILTERS.items():
        parser.add_argument(f"--{name}", help=f"only those {text}")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    try:
        folder = args.dir or load_config(settings_file(args.config), dict(os.environ)).journal.dir
    except (ProblemsError, OSError) as error:
        print(f"oddgate tail: {error}", file=sys.stderr)
        return 2
    if not folder.is_dir():
        print(f"there is no journal in {folder}", file=sys.stderr)
        return 2
    reader = JournalReader(folder)
    asked = {name: value for name in _FILTERS if (value := getattr(args, name)) is not None}
    for line in deque(_lines(reader, asked), maxlen=max(0, args.lines)):
        _show(line, as_json=args.json)
    while not args.no_follow:
        for line in _lines(reader, asked):
            _show(line, as_json=args.json)
        time.sleep(_PAUSE_S)
    return 0


def _lines(reader: JournalReader, asked: dict[str, str]) -> Iterator[bytes]:
    return (line for line in reader.read() if not is_own(line) and (not asked or _is_asked(line, asked)))


def _is_asked(line: bytes, asked: dict[str, str]) -> bool:
    """A line that is no record is never what was asked for."""
    try:
        record = json.loads(line)
        return all(value in _has(record, name) for name, value in asked.items())
    except (ValueError, TypeError, AttributeError, RecursionError):
        return False


def _has(record: dict[str, Any], name: str) -> list[object]:
    """An exchange has the rules that fired; what a person says, the rule that it is said of."""
    return record["rules"] if name == "rule" and "rules" in record else [record.get(name)]


def _show(line: bytes, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.buffer.write(_without_texts(line))
        sys.stdout.flush()
        return
    try:
        print(describe(json.loads(line)), flush=True)
    except (ValueError, KeyError, TypeError, RecursionError):
        print("(a line that is no record)", flush=True)


def _without_texts(line: bytes) -> bytes:
    """Texts are for those who look at one exchange; nothing is shown of a line that may have some and cannot be read."""
    if b'"texts":{' not in line and b'"sealed_texts"' not in line:
        return line
    try:
        record = json.loads(line)
        return json.dumps({name: value for name, value in record.items() if name not in TEXTS}, separators=(",", ":")).encode() + b"\n"
    except (ValueError, AttributeError, RecursionError):
        return b""


def describe(record: dict[str, Any]) -> str:
    """What a person says of an exchange, what was done about an incident, or an exchange, in one line.

    ``10:15:00.123 chat gpt-4o stream redact completed 200 pii: EMAIL_ADDRESS×2 …``
    """
    when = datetime.fromtimestamp(record["ts"], UTC).strftime("%H:%M:%S.%f")[:-3]
    if record.get("kind") == MEASURE:
        return "  ".join([when, "measure", record["change"], record["measure"], json.dumps(record["do"])])
    if is_event(record):
        return "  ".join([when, record["app"] or "-", record["kind"], record["label"], record["request_id"]])
    timings = record["timings_ms"]
    parts = [
        when,
        record["app"] or "-",
        record["surface"],
        record["model"] or "-",
        "stream" if record["stream"] else "whole",
        "UNGUARDED" if record.get("unguarded") else record["decision"].upper(),
        record["outcome"],
        str(record["status"]),
        record["policy"] or "-",
        f"+{timings['overhead']} ms (guards {timings['guards']}), upstream {timings['upstream']} ms",
    ]
    if found := _found(record["findings"]):
        parts.append(found)
    return "  ".join([*parts, record["request_id"]])


def _found(findings: list[dict[str, Any]]) -> str:
    counts: dict[str, int] = {}
    for finding in findings:
        entity = finding["kind"].rpartition(".")[2] if finding["why"] == "match" else finding["why"]
        name = f"{'would ' if finding['shadow'] else ''}{finding['action']} {entity}"
        counts[name] = counts.get(name, 0) + 1
    return ", ".join(f"{name}×{count}" if count > 1 else name for name, count in counts.items())
