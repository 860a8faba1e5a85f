"""How the watch is, as a file says it."""

import pytest

from gateway.watch.status import ALIVE_S, NOTHING, Status, parse, render


def test_there_and_back():
    """What is said is what is read."""
    assert parse(render(7, {"ts": 5.5, "kept": 3, "lag_bytes": 9})) == Status(ts=5.5, pid=7, kept=3, lag_bytes=9)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'{"ts": "now", "kept": [], "other": 1}'])
def test_what_cannot_be_read(content: bytes):
    """It is as if nothing had been said: nobody takes such a watch for alive."""
    assert parse(content) == NOTHING
    assert not NOTHING.is_alive(0.0)


def test_alive():
    """For some seconds after its last word, or before it, where the clock was set back."""
    said = Status(ts=100.0)
    assert [said.is_alive(now) for now in (100.0, 100 + ALIVE_S, 101 + ALIVE_S, 99 - ALIVE_S)] == [True, True, False, False]
