"""``oddgate policy``: policies checked, tried on cases, on texts and on recorded traffic, explained, and compared."""

import argparse

from gateway.cli.policy import check, diff, explain, mutate, replay, schema, test

_COMMANDS = (check, test, explain, schema, diff, replay, mutate)


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("policy", help="check, test and explain policies", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in _COMMANDS:
        command.add_parser(commands)
