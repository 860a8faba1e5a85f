"""What is kept of one attribute's outcomes."""

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.series.comparison import Moments, Table
from detectors.series.tally import EXAMPLES, Row, Sizes, Tally, finite

SIZES = Sizes(groups=3, strata=2, block=4, spared=3)


def filled(rows: list[tuple[str, Row]]) -> tuple[Tally, Counter[str]]:
    tally, lost = Tally(SIZES, 0.05), Counter[str]()
    for at, (stratum, row) in enumerate(rows):
        lost += tally.add(stratum, row, float(at), f"id {at}")
    return tally, lost


def row(group: str, blocked: bool = False, chars: float = 1.0) -> Row:
    return Row(group, {"blocked": blocked}, {"chars": chars})


def test_sums():
    """Of each stratum: a group's outcomes beside those of all others."""
    tally, _ = filled([("s", row("a", True, 3)), ("s", row("b")), ("s", row("c", True)), ("s", row("a", False, 5)), ("t", row("a"))])
    assert tally.strata["s"].table("blocked", "a") == Table(1, 2, 1, 2)
    assert tally.strata["s"].moments("chars", "a") == (Moments(2, 4, 2), Moments(2, 1, 0))
    assert tally.strata["s"].table("never seen", "a") == Table(0, 0, 0, 0)
    assert tally.sizes == {"a": 3, "b": 1, "c": 1}


def test_a_small_group_gives_way():
    """When there is no room, a newcomer takes the place of the smallest group, unless that has enough outcomes to be shown."""
    tally, lost = filled([*[("s", row(group)) for group in "aaabbbc"], ("s", row("d")), ("s", row("d")), ("s", row("d")), ("s", row("e"))])
    assert set(tally.sizes) == {"a", "b", "d"}
    assert all(group != "c" for group, _ in tally.trails)
    assert lost == {"groups": 1, "ignored": 1}


def test_a_small_stratum_gives_way():
    """There are never more strata than the limit; the smallest goes, unless it has enough outcomes to be shown."""
    tally, lost = filled([("s", row("a")), ("t", row("a")), ("s", row("a")), ("u", row("a"))])
    assert list(tally.strata) == ["s", "u"]
    assert lost == {"strata": 1}
    tally, lost = filled([*[(stratum, row("a")) for stratum in "ssstttu"]])
    assert list(tally.strata) == ["s", "t"]
    assert (tally.sizes, lost) == ({"a": 6}, {"ignored": 1})


def test_evidence_is_made_block_by_block():
    """Nothing is staked before a block is full; then a group that has all that is adverse gains evidence; one alone in a block, none."""
    tally, _ = filled([("s", row("a", True)), ("s", row("a", True)), ("s", row("b"))])
    assert all(trail.capital.value == 1 for trail in tally.trails.values())
    tally.add("s", row("b"), 9.0, "id")
    assert tally.trails["a", "blocked"].capital.value > 1
    alone, _ = filled([("s", row("a", at % 2 == 0)) for at in range(8)])
    assert alone.trails["a", "blocked"].capital.value == 1


def test_since_and_examples():
    """Since when the evidence is strong, and the last ids of what was adverse; no longer when it is gone."""
    tally, _ = filled([("s", row("ab"[at % 2], at % 2 == 0, chars=1)) for at in range(80)])
    trail = tally.trails["a", "blocked"]
    assert trail.since is not None
    assert [*trail.examples] == [f"id {at}" for at in range(78 - 2 * EXAMPLES + 2, 79, 2)]
    assert tally.trails["a", "chars"].capital.value == pytest.approx(1)  # constant: nothing is learnt
    for at in range(800):
        tally.add("s", row("ab"[at % 2], at % 4 < 2), 100.0 + at, "")
    assert tally.trails["a", "blocked"].since is None


@given(
    st.lists(st.tuples(st.sampled_from("stu"), st.builds(row, st.sampled_from("abcd"), st.booleans(), st.floats(0, 9))), max_size=40),
    st.integers(0, 40),
)
def test_restoring_is_going_on(rows: list[tuple[str, Row]], cut: int):
    """What was kept as JSON goes on like what never stopped."""
    whole, _ = filled(rows)
    before, _ = filled(rows[:cut])
    after = Tally(SIZES, 0.05)
    after.fill(json.loads(json.dumps(before.as_json())))
    for at, (stratum, each) in enumerate(rows[cut:], start=min(cut, len(rows))):
        after.add(stratum, each, float(at), f"id {at}")
    assert json.dumps(after.as_json()) == json.dumps(whole.as_json())


def test_finite():
    """What is no number counts for nothing."""
    assert finite({"a": 1.0, "b": None, "c": float("nan"), "d": float("inf")}) == {"a": 1.0}
