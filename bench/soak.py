"""The soak: many guarded requests, no two texts alike, while the server's memory is watched; its slope should be nothing."""

import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter

import uvloop

from bench.bodies import SOAK
from bench.load import closed_loop
from bench.processes import LOAD_CORE, Server, pin
from bench.targets import Target, started

_WARM_UP_SHARE = 0.3
"""Caches that are bounded fill first; the slope is fitted to the rest."""

_SETTINGS = "memo: {max_mb: 4}\n"
"""Small, so that the memo of texts is full, and forgets, before the slope is fitted."""


@dataclass(frozen=True, slots=True)
class Point:
    requests: int
    own_rss_mb: float
    watch_rss_mb: float
    rss_mb: float


@dataclass(frozen=True, slots=True)
class Soak:
    target: str
    requests: int
    seconds: float
    points: list[Point]

    @property
    def slope_kb(self) -> float:
        """Growth of the whole tree in kB for each 1000 requests, after the warm-up."""
        settled = [point for point in self.points if point.requests >= _WARM_UP_SHARE * self.requests]
        return slope([(point.requests / 1000, point.rss_mb * 1024) for point in settled])


def soak(target: Target, requests: int, connections: int, samples: int = 100) -> Soak:
    pin(LOAD_CORE)
    target = replace(target, settings=_SETTINGS)
    with tempfile.TemporaryDirectory(prefix="oddgate-soak-") as folder, started([target], Path(folder)) as servers:
        return uvloop.run(_run(servers[target.name], requests, connections, samples))


async def _run(server: Server, requests: int, connections: int, samples: int) -> Soak:
    start = perf_counter()
    points = [_point(server, 0)]
    sent = 0
    for number in range(samples):
        due = requests * (number + 1) // samples - sent
        for body, share in SOAK:
            count = int(due * share)
            await closed_loop(server.port, body, connections=connections, seconds=3600, most=count, first=sent)
            sent += count
        points.append(_point(server, sent))
        if sys.stdout.isatty():
            print(f"\r{sent:,} of {requests:,} requests, {points[-1].rss_mb:.1f} MB", end="\n" * (number + 1 == samples), flush=True)
    return Soak(server.name, sent, perf_counter() - start, points)


def _point(server: Server, requests: int) -> Point:
    return Point(requests, server.own_rss_mb(), server.rss_mb_of("watch"), server.rss_mb())


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Of the straight line with the least squares."""
    count = len(points)
    mean_x, mean_y = sum(x for x, _ in points) / count, sum(y for _, y in points) / count
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread else 0.0


def print_soak(result: Soak) -> None:
    first, last = result.points[0], result.points[-1]
    settled = next(point for point in result.points if point.requests >= _WARM_UP_SHARE * result.requests)
    print(f"{result.target}: {result.requests:,} requests in {result.seconds:,.0f} s ({result.requests / result.seconds:,.0f} a second)")
    print("resident memory, MB      first process         watch    whole tree")
    for name, point in (("at the start", first), (f"after {settled.requests:,}", settled), ("at the end", last)):
        print(f"  {name:<22}{point.own_rss_mb:>13.1f}{point.watch_rss_mb:>14.1f}{point.rss_mb:>14.1f}")
    print(f"slope after the warm-up: {result.slope_kb:+.2f} kB for each 1000 requests")
