"""What is measured of the dialects: bodies of the same number of bytes, and one work of each kind for every surface that does it."""

import pytest

from bench.dialects import HISTORIES, Cost, filled, works
from bench.driving import dump, plan_of, read
from bench.surfaces import CASES, Case


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.surface)
@pytest.mark.parametrize(("size", "turns"), [(2048, 1), (12_288, 20)])
def test_bodies_of_the_same_size(case: Case, size: int, turns: int):
    """A body has exactly the bytes that were asked for, its surface reads it, and another start gives another text."""
    raw, other = (dump(filled(HISTORIES[case.surface], size, turns, start)) for start in (0, 3))
    assert len(raw) == len(other) == size
    assert raw != other
    assert not read(case, raw).uninspectable


def test_every_surface_is_asked_what_it_does():
    """All take requests; what answers has answers and streams."""
    found = {(work.what, work.surface) for work in works(plan_of("flag", ()))}
    for case in CASES:
        assert {("request, 2 kB", case.surface), ("history, 12 kB", case.surface), ("history, 12 kB, known", case.surface)} <= found
        assert (("answer, 2 kB", case.surface) in found) == bool(case.answers or case.is_rows)


def test_the_aim():
    """At most 1.3 times chat."""
    assert [Cost("x", "s", 1, 1.0, 1.0, ratio).is_met for ratio in (0.5, 1.3, 1.31)] == [True, True, False]
