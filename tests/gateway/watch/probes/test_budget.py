"""What probes may cost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.watch.probes.budget import Budget, Cost, Limits

DAY = 86400.0
NOW = 20_000 * DAY
LIMITS = Limits(calls_per_minute=3, usd_per_day=1.0, tokens_per_day=1000)

steps = st.lists(
    st.tuples(
        st.floats(-2 * DAY, 2 * DAY),  # the clock may jump
        st.floats(0, 0.6),
        st.integers(0, 600),
        st.floats(0, 1),
        st.booleans(),
    ),
    max_size=40,
)


@given(steps)
def test_never_more_than_the_budget(steps: list):
    """Until a new day begins no more is spent than allowed, wherever the clock jumps, and after every restart; and nothing where it was set
    back by more than a day, until the day after.
    """
    budget, now, day, spent = Budget(LIMITS), NOW, -1, [Cost(0.0, 0)]
    for jump, usd, tokens, share, is_restarted in steps:
        now = max(0.0, now + jump)
        most, today = Cost(usd, tokens), int(now // DAY)
        if today > day or today < day - 1:
            spent.append(Cost(0.0, 0) if today > day else Cost(LIMITS.usd_per_day, LIMITS.tokens_per_day))
            day = today
        if budget.reserve(most, now):
            cost = Cost(usd * share, int(tokens * share))
            if not is_restarted:  # else nobody knows, and all of it counts
                budget.settle(most, cost)
            spent[-1] = Cost(spent[-1].usd + cost.usd, spent[-1].tokens + cost.tokens)
        if is_restarted:
            saved, budget = budget.snapshot(), Budget(LIMITS)
            budget.restore(saved)
    assert all(cost.usd <= LIMITS.usd_per_day + 1e-9 and cost.tokens <= LIMITS.tokens_per_day for cost in spent)


@given(st.lists(st.tuples(st.floats(0, 100), st.booleans()), max_size=60))
def test_never_more_calls_in_a_minute(waits: list):
    """Whoever waits as told makes no more calls in any minute than allowed, also over restarts."""
    budget, now, calls = Budget(LIMITS), NOW, []
    for wait, is_restarted in waits:
        now += wait
        now += budget.wait_s(now)
        budget.note_call(now)
        calls.append(now)
        if is_restarted:
            saved, budget = budget.snapshot(), Budget(LIMITS)
            budget.restore(saved)
    assert all(late - early > 60 - 1e-6 for early, late in zip(calls, calls[LIMITS.calls_per_minute :], strict=False))


def test_a_clock_that_was_put_back():
    """Nobody waits longer than a minute, and nothing becomes free."""
    budget = Budget(LIMITS)
    assert budget.reserve(Cost(1.0, 10), NOW)
    for _ in range(3):
        budget.note_call(NOW)
    assert budget.wait_s(NOW - 5 * DAY) == 60
    assert not budget.reserve(Cost(0.1, 10), NOW - 5 * DAY)
    assert budget.reserve(Cost(0.1, 10), NOW + DAY)


def test_a_clock_that_had_been_far_ahead():
    """Nothing is free for it, and it does not end probing for ever: it goes on tomorrow."""
    budget = Budget(LIMITS)
    assert budget.reserve(Cost(0.1, 10), NOW + 1000 * DAY)
    assert not budget.reserve(Cost(0.1, 10), NOW)
    assert not budget.reserve(Cost(0.1, 10), NOW + 60)
    assert budget.reserve(Cost(0.1, 10), NOW + DAY)


def test_what_was_not_needed_is_free_again():
    """A probe that costs less than it could makes room for others."""
    budget = Budget(LIMITS)
    assert budget.reserve(Cost(0.9, 900), NOW)
    assert not budget.reserve(Cost(0.2, 200), NOW)
    budget.settle(Cost(0.9, 900), Cost(0.1, 100))
    assert budget.reserve(Cost(0.2, 200), NOW)


def test_more_than_was_reserved():
    """What an endpoint has used beyond what it was allowed counts, and stops the next probe."""
    budget = Budget(LIMITS)
    assert budget.reserve(Cost(0.5, 100), NOW)
    budget.settle(Cost(0.5, 100), Cost(1.5, 300))
    assert not budget.reserve(Cost(0.0, 1), NOW)


def test_nobody_knows_what_was_spent():
    """Then nothing more is today."""
    budget = Budget(LIMITS)
    budget.close_day(NOW)
    assert not budget.reserve(Cost(0.0, 1), NOW)
    assert budget.reserve(Cost(0.1, 1), NOW + DAY)


@pytest.mark.parametrize(
    "broken", [{}, {"day": 1, "usd": "much", "tokens": 1, "calls": []}, {"day": 1, "usd": -5, "tokens": 1, "calls": []}]
)
def test_no_state(broken: dict):
    """What is none is refused."""
    with pytest.raises((KeyError, ValueError, TypeError)):
        Budget(LIMITS).restore(broken)
