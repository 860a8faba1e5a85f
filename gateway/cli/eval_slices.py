"""``oddgate eval slices``: whether the part of simulated traffic that has a fault is named, and whether none is where there is no fault."""

from collections.abc import Mapping
from typing import Any

from detectors.training.evaluate_slices import RUNS, simulated


def measured(runs: int = RUNS) -> dict[str, Any]:
    return simulated(runs)


def lines(metrics: Mapping[str, Any]) -> list[str]:
    quiet = metrics["quiet"]
    head = f"{'window (' + str(metrics['runs']) + ' each)':<52}{'first':>7}{'of three':>10}{'F1':>7}{'p50 ms':>8}"
    rows = [
        f"{name:<52}{row['first']:>7.2f}{row['among_three']:>10.2f}{row['f1']:>7.2f}{row['p50_ms']:>8.0f}"
        for name, row in metrics["faults"].items()
    ]
    return [head, *rows, "", f"windows without a fault: {quiet['windows']}, of which something was told: {quiet['told']}"]
