"""What telemetry costs the path: CPU of the gateway's own process a request, with a collector and without, in turns.

Spans and measures are made by the watch, so that the path should not tell the difference. What it does pay for either way is the record:
the share of it is said beside, from the same work done alone.
"""

import statistics
import tempfile
from dataclasses import dataclass
from pathlib import Path

import uvloop

from bench.bodies import FRESH, REPEATED
from bench.load import closed_loop
from bench.processes import LOAD_CORE, Server, pin
from bench.targets import DEFAULT, DIRECT, TARGETS, Target, started
from bench.watch import collector, written_us

_REQUESTS, _CONNECTIONS = 400, 4
_AIM = 1.05


@dataclass(frozen=True, slots=True)
class Told:
    """``ratio``: the median over the rounds of on divided by off in the same round; ``record_share``: the record's part of ``off_us``."""

    body: str
    off_us: float
    ratio: float
    record_share: float


def telemetry(rounds: int) -> dict[str, list[dict[str, float | str]]]:
    pin(LOAD_CORE)
    default = next(target for target in TARGETS if target.name == DEFAULT)
    with tempfile.TemporaryDirectory(prefix="oddgate-telemetry-") as folder, collector() as url:
        on = Target("on", default.command, default.policy, f'telemetry: {{otlp_endpoint: "{url}"}}\n')
        off = Target("off", default.command, default.policy)
        with started([off, on], Path(folder)) as servers:
            told = uvloop.run(_run([server for name, server in servers.items() if name != DIRECT], rounds))
    print("CPU of the gateway's own process, a request, with the policy default")
    for each in told:
        missed = "missed" if each.ratio > _AIM else ""
        print(f"  {each.body:<24}{each.off_us:8.0f} us   on / off {each.ratio:5.3f}   the record {each.record_share:6.1%}  {missed}")
    return {"telemetry": [{name: getattr(each, name) for name in Told.__slots__} for each in told]}


async def _run(servers: list[Server], rounds: int) -> list[Told]:
    record_us, told = written_us(5_000), []
    for body in (*REPEATED, *FRESH):
        used: dict[str, list[float]] = {server.name: [] for server in servers}
        for number in range(-1, rounds):  # the first warms up
            for server in servers if number % 2 else servers[::-1]:
                before, first = server.own_cpu_s(), (number + 1) * 1_000_000
                batch = await closed_loop(
                    server.port, body, connections=_CONNECTIONS, seconds=60, most=_REQUESTS if number >= 0 else 50, first=first
                )
                used[server.name].append((server.own_cpu_s() - before) / batch.requests * 1e6)
        off, on = used["off"][1:], used["on"][1:]
        ratio = statistics.median([here / there for here, there in zip(on, off, strict=True)])
        told.append(Told(body.name, statistics.median(off), ratio, record_us / statistics.median(off)))
    return told
