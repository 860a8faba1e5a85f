"""Asks on their way to the watch: each once, in order, whatever lies beside them."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bench.processes import free_port
from gateway.incidents.asks import Acknowledge, to_bytes
from gateway.proxy.keeping import signed
from gateway.storage import ask_box
from gateway.storage.ask_box import FOLDER, AskBox, FullError, SharedAskBox
from gateway.watch.store import SinkError
from tests.support.redis_server import RedisServer, running_redis

KEY = b"k" * 32


def ask(number: int) -> Acknowledge:
    return Acknowledge(f"inc-{number}", "anna", 1_795_000_000.0 + number)


def test_files(tmp_path: Path):
    """What one process has put another takes, in the order in which it was asked, once; only the owner can read what waits."""
    box = AskBox(tmp_path, KEY)
    assert box.take() == []
    for number in (2, 1, 3):
        box.put(ask(number), f"id{number}")
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / FOLDER).iterdir()} == {0o600}
    assert AskBox(tmp_path, KEY).take() == [ask(1), ask(2), ask(3)]
    assert AskBox(tmp_path, KEY).take() == []


def test_what_is_no_ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """It is put aside and counted, a few of it are kept, and what is an ask is taken all the same."""
    monkeypatch.setattr(ask_box, "_MAX_BAD", 2)
    box = AskBox(tmp_path, KEY)
    box.put(ask(1), "id")
    for number in range(4):
        (tmp_path / FOLDER / f"0{number}.json").write_bytes(b"{" * (1 if number else 1 << 20))
    (tmp_path / FOLDER / ".half.json").write_bytes(b"{")
    (tmp_path / FOLDER / "notes.txt").write_text("mine")
    assert box.take() == [ask(1)]
    assert box.unusable == 4
    assert sorted(path.name for path in (tmp_path / FOLDER).iterdir()) == [".half.json", "00.bad", "01.bad", "notes.txt"]
    assert box.take() == []


def test_nobody_takes_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """No more are put than may wait."""
    monkeypatch.setattr(ask_box, "MAX_WAITING", 2)
    box = AskBox(tmp_path, KEY)
    box.put(ask(1), "a")
    box.put(ask(2), "b")
    with pytest.raises(FullError):
        box.put(ask(3), "c")
    assert len(box.take()) == 2
    box.put(ask(3), "c")


@pytest.mark.parametrize(
    "content",
    [
        to_bytes(ask(7)),
        signed(to_bytes(ask(7)), b"x" * 32, b"asks"),
        signed(to_bytes(ask(7)), KEY, b"signals"),
        signed(to_bytes(ask(7)), KEY, b"asks").replace(b"inc-7", b"inc-8"),
    ],
)
def test_who_has_no_key(tmp_path: Path, content: bytes):
    """What is not signed with this gateway's key as an ask is none, put aside and counted."""
    box = AskBox(tmp_path, KEY)
    box.put(ask(1), "a")
    (tmp_path / FOLDER / "2.json").write_bytes(content)
    assert (box.take(), box.unusable) == ([ask(1)], 1)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with running_redis(tmp_path_factory.mktemp("redis")) as redis:
        yield redis


@pytest.mark.slow
def test_shared(server: RedisServer, monkeypatch: pytest.MonkeyPatch):
    """Of all gateways and watches each ask is taken once, in order; what is none is counted; no more wait than may."""
    monkeypatch.setattr(ask_box, "MAX_WAITING", 3)
    with closing(SharedAskBox(server.url, KEY)) as one, closing(SharedAskBox(server.url, KEY)) as two:
        assert two.take() == []
        one.put(ask(1), "a")
        one._client.lpush(ask_box._LIST, to_bytes(ask(7)))
        one.put(ask(2), "b")
        with pytest.raises(FullError):
            one.put(ask(3), "c")
        assert two.take() == [ask(1), ask(2)]
        assert (two.take(), two.unusable) == ([], 1)


def test_no_server():
    """It says so."""
    with closing(SharedAskBox(f"redis://127.0.0.1:{free_port()}", KEY)) as box, pytest.raises(SinkError):
        box.put(ask(1), "a")


def test_what_cannot_be_taken_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Asks that were taken before one that cannot be are not lost with it."""
    box = AskBox(tmp_path, KEY)
    box.put(ask(1), "a")
    box.put(ask(2), "b")
    unlink = Path.unlink

    def stuck(path: Path) -> None:
        if path.name.endswith("b.json"):
            raise PermissionError(1, "not permitted")
        unlink(path)

    monkeypatch.setattr(Path, "unlink", stuck)
    assert box.take() == [ask(1)]
    with pytest.raises(PermissionError):
        box.take()
