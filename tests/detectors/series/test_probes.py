"""Biases told from pairs of probes."""

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.series.cells import State
from detectors.series.probes import Answer, Difference, Method, Pair, Probes

MALE, FEMALE = "male", "female"


def pair(
    refused: tuple[bool, bool, bool] = (False, False, False), chars: tuple[float, float, float] = (1, 1, 1), flipped: bool = False
) -> Pair:
    """The original, its swap and its twin; about women first, unless ``flipped``."""
    answers = [Answer({"refused": each}, {"answer_chars": length}) for each, length in zip(refused, chars, strict=True)]
    groups = (MALE, FEMALE) if flipped else (FEMALE, MALE)
    return Pair("gender", *groups, *answers)


def found(probes: Probes, name: str, question: str = "shift") -> Difference:
    return next(each for each in probes.differences() if (each.outcome, each.question) == (name, question))


def told(probes: Probes) -> set[tuple[str, str]]:
    return {(each.outcome, each.question) for each in probes.differences() if each.state is State.DISPARITY}


def model(chance: random.Random, worse: bool, refused: float = 0.0, longer: float = 1.0, sentiment: float = 0.0) -> Answer:
    """Answers otherwise each time; ``worse``: of the group that it has an effect on."""
    return Answer(
        {"refused": chance.random() < 0.05 + (refused if worse else 0)},
        {
            "answer_chars": chance.lognormvariate(6, 0.6) * (longer if worse else 1),
            "sentiment": chance.gauss(sentiment if worse else 0, 1),
        },
    )


def probed(seed: int, count: int = 2000, **effect: float) -> Probes:
    chance, probes = random.Random(seed), Probes()
    for _ in range(count):
        groups = (FEMALE, MALE) if chance.random() < 0.5 else (MALE, FEMALE)
        original, swapped, twin = (model(chance, each == FEMALE, **effect) for each in (*groups, groups[0]))
        probes.update(Pair("gender", *groups, original, swapped, twin))
        if not effect and probes.pairs % 100 == 0:
            assert told(probes) == set()
    return probes


@pytest.mark.parametrize(
    ("effect", "name", "sign"),
    [({"refused": 0.1}, "refused", -1), ({"longer": 0.8}, "answer_chars", 1), ({"sentiment": -0.3}, "sentiment", 1)],
)
@pytest.mark.parametrize("seed", range(3))
def test_an_effect_is_found(effect: dict[str, float], name: str, sign: int, seed: int):
    """Within 2,000 probes of a noisy model, and nothing else is; the shift is towards the later group of the alphabet (male)."""
    probes = probed(seed, **effect)
    assert told(probes) == {(name, "shift")}
    shift = found(probes, name).shift
    assert shift is not None
    assert math.copysign(1, shift.value) == sign


@pytest.mark.parametrize("seed", range(20))
def test_no_alarm_on_a_fair_model(seed: int):
    """That answers otherwise each time, looked at after every hundred probes."""
    assert told(probed(seed, 1000)) == set()


def test_a_swap_that_changes_answers_either_way():
    """Flips beyond those of asking again are told, though no group fares worse."""
    probes = Probes()
    for at in range(200):
        first = at % 8 < 2
        probes.update(pair((first, first != (at % 4 == 0), first), flipped=at % 3 == 0))
    assert told(probes) == {("refused", "noise")}
    noise = found(probes, "refused", "noise")
    assert noise.flips is not None
    assert noise.twin_flips is not None
    assert (noise.flips.value, noise.twin_flips.value) == (0.25, 0.0)


def test_which_side_was_sent_first_does_not_matter():
    """Effects add up by group, not by order."""
    probes, turned = Probes(), Probes()
    for _ in range(50):
        probes.update(pair((True, False, True)))
        turned.update(pair((False, True, False), flipped=True))
    assert found(probes, "refused").shift == found(turned, "refused").shift
    assert found(probes, "refused").state is State.DISPARITY


def test_too_small_to_matter():
    """A difference of one character in each answer is certain, and no disparity."""
    probes = Probes()
    for _ in range(800):
        probes.update(pair(chars=(300, 301, 300)))
    seen = found(probes, "answer_chars")
    assert seen.evidence > 1000
    assert seen.state is State.FAIR_SO_FAR


def test_distances():
    """How far answers are apart in meaning is compared with how far those of twins are."""
    probes = Probes()
    for at in range(200):
        each = pair()
        probes.update(Pair("gender", FEMALE, MALE, each.original, each.swapped, None, (0.3 + at % 3 / 10, 0.1 + at % 5 / 50)))
    assert told(probes) == {("distance", "noise")}


def test_states():
    """From nothing over learning to fair."""
    probes = Probes()
    states = []
    for _ in range(600):
        probes.update(pair())
        states.append(found(probes, "refused").state)
    assert list(dict.fromkeys(states)) == [State.NOT_ENOUGH_DATA, State.LEARNING, State.FAIR_SO_FAR]
    assert states.index(State.LEARNING) == Method().shown - 1


def test_missing_answers():
    """A time-out on either side, no twin, no number: nothing is counted, nothing raised."""
    probes = Probes()
    known, unknown = Answer({"refused": True}, {"chars": 1.0}), Answer({"refused": None}, {"chars": float("nan")})
    for original, swapped, twin in ((known, unknown, known), (unknown, known, None), (Answer(), Answer(), Answer())):
        probes.update(Pair("gender", FEMALE, MALE, original, swapped, twin, (float("nan"), 0.0)))
    assert (probes.pairs, probes.differences()) == (3, [])
    probes.update(Pair("gender", FEMALE, FEMALE, known, known))
    assert (probes.pairs, probes.lost) == (3, {"pairs": 1})


def test_memory_is_bounded():
    """There are never more outcomes than the limit; what comes beyond is counted."""
    probes = Probes(Method(most_keys=4))
    for at in range(50):
        answer = Answer({f"refused {at}": True, "x" * 200: True})
        probes.update(Pair("gender", FEMALE, MALE, answer, answer, None, (0.1, 0.1)))
    assert (len(probes.differences()), probes.lost["outcomes"]) == (4, 97)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans(), st.booleans()), max_size=60), st.integers(0, 60))
def test_restoring_is_going_on(drawn: list[tuple[bool, bool, bool, bool]], cut: int):
    """A restart at any pair changes nothing."""
    pairs = [pair((a, b, c), (1 + a, 2 + b, 3), flipped=flipped) for a, b, c, flipped in drawn]
    whole, before, after = Probes(), Probes(), Probes()
    for each in pairs:
        whole.update(each)
    for each in pairs[:cut]:
        before.update(each)
    after.restore(before.snapshot())
    for each in pairs[cut:]:
        after.update(each)
    assert after.snapshot() == whole.snapshot()


@pytest.mark.parametrize(
    "saved", [b"", b"[]", b"{}", b'{"form": "older", "pairs": 1, "lost": {}, "series": []}', b'{"form": 1, "series": [[1]]}']
)
def test_no_state_of_ours(saved: bytes):
    """Is refused."""
    with pytest.raises(ValueError, match="state"):
        Probes().restore(saved)
