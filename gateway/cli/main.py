"""The command ``oddgate``. Exit codes: 0 good, 1 findings or a failed check, 2 wrong usage or settings."""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

_COMMANDS = {
    "serve": "gateway.cli.serve",
    "demo": "gateway.cli.serve",
    "policy": "gateway.cli.policy.commands",
    "calibrate": "gateway.cli.calibrate",
    "scan": "gateway.cli.scan",
    "eval": "gateway.cli.eval",
    "tail": "gateway.cli.tail",
    "exchanges": "gateway.cli.exchanges",
    "incident": "gateway.cli.incident",
    "report": "gateway.cli.report",
    "audit": "gateway.cli.audit",
    "watch": "gateway.cli.watch",
    "doctor": "gateway.cli.doctor",
}
"""The module of each, with ``add_parser``. Only the one that is asked for is imported: a start would take twice as long."""


def main(argv: Sequence[str] | None = None) -> int:
    given = sys.argv[1:] if argv is None else argv
    parser = argparse.ArgumentParser(prog="oddgate", description="Guards the traffic between applications and LLM endpoints.")
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    asked = _COMMANDS.get(given[0]) if given else None
    for module in (asked,) if asked else dict.fromkeys(_COMMANDS.values()):
        import_module(module).add_parser(subparsers)
    args = parser.parse_args(given)
    try:
        code: int = args.run(args)
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    except KeyboardInterrupt:
        return 130
    return code


if __name__ == "__main__":
    sys.exit(main())
