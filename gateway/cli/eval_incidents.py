"""``oddgate eval incidents``: what people on call hear in simulated months, by a fixed limit, by burnt budgets alone, and by incidents."""

import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.cli.month import BEGINS, DAYS, OBJECTIVE, OUTAGES, Fault, faults, found, symptom, traffic
from gateway.incidents.burn import BurnRate
from gateway.incidents.incident import CALM_LEVEL, Event
from gateway.incidents.stages import Dropped
from gateway.incidents.symptom import of_burn
from gateway.incidents.triage import Triage

SEEDS = 3
RATES = (600, 60, 6)
SHIFTS = DAYS * 2
_LATE = 15
"""Minutes after an outage in which a page is still of it."""
_AGAIN = 15
_LIMIT = 0.02
_WINDOW = 5

Minute = tuple[int, int, int]
Rule = Callable[[Sequence[Minute], int, list[Fault]], "Heard"]


@dataclass(frozen=True, slots=True)
class Heard:
    """The minutes of pages, and how many tickets there were."""

    pages: list[int]
    tickets: int = 0


def measured(seeds: int = SEEDS, rates: Iterable[int] = RATES) -> dict[str, Any]:
    """By exchanges a minute and rule."""
    begun = time.process_time()
    report = {str(rpm): {name: _judged(rule, rpm, seeds) for name, rule in RULES.items()} for rpm in rates}
    return {"seeds": seeds, "cpu_s": round(time.process_time() - begun, 1), "by_rpm": report}


def _judged(rule: Rule, rpm: int, seeds: int) -> dict[str, Any]:
    pages = right = tickets = single = paged = 0
    delays: dict[float, list[float]] = {share: [] for share, _ in OUTAGES}
    for seed in range(seeds):
        all_faults = faults(seed)
        heard = rule(list(traffic(seed, rpm, all_faults)), seed, all_faults)
        real = [each for each in all_faults if each.is_outage]
        pages += len(heard.pages)
        right += sum(any(each.at <= page < each.end + _LATE for each in real) for page in heard.pages)
        tickets += heard.tickets
        for each in real:
            own = [page for page in heard.pages if each.at <= page < each.end + _LATE]
            single += len(own) == 1
            paged += bool(own)
            delays[each.share].append(own[0] - each.at if own else float("inf"))
    return {
        "pages_a_shift": round(pages / seeds / SHIFTS, 3),
        "precision": round(right / pages, 3) if pages else None,
        "tickets_a_day": round(tickets / seeds / DAYS, 2),
        "one_page": round(single / paged, 3) if paged else None,
        "outages": {f"{share:.0%}": _times(each) for share, each in delays.items()},
    }


def _times(delays: Sequence[float]) -> dict[str, float | None]:
    in_time = [each for each in delays if each != float("inf")]
    return {
        "runs": len(delays),
        "paged": round(len(in_time) / len(delays), 3),
        "median_min": statistics.median(in_time) if in_time else None,
    }


def _fixed(minutes: Sequence[Minute], seed: int, all_faults: list[Fault]) -> Heard:
    """More than 2 % of errors in five minutes, as people begin; again when it was calm for a quarter of an hour."""
    pages, last = [], -_AGAIN - 1
    for at in range(len(minutes)):
        window = minutes[max(0, at - _WINDOW + 1) : at + 1]
        bad, total = sum(each[1] for each in window), sum(each[2] for each in window)
        if total and bad / total > _LIMIT:
            if at - last > _AGAIN:
                pages.append(at)
            last = at
    return Heard(pages)


def _burn(minutes: Sequence[Minute], seed: int, all_faults: list[Fault]) -> Heard:
    return _incidents(minutes, seed, [])


def _fused(minutes: Sequence[Minute], seed: int, all_faults: list[Fault]) -> Heard:
    return _incidents(minutes, seed, all_faults)


def _incidents(minutes: Sequence[Minute], seed: int, seen: list[Fault]) -> Heard:
    """``seen``: faults that detectors look at besides."""
    triage, burn = Triage(), BurnRate(OBJECTIVE)
    waiting = found(seed, seen) if seen else []
    active = []
    pages, tickets = [], 0
    rung: set[tuple[str, int]] = set()
    for minute, bad, total in minutes:
        now = BEGINS + minute * 60.0 + 59
        burn.add(now, now, bad=bad, total=total)
        told: list[Event | Dropped] = []
        while waiting and waiting[0].first <= minute:
            active.append(waiting.pop(0))
        active = [each for each in active if each.last >= minute]
        for anomaly in active:
            told += triage.take(symptom(anomaly, minute), now)
        for found_ in burn.look(now):
            if found_.level >= CALM_LEVEL:
                told += triage.take(of_burn("shop", found_, now), now)
        told += triage.tick(now)
        events = [each for each in told if isinstance(each, Event)]
        for each in events:
            opening = (each.incident.id, len(each.incident.opens))
            if each.incident.urgency == "page" and each.name != "resolved" and opening not in rung:
                rung.add(opening)
                pages.append(minute)
        tickets += sum(each.name in ("opened", "reopened") and each.incident.urgency == "ticket" for each in events)
    return Heard(pages, tickets)


RULES: Mapping[str, Rule] = {"5 min > 2 %": _fixed, "budget alone": _burn, "incidents": _fused}


def lines(metrics: Mapping[str, Any]) -> list[str]:
    sizes = [f"{share:.0%}" for share, _ in OUTAGES]
    head = f"{'a minute':<9}{'rule':<14}{'pages/shift':>12}{'precision':>10}{'tickets/day':>12}{'one page':>9}"
    told = [head + "".join(f"{size + ' errors':>16}" for size in sizes)]
    for rpm, rules in metrics["by_rpm"].items():
        for name, each in rules.items():
            shares = f"{_share(each['precision']):>10}{each['tickets_a_day']:>12.2f}{_share(each['one_page']):>9}"
            row = f"{rpm:<9}{name:<14}{each['pages_a_shift']:>12.2f}{shares}"
            told.append(row + "".join(f"{_cell(each['outages'][size]):>16}" for size in sizes))
    notes = "one page: of outages that are paged for, how many once; outages: share paged for, median minutes"
    return [*told, "", f"{metrics['seeds']} months each; {notes}. CPU: {metrics['cpu_s']} s"]


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _cell(times: Mapping[str, Any]) -> str:
    return f"{times['paged']:.0%}" + ("" if times["median_min"] is None else f", {times['median_min']:g} min")
