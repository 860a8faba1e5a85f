"""Upstreams that do not answer."""

from collections.abc import Iterable

import orjson
import pytest

from gateway.detecting.calls import Calls
from gateway.detecting.facts import facts
from gateway.incidents.symptom import UPSTREAM_DOWN, Symptom
from tests.gateway.detecting.traffic import failed, record
from tests.gateway.incidents.symptoms import T0


def seen(calls: Calls, records: Iterable[dict]) -> None:
    for each in records:
        said = facts(each)
        assert said is not None
        calls.take(said)


def well(start: int, end: int, upstream: str = "openai") -> list[dict]:
    return [record(T0 + at, at, upstream=upstream, attempts=[_attempt(upstream)]) for at in range(start, end)]


def _attempt(upstream: str, error: str | None = None) -> dict:
    return {"upstream": upstream, "at": 50.0, "ms": 20.0, "status": None if error else 200, "error": error}


def down(start: int, end: int) -> list[dict]:
    made = [record(T0 + at, at) for at in range(start, end)]
    for each in made:
        failed(each)
    return made


def told(calls: Calls, at: int) -> list[Symptom]:
    return list(calls.told(T0 + at))


def test_an_outage():
    """It is told after some seconds, with its beginning, with the upstream and what shows it, and is over when calls are answered again."""
    calls = Calls()
    seen(calls, well(0, 60))
    assert told(calls, 60) == []
    seen(calls, down(60, 64))
    assert told(calls, 64) == []
    seen(calls, down(64, 75))
    (symptom,) = told(calls, 75)
    assert (symptom.kind, symptom.modality, symptom.dimensions) == (UPSTREAM_DOWN, "state", (("upstream", "openai"),))
    assert symptom.onset == pytest.approx(T0 + 60, abs=1)
    assert symptom.level >= 1
    assert symptom.is_harm
    assert symptom.evidence
    assert all(each in {f"req_{at:024x}" for at in range(60, 75)} for each in symptom.evidence)
    seen(calls, well(75, 78))
    assert told(calls, 78) == []


def test_another_answers():
    """Where others answer instead, users do not see it."""
    calls = Calls()
    seen(
        calls,
        [record(T0 + at, at, upstream="azure", attempts=[_attempt("openai", "upstream_timeout"), _attempt("azure")]) for at in range(20)],
    )
    (symptom,) = told(calls, 20)
    assert symptom.dimension("upstream") == "openai"
    assert not symptom.is_harm


def test_some_failures():
    """An upstream of which every third call fails is not down."""
    calls = Calls()
    for at in range(0, 300, 3):
        seen(calls, [*down(at, at + 1), *well(at + 1, at + 3)])
    assert told(calls, 300) == []


def test_calls_that_nobody_waits_for():
    """Where clients give up after long silence, the upstream hangs; where they leave at once, nothing is known."""

    def gone(ms: float) -> list[dict]:
        attempt = {"upstream": "openai", "at": 0.0, "ms": ms, "status": None, "error": None}
        return [record(T0 + at, at, status=0, outcome="client_disconnected", attempts=[attempt]) for at in range(20)]

    hangs, leaves = Calls(), Calls()
    seen(hangs, gone(30_000.0))
    seen(leaves, gone(500.0))
    assert [each.kind for each in told(hangs, 60)] == [UPSTREAM_DOWN]
    assert told(leaves, 60) == []


def test_no_news():
    """How an upstream is that nobody calls any more is not known."""
    calls = Calls()
    seen(calls, down(0, 20))
    assert told(calls, 30)
    assert told(calls, 200) == []


def test_restored():
    """What was known before a restart is known after it."""
    calls, other = Calls(), Calls()
    seen(calls, [*well(0, 30), *down(30, 50)])
    other.read_json(orjson.loads(orjson.dumps(calls.as_json())))
    (one,), (same,) = told(calls, 50), told(other, 50)
    assert (one.onset, one.level, one.n) == (same.onset, same.level, same.n)


def test_many_upstreams():
    """There are no more than there is room for."""
    calls = Calls(most=2)
    for name in "abc":
        seen(calls, well(0, 3, name))
    assert len(calls.as_json()) == 2
    assert calls.evicted == 1
