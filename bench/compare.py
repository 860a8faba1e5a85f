"""The comparison: rounds of short closed loops in which the targets take turns, so that a noisy minute hits all of them alike."""

import statistics
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import uvloop

from bench.bodies import FRESH, REPEATED, STREAMED, Body
from bench.load import closed_loop
from bench.processes import LOAD_CORE, Server, pin
from bench.streams import closed_loop_of_streams
from bench.targets import DIRECT, Target, started

_MOST_REQUESTS = 20_000
_WARM_UP = 50


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how often. ``streams`` is for each connection."""

    rounds: int
    seconds: float
    streams: int
    stream_rounds: int
    connections: Sequence[int] = (1, 16)


QUICK = Plan(rounds=2, seconds=0.25, streams=2, stream_rounds=2)
FULL = Plan(rounds=3, seconds=0.8, streams=3, stream_rounds=3)


@dataclass(frozen=True, slots=True)
class Sample:
    """One target in one round: the figures of one closed loop, by name."""

    target: str
    body: str
    connections: int
    round: int
    figures: dict[str, float]


@dataclass(frozen=True, slots=True)
class Results:
    samples: list[Sample]
    rss_mb: dict[str, tuple[float, float]]
    """Resident memory after all of it: of the first process, and of the whole tree."""


def compare(plan: Plan, targets: Sequence[Target]) -> Results:
    pin(LOAD_CORE)
    with tempfile.TemporaryDirectory(prefix="oddgate-bench-") as folder, started(targets, Path(folder)) as servers:
        samples = uvloop.run(_run(plan, list(servers.values())))
        return Results(samples, {name: (server.own_rss_mb(), server.rss_mb()) for name, server in servers.items()})


async def _run(plan: Plan, servers: list[Server]) -> list[Sample]:
    samples = []
    await _warm_up(servers)
    for number in range(plan.rounds):
        for body, connections, server in _turns(number, REPEATED + FRESH, plan.connections, servers):
            figures = await _requests(server, body, connections, plan.seconds, first=number * 1_000_000 + connections * 50_000)
            samples.append(Sample(server.name, body.name, connections, number, figures))
    for number in range(plan.stream_rounds):
        for body, connections, server in _turns(number, [STREAMED], plan.connections, servers):
            figures = await _streams(server, body, connections, plan.streams)
            samples.append(Sample(server.name, body.name, connections, number, figures))
        print(".", end="", flush=True)
    print()
    return samples


def _turns(number: int, bodies: Sequence[Body], connections: Sequence[int], servers: list[Server]) -> Iterator[tuple[Body, int, Server]]:
    turn = number % len(servers)
    for body in bodies:
        for count in connections:
            for server in servers[turn:] + servers[:turn]:
                yield body, count, server
        print(".", end="", flush=True)


async def _warm_up(servers: list[Server]) -> None:
    """Connections, caches and the model of names are there before anything is timed."""
    for server in servers:
        for body in REPEATED + FRESH:
            await closed_loop(server.port, body, connections=2, seconds=20, most=_WARM_UP, first=10**9)


async def _requests(server: Server, body: Body, connections: int, seconds: float, first: int) -> dict[str, float]:
    cpu = server.cpu_s()
    batch = await closed_loop(server.port, body, connections=connections, seconds=seconds, most=_MOST_REQUESTS, first=first)
    cpu = server.cpu_s() - cpu
    return {
        "requests": batch.requests,
        "requests_per_s": batch.requests / batch.seconds,
        "p50_ms": 1e3 * statistics.median(batch.latencies_s),
        "p99_ms": 1e3 * percentile(batch.latencies_s, 99),
        "cpu_us": 1e6 * cpu / batch.requests,
    }


async def _streams(server: Server, body: Body, connections: int, streams: int) -> dict[str, float]:
    cpu = server.cpu_s()
    measured = await closed_loop_of_streams(server.port, body, connections=connections, streams=streams * connections)
    cpu = server.cpu_s() - cpu
    return {
        "streams": measured.count,
        "events": statistics.median(measured.events),
        "first_byte_ms": 1e3 * statistics.median(measured.first_byte_s),
        "event_p50_ms": 1e3 * statistics.median(measured.event_delays_s),
        "event_p99_ms": 1e3 * percentile(measured.event_delays_s, 99),
        "text_p50_ms": 1e3 * statistics.median(measured.text_delays_s),
        "text_p99_ms": 1e3 * percentile(measured.text_delays_s, 99),
        "cpu_us": 1e6 * cpu / measured.count,
    }


def percentile(values: Sequence[float], percent: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def median_of(results: Results, figure: str, target: str, body: str, connections: int) -> float:
    return statistics.median(_by_round(results, figure, target, body, connections).values())


def added(results: Results, figure: str, target: str, body: str, connections: int, *, to: str = DIRECT) -> float:
    """The median over the rounds of what ``target`` has more than ``to`` in the same round."""
    here, there = (_by_round(results, figure, name, body, connections) for name in (target, to))
    return statistics.median(here[number] - there[number] for number in here)


def ratio(results: Results, figure: str, target: str, body: str, connections: int, *, to: str) -> float:
    """The median over the rounds of ``target`` divided by ``to`` in the same round."""
    here, there = (_by_round(results, figure, name, body, connections) for name in (target, to))
    return statistics.median(here[number] / there[number] if there[number] else float("inf") for number in here)


def _by_round(results: Results, figure: str, target: str, body: str, connections: int) -> dict[int, float]:
    wanted = (target, body, connections)
    return {each.round: each.figures[figure] for each in results.samples if (each.target, each.body, each.connections) == wanted}
