import pytest

from gateway.demo.errors import RefusedRequestError
from gateway.demo.paging import page

ROWS = [{"id": str(number)} for number in range(5)]


@pytest.mark.parametrize(
    ("query", "ids", "has_more"),
    [
        ({}, "43210", False),
        ({"order": "asc"}, "01234", False),
        ({"limit": "2"}, "43", True),
        ({"limit": "2", "after": "3"}, "21", True),
        ({"limit": "2", "after_id": "2"}, "10", False),
        ({"after": "0"}, "", False),
        ({"after": "unknown"}, "43210", False),
    ],
)
def test_pages(query: dict, ids: str, has_more: bool):
    """Newest first, so many at most, from behind the one that is named."""
    shown = page(ROWS, query)
    assert ("".join(row["id"] for row in shown["data"]), shown["has_more"]) == (ids, has_more)
    assert (shown["first_id"], shown["last_id"]) == ((ids[0], ids[-1]) if ids else (None, None))


@pytest.mark.parametrize("limit", ["0", "-1", "x", "6", "9" * 5000])
def test_limits_that_are_none(limit: str):
    """Are refused."""
    with pytest.raises(RefusedRequestError, match="limit"):
        page(ROWS, {"limit": limit}, most=5)
