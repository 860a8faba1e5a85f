"""``oddgate tail``: the journal's records as they come, one readable line each."""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gateway.telemetry.chain import is_own
from gateway.telemetry.tailing import JournalReader
from policies.labels import is_event

_PAUSE_S = 0.2


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    text = "show exchanges as their records are written"
    parser = subparsers.add_parser("tail", help=text, description=text)
    parser.add_argument("--dir", type=Path, default=Path("var/journal"), help="the journal's folder (default: var/journal)")
    parser.add_argument("-n", "--lines", type=int, default=10, help="records from before to begin with (default: 10)")
    parser.add_argument("--no-follow", action="store_true", help="stop at the end of the journal")
    parser.add_argument("--json", action="store_true", help="the records as they are")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    if not args.dir.is_dir():
        print(f"there is no journal in {args.dir}", file=sys.stderr)
        return 2
    reader = JournalReader(args.dir)
    for line in list(_lines(reader))[-args.lines :] if args.lines > 0 else []:
        _show(line, as_json=args.json)
    while not args.no_follow:
        for line in _lines(reader):
            _show(line, as_json=args.json)
        time.sleep(_PAUSE_S)
    return 0


def _lines(reader: JournalReader) -> Iterator[bytes]:
    return (line for line in reader.read() if not is_own(line))


def _show(line: bytes, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.buffer.write(line)
        sys.stdout.flush()
        return
    try:
        print(describe(json.loads(line)), flush=True)
    except (ValueError, KeyError, TypeError):
        print("(a line that is no record)", flush=True)


def describe(record: dict[str, Any]) -> str:
    """What a person says of an exchange, or ``10:15:00.123 chat gpt-4o stream redact completed 200 pii: EMAIL_ADDRESS×2 …``."""
    when = datetime.fromtimestamp(record["ts"], UTC).strftime("%H:%M:%S.%f")[:-3]
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
