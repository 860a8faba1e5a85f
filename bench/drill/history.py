"""A past for a gateway: records and telemetry of a quiet site, drawn again by chance for other times."""

import asyncio
import hashlib
import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson

from gateway.telemetry.journal import Journal
from gateway.telemetry.observed import RECEIVED, LogSeen, SpanSeen, UnreadableError, from_line, to_line
from policies.labels import is_event

Record = dict[str, Any]
Rates = Callable[[str, float], float]
"""How many times its usual number of exchanges an application has at a time."""
_SLICE_S = 60.0
_BLOCK_S = 5.0


@dataclass(frozen=True, slots=True)
class Sample:
    """What a quiet site made in ``seconds``: records by application, and lines of received telemetry by block of time."""

    seconds: float
    records: Mapping[str, Sequence[Record]]
    received: Sequence[Sequence[SpanSeen | LogSeen]] = ()


def read_sample(folder: Path, since: float, until: float) -> Sample:
    """Of a site's folder: what began in that time."""
    records: defaultdict[str, list[Record]] = defaultdict(list)
    for path in sorted((folder / "journal").glob("*.jsonl")):
        for line in path.read_bytes().splitlines():
            record = orjson.loads(line)
            if not is_event(record) and "kind" not in record and since <= record["ts"] < until:
                records[record["app"]].append({name: value for name, value in record.items() if name != "chain"})
    blocks: defaultdict[int, list[SpanSeen | LogSeen]] = defaultdict(list)
    for path in sorted((folder / "var" / RECEIVED).glob("*.jsonl")):
        for line in path.read_bytes().splitlines():
            try:
                seen = from_line(line)
            except UnreadableError:
                continue
            if isinstance(seen, SpanSeen | LogSeen) and since <= seen.ts < until:
                blocks[int((seen.ts - since) // _BLOCK_S)].append(replace(seen, ts=(seen.ts - since) % _BLOCK_S))
    return Sample(until - since, dict(records), [blocks[at] for at in sorted(blocks)])


def joined(samples: Sequence[Sample]) -> Sample:
    """Of several sites one."""
    records: defaultdict[str, list[Record]] = defaultdict(list)
    for sample in samples:
        for app, more in sample.records.items():
            records[app] += more
    return Sample(sum(sample.seconds for sample in samples), dict(records), [block for sample in samples for block in sample.received])


def _usual(_app: str, _at: float) -> float:
    return 1.0


def drawn(sample: Sample, begin: float, end: float, chance: random.Random, rates: Rates = _usual) -> Iterator[Record]:
    """Exchanges that come by chance at the sample's rates, in the order of their ends."""
    at, waiting = begin, list[tuple[float, Record]]()
    while at < end:
        upto = min(at + _SLICE_S, end)
        for app, records in sample.records.items():
            rate = len(records) / sample.seconds * rates(app, at)
            moment = at
            while rate > 0 and (moment := moment + chance.expovariate(rate)) < upto:
                record = _again(chance.choice(records), moment, chance)
                waiting.append((_ended(record), record))
        waiting.sort(key=lambda each: each[0])
        ready = sum(ended < upto for ended, _ in waiting)
        yield from (record for _, record in waiting[:ready])
        waiting, at = waiting[ready:], upto
    yield from (record for _, record in waiting)


def _ended(record: Record) -> float:
    return float(record["ts"] + record["timings_ms"]["total"] / 1000)


def _again(record: Record, ts: float, chance: random.Random) -> Record:
    said = {**record, "ts": round(ts, 6), "request_id": f"req_{chance.getrandbits(96):024x}"}
    if record.get("trace"):
        said["trace"] = {**record["trace"], "id": f"{chance.getrandbits(128):032x}", "span": f"{chance.getrandbits(64):016x}"}
    return said


async def bridge(folder: Path, records: Iterable[Record], secret: bytes) -> None:
    """Into the folder's journal, each when its time has come, as long as there are any: what goes on until users ask themselves."""
    journal = Journal(folder / "journal", 64 << 20, 1 << 40, secret, time.time, fsync="never")
    try:
        for record in records:
            await asyncio.sleep(max(0.0, _ended(record) - time.time()))
            journal.append(record)
    finally:
        journal.close()


def write_records(folder: Path, records: Iterable[Record], secret: bytes, now: Callable[[], float]) -> int:
    """Into the folder's journal, as a gateway would have. How many."""
    journal = Journal(folder / "journal", 64 << 20, 1 << 40, secret, now, fsync="never")
    count = 0
    try:
        for record in records:
            journal.append(record)
            count += 1
    finally:
        journal.close()
    return count


def write_received(folder: Path, sample: Sample, begin: float, end: float, chance: random.Random) -> None:
    """Into the folder's spool, as a gateway that receives telemetry would have; ids of traces are others each time."""
    if not sample.received:
        return
    spool = folder / "var" / RECEIVED
    spool.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (spool / "20000101T000000-1-000001.jsonl").open("wb") as file:
        at = begin
        while at < end:
            mark = f"{chance.getrandbits(32):08x}"
            for seen in chance.choice(sample.received):
                file.write(to_line(_received_again(seen, at, mark)))
            at += _BLOCK_S


def _received_again(seen: SpanSeen | LogSeen, at: float, mark: str) -> SpanSeen | LogSeen:
    trace = _id(seen.trace_id, mark, 32)
    if isinstance(seen, LogSeen):
        return replace(seen, ts=at + seen.ts, trace_id=trace)
    parent = _id(seen.parent_id, mark, 16)
    return replace(seen, ts=at + seen.ts, trace_id=trace, span_id=_id(seen.span_id, mark, 16), parent_id=parent)


def _id(known: str, mark: str, digits: int) -> str:
    return hashlib.blake2b(f"{known} {mark}".encode()).hexdigest()[:digits] if known else ""
