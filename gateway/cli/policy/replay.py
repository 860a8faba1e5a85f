"""``oddgate policy replay``: recorded exchanges decided again, under a draft and under the policy that it is to replace.

``--from`` names a file of JSON lines, or a folder of them: segments of the gateway's journal, which hold no text, or texts (the shape is in
``policies.rehearsal.recorded``). What detectors find in texts is remembered between runs, by a keyed hash of each text, never the text.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from time import perf_counter

import orjson

from detectors.registry import Catalog, DetectorError
from detectors.text.entities import DEFAULT_ENTITIES
from gateway.cli.detect import LocalScan, user_cache
from gateway.cli.policy.files import default_path
from gateway.cli.policy.forms import conforms
from gateway.cli.policy.recorders import Recorders
from gateway.cli.policy.remembered import CacheError, Remembered
from gateway.cli.policy.replay_report import Report
from gateway.cli.policy.scans import SharedScans
from gateway.cli.policy.shown import FOUND, GOOD, USAGE, print_json, visible
from gateway.guard.plan import options_of
from policies.labels import is_event
from policies.load import LoadedPolicy, PolicyError, load_dir, load_policy
from policies.policy import Rule
from policies.rehearsal.recorded import Entry, LineError, entry
from policies.rehearsal.replay import Replay
from policies.rehearsal.totals import Pair, Totals

_CHUNK = 512
_MAX_LINE = 64 * 1024 * 1024
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
    parser.add_argument("--from", dest="source", type=Path, required=True, metavar="FILE|DIR", help="recorded exchanges, *.jsonl")
    parser.add_argument(
        "--recorded-by",
        type=Path,
        action="append",
        default=[],
        metavar="POLICY",
        help="one that decided some of the journal's records, besides those that the gateway keeps",
    )
    parser.add_argument(
        "--keep-dir", type=Path, default=Path("var"), metavar="DIR", help="policies.keep_dir of the gateway's settings; default: var"
    )
    parser.add_argument(
        "--allow-bad", action="store_true", help="lines that are no recorded exchanges do not make it fail, up to half of all"
    )
    parser.add_argument("--sample", type=int, default=5, metavar="N", help="examples of each kind of change, by request id; default: 5")
    parser.add_argument("--no-cache", action="store_true", help="remember nothing between runs")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    try:
        report = replay(args)
    except (_UsageError, PolicyError, DetectorError, OSError, CacheError) as error:
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
    """Raises ``_UsageError``, and what is raised where policies, detectors or files fail."""
    draft = load_policy(args.draft, Catalog())
    against = load_policy(args.against, Catalog()) if args.against else _in_force(draft)
    others = [load_policy(path, Catalog()) for path in args.recorded_by]
    recorders = Recorders((*others, against, draft), args.keep_dir)
    local = LocalScan()
    defaults = {"pii": frozenset(DEFAULT_ENTITIES)}
    replaying = Replay(against.policy, draft.policy, recorders, defaults, lambda rule: _made(local, rule), perf_counter, conforms)
    report = Report(draft, against, replaying, Totals(max(0, args.sample)), allows_bad=args.allow_bad)
    remembered = Remembered(None if args.no_cache else Path(user_cache()) / "replay")
    try:
        _decide_all(_files(args.source), report, lambda: SharedScans(local, remembered, (*replaying.old.rules, *replaying.new.rules)))
    finally:
        remembered.close()
    return report


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


def _decide_all(files: Sequence[Path], report: Report, made: Callable[[], SharedScans]) -> None:
    """``made``: asked for where there are texts, as journals are replayed without detectors."""
    scans = None
    entries = _once(_entries(files, report), report)
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


def _entries(files: Sequence[Path], report: Report) -> Iterator[Entry]:
    """Lines that are none are counted, and the first of them named."""
    for path in files:
        with path.open("rb") as file:
            for number, line in enumerate(iter(lambda: file.readline(_MAX_LINE), b""), 1):
                if not line.strip():
                    continue
                try:
                    said = orjson.loads(line)
                    if not (isinstance(said, dict) and is_event(said)):
                        yield entry(said)
                except (LineError, orjson.JSONDecodeError) as error:
                    report.bad += 1
                    if len(report.bad_lines) < _MAX_BAD:
                        why = str(error) if isinstance(error, LineError) else "this is not JSON"
                        report.bad_lines.append(f"{path}:{number}: {why}")
