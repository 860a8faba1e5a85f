"""What a run found, as tables to read, as JSON to keep, and beside the aims."""

import os
import platform
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version

from bench.bodies import FRESH, HISTORY_PII, REPEATED, STREAMED
from bench.compare import Results, added, median_of, ratio
from bench.processes import is_pinnable
from bench.targets import BARE, DEFAULT, DIRECT, EMPTY


@dataclass(frozen=True, slots=True)
class Aim:
    what: str
    measured: float
    at_most: float

    @property
    def is_met(self) -> bool:
        return self.measured <= self.at_most


def print_report(results: Results) -> None:
    targets = list(results.rss_mb)
    for body in (*REPEATED, *FRESH):
        for connections in _connections(results):
            _print_requests(results, targets, body.name, connections)
    for connections in _connections(results):
        _print_streams(results, targets, connections)
    _print_table("resident memory afterwards, MB", ("first process", "whole tree"), {name: results.rss_mb[name] for name in targets})
    _print_aims(list(aims(results)))


def as_json(results: Results) -> dict:
    return {
        "samples": [asdict(sample) for sample in results.samples],
        "rss_mb": {name: {"first_process": own, "tree": tree} for name, (own, tree) in results.rss_mb.items()},
        "aims": [asdict(aim) | {"is_met": aim.is_met} for aim in aims(results)],
    }


def machine() -> dict:
    packages = {name: version(name) for name in ("aiohttp", "uvloop", "orjson")}
    return {"python": platform.python_version(), "system": platform.system(), "cores": os.cpu_count(), "pinned": is_pinnable(), **packages}


def aims(results: Results) -> Iterator[Aim]:
    """The project's aims, as far as the measured targets can say."""
    most = max(_connections(results))
    if not {BARE, EMPTY, DEFAULT} <= set(results.rss_mb):
        return
    for body in REPEATED:
        if "pii" not in body.name:
            yield Aim(
                f"CPU per request without guards, {body.name}: times the bare proxy", _cpu(results, EMPTY, body.name, most, BARE), 1.3
            )
    guarded = _cpu(results, DEFAULT, HISTORY_PII.name, most, EMPTY)
    yield Aim("CPU per request, guarded repeated history with PII: times no guard", guarded, 2)
    for target in (EMPTY, DEFAULT):
        for connections in _connections(results):
            where = (target, STREAMED.name, connections)
            yield Aim(f"added time to first byte, ms, {target}, {connections} streams", added(results, "first_byte_ms", *where), 1)
            beside = added(results, "event_p99_ms", *where, to=BARE)
            yield Aim(f"delay of events, p99, ms more than the bare proxy, {target}, {connections} streams", beside, 1)


def _cpu(results: Results, target: str, body: str, connections: int, to: str) -> float:
    return ratio(results, "cpu_us", target, body, connections, to=to)


def _connections(results: Results) -> list[int]:
    return sorted({sample.connections for sample in results.samples})


def _print_requests(results: Results, targets: Sequence[str], body: str, connections: int) -> None:
    rows = {}
    for target in targets:
        where = (target, body, connections)
        plain = [median_of(results, figure, *where) for figure in ("requests_per_s", "p50_ms", "p99_ms")]
        more = [added(results, figure, *where) for figure in ("p50_ms", "p99_ms")]
        rows[target] = (*plain, *more, median_of(results, "cpu_us", *where), _beside_bare(results, *where))
    columns = ("requests/s", "p50 ms", "p99 ms", "added p50", "added p99", "CPU µs", "x bare")
    _print_table(f"{body}, {connections} at a time", columns, rows)


def _print_streams(results: Results, targets: Sequence[str], connections: int) -> None:
    rows = {}
    for target in targets:
        where = (target, STREAMED.name, connections)
        more = [
            added(results, figure, *where) for figure in ("first_byte_ms", "event_p50_ms", "event_p99_ms", "text_p50_ms", "text_p99_ms")
        ]
        rows[target] = (median_of(results, "events", *where), *more, median_of(results, "cpu_us", *where), _beside_bare(results, *where))
    columns = ("events", "first byte", "event p50", "event p99", "text p50", "text p99", "CPU µs", "x bare")
    _print_table(f"streams, {connections} at a time (ms more than direct)", columns, rows)


def _beside_bare(results: Results, target: str, body: str, connections: int) -> float:
    is_comparable = BARE in results.rss_mb and target != DIRECT  # the upstream's own time is no proxy's time
    return ratio(results, "cpu_us", target, body, connections, to=BARE) if is_comparable else float("nan")


def _print_table(title: str, columns: Sequence[str], rows: dict[str, Sequence[float]]) -> None:
    print(f"\n{title}")
    print(" " * 18 + "".join(f"{column:>14}" for column in columns))
    for name, values in rows.items():
        print(f"  {name:<16}" + "".join(f"{_figure(value):>14}" for value in values))


def _figure(value: float) -> str:
    if value != value:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}"


def _print_aims(found: list[Aim]) -> None:
    print("\naims")
    for aim in found:
        print(f"  {'met   ' if aim.is_met else 'missed'} {aim.what}: {aim.measured:.2f} (at most {aim.at_most:g})")
