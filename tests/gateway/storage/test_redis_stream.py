"""Records on their way through a real Redis: each comes to one reader, and none is lost or sent twice, whoever dies."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.storage import redis_stream
from gateway.storage.redis_stream import StreamReader, StreamSink
from gateway.watch.row import Label, parse, read, unpack
from gateway.watch.sharing import Entry
from gateway.watch.store import SinkError
from tests.gateway.watch.records import NOW, feedback, line
from tests.support.redis_server import RedisServer, running_redis

Join = Callable[..., StreamReader]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    with running_redis(tmp_path) as server:
        yield server


@pytest.fixture
def sink(server: RedisServer) -> Iterator[StreamSink]:
    sink = StreamSink(server.url, "here", max_entries=10)
    yield sink
    sink.close()


@pytest.fixture
def join(server: RedisServer) -> Iterator[Join]:
    readers: list[StreamReader] = []

    def make(name: str = "a", dead_ms: int = 60_000, store: str = "server") -> StreamReader:
        readers.append(StreamReader(server.url, name, store, dead_ms))
        return readers[-1]

    yield make
    for reader in readers:
        reader.close()


def send(sink: StreamSink, *numbers: int) -> None:
    assert sink.keep([parse(line(number)) for number in numbers], [], {"1.jsonl": 100 * max(numbers)}, NOW) == len(numbers)


def numbers(entries: list[Entry]) -> list[int]:
    return [int(unpack(entry.packed)["request_id"][4:], 16) for entry in entries]


def test_there_and_away(sink: StreamSink, join: Join):
    """Records and what is said of them come as they were sent, in order; what is kept is there no more."""
    label = parse(feedback(1, "bad", score=0.5))
    assert isinstance(label, Label)
    sink.keep([parse(line(1))], [label], {"1.jsonl": 7}, NOW)
    reader = join()
    entries = reader.read(10)
    assert [read(unpack(entry.packed)) for entry in entries] == [parse(line(1)), label]
    assert reader.waiting() == 2
    reader.kept(entries)
    assert (reader.waiting(), reader.read(10)) == (0, [])


def test_how_far(sink: StreamSink, server: RedisServer):
    """Each journal has its own place, which is written with what was sent; segments that are gone are forgotten."""
    send(sink, 1)
    sink.keep([], [], {"2.jsonl": 5}, NOW)
    other = StreamSink(server.url, "there")
    assert (sink.offsets(), other.offsets()) == ({"2.jsonl": 5}, {})
    sink.keep([], [], {}, NOW)
    assert sink.offsets() == {}
    other.close()


def test_each_record_has_one_reader(sink: StreamSink, join: Join):
    """Two that read at a time share the records."""
    send(sink, 1, 2, 3)
    first, second = join("a"), join("b")
    assert [numbers(first.read(2)), numbers(second.read(2))] == [[1, 2], [3]]
    assert first.read(2) == []


def test_a_reader_that_comes_back(sink: StreamSink, join: Join):
    """It is given first what it had not kept."""
    send(sink, 1, 2, 3)
    assert numbers(join("a").read(2)) == [1, 2]
    again = join("a")
    entries = again.read(10)
    assert numbers(entries) == [1, 2]
    again.kept(entries)
    assert numbers(again.read(10)) == [3]


def test_a_reader_that_stays_away(sink: StreamSink, join: Join):
    """What it had taken is another one's after a while, and not before."""
    send(sink, 1, 2)
    join("a").read(1)
    assert numbers(join("b").read(10)) == [2]
    assert numbers(join("c", dead_ms=0).read(10)) == [1, 2]


def test_readers_for_two_stores(sink: StreamSink, join: Join, monkeypatch: pytest.MonkeyPatch):
    """As long as one reads, nobody reads for another store, and what is sent waits; a while after it is gone, another may."""
    monkeypatch.setattr(redis_stream, "_DEAD_MS", 300)
    send(sink, 1, 2, 3)
    first, beside, other = join("a", store="one"), join("b", store="one"), join("c", store="two")
    assert numbers(first.read(1)) == [1]
    with pytest.raises(SinkError, match="another store"):
        other.read(1)
    assert numbers(beside.read(1)) == [2]
    assert other.waiting() == 3
    until = time.monotonic() + 60
    while True:
        try:
            assert numbers(other.read(1)) == [3]
        except SinkError:
            assert time.monotonic() < until
            time.sleep(0.02)
        else:
            break
    with pytest.raises(SinkError, match="another store"):
        first.read(1)


def test_nobody_reads(sink: StreamSink, join: Join):
    """Beyond its bound the stream takes no more, and nothing of the batch; what is in it stays."""
    send(sink, *range(1, 11))
    with pytest.raises(SinkError, match="full"):
        sink.keep([parse(line(11))], [], {"1.jsonl": 5000}, NOW)
    assert sink.offsets() == {"1.jsonl": 1000}
    reader = join()
    reader.kept(reader.read(5))
    send(sink, 11)


def test_a_server_that_dies(sink: StreamSink, join: Join, server: RedisServer):
    """Whoever asks hears an error, and goes on with the server that comes after it, empty as it may be."""
    reader = join()
    send(sink, 1)
    reader.read(10)
    server.kill()
    for ask in (sink.offsets, lambda: send(sink, 2), lambda: reader.read(1), reader.waiting):
        with pytest.raises(SinkError):
            ask()
    server.start()
    with pytest.raises(SinkError, match="lost"):
        send(sink, 3)
    after = StreamSink(server.url, "here")
    assert after.offsets() == {}
    send(after, 3)
    after.close()
    reader._is_joined = True  # as one that heard nothing of it
    with pytest.raises(SinkError):
        reader.read(10)
    assert numbers(reader.read(10)) == [3]


def test_what_was_sent_is_lost(sink: StreamSink, server: RedisServer):
    """A sink that goes on with a server that lost everything says so, and writes nothing; the next one begins anew."""
    send(sink, 1)
    server.kill()
    server.start()
    for ask in (lambda: send(sink, 2), sink.offsets):
        with pytest.raises(SinkError, match="lost"):
            ask()
    after = StreamSink(server.url, "here")
    assert (after.offsets(), after.waiting()) == ({}, 0)
    after.close()


def test_everything_is_asked_for_again(sink: StreamSink, join: Join, server: RedisServer):
    """Whoever has sent anything hears that it is lost; what is on its way stays."""
    other = StreamSink(server.url, "there")
    for each in (sink, other):
        send(each, 1)
    join().ask_again()
    for each in (sink, other):
        with pytest.raises(SinkError, match="lost"):
            each.offsets()
    assert StreamSink(server.url, "here").offsets() == {}
    assert other.waiting() == 2
    other.close()


def test_a_batch_that_was_not_kept(sink: StreamSink, join: Join):
    """It is the first to come again once the reader is told to resume."""
    send(sink, 1, 2, 3)
    reader = join()
    assert [numbers(reader.read(2)), numbers(reader.read(2))] == [[1, 2], [3]]
    reader.resume()
    assert numbers(reader.read(2)) == [1, 2]


def test_what_was_taken_out_meanwhile(sink: StreamSink, join: Join, server: RedisServer):
    """An entry that is gone is empty, and is no record."""
    send(sink, 1)
    (entry,) = join("a").read(1)
    join("b")._client.xdel("{oddgate}:journal", entry.id)
    assert join("a").read(1) == [Entry(entry.id, b"")]


def test_without_its_library(monkeypatch: pytest.MonkeyPatch):
    """It says what to install."""
    monkeypatch.setitem(__import__("sys").modules, "redis", None)
    with pytest.raises(RuntimeError, match=r"oddgate\[redis\]"):
        StreamSink("redis://127.0.0.1/0", "here")
