import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.demo.pieces import Ending, count, end, pieces


@given(st.text())
def test_pieces_are_the_text(text: str):
    """Joined, and counted one by one."""
    assert "".join(pieces(text)) == text
    assert count(text, text) == 2 * len(pieces(text))


@pytest.mark.parametrize(
    ("stops", "limit", "ending"),
    [
        ((), None, Ending("1, 2, 3")),
        ((", 3", ","), None, Ending("1", stop=",")),
        (("4",), None, Ending("1, 2, 3")),
        ((), 2, Ending("1, 2,", at_limit=True)),
        ((), 3, Ending("1, 2, 3")),
        ((", 3",), 1, Ending("1,", at_limit=True)),
        ((", 3",), 2, Ending("1, 2", stop=", 3")),
    ],
)
def test_endings(stops: tuple[str, ...], limit: int | None, ending: Ending):
    """The first stop sequence ends a text before itself, and the limit what is left of it."""
    assert end("1, 2, 3", stops, limit) == ending
