"""``oddgate eval metrics``: how well anomalies of labelled series are found, and what a point costs."""

import json
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from math import log
from pathlib import Path
from typing import Any

from detectors.series.metrics import Settings
from detectors.training.evaluate_metrics import Series, judged, surprises
from gateway.cli.scan import UsageError
from gateway.cli.tables import rows


def measured(folder: Path) -> dict[str, Any]:
    all_series = read_series(folder)
    before = time.process_time()
    found = [surprises(series) for series in all_series]
    spent = time.process_time() - before
    points = sum(len(series.values) for series in all_series)
    metrics = judged(all_series, [each for each, _ in found], -log(Settings().alpha))
    largest = max(len(watch.snapshot()) for _, watch in found)
    return {**metrics, "points": points, "cost": {"us_per_point": round(spent / points * 1e6, 1), "snapshot_kb": round(largest / 1000, 1)}}


def read_series(folder: Path) -> list[Series]:
    """``data.csv``: sid, timestamp, value (or nothing), and in_window or label; ``series.csv``: sid, series (family/name), windows."""
    named = {row["sid"]: row for row in rows(folder / "series.csv", ("sid", "series"))}
    points = rows(folder / "data.csv", ("sid", "timestamp", "value"))
    try:
        found = [_series(named[sid], list(each)) for sid, each in groupby(points, key=lambda row: row["sid"])]
    except (KeyError, ValueError, TypeError):
        raise UsageError(f"{folder}: not series with numbers, times and labels") from None
    if len({series.family for series in found}) < 2:
        raise UsageError(f"{folder}: thresholds come from other families of series, and there is one family")
    return found


def _series(named: Mapping[str, str], points: Sequence[Mapping[str, str]]) -> Series:
    stamps = [row["timestamp"] for row in points]
    values = [float(row["value"]) if row["value"] else None for row in points]
    name = named["series"]
    windows = _listed(named["windows"], stamps) if named.get("windows") else _runs(points)
    return Series(name, name.partition("/")[0], [_seconds(stamp) for stamp in stamps], values, windows)


def _listed(windows: str, stamps: Sequence[str]) -> list[tuple[int, int]]:
    places = {stamp[:19]: at for at, stamp in enumerate(stamps)}
    return [(places[first[:19]], places[last[:19]]) for first, last in json.loads(windows)]


def _runs(points: Sequence[Mapping[str, str]]) -> list[tuple[int, int]]:
    labels = [int(row["in_window"] if "in_window" in row else row["label"]) for row in points]
    found, at = [], 0
    for label, run in groupby(labels):
        length = len(list(run))
        if label:
            found.append((at, at + length - 1))
        at += length
    return found


def _seconds(stamp: str) -> float:
    found = datetime.fromisoformat(stamp)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def lines(metrics: Mapping[str, Any]) -> list[str]:
    best, spent = metrics["in_sample"], metrics["cost"]
    return [
        f"{metrics['series']} series, {metrics['points']} points, {metrics['windows']} labelled windows",
        "",
        f"NAB, threshold from the other families: {metrics['lofo_nab']}",
        f"NAB, best threshold for these series:   {best['nab']} (low FP {best['low_fp']}, low FN {best['low_fn']})",
        "",
        f"{'episodes':<40}{'precision':>10}{'recall':>8}{'F1':>7}{'false in 1000 points':>22}",
        _events("threshold from the other families", metrics["lofo_events"]),
        _events("threshold as shipped", metrics["as_shipped"]),
        "",
        f"cost: {spent['us_per_point']} µs a point; snapshot {spent['snapshot_kb']} kB",
    ]


def _events(name: str, each: Mapping[str, float]) -> str:
    return f"{name:<40}{each['precision']:>10.3f}{each['recall']:>8.3f}{each['f1']:>7.3f}{each['false_per_1000']:>22.2f}"
