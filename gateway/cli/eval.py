"""``oddgate eval``: how well and how fast a detector works on labelled data."""

import argparse
import json
import logging
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from detectors.contract import PooledDetector, TextDetector
from detectors.finding import Finding
from detectors.overlaps import merge_overlaps
from detectors.registry import DetectorError, Options
from detectors.text.entities import PATTERN_ENTITIES, POOLED_ENTITIES
from detectors.text.ner import PACKAGES, default_model
from detectors.training.cost import chat, clean_texts, median_us, messages, timed
from detectors.training.evaluate_pii import Detect, Label, Row, evaluate, is_held_out, total, uncovered
from gateway.cli.detect import LocalScan, user_cache
from gateway.cli.scan import GOOD, USAGE, UsageError
from gateway.guard.memo import Memo

_KNOWN = PATTERN_ENTITIES | POOLED_ENTITIES
_MEMO_BYTES = 64 << 20
_SIMULATED = ("traces", "slices", "incidents")
_WARM_UP = "Jane Doe of Leeds wrote from jane.doe@example.com or +44 113 496 0123."


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("eval", help="accuracy and cost of a detector on labelled data", description=__doc__)
    parser.add_argument(
        "detector", choices=["pii", "topics", "bias", "drift", "metrics", "logs", "traces", "slices", "incidents"], help="which detector"
    )
    parser.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="with data.jsonl (pii: id, text, spans, template_id) or data.csv (topics: text, intent, split; drift: text, domain); "
        "bias: the sets' folder; metrics, logs: see the README; "
        "traces: with spans.csv and windows.csv, besides simulated ones; slices, incidents: none, all is simulated",
    )
    parser.add_argument(
        "--split",
        choices=["all", "dev", "held-out"],
        default="all",
        help="rows by their template: three in ten are held out; drift: every second domain; default: all",
    )
    parser.add_argument("--baseline", action="store_true", help="beside it: plain Presidio with the same model; drift: Evidently")
    parser.add_argument("--ner-model", metavar="NAME|DIR", help="the spaCy model for names; default: the installed one")
    parser.add_argument("--sample", type=int, metavar="N", help="bias: only print so many swapped texts, to be judged by a reader")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    if args.data is None and args.detector not in _SIMULATED:
        print("oddgate eval: --data is missing", file=sys.stderr)
        return USAGE
    try:
        if args.detector in _SIMULATED:
            return _simulated(args)
        if args.detector == "bias":
            return _bias(args)
        if args.detector == "drift":
            return _drift(args)
        if args.detector in ("metrics", "logs"):
            return _anomalies(args)
        return _topics(args) if args.detector == "topics" else _pii(args)
    except (DetectorError, UsageError) as error:
        print(f"oddgate eval: {error}", file=sys.stderr)
        return USAGE


def _bias(args: argparse.Namespace) -> int:
    from gateway.cli import eval_bias

    folders = eval_bias.sets_in(args.data)
    local = LocalScan()
    if args.sample:
        print("\n".join(eval_bias.sample(folders, args.sample)))
        return GOOD
    options = Options(ner_model=args.ner_model, cache_dir=user_cache())
    metrics = eval_bias.measured(
        folders, lambda texts: [frozenset(finding.kind for finding in found) for found in local.scan("pii", options, texts)]
    )
    if args.json:
        print(json.dumps({"detector": args.detector, "data": str(args.data), "metrics": metrics}))
    else:
        print("\n".join(eval_bias.lines(metrics)))
    return GOOD


def _drift(args: argparse.Namespace) -> int:
    from gateway.cli import eval_drift

    metrics = eval_drift.measured(args.data, args.split, has_baseline=args.baseline)
    return _say(args, metrics, eval_drift.lines(metrics))


def _anomalies(args: argparse.Namespace) -> int:
    from gateway.cli import eval_logs, eval_metrics

    if args.detector == "metrics":
        metrics, lines = eval_metrics.measured(args.data), eval_metrics.lines
    else:
        metrics, lines = eval_logs.measured(args.data), eval_logs.lines
    return _say(args, metrics, lines(metrics))


def _simulated(args: argparse.Namespace) -> int:
    from gateway.cli import eval_incidents, eval_slices, eval_traces

    if args.detector == "traces":
        metrics, lines = eval_traces.measured(args.data), eval_traces.lines
    elif args.detector == "incidents":
        metrics, lines = eval_incidents.measured(), eval_incidents.lines
    else:
        metrics, lines = eval_slices.measured(), eval_slices.lines
    return _say(args, metrics, lines(metrics))


def _say(args: argparse.Namespace, metrics: Mapping[str, Any], lines: Sequence[str]) -> int:
    if args.json:
        print(json.dumps({"detector": args.detector, "data": str(args.data) if args.data else None, "metrics": metrics}))
    else:
        print("\n".join(lines))
    return GOOD


def _topics(args: argparse.Namespace) -> int:
    try:
        from gateway.cli import eval_topics
    except ImportError as error:
        raise DetectorError(f"topics need the extra 'domain': {error.name} is not installed") from error
    rows = eval_topics.read_rows(args.data)
    metrics = eval_topics.measured(rows, has_full=True)
    if args.json:
        print(json.dumps({"detector": args.detector, "data": str(args.data), "rows": len(rows), "metrics": metrics}))
    else:
        print(f"{args.detector} on {args.data.name}: {len(rows)} texts")
        print("\n".join(eval_topics.lines(metrics)))
    return GOOD


def _pii(args: argparse.Namespace) -> int:
    rows = _chosen(read_rows(args.data), args.split)
    metrics = _measured(rows, args.ner_model, has_baseline=args.baseline)
    if args.json:
        report = {"detector": args.detector, "data": str(args.data), "rows": len(rows), "metrics": {"split": args.split, **metrics}}
        print(json.dumps(report))
    else:
        print(f"{args.detector} on {args.data.name} ({args.split}): {len(rows)} texts, {_kb(rows):.1f} kB")
        print("\n".join(_lines(metrics)))
    return GOOD


def read_rows(folder: Path) -> list[Row]:
    """The labelled texts of a data set's folder."""
    path = folder / "data.jsonl"
    try:
        with path.open(encoding="utf-8") as lines:
            return [_row(line, f"{path}:{number}") for number, line in enumerate(lines, start=1) if line.strip()]
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError:
        raise UsageError(f"{path}: not UTF-8") from None


def _row(line: str, where: str) -> Row:
    try:
        row = json.loads(line)
        text = row["text"]
        labels = tuple(Label(span["start"], span["end"], span["label"]) for span in row["spans"])
        is_sound = isinstance(text, str) and all(0 <= label.start < label.end <= len(text) for label in labels)
    except (ValueError, KeyError, TypeError, RecursionError):
        is_sound = False
    if not is_sound:
        raise UsageError(f'{where}: not an object with a "text" and "spans" of start, end and label within it')
    return Row(text, labels, str(row.get("template_id", row.get("id", where))))


def _chosen(rows: Sequence[Row], split: str) -> list[Row]:
    chosen = [row for row in rows if split == "all" or is_held_out(row.group) == (split == "held-out")]
    if not chosen:
        raise UsageError(f"there are no texts in {split}")
    return chosen


def _kb(rows: Sequence[Row]) -> float:
    return sum(len(row.text) for row in rows) / 1000


def _measured(rows: Sequence[Row], ner_model: str | None, *, has_baseline: bool) -> dict[str, Any]:
    local = LocalScan()
    detectors = local.detectors("pii", Options(ner_model=ner_model, cache_dir=user_cache()))
    patterns = [detector for detector in detectors if not isinstance(detector, PooledDetector)]
    detect = _merging(local, detectors)
    metrics = _judged("oddgate", rows, detect, _Remembering(detect))
    metrics["cost"]["clean_kb_patterns_p50_us"] = round(median_us(_merging(local, patterns), clean_texts(rows), time.process_time_ns), 1)
    metrics["not_covered"] = uncovered(rows, _KNOWN)
    metrics["ner_model"] = ner_model or default_model()
    if has_baseline:
        plain = _plain(ner_model)
        metrics["baseline"] = _judged("plain Presidio", rows, plain, plain)
    return metrics


def _merging(local: LocalScan, detectors: Sequence[TextDetector]) -> Detect:
    def detect(texts: Sequence[str]) -> list[list[Finding]]:
        found = [local.run(detector, texts) for detector in detectors]
        return [merge_overlaps(finding for part in parts for finding in part) for parts in zip(*found, strict=True)]

    return detect


class _Remembering:
    """A ``Detect`` with the gateway's memo in front of it."""

    def __init__(self, detect: Detect) -> None:
        self._detect = detect
        self._memo: Memo[list[Finding]] = Memo(b"evaluation", _MEMO_BYTES)

    def __call__(self, texts: Sequence[str]) -> list[list[Finding]]:
        return [self._one(text) for text in texts]

    def _one(self, text: str) -> list[Finding]:
        key = self._memo.text_key(text)
        known = self._memo.get("pii", key)
        if known is None:
            known = self._detect([text])[0]
            self._memo.put("pii", key, known)
        return known


def _plain(ner_model: str | None) -> Detect:
    try:
        from detectors.training.plain_presidio import plain_presidio
    except ImportError as error:
        raise DetectorError(f"plain Presidio needs the extra 'ner': {error.name} is not installed") from error
    logging.getLogger("presidio-analyzer").setLevel(logging.CRITICAL)  # it warns of every label that it does not map
    model = ner_model or default_model() or ""
    return plain_presidio(_source(PACKAGES.get(model, model)))


def _source(model: str) -> str:
    """Presidio's engine takes a package's name or a folder; a package may keep its model inside."""
    if not model.isidentifier():
        return model
    from importlib import import_module

    package = import_module(model)
    return str(package.model_path()) if hasattr(package, "model_path") else model


def _judged(name: str, rows: Sequence[Row], detect: Detect, in_chat: Detect) -> dict[str, Any]:
    if sys.stderr.isatty():
        print(f"{name}: {len(rows)} texts …", file=sys.stderr)
    detect([_WARM_UP])  # loads the model
    found, cpu_s = timed(detect, [row.text for row in rows], time.process_time_ns)
    scores = evaluate(rows, found, _KNOWN)
    return {
        "entities": {entity: score.as_json() for entity, score in scores.items()},
        "total": total(scores).as_json(),
        "cost": {
            "cpu_s": round(cpu_s, 3),
            "cpu_ms_per_kb": round(cpu_s * 1000 / _kb(rows), 3),
            "chat": chat(in_chat, messages(rows), time.process_time_ns).as_json(),
        },
    }


def _lines(metrics: Mapping[str, Any]) -> list[str]:
    plain = metrics.get("baseline")
    notes = ["", f"model for names: {metrics['ner_model']}", f"labels that nothing here claims to find: {_counts(metrics['not_covered'])}"]
    notes.append("found: same entity and IoU >= 0.5; leaked: values with any character that no finding covers")
    return [*_accuracy(metrics, plain), *notes, "", *_costs(metrics["cost"], plain["cost"] if plain else None)]


def _counts(labels: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in labels.items()) or "none"


_FIGURES = ("precision", "recall", "f1", "f2", "leaked")


def _accuracy(ours: Mapping[str, Any], plain: Mapping[str, Any] | None) -> list[str]:
    head = "".join(f"{figure:>10}" for figure in _FIGURES)
    over = [f"{'':<27}   {'oddgate':<50}   plain Presidio"] if plain else []
    lines = [*over, f"{'entity':<20}{'labels':>7}   {head}" + (f"   {head}" if plain else "")]
    for entity, row, other in _paired(ours, plain):
        lines.append(f"{entity:<20}{(row or other)['labels']:>7}   {_cells(row)}" + (f"   {_cells(other)}" if plain else ""))
    return lines


def _paired(ours: Mapping[str, Any], plain: Mapping[str, Any] | None) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    mine = ours["entities"]
    theirs = plain["entities"] if plain else {}
    pairs = [(entity, mine.get(entity, {}), theirs.get(entity, {})) for entity in sorted(mine.keys() | theirs.keys())]
    return [*pairs, ("all", ours["total"], plain["total"] if plain else {})]


def _cells(row: Mapping[str, Any]) -> str:
    """Without labels, recall and the like say nothing; without false alarms either, there is nothing to say."""
    shown = _FIGURES if row.get("labels") else ("precision",) if row else ()
    return "".join(f"{row[figure]:>10.3f}" if figure in shown else f"{'-':>10}" for figure in _FIGURES)


_CHAT = {
    "conversation_ms": "20-turn chat, every request",
    "last_turn_ms": "… its last request",
    "repeated_ms": "… that request again",
}


def _costs(ours: Mapping[str, Any], plain: Mapping[str, Any] | None) -> list[str]:
    lines = [f"{'processor time':<34}{'oddgate':>12}" + (f"{'plain Presidio':>18}{'times less':>12}" if plain else "")]
    theirs = _times(plain) if plain else {}
    for what, mine in _times(ours).items():
        lines.append(f"{what:<34}{mine:>12.3f}" + (f"{theirs[what]:>18.3f}{_ratio(theirs[what], mine):>12}" if theirs else ""))
    return [*lines, f"{'clean 1 kB, patterns, p50, µs':<34}{ours['clean_kb_patterns_p50_us']:>12.1f}"]


def _times(cost: Mapping[str, Any]) -> dict[str, float]:
    return {"all texts, ms/kB": cost["cpu_ms_per_kb"]} | {f"{what}, ms": cost["chat"][key] for key, what in _CHAT.items()}


def _ratio(other: float, mine: float) -> str:
    return f"{other / mine:.1f}" if mine else "-"
