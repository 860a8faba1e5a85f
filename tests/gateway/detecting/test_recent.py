"""The exchanges of the last half hour."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.detecting.facts import Facts, facts
from gateway.detecting.recent import (
    BLIND,
    BLOCKED,
    CUT_SHORT,
    FAILED,
    FRESH_S,
    LASTS_S,
    MAX_FRESH,
    MAX_OLD,
    REFUSED,
    REJECTED,
    RETRIED,
    STEP_S,
    UNFINISHED,
    Recent,
    thinned,
)
from tests.gateway.detecting.traffic import failed, fired, record
from tests.gateway.incidents.symptoms import T0


def said(at: float, number: int = 0, **fields: object) -> Facts:
    found = facts(record(at, number, **fields))
    assert found is not None
    return found


def filled(steps: int, rate: int) -> Recent:
    """So many exchanges in each step; of all, every fourth is of another application."""
    recent = Recent()
    for step in range(steps):
        for number in range(rate):
            recent.put(said(T0 + step * STEP_S + 5 * number / rate, step * 100_000 + number, app="desk" if number % 4 == 0 else "shop"), "")
    return recent


def test_rows():
    """By when they ended, with what they were of."""
    recent = Recent()
    for at in range(5):
        recent.put(said(T0 + at, at, user=None, observed={}), "t" * (at == 1))
    rows = recent.between(T0 + 2, T0 + 4)
    assert [row.at for row in rows] == [T0 + 2, T0 + 3]
    assert rows[0].dimensions == {
        "app": "shop", "model": "gpt-4o", "policy": "default@aaaa00000000", "route": "/v1/chat/completions", "tenant": "t",
        "upstream": "openai",
    }  # fmt: skip
    assert "tenant" not in rows[1].dimensions


@pytest.mark.parametrize(
    ("change", "became"),
    [
        (failed, FAILED), (fired, BLOCKED), (lambda said: fired(said, "pii", "flag", "timeout"), BLIND), (lambda said: None, 0),
        (lambda said: said.update(answer={"finish": ["refusal"]}), REFUSED),
        (lambda said: said.update(attempts=said["attempts"] * 2), RETRIED),
        (lambda said: said.update(answer={"finish": []}), UNFINISHED),
        (lambda said: said.update(answer={"finish": ["length"]}), CUT_SHORT),
        (lambda said: said.update(status=422, outcome="invalid_request"), REJECTED),
    ],
    ids=["failed", "blocked", "blind", "well", "refused", "retried", "unfinished", "cut short", "rejected"],
)  # fmt: skip
def test_what_became_of_it(change, became: int):
    """Each by itself."""
    made, recent = record(T0), Recent()
    change(made)
    found = facts(made)
    assert found is not None
    recent.put(found, "")
    (row,) = recent.between(T0, T0 + 10)
    assert row.became == became


def test_bounds():
    """Of late many are kept, of those before some, and of those long before none; what is kept is like what there was."""
    recent = filled(20, 900)
    counts = [len(recent.between(T0 + step * STEP_S, T0 + (step + 1) * STEP_S)) for step in range(20)]
    old = 20 - int(FRESH_S / STEP_S) - 1
    assert all(MAX_OLD / 3 < count <= MAX_OLD for count in counts[:old])
    assert all(MAX_FRESH / 3 < count <= MAX_FRESH for count in counts[old:])
    kept = recent.between(T0, T0 + 200)
    assert sum(row.values[0] == "desk" for row in kept) / len(kept) == pytest.approx(0.25, abs=0.02)
    assert len(recent) == sum(counts)
    recent.put(said(T0 + LASTS_S + 100), "")
    assert min(row.at for row in recent.between(0, 2 * T0)) >= T0 + 90
    recent.put(said(T0), "")
    assert recent.between(T0, T0 + 10) == []


def test_the_same_are_left_out():
    """In times of which some are left out, as many can be left out of others."""
    recent = filled(3, 2000)
    recent.put(said(T0 + 35), "")
    mask = recent.mask(T0, T0 + 40)
    assert mask >= 3
    assert recent.mask(T0 + 30, T0 + 40) == 0
    busy = list(thinned(recent.between(T0, T0 + 10), mask))
    assert 0 < len(busy) <= MAX_FRESH
    assert len(list(thinned(recent.between(T0 + 30, T0 + 40), mask))) <= 1


def test_clones():
    """Where all have one id and time, there are no more than there is room for."""
    recent = Recent()
    for _ in range(3 * MAX_FRESH):
        recent.put(said(T0), "")
    assert len(recent) <= MAX_FRESH


def test_what_cannot_have_been_yet():
    """What seems to be of years to come hides nothing of now."""
    recent = Recent()
    recent.put(said(T0 + 1e8), "")
    recent.put(said(T0), "")
    assert len(recent) == 1
    recent.forget_after(T0 + 60)
    recent.put(said(T0), "")
    assert [row.at for row in recent.between(0, 2 * T0)] == [T0 + 1]


def test_restored():
    """Some of each step outlast a restart, in little room."""
    recent, other = filled(30, 300), Recent()
    data = orjson.dumps(recent.as_json())
    other.read_json(orjson.loads(data))
    rows = other.between(T0, T0 + 300)
    assert set(rows) <= set(recent.between(T0, T0 + 300))
    assert 150 < len(rows) <= 600
    assert len(data) < 100 * len(rows) + 1000


@given(st.lists(st.tuples(st.floats(0, 4000), st.integers(0, 5)), max_size=80))
def test_times(seen: list[tuple[float, int]]):
    """In whichever order they come, nothing that is old is kept beside what is new."""
    recent = Recent()
    for number, (at, app) in enumerate(seen):
        recent.put(said(T0 + at, number, app=f"app {app}"), "")
    rows = recent.between(0, 2 * T0)
    assert len(rows) == len(recent)
    assert not rows or max(row.at for row in rows) - min(row.at for row in rows) <= LASTS_S + 2 * STEP_S
