from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.demo.errors import RefusedRequestError
from gateway.demo.shelf import Shelf


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 120), st.booleans())))
def test_it_stays_within_its_limits(steps: list[tuple[str, int, bool]]):
    """In number and in bytes, whatever is put there, and what was put last is there."""
    shelf = Shelf("thing", most=4, most_bytes=100)
    for key, size, is_drop in steps:
        with suppress(RefusedRequestError):
            if is_drop:
                shelf.drop(key)
            else:
                shelf.put(key, {"size": size}, size=size)
                assert size <= 100
                assert shelf.get(key) == {"size": size}
        assert len(shelf) <= 4
        assert sum(value["size"] for value in shelf) <= 100


def test_the_oldest_goes_first():
    """Also where the oldest was replaced since: it keeps its place."""
    shelf = Shelf("thing", most=2, most_bytes=1000)
    for key in ("a", "b", "a", "c"):
        shelf.put(key, {"key": key})
    assert [value["key"] for value in shelf] == ["b", "c"]


def test_what_is_not_there():
    """Is named by what it would be."""
    with pytest.raises(RefusedRequestError, match="No thing found with id 'x'") as refused:
        Shelf("thing", most=1, most_bytes=1).get("x")
    assert refused.value.status == 404
