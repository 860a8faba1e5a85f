"""``oddgate policy explain``: what a policy is made of, and what it makes of a text or of a recorded exchange, rule by rule, and why."""

import argparse
import sys
from pathlib import Path
from typing import Protocol

from detectors.registry import Catalog, DetectorError
from gateway.cli.detect import LocalScan
from gateway.cli.policy.explain_record import RecordExplained, find_record
from gateway.cli.policy.explain_text import TextExplained
from gateway.cli.policy.files import default_path
from gateway.cli.policy.shown import FOUND, GOOD, USAGE, print_json
from gateway.cli.policy.stated import add_options, exchange_of
from policies.load import LoadedPolicy, PolicyError, library, load_dir, load_policy
from policies.vocabulary import Scope


class _Explained(Protocol):
    fired: bool

    def lines(self) -> list[str]: ...

    def as_json(self) -> dict[str, object]: ...


class _UsageError(Exception):
    """What is asked for cannot be had; the message says why."""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    text = "which rule fires on a text or in a recorded exchange, and why; exit 1 if any does"
    parser = commands.add_parser("explain", help=text, description=__doc__)
    parser.add_argument("--policy", type=Path, metavar="FILE", help="default: the library's default.yaml, or the one of the exchange")
    parser.add_argument(
        "--scope", default=Scope.USER, type=Scope, choices=list(Scope), metavar="SCOPE", help=f"{', '.join(Scope)}; default: user"
    )
    add_options(parser)
    parser.add_argument("--exchange", metavar="ID", help="a recorded exchange instead of a text, by its x-oddgate-request-id")
    parser.add_argument("--journal", type=Path, default=Path("var/journal"), metavar="DIR", help="where it is; default: var/journal")
    parser.add_argument("text", nargs="?", metavar="TEXT|-", help="the text, or - for standard input")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    try:
        explained = _explained(args)
    except UnicodeError:
        print("oddgate policy: the text is not UTF-8", file=sys.stderr)
        return USAGE
    except _UsageError as error:
        print(f"oddgate policy: {error}", file=sys.stderr)
        return USAGE
    except (PolicyError, DetectorError) as error:
        print(error, file=sys.stderr)
        return USAGE
    if args.json:
        print_json(explained.as_json())
    else:
        print("\n".join(explained.lines()))
    return FOUND if explained.fired else GOOD


def _explained(args: argparse.Namespace) -> _Explained:
    if (args.exchange is None) is (args.text is None):
        raise _UsageError("name a text, or an exchange with --exchange ID")
    if args.exchange is not None:
        return _of_record(args)
    text = sys.stdin.read() if args.text == "-" else args.text
    text.encode()
    loaded = load_policy(args.policy or library() / "default.yaml", Catalog())
    return TextExplained(loaded, exchange_of(args, args.scope, text), LocalScan())


def _of_record(args: argparse.Namespace) -> _Explained:
    if not args.journal.is_dir():
        raise _UsageError(f"there is no journal in {args.journal}")
    record = find_record(args.journal, args.exchange)
    if record is None:
        raise _UsageError(f"there is no record of the exchange {args.exchange[:80]} in {args.journal}")
    name = str(record.get("policy") or "").partition("@")[0]
    return RecordExplained(load_policy(args.policy, Catalog()) if args.policy else _named(name), record)


def _named(name: str) -> LoadedPolicy:
    """Among those that commands look at; else in the library."""
    for folder in dict.fromkeys((default_path(), library())):
        found = load_dir(folder, Catalog())
        if name in found:
            return found[name]
    raise _UsageError(f"there is no policy {name or 'named in the record'} here; say where with --policy FILE")
