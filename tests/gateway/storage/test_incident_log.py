"""Where what is known of incidents outlives a watch."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bench.processes import free_port
from gateway.storage import incident_log
from gateway.storage.incident_log import FileLog, SharedLog
from tests.support.redis_server import RedisServer, running_redis
from tests.support.waiting import eventually


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with running_redis(tmp_path_factory.mktemp("redis")) as redis:
        yield redis


def test_files(tmp_path: Path):
    """What was saved last is there, for the next watch of the folder, and what is shown for others; who is alone leads."""
    log = FileLog(tmp_path)
    assert (log.load(), log.shown(), log.leads()) == (None, None, True)
    log.save(b"one")
    log.save(b"two")
    log.show(b"view")
    again = FileLog(tmp_path)
    assert (again.load(), again.shown()) == (b"two", b"view")


@pytest.mark.slow
async def test_one_leads(server: RedisServer, monkeypatch: pytest.MonkeyPatch):
    """Who came first leads and writes; when it is silent for a while the other does, with what was known, and the first writes nothing."""
    monkeypatch.setattr(incident_log, "LEADS_S", 1)
    with closing(SharedLog(server.url, "one")) as one, closing(SharedLog(server.url, "two")) as two:
        assert (one.leads(), two.leads(), one.leads()) == (True, False, True)
        one.save(b"known")
        two.save(b"other")
        assert two.load() == b"known"
        await eventually(two.leads)
        one.save(b"late")
        one.show(b"late")
        assert (one.leads(), two.load(), two.shown()) == (False, b"known", None)
        two.show(b"view")
        with closing(SharedLog(server.url)) as reader:
            assert reader.shown() == b"view"


@pytest.mark.slow
def test_handing_over(server: RedisServer, monkeypatch: pytest.MonkeyPatch):
    """What is found elsewhere comes in its order, once; of too much, the oldest goes."""
    monkeypatch.setattr(incident_log, "MAX_HANDED", 3)
    with closing(SharedLog(server.url, "one")) as one, closing(SharedLog(server.url, "two")) as two:
        two.hand_over([b"1", b"2"])
        two.hand_over([b"3", b"4"])
        assert (one.handed(2), one.handed(10), one.handed(10)) == ([b"2", b"3"], [b"4"], [])


@pytest.mark.slow
def test_what_is_too_large(server: RedisServer, monkeypatch: pytest.MonkeyPatch):
    """What nobody of us has written is not read."""
    with closing(SharedLog(server.url, "sole")) as log:
        monkeypatch.setattr(incident_log, "MAX_STATE", 2)
        log._client.set(incident_log._KNOWN, b"abc")
        assert log.load() is None


@pytest.mark.slow
def test_none_there():
    """It is an error of input or output, that has no text of what was to be written."""
    with closing(SharedLog(f"redis://127.0.0.1:{free_port()}/0", "one")) as gone:
        for ask in (gone.leads, gone.load, lambda: gone.save(b"secret"), lambda: gone.hand_over([b"secret"])):
            with pytest.raises(OSError, match=r"^redis: ConnectionError$"):
                ask()
