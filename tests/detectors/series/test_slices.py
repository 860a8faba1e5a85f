"""Which part of the traffic an outcome comes from."""

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.series.slices import MAX_DIMENSIONS, MAX_ROWS, MAX_VALUES, Row, Settings, Usual, expectations, slices
from detectors.training.slice_faults import SIZES, Traffic

RATE = 0.03


def rows(number: int, seed: str = "rows", **hit: str) -> list[Row]:
    """Of three dimensions; half of the rows that have all of ``hit`` have the outcome."""
    chance = Random(seed)
    made = []
    for _ in range(number):
        named = {name: f"{name}{chance.randrange(size)}" for name, size in (("app", 8), ("model", 4), ("user", 20))}
        is_in = bool(hit) and all(named[name] == value for name, value in hit.items())
        made.append(Row(named, chance.random() < (0.5 if is_in else RATE), Usual(RATE)))
    return made


@pytest.mark.parametrize(
    "hit", [{"app": "app3"}, {"user": "user7"}, {"app": "app1", "model": "model2"}], ids=["an app", "a user", "an app and a model"]
)
def test_the_part(hit: dict[str, str]):
    """What has the outcome more often is named, by no more and no less than it has in common, with its numbers."""
    given_rows = rows(3000, **hit)
    part = slices(given_rows)[0]
    inside = [at for at, row in enumerate(given_rows) if hit.items() <= row.dimensions.items()]
    assert part.conditions == tuple(sorted(hit.items()))
    assert (part.rows, part.size) == (tuple(inside), len(inside))
    assert part.hits == sum(given_rows[at].is_hit for at in inside)
    assert part.expected == pytest.approx(RATE * len(inside))


def test_two_parts():
    """Each is told, and no row is in both."""
    given_rows = [
        row._replace(is_hit=row.is_hit or (at % 2 == 0 and bool({"app0", "user5"} & set(row.dimensions.values()))))
        for at, row in enumerate(rows(4000))
    ]
    found = slices(given_rows)
    assert {part.conditions for part in found[:2]} == {(("app", "app0"),), (("user", "user5"),)}
    assert not set(found[0].rows) & set(found[1].rows)


def test_all_of_it():
    """What happens everywhere is not blamed on a part."""
    chance = Random("all")
    found = slices([row._replace(is_hit=chance.random() < 0.2) for row in rows(2000)])
    assert found[0].conditions == ()
    assert found[0].size == 2000


def test_alternatives():
    """The next best ones have other rows."""
    part = slices(rows(3000, app="app1", model="model2"))[0]
    assert len(part.alternatives) == 2
    assert len({part.rows, *(other.rows for other in part.alternatives)}) == 3


def test_quiet():
    """Where nothing has changed, next to nothing is told."""
    traffic = Traffic("quiet")
    told = 0
    for _ in range(30):
        window = traffic.window(1000)
        told += bool(slices([Row(row, hit, Usual(traffic.rate(row))) for row, hit in zip(window.rows, window.outcomes, strict=True)]))
    assert told <= 1


def test_fewer_than_usual():
    """A part with less of the outcome is no answer."""
    assert slices([Row({"app": "a"}, is_hit=False, usual=Usual(0.9)) for _ in range(1000)]) == []


@pytest.mark.parametrize("found", [[], [Row({}, is_hit=True, usual=Usual(0.0))], [Row({"app": ""}, is_hit=True, usual=Usual(0.1))] * 9])
def test_few_or_empty(found: list[Row]):
    """Rows that say nothing break nothing."""
    assert all(part.conditions == () for part in slices(found))


def test_bounds():
    """Dimensions, values and rows beyond the bounds are left out; a value that matters is not among those."""
    wide = [Row({f"d{at:02}": "x" for at in range(MAX_DIMENSIONS + 9)}, is_hit=at < 40, usual=Usual(0.01)) for at in range(60)]
    assert slices(wide, Settings(order=1))[0].size == 60
    many = [Row({"user": f"u{at}"}, is_hit=False, usual=Usual(0.01)) for at in range(2 * MAX_VALUES)]
    bad = [Row({"user": "zz"}, is_hit=True, usual=Usual(0.01)) for _ in range(30)]
    assert slices(many + bad)[0].conditions == (("user", "zz"),)
    old = [Row({"user": "old"}, is_hit=True, usual=Usual(0.01))] * 50
    assert slices(old + [Row({"user": "new"}, is_hit=False, usual=Usual(0.01))] * MAX_ROWS) == []


def test_expectations():
    """A stratum's own rate where it is known, that of all where it is not."""
    usual = [("a", at % 10 == 0) for at in range(1000)] + [("b", at % 100 == 0) for at in range(1000)]
    a, b, new = (each.chance for each in expectations(usual, ["a", "b", "new"]))
    assert (a, b, new) == (pytest.approx(0.1, rel=0.05), pytest.approx(0.01, rel=0.2), pytest.approx(0.055, rel=0.02))
    assert 0.0 < expectations([], ["a"])[0].chance < 1.0


@pytest.mark.parametrize(("known", "is_told"), [(math.inf, True), (1e6, True), (3.0, False)])
def test_how_well_it_is_known(known: float, is_told: bool):
    """Where little is known of what is usual, it takes more to tell of a change."""
    given_rows = [Row({"app": f"{at % 5}"}, at % 5 == 0 and at % 3 == 0, Usual(0.1, f"{at % 5}", known)) for at in range(500)]
    assert bool(slices(given_rows)) == is_told


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xy"), st.booleans(), st.floats(0.0, 1.0)), max_size=60))
def test_any_rows(drawn: list[tuple[str, str, bool, float]]):
    """Whatever rows are: parts are apart, have what they are said to have, and are told by decreasing clearness of what is left."""
    found = slices([Row({"one": one, "two": two}, hit, Usual(chance)) for one, two, hit, chance in drawn])
    places = [at for part in found for at in part.rows]
    assert len(places) == len(set(places))
    for part in found:
        assert part.hits == sum(drawn[at][2] for at in part.rows)
        assert all((drawn[at][0] if name == "one" else drawn[at][1]) == value for at in part.rows for name, value in part.conditions)


def test_the_simulated_traffic():
    """A fault of the simulation has the rows that have its values in common, of any number of dimensions."""
    window = Traffic("seed").window(2000, order=2, faults=1, share=0.5, least=30)
    (cause,) = window.causes
    common = [name for name in SIZES if len({window.rows[at][name] for at in cause}) == 1]
    assert len(common) >= 2
    assert 30 <= len(cause) <= 700
