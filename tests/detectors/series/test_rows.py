"""The rows that are kept."""

from itertools import pairwise

import orjson
from hypothesis import given
from hypothesis import strategies as st

from detectors.series.rows import MOST, UNKNOWN, Row, Rows


def row(at: int) -> Row:
    return Row(f"x{at}", bytes([at % 200]))


def filled(count: int) -> Rows:
    rows = Rows()
    for at in range(count):
        rows.add(row(at), is_usual=True)
    return rows


def test_latest():
    """The newest come first, and there is a limit."""
    rows = filled(500)
    assert [each.id for each in rows.latest(3)] == ["x499", "x498", "x497"]
    assert len(rows.latest(10_000)) == MOST


@given(st.integers(0, 3000))
def test_the_sample_is_of_all_that_was_usual(count: int):
    """Its rows lie at even distances from the first on, and fill at least half of the room if there are so many."""
    ids = [int(each.id[1:]) for each in filled(count).usual]
    steps = {after - before for before, after in pairwise(ids)}
    assert len(steps) <= 1
    assert min(count, MOST // 2) <= len(ids) <= MOST


def test_what_is_not_usual_is_not_in_the_sample():
    """Rows that come during a drift are only among the latest."""
    rows = filled(10)
    rows.add(Row("odd", b"\x01"), is_usual=False)
    assert rows.latest(1)[0].id == "odd"
    assert "odd" not in {each.id for each in rows.usual}


def test_a_feature_that_came_later():
    """A row from before a feature was known says nothing of it."""
    assert (row(1).code(0), row(1).code(1)) == (1, UNKNOWN)


def test_json():
    """Rows that were kept go on as they would have."""
    rows, other = filled(333), Rows()
    other.restore(orjson.loads(orjson.dumps(rows.as_json())))
    for at in range(333, 777):
        rows.add(row(at), is_usual=True)
        other.add(row(at), is_usual=True)
    assert (other.usual, other.latest(MOST)) == (rows.usual, rows.latest(MOST))
