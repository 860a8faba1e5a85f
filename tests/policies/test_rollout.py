"""Whose turn a new version is, and when two versions are told apart."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies import rollout as module
from policies.policy import Rollout
from policies.rollout import Callers, Comparison, Tally, compare, interval, is_new, share_of
from policies.subject import Subject

KEY = b"k" * 32


def rollout(**keys) -> Rollout:
    return Rollout(of="old", **{"percent": 10.0, **keys})


def share(of: Rollout, subjects) -> float:
    taken = [is_new(of, "new", subject, f"req{index}", KEY) for index, subject in enumerate(subjects)]
    return sum(taken) / len(taken)


@pytest.mark.parametrize("percent", [0.0, 10.0, 50.0, 100.0])
def test_share(percent):
    """The new version gets its percentage of the sessions."""
    subjects = [Subject("bot", "m", "chat", session=f"s{index}") for index in range(5000)]
    assert share(rollout(percent=percent), subjects) == pytest.approx(percent / 100, abs=0.02)


@given(st.text(max_size=20), st.lists(st.text(max_size=20), max_size=4))
def test_a_share_is_one(purpose, parts):
    """It lies from 0 to below 1, and is the same whenever it is asked for."""
    assert 0 <= share_of(KEY, purpose, *parts) < 1
    assert share_of(KEY, purpose, *parts) == share_of(KEY, purpose, *parts)


def test_shares_do_not_meet():
    """Other parts, another cut between them, another purpose and another key each give another share."""
    shares = [share_of(KEY, "a", "bc", "d"), share_of(KEY, "a", "b", "cd"), share_of(KEY, "b", "bc", "d"), share_of(b"x", "a", "bc", "d")]
    assert len(set(shares)) == len(shares)


@pytest.mark.parametrize(("by", "label"), [("session", {"session": "s"}), ("user", {"user": "u"}), ("app", {})])
def test_one_label_stays_on_one_side(by, label):
    """What is divided by session stays together, however many requests it makes."""
    subject = Subject("bot", "m", "chat", **label)
    assert share(rollout(percent=50.0, by=by), [subject] * 50) in (0, 1)


def test_no_label_is_divided_by_request():
    """Clients that send no session do not all land on one side."""
    assert 0.3 < share(rollout(percent=50.0), [Subject("bot", "m", "chat")] * 300) < 0.7


def test_raising_the_percentage_keeps_those_that_were_in():
    """Whoever had the new version keeps it while the rollout grows."""
    subjects = [Subject("bot", "m", "chat", session=f"s{index}") for index in range(500)]
    few = [is_new(rollout(percent=10.0), "new", subject, "r", KEY) for subject in subjects]
    many = [is_new(rollout(percent=30.0), "new", subject, "r", KEY) for subject in subjects]
    assert all(later for earlier, later in zip(few, many, strict=True) if earlier)


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.sampled_from([0.001, 0.01, 0.1]))
def test_interval_is_one(n, k, error_rate):
    """Whatever was counted, the interval lies within 0 and 1 and holds the rate seen."""
    tally = Tally(n, min(n, k))
    low, high = interval(tally, error_rate)
    assert 0 <= low <= high <= 1
    assert low - 1e-9 <= tally.rate <= high + 1e-9


def test_interval_holds_the_rate_all_along():
    """Looking again and again over 1,000 exchanges, in 150 runs, the true rate is missed in fewer than the promised tenth of the runs."""
    chance = random.Random(7)
    missed = 0
    for _ in range(150):
        tally = Tally()
        for step in range(1000):
            tally = tally.plus(chance.random() < 0.05)
            if step % 10 == 9:
                low, high = interval(tally, 0.1)
                if not low <= 0.05 <= high:
                    missed += 1
                    break
    assert missed < 15


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (Tally(), Tally(), Comparison.OPEN),
        (Tally(100, 1), Tally(10, 1), Comparison.OPEN),
        (Tally(10_000, 100), Tally(1000, 100), Comparison.DIFFERENT),
        (Tally(10_000, 1000), Tally(1000, 5), Comparison.DIFFERENT),
        (Tally(100_000, 1000), Tally(100_000, 1010), Comparison.ALIKE),
    ],
)
def test_compare(old, new, expected):
    """A difference beyond the bound is told in either direction, likeness within it too, and neither before it is certain."""
    found = compare(rollout(max_difference=0.02), old, new)
    assert found.comparison is expected
    assert found.low <= new.rate - old.rate <= found.high


def test_which_of_a_callers_exchanges_count():
    """Few of them, the later ones ever more rarely; each caller's for itself."""
    callers = Callers()
    counted = [number for number in range(1, 1001) if callers.counts("a")]
    assert counted == [1, 2, 4, 8, 16]
    assert callers.counts("b")


def test_callers_are_bounded(monkeypatch):
    """Who was not heard of for longest is forgotten."""
    monkeypatch.setattr(module, "_MAX_CALLERS", 2)
    callers = Callers()
    for caller in ("a", "b", "a", "c", "a"):
        callers.counts(caller)
    assert [callers.counts(caller) for caller in ("a", "a", "b")] == [True, False, True]  # a's fourth and fifth, b's first again


@given(
    st.integers(0, 3000).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))),
    st.integers(0, 3000).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))),
    st.integers(0, 5),
    st.booleans(),
)
def test_no_caller_tells_two_versions_apart(old, new, added, blocked):
    """Where they cannot be told apart, they still cannot be after all that one caller can add to the new one, or to the old one."""
    plain = rollout()
    fewer, more = Tally(*old), Tally(*new)
    low = interval(more, 0.005)[0] - interval(fewer, 0.005)[1]
    high = interval(more, 0.005)[1] - interval(fewer, 0.005)[0]
    if low > plain.max_difference or high < -plain.max_difference:
        return
    with_one = Tally(more.exchanges + added, more.blocked + (added if blocked else 0))
    assert compare(plain, fewer, with_one).comparison is not Comparison.DIFFERENT
    with_one = Tally(fewer.exchanges + added, fewer.blocked + (added if blocked else 0))
    assert compare(plain, with_one, more).comparison is not Comparison.DIFFERENT
