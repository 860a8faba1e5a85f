"""A past that is drawn from a quiet site's records."""

import asyncio
import json
import random
import time
from collections import Counter
from pathlib import Path

from bench.drill.history import Sample, bridge, drawn, joined, read_sample, write_received, write_records
from gateway.telemetry.observed import RECEIVED, LogSeen, SpanSeen, from_line, to_line
from gateway.telemetry.tailing import JournalReader

T0 = 1_700_000_000.0
SECRET = b"a key that is long enough for this"


def record(app: str, ts: float = T0, ms: float = 500.0) -> dict:
    trace = {"id": "t", "span": "s", "parent": "", "flags": 1}
    return {"ts": ts, "request_id": "req_1", "app": app, "trace": trace, "timings_ms": {"total": ms}, "status": 200}


SAMPLE = Sample(100.0, {"shop": [record("shop", ms=ms) for ms in (100.0, 30_000.0) for _ in range(100)], "desk": [record("desk")] * 50})


def test_the_rates_are_those_of_the_sample():
    """Each application's, within what chance does."""
    counts = Counter(each["app"] for each in drawn(SAMPLE, T0, T0 + 3600, random.Random(1)))
    assert abs(counts["shop"] - 7200) < 400
    assert abs(counts["desk"] - 1800) < 200


def test_records_come_in_the_order_of_their_ends():
    """As a gateway writes them; none begins outside of the time that is asked for."""
    made = list(drawn(SAMPLE, T0, T0 + 600, random.Random(2)))
    ends = [each["ts"] + each["timings_ms"]["total"] / 1000 for each in made]
    assert ends == sorted(ends)
    assert all(T0 <= each["ts"] < T0 + 600 for each in made)


def test_no_two_are_one_exchange():
    """A store keeps each of them, and a trace is of one."""
    made = list(drawn(SAMPLE, T0, T0 + 300, random.Random(3)))
    assert len({each["request_id"] for each in made}) == len({each["trace"]["id"] for each in made}) == len(made)


def test_a_rate_may_change_and_be_nothing():
    """An application on holiday asks nothing."""
    made = drawn(SAMPLE, T0, T0 + 600, random.Random(4), lambda app, at: 0.0 if app == "desk" else 2.0)
    counts = Counter(each["app"] for each in made)
    assert counts["desk"] == 0
    assert abs(counts["shop"] - 2400) < 250


def test_what_is_written_is_read_again(tmp_path: Path):
    """Through a real journal, without the chain's own lines, and only of the time that is asked for."""
    made = [record("shop", T0 + at) for at in range(10)]
    assert write_records(tmp_path, made, SECRET, lambda: T0) == 10
    assert sum(b'"app":"shop"' in line for line in JournalReader(tmp_path / "journal").read()) == 10
    sample = read_sample(tmp_path, T0 + 2, T0 + 7)
    assert [each["ts"] for each in sample.records["shop"]] == [T0 + at for at in range(2, 7)]
    assert all("chain" not in each for each in sample.records["shop"])


def test_received_telemetry_is_drawn_in_blocks_with_traces_of_their_own(tmp_path: Path):
    """A span keeps its parent, and the same block drawn again is other traces."""
    spans = [
        SpanSeen(0.5, "otlp/r", "answer", 1, 0.1, False, "aa", "01", ""),
        SpanSeen(0.6, "otlp/r", "search", 1, 0.1, False, "aa", "02", "01"),
    ]
    write_received(tmp_path, Sample(5.0, {}, [[*spans, LogSeen(0.7, "otlp/r", 9, "found", "aa")]]), T0, T0 + 50, random.Random(5))
    lines = [from_line(line) for path in (tmp_path / "var" / RECEIVED).iterdir() for line in path.read_bytes().splitlines()]
    roots = {each.span_id: each.trace_id for each in lines if isinstance(each, SpanSeen) and not each.parent_id}
    assert len(roots) == len(set(roots.values())) == 10
    children = [each for each in lines if isinstance(each, SpanSeen) and each.parent_id]
    assert all(roots[each.parent_id] == each.trace_id for each in children)
    assert [each.ts for each in lines if isinstance(each, LogSeen)] == [T0 + at * 5 + 0.7 for at in range(10)]


def test_a_sites_spool_is_part_of_its_sample(tmp_path: Path):
    """By block of time, from its begin; what is no line of it is left out."""
    (tmp_path / "journal").mkdir()
    spool = tmp_path / "var" / RECEIVED
    spool.mkdir(parents=True)
    seen = [LogSeen(T0 + at, "otlp/r", 9, "found", "") for at in (-1, 1, 2, 6, 20)]
    (spool / "1.jsonl").write_bytes(b"".join(map(to_line, seen)) + json.dumps(["no"]).encode())
    sample = read_sample(tmp_path, T0, T0 + 10)
    assert [[each.ts for each in block] for block in sample.received] == [[1.0, 2.0], [1.0]]


def test_samples_are_joined_at_their_common_rate():
    """Twice the records in twice the time."""
    both = joined([SAMPLE, SAMPLE])
    assert (both.seconds, len(both.records["shop"]), len(both.records["desk"])) == (200.0, 400, 100)


async def test_a_bridge_writes_what_is_due(tmp_path: Path):
    """Each record when it has ended, the rest later or never."""
    now = time.time()
    going_on = [record("shop", now + at, ms=0.0) for at in (-1.0, 0.0, 0.1, 60.0)]
    bridging = asyncio.ensure_future(bridge(tmp_path, going_on, SECRET))
    await asyncio.sleep(0.5)
    bridging.cancel()
    await asyncio.gather(bridging, return_exceptions=True)
    assert sum(b'"app":"shop"' in line for line in JournalReader(tmp_path / "journal").read()) == 3
