"""What came of a drill, to be read and as figures, beside the aims."""

import statistics
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from bench.drill.judging import FOUND_S, Judged
from bench.drill.simulated import Quiet

_FOUND, _CAUSES = 23 / 25, 20 / 25


def line(judged: Judged) -> str:
    found = "not found" if judged.found_s is None else f"found after {judged.found_s:.0f} s"
    cause = f"cause is hint {judged.cause}" if judged.cause else "no right cause"
    paged = "" if judged.paged_s is None else f" (after {judged.paged_s:.0f} s)"
    more = f"; of something else: {'; '.join(judged.others)}" if judged.others else ""
    early = f"; before it: {'; '.join(judged.early)}" if judged.early else ""
    return f"  {judged.fault:<36} {found:<18} {cause:<16} {judged.incidents} incidents, {judged.pages} pages{paged}{more}{early}"


def figures(judged: Sequence[Judged]) -> dict[str, Any]:
    """``is_met``: whether the aims are, in their shares of the faults that were tried."""
    found = [each for each in judged if each.is_found]
    causes = sum(each.cause is not None for each in judged)
    summary = {
        "faults": len(judged),
        f"found_in_{FOUND_S:.0f}_s": len(found),
        "found_later": sum(each.found_s is not None for each in judged) - len(found),
        "missed": sum(each.found_s is None for each in judged),
        "median_found_s": statistics.median([each.found_s for each in found if each.found_s is not None]) if found else None,
        "cause_in_top_3": causes,
        "with_one_incident": sum(each.incidents == 1 and not each.others for each in judged),
        "false_incidents": sum(len(each.early) for each in judged),
        "paged": sum(each.paged_s is not None for each in judged),
        "most_pages": max((each.pages for each in judged), default=0),
    }
    is_met = len(found) >= _FOUND * len(judged) and causes >= _CAUSES * len(judged) and summary["most_pages"] <= 1
    return {"summary": summary, "is_met": is_met, "faults": [asdict(each) for each in judged]}


def print_summary(told: dict[str, Any]) -> None:
    for name, value in told["summary"].items():
        print(f"  {name:<24}{value}")
    print(f"  {'the aims are met' if told['is_met'] else 'the aims are missed'}")


def print_quiet(quiet: Quiet) -> None:
    """At most one page is the aim."""
    print(f"  {quiet.hours:g} quiet or busy hours ({quiet.records:,} exchanges, {quiet.cpu_s:,.0f} s of CPU): ", end="")
    print(f"{quiet.pages} pages, {len(quiet.heard) - quiet.pages} tickets")
    for each in quiet.heard:
        print(f"    hour {each.hour:5.1f}  {each.urgency:<7}{each.what:<10}{each.title}")
