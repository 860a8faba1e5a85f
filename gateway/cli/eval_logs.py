"""``oddgate eval logs``: how well log lines are grouped and unusual sessions told, and what a line costs."""

import json
import re
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from detectors.series.logs import LogLine, LogWatch
from detectors.training.evaluate_logs import SEEDS, SIZES, averaged, grouping, sessions
from gateway.cli.scan import UsageError
from gateway.cli.tables import rows

_STATEMENT = re.compile(r"(?:\S+ +){1,3}?(\S+#\d+) +(?:TraceID: \S* +SpanID: \S* +)?(.*)", re.DOTALL)
_A_SECOND = 100


def measured(folder: Path) -> dict[str, Any]:
    """Sessions of ``data.csv`` (block, events, label), or lines: of a ``*_structured.csv`` (Content, EventId) or a ``logs.jsonl`` (message
    with the class and line that printed it, as in ``a.b.Class#12``).
    """
    if (folder / "data.csv").is_file():
        return _sessions(folder)
    lines, printed_by = _structured(folder) or _messages(folder)
    return {"grouping": grouping(lines, printed_by), "cost": cost(LogLine(at / _A_SECOND, line) for at, line in enumerate(lines))}


def _sessions(folder: Path) -> dict[str, Any]:
    blocks = rows(folder / "data.csv", ("block", "events", "label"))
    normal, abnormal = ([row["events"].split() for row in blocks if (row["label"] == "1") == is_abnormal] for is_abnormal in (False, True))
    sizes = [size for size in SIZES if size < len(normal)]
    if not sizes or not abnormal:
        raise UsageError(f"{folder}: not more than {SIZES[0]} normal sessions (label 0), and abnormal ones (label 1)")
    told = {size: [sessions(normal, abnormal, size, seed) for seed in range(SEEDS)] for size in sizes}
    return {
        "sessions": {"normal": len(normal), "abnormal": len(abnormal)},
        "learned": {
            str(size): {**averaged(each).as_json(), "least_auroc": round(min(one.auroc for one in each), 4), "runs": len(each)}
            for size, each in told.items()
        },
        "cost": cost(
            LogLine(at / _A_SECOND, f"event{step}", session=row["block"])
            for at, (row, step) in enumerate((row, step) for row in blocks for step in row["events"].split())
        ),
    }


def cost(lines: Iterable[LogLine]) -> dict[str, float]:
    """Of everything that is looked for, a hundred lines a second."""
    given = list(lines)
    watch = LogWatch()
    before = time.process_time()
    for line in given:
        watch.update(line)
    spent = time.process_time() - before
    return {"us_per_line": round(spent / max(1, len(given)) * 1e6, 1), "snapshot_kb": round(len(watch.snapshot()) / 1000, 1)}


def _structured(folder: Path) -> tuple[list[str], list[str]] | None:
    found = sorted(folder.glob("*_structured.csv"))
    if not found:
        return None
    printed = rows(found[0], ("Content", "EventId"))
    return [row["Content"] for row in printed], [row["EventId"] for row in printed]


def _messages(folder: Path) -> tuple[list[str], list[str]]:
    path = folder / "logs.jsonl"
    try:
        with path.open(encoding="utf-8") as messages:
            matches = [_STATEMENT.match(json.loads(row)["message"]) for row in messages if row.strip()]
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, RecursionError):
        raise UsageError(f"{path}: not objects with a message") from None
    known = [match for match in matches if match]
    if not known:
        raise UsageError(f"{path}: no message says what printed it")
    return [match[2] for match in known], [match[1] for match in known]


def lines(metrics: Mapping[str, Any]) -> list[str]:
    spent = metrics["cost"]
    last = ["", f"cost: {spent['us_per_line']} µs a line; snapshot {spent['snapshot_kb']} kB"]
    if "grouping" in metrics:
        each = metrics["grouping"]
        return [
            f"{each['lines']} lines, {each['statements']} statements, {each['templates']} templates",
            f"grouping accuracy: {each['accuracy']}; of what texts can tell apart: {each['told_apart']}",
            *last,
        ]
    count = metrics["sessions"]
    return [
        f"{count['normal']} normal sessions, {count['abnormal']} abnormal ones",
        f"{'normal sessions learned':<26}{'runs':>6}{'AUROC':>9}{'least':>9}{'FPR':>9}{'TPR':>9}",
        *(
            f"{size:<26}{each['runs']:>6}{each['auroc']:>9.4f}{each['least_auroc']:>9.4f}{each['fpr']:>9.4f}{each['tpr']:>9.4f}"
            for size, each in metrics["learned"].items()
        ),
        *last,
    ]
