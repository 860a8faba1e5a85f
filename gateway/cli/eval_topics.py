"""``oddgate eval topics``: how well a scope of a few examples a topic is kept, and what that costs."""

import csv
import hashlib
import json
import statistics
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from detectors.registry import DetectorError
from detectors.text.encoder import missing
from detectors.training.evaluate_topics import OUT_OF_SCOPE, Draw, Row, draws, everything, figures, held, timed, turns
from gateway.cli.scan import UsageError

_DRAWS = 5
_PER_TOPIC = (10, 20)
_P95 = 18  # of twenty quantiles
_OUTSIDE = ("others", "out_of_scope")
_INSIDE_TO_ONE = 8
"""Of the mix whose median cost is told: so many turns inside to one of each kind outside."""


def read_rows(folder: Path) -> list[Row]:
    """The labelled texts of a data set's folder. Where it names no texts to train on, half of them are examples."""
    path = next((path for name in ("data.csv", "data.jsonl") if (path := folder / name).is_file()), None)
    if path is None:
        raise UsageError(f"{folder}: there is no data.csv or data.jsonl")
    try:
        with path.open(encoding="utf-8", newline="") as lines:
            found = list(csv.DictReader(lines)) if path.suffix == ".csv" else [json.loads(line) for line in lines]
            plain = [(str(row["text"]), str(row["intent"]), str(row.get("split", ""))) for row in found]
    except (ValueError, KeyError, AttributeError, TypeError, csv.Error):
        raise UsageError(f'{path}: not rows with a "text" and an "intent"') from None
    has_train = any(split == "train" for _, _, split in plain)
    rows = [Row(text, intent, split == "train" if has_train else _is_first_half(text)) for text, intent, split in plain]
    rows = [Row(row.text, row.intent, is_known=False) if row.intent == OUT_OF_SCOPE else row for row in rows]
    if len({row.intent for row in rows if row.is_known}) < 2:
        raise UsageError(f"{path}: fewer than two intents")
    return rows


def _is_first_half(text: str) -> bool:
    return hashlib.sha256(text.encode()).digest()[0] < 128


def measured(rows: Sequence[Row], *, has_full: bool) -> dict[str, Any]:
    """Figures by examples a topic."""
    if missing():
        raise DetectorError(f"topics need what is not installed: {', '.join(missing())}")
    metrics: dict[str, Any] = {str(count): _mean([_judged(draw) for draw in draws(rows, count, _DRAWS)]) for count in _PER_TOPIC}
    if has_full and any(row.intent == OUT_OF_SCOPE for row in rows):
        metrics["full"] = _judged(everything(rows))
    return metrics


def _judged(draw: Draw) -> dict[str, Any]:
    from detectors.text.topics import Judge

    if sys.stderr.isatty():
        print(f"{len(draw.examples)} topics …", file=sys.stderr)
    before = time.process_time()
    judge = Judge(draw.examples)
    fit_s = time.process_time() - before
    inside, times, settled = timed(judge, draw.inside, time.process_time_ns)
    mixed = [*times]
    found: dict[str, Any] = {"calibration": held(inside), "cost": {"fit_s": round(fit_s, 3), **_cost("inside", times, settled)}}
    for name, texts in zip(_OUTSIDE, (draw.others, draw.out_of_scope), strict=True):
        if texts:
            chances, times, settled = timed(judge, texts, time.process_time_ns)
            found[name] = figures(inside, chances)
            found["cost"] |= _cost(name, times, settled)
            mixed += times[: len(inside) // _INSIDE_TO_ONE]
    found["cost"]["mixed_p50_us"] = round(statistics.median(mixed), 1)
    found["turns"] = turns(judge, draw)
    return found


def _cost(name: str, times: Sequence[float], settled: float) -> dict[str, float]:
    return {
        f"{name}_p50_us": round(statistics.median(times), 1),
        f"{name}_p95_us": round(statistics.quantiles(times, n=20)[_P95], 1),
        f"{name}_settled_cheaply": round(settled, 4),
    }


def _mean(draws_figures: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Figure by figure, with the spread of the draws for each AUROC."""
    found: dict[str, Any] = {}
    for group, first in draws_figures[0].items():
        found[group] = {name: round(statistics.fmean(each[group][name] for each in draws_figures), 4) for name in first}
        if "auroc" in first:
            found[group]["auroc_sd"] = round(statistics.stdev(each[group]["auroc"] for each in draws_figures), 4)
    return found


def lines(metrics: Mapping[str, Any]) -> list[str]:
    """One column for each number of examples a topic."""
    names = [(group, name) for group, row in metrics["10"].items() for name in row]
    head = f"{'':<58}" + "".join(f"{_head(count):>14}" for count in metrics)
    return [head, *(f"{group + ': ' + name.replace('_', ' '):<58}{_cells(metrics.values(), group, name)}" for group, name in names)]


def _head(count: str) -> str:
    return "all texts" if count == "full" else f"{count} a topic"


def _cells(columns: Iterable[Mapping[str, Any]], group: str, name: str) -> str:
    return "".join(f"{column[group][name]:>14.4g}" if name in column.get(group, {}) else f"{'-':>14}" for column in columns)
