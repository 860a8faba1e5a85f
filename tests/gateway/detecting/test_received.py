"""What others tell of themselves, to symptoms."""

import itertools
import random
from collections.abc import Iterable

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.detecting.received import MAX_LOGS, MAX_SERIES, MAX_SOURCES, Received
from gateway.incidents.symptom import TELEMETRY_LOST, Symptom
from gateway.telemetry.observed import OWN, LogSeen, Point, SpanSeen

START = 1_795_000_000.0
Seen = Point | SpanSeen | LogSeen


def fed(received: Received, given: Iterable[Seen], until: float = 0.0) -> list[Symptom]:
    """With a tick each second."""
    found: list[Symptom] = []
    now = 0.0
    for seen in given:
        if seen.ts - now >= 1:
            now = seen.ts
            found += received.tick(now)
        found += received.observe(seen)
    while now < until:
        now += 1
        found += received.tick(now)
    return found


def telemetry(seconds: int, after_s: float = 0.0, *, error: str = "", slower: float = 1.0, failing: float = 0.0) -> list[Seen]:
    """Of an application: two traces and log lines in a second, and a measure each ten."""
    chance, found = random.Random(f"{after_s}"), list[Seen]()
    for number in range(seconds * 2):
        ts = START + after_s + number / 2
        trace_id = f"{int(after_s):016x}{number:016x}"
        found.append(SpanSeen(ts, "otlp/shop", "GET /cart", 2, 0.2 * slower * chance.lognormvariate(0, 0.3), False, trace_id, "a" * 16, ""))
        found.append(LogSeen(ts, "otlp/shop", 9, f"GET /cart/{chance.randrange(99)} 200 in {chance.randrange(1, 90)} ms", trace_id))
        if error:
            found.append(LogSeen(ts, "otlp/shop", 17, error, trace_id))
        if number % 20 == 0:
            found.append(Point(ts, "otlp/shop", "requests_failed", (), "rate", failing))
    return found


@pytest.fixture(scope="module")
def learned() -> bytes:
    received = Received()
    assert fed(received, telemetry(900), START + 900) == []
    assert received.unusable == 0
    return received.snapshot()


def restored(data: bytes) -> Received:
    received = Received()
    received.restore(data)
    return received


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({}, set()),
        ({"error": "connection to database refused"}, {("log", "new template")}),
        ({"slower": 4.0}, {("trace", "slow operation"), ("trace", "slow path")}),
        ({"failing": 3.0}, {("metric", "rare count")}),
    ],
    ids=["none", "log", "span", "measure"],
)
def test_faults(learned: bytes, fault: dict, expected: set[tuple[str, str]]):
    """What is wrong is told within a minute and a half, of whose it is, and again each step."""
    found = fed(restored(learned), telemetry(90, 900, **fault), START + 990)
    assert {(each.modality, each.kind) for each in found} == expected
    assert {each.dimension("source") for each in found} == ({"otlp/shop"} if expected else set())
    for modality, kind in expected:
        ats = [each.at for each in found if (each.modality, each.kind) == (modality, kind)]
        assert max((after - before for before, after in itertools.pairwise(ats)), default=0.0) <= 20.5
    again = [(each.kind, each.at) for each in found]
    assert len(again) == len(set(again))


def test_a_past_that_is_read(learned: bytes):
    """Where the journal is read of long ago, sources whose telemetry is not read yet are not silent."""
    received, found = restored(learned), []
    fed(received, telemetry(60, 900))
    for second in range(600):
        found += received.tick(START + 960 + second, is_past=True)
    assert [each for each in found if each.kind == TELEMETRY_LOST] == []


def test_silence(learned: bytes):
    """A source that reported regularly and no longer does is lost, which is no harm, until it is heard of again."""
    received = restored(learned)
    fed(received, telemetry(60, 900))
    found = fed(received, (), 0.0)
    now = START + 960
    for _ in range(300):
        now += 1
        found += received.tick(now)
    assert {(each.kind, each.about, each.modality, each.dimensions, each.is_harm) for each in found} == {
        (TELEMETRY_LOST, "telemetry", "state", (("source", "otlp/shop"),), False)
    }
    assert 110 < min(each.at for each in found) - START - 960 < 145
    assert all(abs(each.onset - START - 960) < 11 for each in found)
    assert [each for each in fed(received, telemetry(120, 1300), START + 1420) if each.at > START + 1311] == []


def test_our_own_log():
    """An error of the gateway's own is told; that it says nothing is no silence."""
    received = Received()
    lines = [LogSeen(START + at, OWN, 9, "exchanges under way have 20 s to end", "") for at in range(400)]
    error = LogSeen(START + 400, OWN, 17, "journal: records cannot be written: No space left on device", "")
    found = fed(received, [*lines, error], START + 1000)
    assert {(each.kind, each.dimensions) for each in found} == {("error lines", (("source", OWN),))}
    assert START + 400 <= found[0].at <= START + 411
    assert received.words(OWN, found[0].series) == error.body


@pytest.mark.slow
def test_made_up_sources(learned: bytes):
    """However many sources are made up, there is no more than so much of them, and those that are heard of stay."""
    received = restored(learned)
    now = START + 900
    for number in range(5000):
        now += 0.01
        received.observe(LogSeen(now, f"otlp/{number}", 17, f"error {number}", ""))
        received.observe(Point(now, f"otlp/{number}", "errors", (("a", str(number)),), "rate", 1.0))
        received.observe(SpanSeen(now, f"otlp/{number}", "x", 2, 1.0, False, f"{number:032x}", "a" * 16, ""))
        received.tick(now)
    saved = orjson.loads(received.snapshot())
    assert [len(saved[part]) for part in ("logs", "series", "sources")] == [MAX_LOGS, MAX_SERIES, MAX_SOURCES]
    assert received.evicted > 10_000
    assert {"shop"} <= {each[0].removeprefix("otlp/") for each in saved["sources"]} & {
        each[0].removeprefix("otlp/") for each in saved["logs"]
    }


TIMES = st.floats() | st.floats(START - 100, START + 100)
TEXTS = st.sampled_from(["", "otlp/a", OWN, "ERROR x 5", "errors", "duration"]) | st.text(max_size=20)
SEEN = st.one_of(
    st.builds(Point, TIMES, TEXTS, TEXTS, st.just((("a", "b"),)), st.sampled_from(["rate", "value", "p95"]), st.floats()),
    st.builds(SpanSeen, TIMES, TEXTS, TEXTS, st.integers(0, 5), st.floats(), st.booleans(), TEXTS, TEXTS, TEXTS),
    st.builds(LogSeen, TIMES, TEXTS, st.integers(-1, 30), TEXTS, TEXTS),
)


@given(st.lists(SEEN | TIMES, max_size=30))
@example([LogSeen(5.5e20, "", 0, "", "")])
@example([-2.7e20, LogSeen(0.0, "", 0, "", "")])
@example([5.5e20, LogSeen(5.5e20, "", 0, "", "")])
def test_whatever_is_seen(seen: list[Seen | float]):
    """Nothing is raised, then or later, and it can be kept and taken up again."""
    received = Received()
    for each in seen:
        list(received.tick(each) if isinstance(each, float) else received.observe(each))
    list(received.tick(START + 1000))
    list(received.tick(START + 2000))
    restored(received.snapshot())


def test_resumed(learned: bytes):
    """Restored in the middle of a fault, what goes on is told on."""
    given = telemetry(120, 900, error="connection to database refused", failing=3.0)
    one = restored(learned)
    fed(one, given[:400])
    other = restored(one.snapshot())
    plain = [{(each.kind, each.series, each.at) for each in fed(received, given[400:])} for received in (one, other)]
    assert {kind for kind, *_ in plain[0]} == {kind for kind, *_ in plain[1]} == {"new template", "rare count"}


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"v":2}', b'{"v":1,"own":{}}'])
def test_no_snapshot(learned: bytes, data: bytes):
    """What is none is said to be none, and changes nothing."""
    received = restored(learned)
    with pytest.raises(ValueError, match="no snapshot of this version"):
        received.restore(data)
    assert received.snapshot() == learned
