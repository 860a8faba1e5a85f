"""``oddgate calibrate``: hold a policy's domain to the false-alarm rates that it promises, by what its own traffic scored.

It reads the records of the policy and what people said of them, from the journal or the store, tells how well each rate is held, and
writes the calibration beside the policy, where the gateway takes it up. Of answers whose uncertainty is bounded it tells how well that
tells bad ones from good ones (feedback ``good`` and ``bad``). Where something speaks against the result, it says what and writes nothing,
unless it is accepted. Exit code 1: there is nothing to calibrate by, a rate is not held, or the result was not written.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path

from detectors.registry import Catalog, DetectorError, build
from gateway.cli.policy.shown import FOUND, GOOD, USAGE, counted, print_json
from gateway.cli.serve import settings_file
from gateway.config import Config
from gateway.guard.plan import options_of
from gateway.proxy.keeping import replace_file
from gateway.settings import load_config
from gateway.shown import open_to_read
from gateway.telemetry.tailing import JournalReader
from gateway.watch.row import UnreadableError, unpack
from gateway.watch.store import Query, StoreError
from gateway.watch.told import events, rows
from policies.alarms import Report, report
from policies.calibration import Limit, write
from policies.certainty import Certainty, certainty
from policies.domain import Uncertainty
from policies.domain_rules import DomainRule, all_rules, promised
from policies.heard import UNCERTAINTY, Heard
from policies.intervals import Interval
from policies.load import LoadedPolicy, calibration_beside, load_policy
from policies.policy import Policy
from policies.problems import ProblemsError

_MODE = 0o666
"""As the umask leaves it: the gateway that reads it may well be another user."""
_FEW = 100
"""Below as many exchanges a table says little that the detector's own does not."""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("calibrate", help="hold a policy to its false-alarm rates, by recorded traffic", description=__doc__)
    parser.add_argument("--policy", type=Path, required=True, metavar="FILE", help="the policy")
    sources = parser.add_mutually_exclusive_group()
    sources.add_argument("--journal", type=Path, default=Path("var/journal"), metavar="DIR", help="default: var/journal")
    sources.add_argument("--store", action="store_true", help="read what the store of the settings keeps, not a journal")
    parser.add_argument("--config", type=Path, help="settings, for --store (default: oddgate.yaml, if there is one)")
    parser.add_argument("--days", type=_days, metavar="N", help="only the last days before the newest record")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--out", type=Path, metavar="FILE", help="where to write; default: NAME.calibration.json beside the policy")
    parser.add_argument("--accept", action="store_true", help="write the result also where something speaks against it")
    parser.set_defaults(run=run)


def _days(given: str) -> float:
    days = float(given)
    if not 0 < days < 100_000:
        raise argparse.ArgumentTypeError("a number of days, above 0")
    return days


def run(args: argparse.Namespace) -> int:
    if args.config and not args.store:
        return _usage("--config is for --store")
    if not args.store and not args.journal.is_dir():
        return _usage(f"there is no journal in {args.journal}")
    try:
        config = load_config(settings_file(args.config), dict(os.environ)) if args.store else None
        loaded = load_policy(args.policy, Catalog())
        rules, unsure = promised(loaded.policy), loaded.policy.domain.output.uncertainty
        if not (rules or unsure):
            return _usage(f"{args.policy}: its domain has neither topics, languages nor output.uncertainty: nothing can be calibrated")
        detectors = {rule: "+".join(each.digest for each in build(said.detect, options_of(said))) for rule, said in rules.items()}
        heard = Heard(loaded.policy.name, detectors)
        _hear_store(heard, loaded.policy.name, config) if config else _hear_journal(heard, args.journal)
        found = _reports(loaded.policy, rules, heard, args.days)
        answers = certainty(unsure, list(heard.answers(args.days))) if unsure else None
        doubts = _doubts(found, answers)
        written = None
        if (found or (answers and answers.new_limit)) and (args.accept or not doubts):
            written = args.out or calibration_beside(args.policy)
            tables = {name: each.table for name, each in found.items()}
            replace_file(written, write(loaded.policy, tables, _limit(unsure, answers)), mode=_MODE)
    except StoreError as error:
        return _usage(f"the store of exchanges cannot be read: {error}")
    except (ProblemsError, DetectorError, OSError) as error:
        return _usage(str(error))
    if args.json:
        rules_said: dict[str, object] = {name: _rule_as_json(each) for name, each in found.items()}
        rules_said |= {UNCERTAINTY: _answers_as_json(answers)} if answers else {}
        said = {"policy": loaded.policy.name, "records": heard.read, "rules": rules_said}
        print_json({**said, "doubts": doubts, "written": str(written) if written else None})
    else:
        where = "store" if config else "journal"
        print("\n".join([*_shown(loaded, found, answers, heard, where), *_ending(doubts, written)]))
    return GOOD if _is_good(found, answers) and (written or not doubts) else FOUND


def _doubts(found: Mapping[str, Report], answers: Certainty | None) -> list[str]:
    """What speaks against the result, each with the bound that it is about."""
    said = {name: each.doubts for name, each in found.items()} | ({UNCERTAINTY: answers.doubts} if answers else {})
    return [f"{name}: {doubt}" for name, doubts in said.items() for doubt in doubts]


def _is_good(found: Mapping[str, Report], answers: Certainty | None) -> bool:
    """Something is known, and nothing of it speaks against a rate."""
    is_known = bool(found) or (answers is not None and bool(answers.good + answers.bad) and not answers.missing)
    return is_known and all(each.is_held is not False for each in found.values()) and (answers is None or answers.is_held)


def _limit(unsure: Uncertainty | None, answers: Certainty | None) -> Limit | None:
    """The one in force stays where too few answers are known to tell another."""
    highest = (answers and answers.new_limit) or (unsure and unsure.max_entropy)
    return Limit(max_fpr=unsure.max_fpr, max_entropy=highest) if unsure and unsure.max_fpr and highest else None


def _usage(message: str) -> int:
    print(f"oddgate calibrate: {message}", file=sys.stderr)
    return USAGE


def _hear_store(heard: Heard, policy: str, config: Config) -> None:
    with closing(open_to_read(config)) as store:
        for event in events(store):
            heard.note(event)
        for row in rows(store, Query(policy=policy)):
            try:
                heard.note(unpack(row.record))
            except UnreadableError:
                continue


def _hear_journal(heard: Heard, journal: Path) -> None:
    for line in JournalReader(journal).read():
        try:
            heard.note(json.loads(line))
        except ValueError:
            continue


def _reports(policy: Policy, rules: Mapping[str, DomainRule], heard: Heard, days: float | None) -> dict[str, Report]:
    at = {rule.id: rule.max_fpr or 0 for rule in all_rules(policy)}
    found = {name: report(rule.max_fpr or 0, at[name], list(heard.samples(name, days))) for name, rule in rules.items()}
    return {name: each for name, each in found.items() if each}


def _shown(loaded: LoadedPolicy, found: Mapping[str, Report], answers: Certainty | None, heard: Heard, where: str) -> Iterator[str]:
    yield f"{loaded.policy.name}: {counted(heard.read, 'record')} of it in the {where}"
    if heard.other:
        yield f"note: {counted(heard.other, 'score')} left out, given for other examples or languages, or by another version"
    for remark in loaded.remarks:
        yield f"note: {remark}"
    for name, each in found.items():
        yield from _lines(name, each)
    if answers:
        yield from _answer_lines(answers)
    if promised(loaded.policy) and not found:
        yield "nothing to calibrate by: no score of this configuration is known to be of the inside"


def _ending(doubts: Sequence[str], written: Path | None) -> Iterator[str]:
    for doubt in doubts:
        yield f"doubt: {doubt}"
    if written:
        yield f"written: {written}"
    elif doubts:
        yield "not written: look at what moved it, then repeat with --accept if it is right"


def _set_aside(count: int) -> Iterator[str]:
    if count:
        yield f"  set aside {counted(count, 'label')} that applications gave to what was blocked: only a reviewer's counts there"


def _lines(name: str, said: Report) -> Sequence[str]:
    held = {True: "held", False: "NOT HELD", None: "not known yet: label more of what was stopped (the review queue)"}[said.is_held]
    few = f" (fewer than {_FEW}: the detector's own table still decides most)" if said.inside < _FEW else ""
    return [
        f"{name}: {counted(said.inside, 'exchange')} inside{few}, {said.outside} outside, {said.unknown} stopped without a label",
        f"  promised  {said.promised:.4f}",
        f"  observed  {_rate(said.rate)}; at most {_rate(said.at_most)}, if all without a label were false alarms",
        f"  so it is  {held}",
        *([] if said.auroc is None else [f"  AUROC     {said.auroc:.4f} (inside against labelled outside)"]),
        *_set_aside(said.set_aside),
        f"  border    {said.border:.6f} -> {said.new_border:.6f}",
    ]


def _answer_lines(said: Certainty) -> Iterator[str]:
    yield f"{UNCERTAINTY}: {said.good} good and {said.bad} bad answers, {said.unknown} stopped without a label"
    if said.promised is not None:
        yield f"  promised  {said.promised:.4f}{'' if said.is_held else ' NOT HELD'}"
    yield f"  stops     {_rate(said.stopped)} of the good answers"
    yield f"  catches   {_rate(said.caught)} of the bad ones"
    if said.auroc:
        yield f"  AUROC     {', '.join(f'{name} {value:.4f}' for name, value in said.auroc.items())} (bad against good)"
    yield from _set_aside(said.set_aside)
    if said.missing:
        yield f"  limit     {said.limit:.4f} stays: {counted(said.missing, 'good answer')} more must be labelled (POST /v1/feedback)"
    elif said.new_limit is not None and said.new_caught:
        yield f"  limit     {said.limit:.4f} -> {said.new_limit:.4f}, which catches {_rate(said.new_caught)} of the bad answers"


def _rate(interval: Interval) -> str:
    return f"{interval.value:.4f} ({interval.low:.4f} to {interval.high:.4f})"


def _rule_as_json(said: Report) -> dict[str, object]:
    return {
        "promised": said.promised,
        "inside": said.inside,
        "outside": said.outside,
        "unlabelled_stops": said.unknown,
        "set_aside": said.set_aside,
        "false_alarms": said.false_alarms,
        "observed": _interval(said.rate),
        "at_most": _interval(said.at_most),
        "held": said.is_held,
        "auroc": said.auroc,
        "border": said.border,
        "new_border": said.new_border,
    }


def _answers_as_json(said: Certainty) -> dict[str, object]:
    return {
        "promised": said.promised,
        "good": said.good,
        "bad": said.bad,
        "unlabelled_stops": said.unknown,
        "set_aside": said.set_aside,
        "stopped": _interval(said.stopped),
        "caught": _interval(said.caught),
        "held": said.is_held,
        "auroc": dict(said.auroc),
        "limit": said.limit,
        "missing": said.missing,
        "new_limit": said.new_limit,
        "new_caught": None if said.new_caught is None else _interval(said.new_caught),
    }


def _interval(said: Interval) -> dict[str, float]:
    return {"rate": said.value, "low": said.low, "high": said.high}
