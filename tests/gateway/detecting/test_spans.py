"""Spans that others send."""

import random
from collections.abc import Iterator

import orjson

from gateway.detecting.spans import MAX_SOURCES, Spans
from gateway.incidents.symptom import Symptom
from gateway.telemetry.observed import SpanSeen

START = 1_795_000_000.0


def spans(
    seconds: int, after_s: int = 0, each_s: int = 3, *, slower: float = 1.0, fails: bool = False, shop: str = "otlp/shop"
) -> Iterator[SpanSeen]:
    """Of a shop that asks a database."""
    chance = random.Random(f"{after_s}")
    for number in range(seconds * each_s):
        ts, trace_id = START + after_s + number / each_s, f"{after_s:016x}{number:016x}"
        took_s = 0.1 * slower * chance.lognormvariate(0, 0.3)
        yield SpanSeen(ts - 0.01, "otlp/db", "SELECT", 3, took_s, fails, trace_id, "b" * 16, "a" * 16)
        yield SpanSeen(ts, shop, "GET /cart", 2, took_s + 0.05 * chance.lognormvariate(0, 0.3), False, trace_id, "a" * 16, "")


def fed(watched: Spans, given: Iterator[SpanSeen]) -> list[Symptom]:
    found: list[Symptom] = []
    now = 0.0
    for seen in given:
        if seen.ts - now >= 1:
            now = seen.ts
            found += watched.tick(now)
        watched.take(seen, max(now, seen.ts))
    return found


def test_a_slow_part():
    """It is told within a minute and a half, as its own source's, with its traces; so is the whole that had to wait for it."""
    watched = Spans()
    assert fed(watched, spans(900)) == []
    found = fed(watched, spans(90, 900, slower=4.0))
    first = {(each.kind, each.series): each for each in reversed(found)}
    slow, path = first["slow operation", "otlp/db SELECT"], first["slow path", "otlp/shop GET /cart"]
    assert (slow.dimensions, slow.about, slow.is_harm) == ((("source", "otlp/db"),), "latency", True)
    assert path.dimensions == (("source", "otlp/shop"),)
    assert slow.traces == slow.evidence
    assert len(set(slow.traces) & set(path.traces)) > 10


def test_failing():
    """A part that fails is told as errors."""
    watched = Spans()
    fed(watched, spans(900))
    assert {(each.kind, each.about) for each in fed(watched, spans(90, 900, fails=True))} == {("failing operation", "errors")}


def test_made_up_sources():
    """Names that are made up move out nobody who is heard of."""
    watched = Spans()
    fed(watched, spans(60))
    for number in range(300):
        fed(watched, spans(1, 100 + number, 1, shop=f"otlp/{number}"))
    fed(watched, spans(20, 500))
    assert watched.evicted > 200
    known = [source for source, *_ in watched.as_json()["sources"]]
    assert len(known) == MAX_SOURCES
    assert "otlp/shop" in known


def test_resumed():
    """Restored, it goes on to tell the same of traces that begin later."""
    one = Spans()
    fed(one, spans(900))
    one.tick(START + 920)
    other = Spans.restore(orjson.loads(orjson.dumps(one.as_json())))
    assert (
        [plain(each) for each in fed(one, spans(90, 930, slower=4.0))]
        == [plain(each) for each in fed(other, spans(90, 930, slower=4.0))]
        != []
    )


def plain(symptom: Symptom) -> tuple[object, ...]:
    """Without what depends on the order of sums."""
    return symptom.kind, symptom.series, symptom.onset, symptom.at, symptom.evidence, round(symptom.level, 6)
