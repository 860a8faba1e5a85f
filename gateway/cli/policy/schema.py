"""``oddgate policy schema``: JSON Schemas by which an editor completes and checks policies and their cases.

    oddgate policy schema --out policies/policy.schema.json

then, as the first line of a policy, for VS Code's YAML extension and every other editor with yaml-language-server:

    # yaml-language-server: $schema=policy.schema.json
"""

import argparse
import json
import sys
from pathlib import Path

from detectors.registry import Catalog
from gateway.cli.policy.shown import GOOD, USAGE
from policies.json_schema import cases_schema, policy_schema


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "schema",
        help="JSON Schema of a policy's file, for editors",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--cases", action="store_true", help="of a file of cases instead")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write it there instead of printing it")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    schema = cases_schema() if args.cases else policy_schema(Catalog())
    text = json.dumps(schema, ensure_ascii=False, indent=2) + "\n"
    if args.out is None:
        sys.stdout.write(text)
        return GOOD
    try:
        args.out.write_text(text, encoding="utf-8")
    except OSError as error:
        print(f"oddgate policy: {args.out} cannot be written: {error.strerror}", file=sys.stderr)
        return USAGE
    print(f"# yaml-language-server: $schema={args.out.name}")
    return GOOD
