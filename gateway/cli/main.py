"""The command ``oddgate``. Exit codes: 0 good, 1 findings or a failed check, 2 wrong usage or settings."""

import argparse
import sys
from collections.abc import Sequence

from gateway.cli import audit, calibrate, doctor, exchanges, incident, report, scan, serve, tail, watch
from gateway.cli import eval as evaluate
from gateway.cli.policy import commands as policy


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="oddgate", description="Guards the traffic between applications and LLM endpoints.")
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in (serve, policy, calibrate, scan, evaluate, tail, exchanges, incident, report, audit, watch, doctor):
        command.add_parser(subparsers)
    args = parser.parse_args(argv)
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
