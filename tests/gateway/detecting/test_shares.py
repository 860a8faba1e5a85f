"""How much of the traffic has given dimensions."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.detecting.shares import MAX_COMBINATIONS, MINUTES, Shares
from gateway.incidents.symptom import dimensions
from tests.gateway.detecting.simulated_hours import APPS, NOW, record

LATER = NOW + 100


def shares() -> Shares:
    """Of ten exchanges in ten seconds: six of a shop, three of a bot, one of somebody whose upstream is not known."""
    found = Shares()
    for number in range(10):
        of = APPS[0] if number < 6 else APPS[2]
        found.take(record(number, LATER + number, of=of, **({"upstream": None, "attempts": []} if number == 9 else {})))
    return found


@pytest.mark.parametrize(
    ("where", "share"),
    [
        ({}, 1.0),
        ({"app": "shop"}, 0.6),
        ({"app": "bot"}, 0.4),
        ({"app": "bot", "upstream": "far"}, 0.3),
        ({"upstream": "near", "model": "m-1"}, 0.6),
        ({"route": "/v1/chat/completions"}, 1.0),
        ({"app": "shop", "rule": "pii"}, 0.6),
        ({"app": "shop", "upstream": "far"}, 0.0),
        ({"app": "nobody"}, 0.0),
        ({"rule": "pii"}, 0.0),
    ],
)
def test_the_share_of_what_has_dimensions(where: dict, share: float):
    """Of all exchanges; what it does not know of narrows nothing, and alone says nothing."""
    assert shares().of(dimensions(where), LATER + 10) == pytest.approx(share)


def test_what_is_over_no_longer_counts():
    """After ten minutes."""
    found = shares()
    assert found.of((), LATER + MINUTES * 60 + 60) == 0.0
    assert found.of((), NOW + 1e6) == 0.0


def test_made_up_names_count_in_the_whole_alone():
    """Of a minute, so many combinations are kept."""
    found = Shares()
    for number in range(2 * MAX_COMBINATIONS):
        found.take(record(number, LATER + number * 0.001, app=f"app{number}"))
    assert found.of((), LATER) == 1.0
    assert found.of((("app", "app0"),), LATER) == pytest.approx(1 / (2 * MAX_COMBINATIONS))
    assert found.of((("app", f"app{2 * MAX_COMBINATIONS - 1}"),), LATER) == 0.0


ANYTHING = st.none() | st.floats() | st.text(max_size=200) | st.integers() | st.lists(st.none())


@given(st.lists(st.dictionaries(st.sampled_from(["ts", "app", "model", "route", "upstream"]), ANYTHING)))
@settings(deadline=None, max_examples=60)
def test_whatever_a_record_holds(found: list[dict]):
    """Nothing is raised, and a share is one."""
    known = Shares()
    for number, fields in enumerate(found):
        known.take({**record(number, NOW + number), **fields})
    assert 0 <= known.of((("app", "shop"),), NOW + 60) <= 1
    assert known.of((), NOW + 60) in (0.0, 1.0)


@pytest.mark.parametrize("by_s", [36_000.0, -36_000.0])
def test_a_clock_that_is_set(by_s: float):
    """By hours, either way: how much of the traffic something is stays known, and what comes next counts."""
    found = shares()
    found.moved(by_s)
    of_shop = dimensions({"app": "shop"})
    assert found.of(of_shop, LATER + 60 + by_s) == 0.6
    for number in range(10):
        found.take(record(number, LATER + 60 + number + by_s, of=APPS[2]))
    assert found.of(of_shop, LATER + 80 + by_s) == 0.3
