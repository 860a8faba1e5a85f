"""Fault by fault, some at a time, each at a site of its own with the same past; first the quiet site that this past is drawn from."""

import asyncio
import logging
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.drill.faults import FAULTS, QUICK, Fault, chosen
from bench.drill.history import Sample, bridge, drawn, joined, read_sample, write_received, write_records
from bench.drill.judging import FOUND_S, Judged, Look, judge, shown
from bench.drill.settings import KEY
from bench.drill.site import Site, SiteError, lay_out, open_site

_LOOK_S = 1.0
_READY_S = 15.0
"""A gateway that starts takes telemetry after about so long."""
_STARTED_S = 600.0
"""It is there, and has read its past, by then."""
_CALM, _BUSY = 3, 0.5
"""Seconds in a row, in each of which the watch takes less of a core."""
_CAUGHT_UP_S, _MOST_LAG = 240.0, 100_000


@dataclass(frozen=True, slots=True)
class Plan:
    """``lanes`` sites at a time. The past is ``history_s`` long, of which ``learning_h`` are for learning what is usual."""

    faults: tuple[Fault, ...]
    lanes: int = 2
    seed: int = 1
    per_s: float = 12.0
    sample_s: float = 120.0
    settle_s: float = 15.0
    history_s: float = 30 * 60.0
    learning_h: float = 0.25
    clean_s: float = 25.0
    fault_s: float = 270.0
    """Long enough for a page: of what is over within three minutes nobody is woken."""


def plan(names: Sequence[str], *, is_quick: bool, lanes: int, seed: int) -> Plan:
    """Raises ValueError where there is no such fault."""
    full = Plan(tuple(chosen(names or (QUICK if is_quick else [fault.name for fault in FAULTS]))), lanes, seed)
    return replace(full, sample_s=60.0, history_s=25 * 60.0, clean_s=15.0, fault_s=FOUND_S + 5.0) if is_quick else full


def drill(plan: Plan, tell: Callable[[Judged], None], folder: Path | None = None) -> tuple[Sample, list[Judged]]:
    """In the order of the plan; each is told when it is over. ``folder``: where all of it is kept, to look at. Raises ``SiteError``."""
    logging.getLogger("aiohttp").setLevel(logging.CRITICAL)  # whom the gateway or a fault leaves is no error of the endpoints
    if folder:
        return asyncio.run(_drill(plan, tell, folder))
    with tempfile.TemporaryDirectory(prefix="oddgate-drill-") as name:
        return asyncio.run(_drill(plan, tell, Path(name)))


async def _drill(plan: Plan, tell: Callable[[Judged], None], folder: Path) -> tuple[Sample, list[Judged]]:
    (folder / "cache").mkdir(parents=True, exist_ok=True)
    sample = await _sample(plan, folder / "quiet")
    room = asyncio.Semaphore(plan.lanes)

    async def one(number: int, fault: Fault) -> Judged:
        async with room:
            judged = await _fault(plan, sample, fault, folder / f"{number:02d}", plan.seed + number)
            tell(judged)
            return judged

    return sample, list(await asyncio.gather(*(one(number, fault) for number, fault in enumerate(plan.faults, 1))))


async def _sample(plan: Plan, folder: Path) -> Sample:
    """Of as many sites at a time as there are later, since they take each other's time."""
    sites = [_quiet(plan, folder / str(number), plan.seed + number) for number in range(min(plan.lanes, len(plan.faults)))]
    return joined(await asyncio.gather(*sites))


async def _quiet(plan: Plan, folder: Path, seed: int) -> Sample:
    await asyncio.to_thread(lay_out, folder)
    async with open_site(folder, seed, plan.per_s, plan.learning_h) as site:
        site.send()
        site.ask()
        await asyncio.sleep(plan.settle_s)
        since = time.time()
        await asyncio.sleep(plan.sample_s)
        until = time.time()
    return await asyncio.to_thread(read_sample, folder, since, until)


async def _fault(plan: Plan, sample: Sample, fault: Fault, folder: Path, seed: int) -> Judged:
    """Until its users ask, their records go on in the journal: what was there before does not end."""
    now = time.time()
    await asyncio.to_thread(_past, plan, sample, folder, seed, now)
    going_on = drawn(sample, now, now + _STARTED_S, random.Random(-seed))
    bridging = asyncio.ensure_future(bridge(folder, going_on, KEY.encode()))
    try:
        async with open_site(folder, seed, plan.per_s, plan.learning_h, (now - plan.history_s, now)) as site:
            site.send()
            await _caught_up(site)
            bridging.cancel()
            site.ask()
            looks = await _watched(site, plan.clean_s)
            begin = time.time()
            await asyncio.to_thread(fault.begin, site)
            looks += await _watched(site, plan.fault_s)
            return judge(fault, looks, begin, list(site.hook.heard))
    finally:
        bridging.cancel()


def _past(plan: Plan, sample: Sample, folder: Path, seed: int, end: float) -> None:
    lay_out(folder)
    chance = random.Random(seed)
    write_records(folder, drawn(sample, end - plan.history_s, end, chance), KEY.encode(), time.time)
    write_received(folder, sample, end - plan.history_s, end + _READY_S, chance)


async def _caught_up(site: Site) -> None:
    """Until the watch has read the past and rests."""
    deadline, calm, before = time.monotonic() + _CAUGHT_UP_S, 0, 0.0
    while time.monotonic() < deadline:
        await asyncio.sleep(_LOOK_S)
        used = site.watch_cpu_s()
        is_calm = used - before < _BUSY * _LOOK_S and site.said().get("lag_bytes", _MOST_LAG) < _MOST_LAG
        calm = calm + 1 if is_calm else 0
        before = used
        if calm >= _CALM:
            return
    raise SiteError("the watch does not catch up with its past")


async def _watched(site: Site, seconds: float) -> list[Look]:
    looks, until = [], time.monotonic() + seconds
    while time.monotonic() < until:
        looks.append(Look(time.time(), tuple(shown(each) for each in await asyncio.to_thread(site.incidents))))
        await asyncio.sleep(_LOOK_S)
    return looks
