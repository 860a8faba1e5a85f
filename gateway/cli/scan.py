"""``oddgate scan``: run the detectors over a text or over many, and say what they find and where (never the text itself)."""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from detectors.finding import Evidence, Finding
from detectors.overlaps import merge_overlaps
from detectors.registry import Catalog, DetectorError, Options
from gateway.cli.detect import LocalScan, user_cache
from gateway.guard.plan import options_of
from policies.decide import selects
from policies.domain_rules import all_rules
from policies.load import PolicyError, load_policy
from policies.policy import Rule

GOOD, FOUND, USAGE = 0, 1, 2

# Texts whose sentences go to a model together: enough to keep it busy, few enough to keep memory small.
_BATCH_LINES, _BATCH_CHARS = 256, 1_000_000

_RESTS_ON = {
    Evidence.MODEL: "a model's opinion, or words that announce it",
    Evidence.PATTERN: "its form and the words around it",
    Evidence.CHECKSUM: "its form, and check digits or a registry",
}


class UsageError(Exception):
    """What was asked cannot be done; the message says why."""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("scan", help="run the detectors over text; exit 1 if they find anything", description=__doc__)
    parser.add_argument("file", nargs="?", default="-", metavar="FILE|-", help="a UTF-8 text, or - for standard input (the default)")
    parser.add_argument("--detect", metavar="NAME,…", help="which detectors; default: all, or those of the policy")
    parser.add_argument("--policy", type=Path, metavar="FILE", help="run the detectors as this policy's rules configure them")
    parser.add_argument("--json", action="store_true", help="one JSON object with the findings")
    parser.add_argument("--jsonl", action="store_true", help='one {"id", "text"} a line in, one {"id", "findings"} a line out, in order')
    parser.add_argument("--explain", action="store_true", help="also say what each finding rests on, and with --policy which rules mean it")
    parser.add_argument("--ner-model", metavar="NAME|DIR", help="the spaCy model for names; default: the installed one")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    try:
        scan = Checks(_checks(args))
        with _opened(args.file) as source:
            return _run_lines(source, scan, args) if args.jsonl else _run_text(source.read(), scan, args)
    except (DetectorError, UsageError) as error:
        print(f"oddgate scan: {error}", file=sys.stderr)
        return USAGE


@dataclass(frozen=True, slots=True)
class Check:
    """A detector as configured, and the rule that it is for, if any."""

    detect: str
    options: Options
    rule: Rule | None = None

    def means(self, finding: Finding) -> bool:
        return self.rule is None or selects(self.rule, finding)


@dataclass(frozen=True, slots=True)
class Match:
    """What was found at one place, and the rules that mean it."""

    finding: Finding
    rules: tuple[str, ...] = ()


class Checks:
    """Runs checks here and now over many texts. Detectors are built (and refused) at once, models loaded when first needed."""

    def __init__(self, checks: Sequence[Check]) -> None:
        self._checks = checks
        self._local = LocalScan()
        self._names = tuple(dict.fromkeys((check.detect, check.options) for check in checks))
        for name in self._names:
            self._local.detectors(*name)

    def __call__(self, texts: Sequence[str]) -> list[list[Match]]:
        results = {name: self._local.scan(*name, texts) for name in self._names}
        return [self._matches([results[check.detect, check.options][index] for check in self._checks]) for index in range(len(texts))]

    def _matches(self, found: Sequence[Sequence[Finding]]) -> list[Match]:
        """One text's findings, given those of each check."""
        meant = [
            (check, finding) for check, findings in zip(self._checks, found, strict=True) for finding in findings if check.means(finding)
        ]
        return [Match(merged, _rules_of(merged, meant)) for merged in merge_overlaps(finding for _, finding in meant)]


def _rules_of(merged: Finding, meant: Sequence[tuple[Check, Finding]]) -> tuple[str, ...]:
    ids = [check.rule.id for check, finding in meant if check.rule and merged.start <= finding.start and finding.end <= merged.end]
    return tuple(dict.fromkeys(ids))


def _checks(args: argparse.Namespace) -> list[Check]:
    wanted = _wanted(args.detect, has_policy=bool(args.policy))
    if args.policy:
        return _policy_checks(args.policy, wanted, args.ner_model)
    return [Check(name, Options(ner_model=args.ner_model, cache_dir=user_cache())) for name in sorted(wanted)]


def _wanted(detect: str | None, *, has_policy: bool) -> frozenset[str]:
    """Those of domains are configured by a policy, and by nothing else."""
    catalog = Catalog()
    known = catalog.names() if has_policy else frozenset(name for name in catalog.names() if not catalog.is_of_domains(name))
    if detect is None:
        return known
    names = frozenset(name.strip() for name in detect.split(","))
    if unknown := names - known:
        raise UsageError(f"there is no detector {min(unknown)!r}; there is: {', '.join(sorted(known))}")
    return names


def _policy_checks(path: Path, wanted: frozenset[str], ner_model: str | None) -> list[Check]:
    try:
        rules = all_rules(load_policy(path, Catalog()).policy)
    except PolicyError as error:
        raise UsageError(str(error)) from error
    checks = [Check(rule.detect, options_of(rule, ner_model, user_cache()), rule) for rule in rules if rule.detect in wanted]
    if not checks:
        raise UsageError(f"{path}: no rule of this policy runs {' or '.join(sorted(wanted))}")
    return checks


def _opened(file: str) -> AbstractContextManager[BinaryIO]:
    try:
        return nullcontext(sys.stdin.buffer) if file == "-" else open(file, "rb")
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}") from error


def _run_text(data: bytes, scan: Checks, args: argparse.Namespace) -> int:
    text = _decoded(data, "the input")
    matches = scan([text])[0]
    if args.json:
        print(json.dumps({"findings": [_as_json(match, explain=args.explain) for match in matches]}, indent=2))
    else:
        print("\n".join(_table(text, matches, explain=args.explain)))
    return FOUND if matches else GOOD


def _run_lines(source: Iterable[bytes], scan: Checks, args: argparse.Namespace) -> int:
    code = GOOD
    for batch in _batches(source):
        for (name, _), matches in zip(batch, scan([text for _, text in batch]), strict=True):
            sys.stdout.write(json.dumps({"id": name, "findings": [_as_json(match, explain=args.explain) for match in matches]}) + "\n")
            code = FOUND if matches else code
        sys.stdout.flush()
    return code


def _batches(source: Iterable[bytes]) -> Iterator[list[tuple[object, str]]]:
    """Lines in groups; those before a bad line are still answered."""
    batch: list[tuple[object, str]] = []
    chars = 0
    try:
        for number, line in enumerate(source, start=1):
            if line.isspace():
                continue
            batch.append(_row(line, number))
            chars += len(batch[-1][1])
            if len(batch) >= _BATCH_LINES or chars >= _BATCH_CHARS:
                yield batch
                batch, chars = [], 0
    except UsageError:
        if batch:
            yield batch
        raise
    if batch:
        yield batch


def _row(line: bytes, number: int) -> tuple[object, str]:
    try:
        row = json.loads(_decoded(line, f"line {number}"))
    except (ValueError, RecursionError):
        raise UsageError(f"line {number} is not JSON") from None  # the cause would quote the line
    if not isinstance(row, dict) or "id" not in row or not isinstance(row.get("text"), str):
        raise UsageError(f'line {number} is not an object with an "id" and a "text"')
    return row["id"], row["text"]


def _decoded(data: bytes, what: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise UsageError(f"{what} is not UTF-8 (byte {error.start})") from None  # the cause holds the bytes


def _as_json(match: Match, *, explain: bool) -> dict[str, object]:
    finding = match.finding
    row: dict[str, object] = {
        "detector": finding.detector,
        "kind": finding.kind,
        "start": finding.start,
        "end": finding.end,
        "score": round(finding.score, 4),
    }
    return row | {"evidence": finding.evidence.name.lower(), "rules": match.rules} if explain else row


def _table(text: str, matches: Sequence[Match], *, explain: bool) -> Iterator[str]:
    if not matches:
        yield "nothing found"
        return
    yield _columns("line:column", "characters", "score", "kind", "rests on" if explain else "")
    for match in matches:
        finding = match.finding
        why = _RESTS_ON[finding.evidence] + "".join(f"; rule {rule}" for rule in match.rules) if explain else ""
        yield _columns(_place(text, finding.start), f"{finding.start}-{finding.end}", f"{finding.score:.2f}", finding.kind, why)


def _columns(place: str, span: str, score: str, kind: str, why: str) -> str:
    return f"{place:<12} {span:<14} {score:<6} {kind:<22} {why}".rstrip()


def _place(text: str, at: int) -> str:
    """Line and column, counted from 1."""
    return f"{text.count(chr(10), 0, at) + 1}:{at - text.rfind(chr(10), 0, at)}"
