"""``python -m bench [compare|soak|dialects|invariance|matrix|replay|decision|watch|kills|telemetry|drill] [--quick] [--json FILE]``."""

import argparse
import json
import signal
import sys
from dataclasses import asdict, replace
from pathlib import Path

from bench.compare import FULL, QUICK, compare
from bench.decision import decision
from bench.dialects import dialects
from bench.drill.command import drill
from bench.invariance import invariance
from bench.kills import KILLS, as_figures, kills, print_kills
from bench.matrix import cells, plans, summary, table, write_table
from bench.processes import is_pinnable
from bench.replay import EXCHANGES, replay
from bench.report import as_json, machine, print_report
from bench.soak import print_soak, soak
from bench.targets import DEFAULT, TARGETS, Target, parse_target
from bench.telemetry import telemetry
from bench.watch import FULL as WATCH_FULL
from bench.watch import QUICK as WATCH_QUICK
from bench.watch import watch


def main() -> None:
    options = _parser().parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the servers under test are stopped, too
    if options.command in ("compare", "soak") and not is_pinnable():
        print("This machine does not let each side have its own core: the figures will be rougher.")
    result = _COMMANDS[options.command](options)
    if options.json:
        options.json.write_text(json.dumps({"machine": machine(), **result}, indent=1))
    if result.get("violations") or result.get("bypasses"):
        sys.exit(1)


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


def _dialects(options: argparse.Namespace) -> dict:
    return dialects(rounds=6 if options.quick else 30)


def _invariance(options: argparse.Namespace) -> dict:
    return invariance(options.splits, options.seed, options.only)


def _matrix(options: argparse.Namespace) -> dict:
    found = list(cells(plans(Path("var/cache"))))
    print(f"{table(found)}\n\n{summary(found)}")
    if options.write:
        write_table(options.write, found)
    return {"cells": list(map(asdict, found)), "bypasses": [asdict(cell) for cell in found if cell.is_bypass]}


def _replay(options: argparse.Namespace) -> dict:
    return replay(10_000 if options.quick else EXCHANGES)


def _decision(options: argparse.Namespace) -> dict:
    return decision(rounds=4 if options.quick else 15)


def _watch(options: argparse.Namespace) -> dict:
    return watch(WATCH_QUICK if options.quick else WATCH_FULL)


def _telemetry(options: argparse.Namespace) -> dict:
    return telemetry(rounds=5 if options.quick else 21)


def _kills(options: argparse.Namespace) -> dict:
    result = kills(options.kills, options.seed)
    print_kills(result)
    return as_figures(result)


def _drill(options: argparse.Namespace) -> dict:
    return drill(options.faults, options.lanes, options.seed, options.folder, is_quick=options.quick)


_COMMANDS = {
    "compare": _compare,
    "soak": _soak,
    "dialects": _dialects,
    "invariance": _invariance,
    "matrix": _matrix,
    "replay": _replay,
    "decision": _decision,
    "watch": _watch,
    "kills": _kills,
    "telemetry": _telemetry,
    "drill": _drill,
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measures what oddgate costs, beside a bare proxy.")
    parser.add_argument(
        "command",
        nargs="?",
        choices=tuple(_COMMANDS),
        default="compare",
        help="compare targets; memory over many requests; dialects; one text on all surfaces; bypasses; replay; decision; watch; kills; "
        "what telemetry costs; what is heard of faults",
    )
    parser.add_argument("--json", type=Path, help="write every figure to this file")
    parser.add_argument("--target", nargs="+", help=f"only these of: {', '.join(target.name for target in TARGETS)}")
    parser.add_argument("--connections", type=int, nargs="+", help="at a time (compare: 1 16; soak: 16)")
    parser.add_argument("--quick", action="store_true", help="compare, dialects: about a minute, rougher; drill: 8 faults")
    parser.add_argument("--requests", type=int, default=200_000, help="soak: how many")
    parser.add_argument("--splits", type=int, default=100_000, help="invariance: how many on each surface")
    parser.add_argument("--seed", type=int, default=1, help="invariance, kills, drill: of what is random")
    parser.add_argument("--kills", type=int, default=KILLS, help="kills: how many")
    parser.add_argument("--only", type=int, metavar="NUMBER", help="invariance: that text alone")
    parser.add_argument("--faults", nargs="+", default=[], metavar="FAULT", help="drill: only these; none: all")
    parser.add_argument("--lanes", type=int, default=2, help="drill: gateways at a time")
    parser.add_argument("--folder", type=Path, help="drill: where all of it is kept, to look at; none: nowhere")
    parser.add_argument("--write", type=Path, metavar="FILE", help="matrix: put the table between its marks in this file")
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
