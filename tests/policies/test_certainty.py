"""What labelled answers say of a limit on uncertainty, and the limit that follows from them."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.certainty import MIN_GOOD, Answered, certainty
from policies.domain import MAX_ENTROPY, Uncertainty
from policies.intervals import wilson

GOOD = [Answered(each / 100, each / 10, label="good") for each in range(100)]
BAD = [Answered(each / 100, each / 10, label="bad") for each in range(50, 150)]
PROMISE = Uncertainty(max_fpr=0.05)


def test_the_limit_in_force():
    """The shares that it stops of good answers and catches of bad ones come with their intervals; without a rate no limit is told."""
    found = certainty(Uncertainty(max_entropy=0.9), [*GOOD, *BAD, Answered(2.0, 2.0, is_stopped=True)])
    assert (found.good, found.bad, found.unknown, found.limit) == (100, 100, 1, 0.9)
    assert (found.stopped, found.caught) == (wilson(9, 100), wilson(59, 100))
    assert (found.promised, found.missing, found.new_limit, found.is_held) == (None, 0, None, True)
    tail = certainty(Uncertainty(max_entropy=0.9, max_tail_entropy=8.0), GOOD)
    assert tail.stopped == wilson(19, 100)


def test_measures():
    """Each measure that both kinds of answers have is weighed: 1 tells all bad answers from all good ones, 0.5 is chance."""
    good = [Answered(0.1, 0.5, entropy=0.3, agreement=0.9, label="good"), Answered(0.1, 0.2, label="good")]
    bad = [Answered(0.1, 0.4, entropy=0.4, agreement=0.2, label="bad"), Answered(0.1, 0.4, label="bad")]
    assert certainty(PROMISE, [*good, *bad]).auroc == {"mean": 0.5, "tail": 0.5, "entropy": 1.0, "agreement": 1.0}
    assert certainty(PROMISE, [*good, *bad[1:]]).auroc.keys() == {"mean", "tail"}
    assert certainty(PROMISE, good).auroc == {}


def test_a_new_limit():
    """It lets the promised share of good answers pass, and no smaller one does; what it catches is told."""
    found = certainty(PROMISE, [*GOOD, *BAD])
    assert found.new_limit == pytest.approx(0.95, abs=0.01)
    assert sum(each.mean > found.new_limit for each in GOOD) <= 5
    assert found.new_caught == wilson(54, 100)
    assert (found.limit, found.missing) == (MAX_ENTROPY, 0)


@pytest.mark.parametrize(("rate", "needed"), [(0.5, MIN_GOOD), (0.05, MIN_GOOD), (0.01, 99), (0.001, 999)])
def test_too_few(rate: float, needed: int):
    """A limit is told from as many good answers as can tell so rare an event, and from no handful; else how many are wanting is said."""
    bound = Uncertainty(max_fpr=rate)
    for count in (0, needed - 1, needed):
        found = certainty(bound, [Answered(0.1, 0.1, label="good")] * count)
        assert found.missing == needed - count
        assert (found.new_limit is None) == (count < needed)


@pytest.mark.parametrize(("limit", "is_held"), [(0.5, False), (0.94, True)])
def test_held(limit: float, is_held: bool):
    """A rate is not held where even the low end of what is observed lies above it."""
    assert certainty(PROMISE.model_copy(update={"max_entropy": limit}), GOOD).is_held == is_held


@given(st.lists(st.floats(0, 10), min_size=50, max_size=300), st.sampled_from([0.02, 0.1, 0.3]))
def test_the_promise(means: list[float], rate: float):
    """Of the answers that it was told from, a limit stops no more than the promised share, as exactly as records say them."""
    found = certainty(Uncertainty(max_fpr=rate), [Answered(each, each, label="good") for each in means])
    if found.new_limit is not None:
        assert sum(each > found.new_limit for each in means) <= rate * (len(means) + 1)


def test_the_promise_for_later_answers():
    """What is promised holds on average for good answers that come later."""
    rng = random.Random(20260101)
    beyond = []
    for _ in range(400):
        found = certainty(PROMISE, [Answered(rng.lognormvariate(-1, 0.5), 0, label="good") for _ in range(60)])
        beyond.append(sum(rng.lognormvariate(-1, 0.5) > found.new_limit for _ in range(50)) / 50)
    assert 0.01 < sum(beyond) / len(beyond) <= 0.055


def test_a_limit_can_stand_in_a_policy():
    """However uncertain good answers are, it is no more than a policy may say."""
    assert certainty(PROMISE, [Answered(90.0, 90.0, label="good")] * 60).new_limit == 20


def test_it_does_not_creep():
    """Where stopped answers are never judged, round after round leaves the limit about where it was."""
    rng = random.Random(7)
    limit = 0.8
    for _ in range(20):
        means = [rng.lognormvariate(-1, 0.5) for _ in range(2000)]
        judged = [Answered(each, each, is_stopped=each > limit, label=None if each > limit else "good") for each in means]
        limit = certainty(PROMISE, judged).new_limit
    assert 0.7 < limit < 1.0


def test_a_flood_of_uncertain_answers_does_not_raise_it():
    """Stopped answers that nobody has judged count for no more than the promise lets one expect."""
    calm = certainty(PROMISE, GOOD).new_limit
    flood = certainty(PROMISE, [*GOOD, *[Answered(50.0, 50.0, is_stopped=True)] * 5000]).new_limit
    assert calm <= flood <= 0.99 + 1e-3


@pytest.mark.parametrize(
    ("answers", "limit", "doubts"),
    [
        ([*GOOD, *BAD], 1.0, []),
        ([*GOOD, *BAD], 0.48, ["the promised rate is NOT HELD"]),
        ([*GOOD, *BAD], 0.47, ["the promised rate is NOT HELD", "the limit would move from 0.4700 to 0.9501, looser by more than 2 times"]),
        (GOOD, 1.0, ["no answer is known to be bad"]),
        (
            [*GOOD, *[each._replace(label="bad") for each in GOOD]],
            1.0,
            ["AUROC 0.5000 of the mean is below 0.6: it hardly tells bad answers from good ones"],
        ),
        ([*GOOD[:9], Answered(0.1, 0.1, is_stopped=True, is_set_aside=True)], 0.01, []),
    ],
    ids=["none", "not so far", "far", "none bad", "chance", "no new limit"],
)
def test_doubts(answers: list[Answered], limit: float, doubts: list[str]):
    """What says that a person should look before a new limit stands; where there is none, nothing does."""
    found = certainty(PROMISE.model_copy(update={"max_entropy": limit}), answers)
    assert found.doubts == doubts
    assert found.set_aside == sum(each.is_set_aside for each in answers)
