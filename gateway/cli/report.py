"""``oddgate report``: what the watch has found, and pages that set windows of the traffic side by side."""

import argparse

from gateway.cli import report_bias, report_drift


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    text = "what the watch has found in the traffic as a whole"
    parser = subparsers.add_parser("report", help=text, description=text)
    kinds = parser.add_subparsers(required=True, metavar="KIND")
    report_drift.add_parser(kinds)
    report_bias.add_parser(kinds)
