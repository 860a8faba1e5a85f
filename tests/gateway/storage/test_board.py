"""What the watch tells, by way of a Redis."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from bench.processes import free_port
from gateway.storage import board
from gateway.storage.board import SharedBoard, SharedMeasures
from gateway.watch.store import SinkError
from tests.support.redis_server import running_redis
from tests.support.waiting import eventually

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_redis(tmp_path_factory.mktemp("redis")) as redis:
        yield redis.url


@contextmanager
def opened(url: str, *names: str) -> Iterator[list[SharedBoard]]:
    boards = [SharedBoard(url, name) for name in names]
    try:
        yield boards
    finally:
        for each in boards:
            each.close()


async def test_one_tells(url: str, monkeypatch: pytest.MonkeyPatch):
    """Of several watches the first tells, until it is silent for a while; what nobody tells again goes."""
    monkeypatch.setattr(board, "_TELLS_MS", 500)
    monkeypatch.setattr(SharedBoard, "_lasts_ms", 1500)
    with opened(url, "one", "two", "") as (one, two, reader):
        assert reader.read() is None
        one.save(b"first")
        two.save(b"second")
        assert reader.read() == b"first"
        one.save(b"third")
        assert reader.read() == b"third"

        def is_told() -> bool:
            two.save(b"fourth")
            return reader.read() == b"fourth"

        await eventually(is_told)
        await eventually(lambda: reader.read() is None)


def test_none_there():
    """Nothing can be told or read, and it is an error of input or output that has no text of the board."""
    with closing(SharedBoard(f"redis://127.0.0.1:{free_port()}/0", "one")) as gone:
        with pytest.raises(SinkError, match="redis: ConnectionError"):
            gone.save(b"a")
        with pytest.raises(OSError, match="redis: ConnectionError"):
            gone.read()


def test_measures_have_a_board_of_their_own(url: str):
    """What is done about incidents stands beside what is told of the traffic."""
    with closing(SharedMeasures(url, "one")) as measures, closing(SharedBoard(url, "one")) as told:
        measures.save(b"measures")
        told.save(b"signals")
        assert (measures.read(), told.read()) == (b"measures", b"signals")
