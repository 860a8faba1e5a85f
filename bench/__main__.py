"""``python -m bench [--quick] [--json FILE]`` and ``python -m bench soak [--requests N]``."""

import argparse
import json
import signal
import sys
from dataclasses import asdict, replace
from pathlib import Path

from bench.compare import FULL, QUICK, compare
from bench.processes import is_pinnable
from bench.report import as_json, machine, print_report
from bench.soak import print_soak, soak
from bench.targets import DEFAULT, TARGETS, Target, parse_target


def main() -> None:
    options = _parser().parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the servers under test are stopped, too
    if not is_pinnable():
        print("This machine does not let each side have its own core: the figures will be rougher.")
    run = _soak if options.command == "soak" else _compare
    result = run(options)
    if options.json:
        options.json.write_text(json.dumps({"machine": machine(), **result}, indent=1))


def _compare(options: argparse.Namespace) -> dict:
    plan = QUICK if options.quick else FULL
    plan = replace(plan, connections=options.connections) if options.connections else plan
    results = compare(plan, [*_named(options.target or [target.name for target in TARGETS]), *options.add])
    print_report(results)
    return as_json(results)


def _soak(options: argparse.Namespace) -> dict:
    result = soak(*_named(options.target or [DEFAULT]), options.requests, *(options.connections or [16]))
    print_soak(result)
    return asdict(result) | {"slope_kb_per_1000": result.slope_kb}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measures what oddgate costs, beside a bare proxy.")
    parser.add_argument(
        "command", nargs="?", choices=("compare", "soak"), default="compare", help="compare targets, or watch memory over many requests"
    )
    parser.add_argument("--json", type=Path, help="write every figure to this file")
    parser.add_argument("--target", nargs="+", help=f"only these of: {', '.join(target.name for target in TARGETS)}")
    parser.add_argument("--connections", type=int, nargs="+", help="at a time (compare: 1 16; soak: 16)")
    parser.add_argument("--quick", action="store_true", help="compare: about a minute, rougher")
    parser.add_argument("--requests", type=int, default=200_000, help="soak: how many")
    parser.add_argument(
        "--add",
        type=parse_target,
        action="append",
        default=[],
        metavar="NAME=COMMAND",
        help="compare: one more; {port}, {upstream} are filled in",
    )
    return parser


def _named(names: list[str]) -> list[Target]:
    known = {target.name: target for target in TARGETS}
    if unknown := set(names) - set(known):
        sys.exit(f"No target is called {', '.join(sorted(unknown))}. There are: {', '.join(known)}.")
    return [known[name] for name in names]


if __name__ == "__main__":
    main()
