"""``oddgate eval drift``: how soon drift is found in simulated traffic, how often where there is none, and what the watch of it costs."""

import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from detectors.series.drift import DriftWatch
from detectors.text.word_groups import word_groups
from detectors.training.drift_streams import Text
from detectors.training.evaluate_drift import (
    LEARNED,
    LabelledStream,
    burst_alarms,
    delays,
    domains,
    false_alarms,
    judged,
    recovery,
    traffic,
)
from gateway.cli import eval_evidently
from gateway.cli.scan import UsageError
from gateway.cli.tables import rows
from gateway.watch.drift.reporting import ReportError

EXCHANGES = 1_000_000
"""Without drift."""
_TIMED, _STRETCHES = 2000, 8
_FEW = 2

Texts = Mapping[str, Sequence[Text]]


def measured(folder: Path, split: str, *, has_baseline: bool = False) -> dict[str, Any]:
    """Figures of streams of traffic made of a set's texts; or of its own streams, where it has them. Raises ``UsageError``."""
    if (folder / "streams.csv").is_file():
        return {"streams": [judged(stream) for stream in read_streams(folder)]}
    texts = read_texts(folder)
    new = domains(texts, split)
    return {
        "split": split,
        "delays": {name: found.as_json() for name, found in delays(texts, split).items()},
        "recovery": recovery(texts, split).as_json(),
        "bursts": {"runs": _FEW, "alarms": sum(len(burst_alarms(texts, each, each)) for each in new[:_FEW])},
        "no_drift": {"exchanges": EXCHANGES, "alarms": false_alarms(texts, new[0], EXCHANGES, split)},
        "cost": cost(texts, new[0]),
        **({"baseline": _baseline(texts, split)} if has_baseline else {}),
    }


def _baseline(texts: Texts, split: str) -> dict[str, Any]:
    try:
        return eval_evidently.baseline(texts, split)
    except ReportError as error:
        raise UsageError(str(error)) from None


def cost(texts: Texts, new: str) -> dict[str, float]:
    """Of fifteen features: processor time of the quickest of some stretches, as others may run beside it."""
    known = traffic(texts, new)
    watch = DriftWatch()
    for observation in known.stream(0, LEARNED, "cost"):
        watch.update(observation)
    times = []
    for start in range(LEARNED, LEARNED + _STRETCHES * _TIMED, _TIMED):
        observations = list(known.stream(start, _TIMED, "cost"))
        before = time.process_time()
        for observation in observations:
            watch.update(observation)
        times.append(time.process_time() - before)
    return {"us_per_exchange": round(min(times) / _TIMED * 1e6, 1), "snapshot_kb": round(len(watch.snapshot()) / 1000, 1)}


def read_texts(folder: Path) -> dict[str, list[Text]]:
    """By domain."""
    texts: dict[str, list[Text]] = {}
    for row in rows(folder / "data.csv", ("text", "domain")):
        texts.setdefault(row["domain"], []).append(_text(row["text"]))
    if len(texts) <= _FEW:
        raise UsageError(f"{folder}: fewer than three domains")
    return texts


def read_streams(folder: Path) -> list[LabelledStream]:
    texts: dict[str, list[Text]] = {}
    for row in rows(folder / "events.csv", ("stream", "text")):
        texts.setdefault(row["stream"], []).append(_text(row["text"]))
    plans = rows(folder / "streams.csv", ("stream", "kind", "change_at"))
    try:
        return [
            LabelledStream(row["stream"], row["kind"], texts[row["stream"]], int(row["change_at"]) if row["change_at"] else None)
            for row in plans
        ]
    except (KeyError, ValueError):
        raise UsageError(f"{folder / 'streams.csv'}: not the streams of events.csv") from None


def _text(text: str) -> Text:
    gist = word_groups().gist(text)
    return Text(gist.bucket if gist else None, len(text), gist.unknown if gist else None)


def lines(metrics: Mapping[str, Any]) -> list[str]:
    if "streams" in metrics:
        return _stream_lines(metrics["streams"])
    clean, spent, bursts = metrics["no_drift"], metrics["cost"], metrics["bursts"]
    delays = [*metrics["delays"].items(), ("end of a new topic of 30%", metrics["recovery"])]
    head = f"{'exchanges until told':<30}{'runs':>6}{'found':>8}{'median':>9}{'p90':>9}{'false':>7}"
    return [
        head,
        *(
            f"{name:<30}{each['runs']:>6}{each['found']:>8.0%}{_cell(each['median']):>9}{_cell(each['p90']):>9}{each['false']:>7}"
            for name, each in delays
        ),
        "",
        f"alarms in {clean['exchanges']} exchanges without drift: {len(clean['alarms'])}",
        f"alarms in {bursts['runs']} bursts of 20000 exchanges of one user: {bursts['alarms']}",
        f"cost: {spent['us_per_exchange']} µs an exchange, 15 features; snapshot {spent['snapshot_kb']} kB",
        *(eval_evidently.lines(metrics["baseline"]) if "baseline" in metrics else ()),
    ]


def _stream_lines(streams: Iterable[Mapping[str, Any]]) -> list[str]:
    head = f"{'stream':<24}{'delay':>9}{'false':>7}"
    return [head, *(f"{each['stream']:<24}{_cell(each['delay']):>9}{each['false']:>7}" for each in streams)]


def _cell(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f}"
