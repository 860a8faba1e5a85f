"""``oddgate policy replay``: recorded exchanges decided again, under a draft and under the policy that it is to replace.

``--from`` names a file of JSON lines, or a folder of them: segments of the gateway's journal, which hold no text, or texts (the shape is in
``policies.rehearsal.recorded``). ``--store`` takes the journal's records from the store of the settings, as far back as it keeps them.
What detectors find in texts is remembered between runs, by a keyed hash of each text, never the text.
"""

import argparse
import os
import sys
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from time import perf_counter

from detectors.registry import Catalog, DetectorError
from detectors.text.entities import DEFAULT_ENTITIES
from gateway.cli.detect import LocalScan, user_cache
from gateway.cli.policy.files import default_path
from gateway.cli.policy.forms import conforms
from gateway.cli.policy.measured import MeasureError, add_measure, measure_of
from gateway.cli.policy.recorders import Recorders
from gateway.cli.policy.remembered import CacheError, Remembered
from gateway.cli.policy.replay_report import Report
from gateway.cli.policy.scans import SharedScans
from gateway.cli.policy.shown import FOUND, GOOD, USAGE, print_json, visible
from gateway.cli.policy.sources import Line, of_files, of_store
from gateway.cli.serve import settings_file
from gateway.config import Config
from gateway.guard.plan import options_of
from gateway.settings import load_config
from gateway.shown import open_to_read
from gateway.watch.observe import is_held_off
from gateway.watch.store import StoreError
from gateway.watch.views import QueryError, asked
from policies.labels import is_event
from policies.load import LoadedPolicy, load_dir, load_policy
from policies.policy import Rule
from policies.problems import ProblemsError
from policies.rehearsal.recorded import Entry, LineError, entry
from policies.rehearsal.replay import Replay
from policies.rehearsal.totals import Pair, Totals

_CHUNK = 512
_MAX_BAD = 20
_PROGRESS_S = 5.0
_MAX_IDS = 1_000_000


class _UsageError(Exception):
    pass


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "replay", help="decide recorded exchanges again under a draft; exit 1 if a bound in its expect breaks", description=__doc__
    )
    parser.add_argument("draft", type=Path, metavar="DRAFT", help="the policy in question")
    parser.add_argument(
        "--against", type=Path, metavar="POLICY", help="the policy that it is to replace; default: that of the draft's name in ./policies"
    )
    sources = parser.add_mutually_exclusive_group(required=True)
    sources.add_argument("--from", dest="source", type=Path, metavar="FILE|DIR", help="recorded exchanges, *.jsonl")
    sources.add_argument("--store", action="store_true", help="those that the store of the settings keeps")
    parser.add_argument("--config", type=Path, help="settings, for --store and --measure (default: oddgate.yaml, if there is one)")
    parser.add_argument("--since", metavar="TIME", help="with --store: from this time on: seconds, or 2026-11-22T10:15:00+00:00")
    parser.add_argument("--until", metavar="TIME", help="with --store: before this time")
    parser.add_argument(
        "--recorded-by",
        type=Path,
        action="append",
        default=[],
        metavar="POLICY",
        help="one that decided some of the journal's records, besides those that the gateway keeps",
    )
    parser.add_argument(
        "--keep-dir", type=Path, metavar="DIR", help="policies.keep_dir of the gateway's settings; default: var, or theirs with --store"
    )
    parser.add_argument(
        "--allow-bad", action="store_true", help="lines that are no recorded exchanges do not make it fail, up to half of all"
    )
    parser.add_argument("--sample", type=int, default=5, metavar="N", help="examples of each kind of change, by request id; default: 5")
    add_measure(parser)
    parser.add_argument("--no-cache", action="store_true", help="remember nothing between runs")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    try:
        report = replay(args)
    except StoreError as error:
        print(f"oddgate policy replay: the store of exchanges cannot be read: {error}", file=sys.stderr)
        return USAGE
    except (_UsageError, MeasureError, ProblemsError, QueryError, DetectorError, OSError, CacheError) as error:
        print(f"oddgate policy replay: {error}", file=sys.stderr)
        return USAGE
    if args.json:
        print_json(report.as_json())
    else:
        print("\n".join(map(visible, report.lines())))
    if not report.read:
        print("oddgate policy replay: not one exchange could be read", file=sys.stderr)
        return USAGE
    return FOUND if report.broken or report.is_unsound else GOOD


def replay(args: argparse.Namespace) -> Report:
    """Raises ``_UsageError``, and what is raised where policies, detectors, settings, the store or files fail."""
    config = load_config(settings_file(args.config), dict(os.environ)) if args.store else None
    under = measure_of(args.measure, args.measure_app, args.config)
    draft = load_policy(args.draft, Catalog())
    against = load_policy(args.against, Catalog()) if args.against else _in_force(draft)
    others = [load_policy(path, Catalog()) for path in args.recorded_by]
    recorders = Recorders((*others, against, draft), args.keep_dir or (config.policies.keep_dir if config else Path("var")))
    local = LocalScan()
    defaults = {"pii": frozenset(DEFAULT_ENTITIES)}
    replaying = Replay(against.policy, draft.policy, recorders, defaults, lambda rule: _made(local, rule), perf_counter, conforms, under)
    report = Report(draft, against, replaying, Totals(max(0, args.sample)), allows_bad=args.allow_bad)
    remembered = Remembered(None if args.no_cache else Path(user_cache()) / "replay")
    with closing(remembered), closing(_lines(args, config)) as lines:
        _decide_all(lines, report, lambda: SharedScans(local, remembered, replaying.rules))
    return report


def _lines(args: argparse.Namespace, config: Config | None) -> Generator[Line, None, None]:
    times = {name: value for name in ("since", "until") if (value := getattr(args, name))}
    if config is None:
        if times or (args.config and not args.measure):
            raise _UsageError("--since and --until are for --store, --config for --store and --measure")
        yield from of_files(_files(args.source))
        return
    query, _, _ = asked(times)
    with closing(open_to_read(config)) as store:
        yield from of_store(store, query)


def _in_force(draft: LoadedPolicy) -> LoadedPolicy:
    found = load_dir(default_path(), Catalog()).get(draft.policy.name)
    if found is None or found.path.resolve() == draft.path.resolve():
        raise _UsageError(f"there is no other policy named {draft.policy.name} in {default_path()}; say --against which one it is held")
    return found


def _files(source: Path) -> list[Path]:
    if not source.is_dir():
        return [source]
    found = sorted(path for path in source.iterdir() if path.suffix == ".jsonl")
    if not found:
        raise _UsageError(f"there is no *.jsonl in {source}")
    return found


def _made(local: LocalScan, rule: Rule) -> str:
    return "+".join(detector.digest for detector in local.detectors(rule.detect, options_of(rule)))


def _decide_all(lines: Iterable[Line], report: Report, made: Callable[[], SharedScans]) -> None:
    """``made``: asked for where there are texts, as journals are replayed without detectors."""
    scans = None
    entries = _once(_entries(lines, report), report)
    start = since = perf_counter()
    while chunk := list(islice(entries, _CHUNK)):
        with_texts = [each.exchange for each in chunk if each.record is None and not each.is_too_long]
        if with_texts:
            scans = scans or made()
            scans.show((text.scope, text.text) for exchange in with_texts for text in exchange.texts)
        for each in chunk:
            _count(report.replay.decide(each, scans), each, report.totals)
        report.read += len(chunk)
        now = perf_counter()
        if now - since > _PROGRESS_S:
            since = now
            print(f"oddgate policy replay: {report.read:,} exchanges, {report.read / (now - start):,.0f} a second", file=sys.stderr)
    report.seconds = perf_counter() - start


def _count(pair: Pair | str, each: Entry, totals: Totals) -> None:
    if isinstance(pair, str):
        totals.add_untold(each.request_id, [pair])
    else:
        totals.add(pair)


def _once(entries: Iterator[Entry], report: Report) -> Iterator[Entry]:
    """Of each request id the first: a line that is there twice is no second exchange. Ids are known by a hash, up to a number of them."""
    seen: set[bytes] = set()
    for each in entries:
        known = blake2b(each.request_id.encode(errors="surrogatepass"), digest_size=16).digest()
        if known in seen:
            report.repeated += 1
            continue
        if len(seen) < _MAX_IDS:
            seen.add(known)
        else:
            report.repeats_missed = True
        yield each


def _entries(lines: Iterable[Line], report: Report) -> Iterator[Entry]:
    """Lines that are none are counted, and the first of them named."""
    for where, said in lines:
        try:
            if isinstance(said, LineError):
                raise said
            if isinstance(said, dict) and is_held_off(said) and not said.get("policy"):
                report.held_off += 1
            elif not (isinstance(said, dict) and is_event(said)):
                yield entry(said)
        except LineError as error:
            report.bad += 1
            if len(report.bad_lines) < _MAX_BAD:
                report.bad_lines.append(f"{where}: {error}")
