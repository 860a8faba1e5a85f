"""Evidence by bets."""

from math import exp
from random import Random

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.series.baseline import Expected
from detectors.series.bets import BATCH, FALLS, RISES, Bets, _bounds, _fall, _rise
from detectors.series.bins import CategoryBins, SketchBins

SHARES = (0.7, 0.2, 0.09, 0.01)
RANGES = tuple((at, at + 1) for at in range(len(SHARES)))


def bets(worth: float = 1e6, shares: tuple[float, ...] = SHARES) -> Bets:
    made = Bets(tuple((at, at + 1) for at in range(len(shares))), len(shares))
    made.expect(Expected(shares, worth))
    return made


def odds(share: float, worth: float) -> list[tuple[float, float]]:
    low, high = _bounds(share, worth)
    return [*(_rise(high, part) for part in RISES), *(_fall(low, part) for part in FALLS)]


def batch(shares: tuple[float, ...], chance: Random, size: int = BATCH) -> list[int]:
    drawn = chance.choices(range(len(shares)), shares, k=size)
    return [drawn.count(at) for at in range(len(shares))]


@given(st.floats(0, 1), st.floats(10, 1e6))
def test_no_bet_gains_while_nothing_has_changed(share: float, worth: float):
    """The mean of what one exchange multiplies a bet by is 1 or less at the usual share."""
    for gain, cost in odds(share, worth):
        assert share * exp(gain + cost) + (1 - share) * exp(cost) <= 1 + 1e-9


@given(st.floats(0.02, 0.9), st.floats(100, 1e6))
def test_a_bet_gains_if_it_is_right(share: float, worth: float):
    """Where a bet on a rise is one at all, a share well beyond what it bets on makes it gain."""
    for gain, cost in odds(share, worth)[: len(RISES)]:
        assert gain >= 0 >= cost
        if cost > -1e9:
            assert exp(gain + cost) > 1


def test_there_is_no_bet_on_next_to_nothing():
    """What is nearly never there cannot fall, and what is always there cannot rise: those bets are worth nothing, for ever."""
    assert [cost for _, cost in odds(0.001, 1e6)][len(RISES) :] == [float("-inf")] * len(FALLS)
    assert [cost for _, cost in odds(1.0, 1e6)][: len(RISES)] == [float("-inf")] * len(RISES)


@pytest.mark.parametrize(
    "shares",
    [(0.6, 0.2, 0.09, 0.11), (0.79, 0.2, 0.0, 0.01), (0.5, 0.3, 0.15, 0.05)],
    ids=["a rise", "one is gone", "all a little"],
)
def test_a_change_is_found(shares: tuple[float, ...]):
    """The evidence passes a bound that is passed once in a million exchanges without a change, and its beginning is told."""
    made, chance = bets(), Random(1)
    batches = [batch(SHARES, chance) for _ in range(20)] + [batch(shares, chance) for _ in range(20)]
    passed = next(at for at, counts in enumerate(batches) if made.update(counts, BATCH) >= 15 * 1e6 / BATCH)
    assert passed >= 20
    assert 16 <= made.beginning(batches[: passed + 1]) <= 24


def test_nothing_is_found_where_nothing_changes():
    """In 200,000 exchanges the evidence never comes to a tenth of the bound."""
    made, chance = bets(), Random(2)
    assert max(made.update(batch(SHARES, chance), BATCH) for _ in range(4000)) < 15 * 1e6 / BATCH / 10


def test_a_quick_look():
    """A batch of what is usual, or a little off, is not odd; one of what is rare is."""
    made, chance = bets(), Random(6)
    assert sum(made.looks_usual(batch(SHARES, chance), BATCH) for _ in range(1000)) > 980
    assert not made.looks_usual([20, 10, 5, 15], BATCH)


def test_two_batches_as_one():
    """They are worth about as much as one after the other, and never more than the bets of both were begun with."""
    apart, together, chance = bets(), bets(), Random(7)
    changed = (0.6, 0.2, 0.09, 0.11)
    for _ in range(20):
        one, other = batch(changed, chance), batch(changed, chance)
        apart.update(one, BATCH)
        found = apart.update(other, BATCH)
        evidence = together.update([a + b for a, b in zip(one, other, strict=True)], 2 * BATCH)
    assert 0.1 < evidence / found < 10


def test_a_small_sample_is_not_taken_for_the_truth():
    """Of shares known from 200 exchanges, another 20,000 that lie as far off as such a sample may well lie say nothing."""
    made, chance = bets(worth=200), Random(3)
    off = (0.66, 0.23, 0.1, 0.01)
    assert max(made.update(batch(off, chance), BATCH) for _ in range(400)) < 15 * 1e6 / BATCH


def test_a_short_batch_counts_for_less():
    """Batches that were closed early begin no more bets than whole ones with as many exchanges."""
    whole, short = bets(), bets()
    whole.update([50, 0, 0, 0], 50)
    for _ in range(50):
        short.update([1, 0, 0, 0], 1)
    assert sum(short.as_json()["worth"]) == pytest.approx(sum(whole.as_json()["worth"]), rel=2)


def test_extremes_do_not_overflow():
    """A batch of what was never seen passes any bound with a finite number."""
    made = bets(shares=(1 - 3e-7, 1e-7, 1e-7, 1e-7), worth=1e9)
    for _ in range(40):
        assert made.update([0, 50, 0, 0], 50) <= 1e300
    assert orjson.loads(orjson.dumps(made.update([0, 50, 0, 0], 50))) == 1e300


def test_of_many_ranges_the_narrow_are_not_bet_to_fall():
    """Sketches have a range for each bucket; only wide ones have bets of both kinds."""
    sketch = Bets(SketchBins().ranges(), SketchBins().size)
    ranges = len(SketchBins().ranges())
    falling, left = divmod(len(sketch.as_json()["worth"]) - len(RISES) * ranges, len(FALLS))
    assert (0 < falling < ranges / 4, left) == (True, 0)
    assert len(Bets(CategoryBins(("a",)).ranges(), 3).as_json()["worth"]) == 3 * (len(RISES) + len(FALLS))


def test_json():
    """Bets that were kept go on as they would have; those of another shape are refused."""
    made, other, chance = bets(), bets(), Random(4)
    for _ in range(5):
        made.update(batch(SHARES, chance), BATCH)
    other.restore(orjson.loads(orjson.dumps(made.as_json())))
    counts = batch(SHARES, chance)
    assert other.update(counts, BATCH) == made.update(counts, BATCH)
    with pytest.raises(ValueError, match="shape"):
        Bets(RANGES[:2], 2).restore(made.as_json())
