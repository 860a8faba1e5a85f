"""Whose turn it is to write, by way of a Redis."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from bench.processes import free_port
from gateway.storage import turn
from gateway.storage.board import SharedBoard
from gateway.storage.turn import Turn
from gateway.watch.store import SinkError
from tests.support.redis_server import running_redis


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    with running_redis(tmp_path) as redis:
        yield redis.url


@contextmanager
def opened(url: str, *names: str) -> Iterator[list[Turn]]:
    turns = [Turn(url, name) for name in names]
    try:
        yield turns
    finally:
        for each in turns:
            each.close()


def tells(url: str, name: str) -> None:
    with closing(SharedBoard(url, name)) as board:
        board._client.delete("{oddgate}:signals:teller")
        board.save(b"levels")


@pytest.mark.slow
def test_one_writes(url: str):
    """Who tells takes a turn, and finds what was written down; whose turn is over writes nothing more, whatever he was about to."""
    with opened(url, "one", "two") as (one, two):
        with pytest.raises(SinkError, match="another watch tells"):
            one.take()
        tells(url, "one")
        assert one.take() is None
        one.save(b"first")
        with pytest.raises(SinkError, match="another watch tells"):
            two.take()
        with pytest.raises(SinkError, match="another watch's turn"):
            two.save(b"of nobody")
        assert (one.is_ours(), two.is_ours()) == (True, False)
        tells(url, "two")
        one.save(b"second")  # as long as the next turn has not begun
        assert two.take() == b"second"
        with pytest.raises(SinkError, match="another watch's turn"):
            one.save(b"late")
        two.save(b"third")
        assert (one.is_ours(), two.is_ours()) == (False, True)
        assert two.take() == b"third"


@pytest.mark.slow
def test_a_server_that_lost_all(url: str):
    """A turn that nobody knows of is over, and the next one finds nothing."""
    with opened(url, "one") as (one,):
        tells(url, "one")
        one.take()
        one.save(b"first")
        one._client.flushall()
        assert not one.is_ours()
        with pytest.raises(SinkError, match="another watch's turn"):
            one.save(b"second")
        tells(url, "one")
        assert one.take() is None


@pytest.mark.slow
def test_too_much(url: str, monkeypatch: pytest.MonkeyPatch):
    """What is larger than anything that we write is not read."""
    monkeypatch.setattr(turn, "MAX_BYTES", 4)
    with opened(url, "one") as (one,):
        tells(url, "one")
        one.take()
        one.save(b"first")
        assert one.take() is None


def test_none_there():
    """It is an error of input or output that has no text of the state."""
    with closing(Turn(f"redis://127.0.0.1:{free_port()}/0", "one")) as gone:
        for ask in (gone.take, gone.is_ours, lambda: gone.save(b"state")):
            with pytest.raises(OSError, match="redis: ConnectionError"):
                ask()
