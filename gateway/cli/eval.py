"""``oddgate eval``: how well and how fast a detector works on labelled data."""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypedDict

from detectors.finding import Finding
from detectors.registry import DetectorError, Options, build
from detectors.text.entities import PATTERN_ENTITIES, POOLED_ENTITIES
from detectors.training.evaluate_pii import Detect, Label, Row, evaluate, total, uncovered
from gateway.cli.scan import GOOD, USAGE, Check, Scan, UsageError, cache_dir

_TURNS = 20
_REPEATS = 200


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("eval", help="accuracy and cost of a detector on labelled data", description=__doc__)
    parser.add_argument("detector", choices=["pii"], help="which detector")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="a folder with data.jsonl: id, text, spans")
    parser.add_argument("--baseline", action="store_true", help="plain Presidio with the same model beside it")
    parser.add_argument("--ner-model", metavar="NAME|DIR", help="the spaCy model for names; default: the installed one")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.set_defaults(run=run)


class Cost(TypedDict):
    """Processor time, of one process and thread."""

    cpu_s: float
    cpu_ms_per_kb: float
    chat_cpu_s: float
    chat_next_turn_cpu_ms: float


def run(args: argparse.Namespace) -> int:
    try:
        rows = read_rows(args.data)
        metrics = _measure(rows, args.ner_model, baseline=args.baseline)
    except (DetectorError, UsageError) as error:
        print(f"oddgate eval: {error}", file=sys.stderr)
        return USAGE
    if args.json:
        print(json.dumps({"detector": args.detector, "data": str(args.data), "rows": len(rows), "metrics": metrics}))
    else:
        _print(metrics, len(rows))
    return GOOD


def read_rows(folder: Path) -> list[Row]:
    """The labelled texts of a data set's folder."""
    try:
        lines = (folder / "data.jsonl").read_text(encoding="utf-8").splitlines()
        return [_row(json.loads(line)) for line in lines if line.strip()]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{folder}: no readable data.jsonl with text and spans ({type(error).__name__})") from error


def _row(row: dict[str, object]) -> Row:
    text, spans = row["text"], row["spans"]
    if not isinstance(text, str) or not isinstance(spans, list):
        raise TypeError
    return Row(text, tuple(Label(span["start"], span["end"], span["label"]) for span in spans), str(row.get("template_id", row.get("id"))))


def _measure(rows: Sequence[Row], ner_model: str | None, *, baseline: bool) -> dict[str, object]:
    detectors = build("pii", Options(ner_model=ner_model, cache_dir=cache_dir()))
    scan = Scan([Check(detectors, lambda _: True)])
    scan(["Jane Doe was here."])  # loads the model
    known = PATTERN_ENTITIES | POOLED_ENTITIES
    metrics = _judged(rows, scan, known)
    metrics["uncovered_labels"] = uncovered(rows, known)
    patterns = Scan([Check(detectors[:1], lambda _: True)])
    metrics["clean_kb_patterns_p50_us"] = _clean_kb(rows, patterns)
    metrics["clean_kb_p50_us"] = _clean_kb(rows, scan)
    if baseline:
        from detectors.text.ner import PACKAGES, default_model
        from detectors.training.plain_presidio import plain_presidio

        model = ner_model or default_model() or ""
        plain = plain_presidio(_directory(PACKAGES.get(model, model)))
        metrics["baseline"] = _judged(rows, plain, known, remembers=False)
    return metrics


def _directory(model: str) -> str:
    """Presidio's engine takes a package's name or a folder; a package may keep its model inside."""
    if not model.isidentifier():
        return model
    from importlib import import_module

    package = import_module(model)
    return str(package.model_path()) if hasattr(package, "model_path") else model


def _judged(rows: Sequence[Row], detect: Detect, known: frozenset[str], *, remembers: bool = True) -> dict[str, object]:
    texts = [row.text for row in rows]
    before = time.process_time()
    found = detect(texts)
    cpu_s = time.process_time() - before
    scores = evaluate(rows, found, known)
    return {
        "entities": {entity: score.as_json() for entity, score in scores.items()},
        "total": total(scores).as_json(),
        "cost": _cost(texts, cpu_s, detect, remembers),
    }


def _cost(texts: Sequence[str], cpu_s: float, detect: Detect, remembers: bool) -> Cost:
    chat = texts[: _TURNS + 1]
    turns = [_turn(chat, turn, detect, remembers) for turn in range(1, len(chat) + 1)]
    kilobytes = sum(map(len, texts)) / 1000
    return {
        "cpu_s": round(cpu_s, 3),
        "cpu_ms_per_kb": round(1000 * cpu_s / kilobytes, 3) if kilobytes else 0.0,
        "chat_cpu_s": round(sum(turns[:_TURNS]), 4),
        "chat_next_turn_cpu_ms": round(1000 * turns[-1], 3) if turns else 0.0,
    }


def _turn(chat: Sequence[str], turn: int, detect: Detect, remembers: bool) -> float:
    """Processor time for the messages of a request that nothing is remembered of: with a memo the newest, else all."""
    before = time.process_time()
    detect(chat[turn - 1 : turn] if remembers else chat[:turn])
    return time.process_time() - before


def _clean_kb(rows: Sequence[Row], detect: Callable[[Sequence[str]], list[list[Finding]]]) -> float | None:
    """Median over 1-kB texts made of the rows in which nothing is labelled or found."""
    clean = "\n".join(row.text for row in rows if not row.labels and not detect([row.text])[0])
    if not clean:
        return None
    text = (clean + "\n") * (1000 // len(clean) + 1)
    samples = [text[start : start + 1000] for start in range(0, max(1, len(text) - 1000), 500)][:20]
    times = [_microseconds(detect, samples[turn % len(samples)]) for turn in range(_REPEATS)]
    return round(statistics.median(times), 1)


def _microseconds(detect: Detect, text: str) -> float:
    before = time.process_time_ns()
    detect([text])
    return (time.process_time_ns() - before) / 1000


def _print(metrics: dict[str, object], rows: int) -> None:
    print(f"{rows} texts; a label is found when entity agrees and IoU >= 0.5; leaked: any character of a value left uncovered\n")
    _print_entities(metrics, metrics.get("baseline"))
    print(f"\nlabels that nothing here claims to find: {metrics['uncovered_labels'] or 'none'}")
    for name, part in (("oddgate", metrics), ("plain Presidio", metrics.get("baseline"))):
        if isinstance(part, dict):
            cost = part["cost"]
            print(
                f"{name:<15} {cost['cpu_s']:.2f} s CPU, {cost['cpu_ms_per_kb']:.2f} ms/kB; a {_TURNS}-turn chat {cost['chat_cpu_s'] * 1000:.1f} ms,"
                f" its next turn {cost['chat_next_turn_cpu_ms']:.1f} ms"
            )
    if metrics["clean_kb_p50_us"] is not None:
        print(f"clean 1 kB, p50: patterns {metrics['clean_kb_patterns_p50_us']} µs, with names {metrics['clean_kb_p50_us']} µs")


def _print_entities(ours: dict[str, object], plain: object) -> None:
    head = f"{'precision':>10}{'recall':>8}{'F2':>7}{'leaked':>8}"
    print(f"{'entity':<20}{'labels':>7}{head}" + (f"   |{head}   plain Presidio" if plain else ""))
    mine, theirs = _table(ours), _table(plain)
    for entity in mine | theirs:
        line = f"{entity:<20}{(mine.get(entity) or theirs[entity])['labels']:>7}{_cells(mine.get(entity))}"
        print(line + (f"   |{_cells(theirs.get(entity))}" if plain else ""))


def _table(part: object) -> dict[str, dict[str, float]]:
    return {**part["entities"], "all": part["total"]} if isinstance(part, dict) else {}


def _cells(row: dict[str, float] | None) -> str:
    if row is None:
        return f"{'-':>10}{'-':>8}{'-':>7}{'-':>8}"
    return f"{row['precision']:>10.3f}{row['recall']:>8.3f}{row['f2']:>7.3f}{row['leaked']:>8.3f}"
