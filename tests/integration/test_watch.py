"""The watch as a process: what is in its store is what the journal says, whoever is killed and whenever."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import orjson
import pytest

from gateway.storage.redis_stream import Stream
from gateway.storage.sqlite import open_sqlite
from gateway.watch.store import Place, Query, StoreError
from tests.gateway.watch.records import record
from tests.support.faulty_upstream import FaultyUpstream
from tests.support.gateway import Gateway, running_gateway
from tests.support.processes import is_gone, watches_of
from tests.support.raw_client import ask, chat, post
from tests.support.redis_server import running_redis
from tests.support.waiting import AT_MOST_S, eventually, eventually_here

POLICY = "name: plain\nrules:\n  - {id: mail, detect: pii, entities: [EMAIL_ADDRESS], scope: [user], action: tokenize}\n"
_WRITER = """
import sys, time
from pathlib import Path
import orjson
from gateway.telemetry.journal import Journal
record = orjson.loads(sys.stdin.read())
journal = Journal(Path(sys.argv[1]), 20_000, 10**9, bytes(32), time.time)
for number in range(int(sys.argv[2]), 10**9):
    journal.append({**record, "ts": record["ts"] + number, "request_id": f"req_{number:024x}"})
    print(number, flush=True)
    time.sleep(0.0005)
"""
_KILLS = 6

pytestmark = pytest.mark.slow


def kept(path: Path) -> list[int]:
    """The numbers of all exchanges in the store, in order."""
    found: list[int] = []
    try:
        with closing(open_sqlite(path, 3660, read_only=True)) as store:
            after = None
            while rows := store.page(Query(), after, 1000):
                found += [int(row.request_id[4:], 16) for row in rows]
                after = Place(rows[-1].ts, rows[-1].request_id)
    except StoreError:
        return []
    return sorted(found)


def test_kills_at_random_moments(tmp_path: Path):
    """Whenever path and watch are killed, each record that was acknowledged is in the store once, and nothing else is."""
    chance = random.Random(7)
    (tmp_path / "oddgate.yaml").write_text(json.dumps({"store": {"retain_days": 3660}}))
    acknowledged = 0
    for _ in range(_KILLS):
        writer = subprocess.Popen(
            [sys.executable, "-c", _WRITER, "var/journal", str(acknowledged)],
            cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        )  # fmt: skip
        writer.stdin.write(orjson.dumps(record(0)))
        writer.stdin.close()
        watch = _watch(tmp_path)
        assert writer.stdout.readline()  # its first; to start takes a while
        time.sleep(1 + chance.random())
        first, second = chance.sample([writer, watch], 2)
        for each in (first, second):
            each.send_signal(signal.SIGKILL)
            each.wait(AT_MOST_S)
            time.sleep(chance.random() / 10)
        lines = writer.stdout.read().split()
        writer.stdout.close()
        if lines:
            acknowledged = int(lines[-1]) + 1
    watch = _watch(tmp_path, attached=True)
    watch.stdin.close()
    watch.wait(AT_MOST_S)
    found = kept(tmp_path / "var" / "oddgate.db")
    assert acknowledged >= _KILLS
    assert found[:acknowledged] == list(range(acknowledged))
    assert len(found) == len(set(found))
    assert len(found) - acknowledged <= _KILLS  # a record that was written just before its writer could say so


def _watch(folder: Path, *, attached: bool = False) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "gateway.cli.main", "watch", "--config", "oddgate.yaml", *(["--attached"] if attached else [])]
    lasting = subprocess.PIPE if attached else subprocess.DEVNULL
    return subprocess.Popen(command, cwd=folder, stdin=lasting, env={**os.environ, "PYTHONPATH": str(Path.cwd())})


def test_one_watch_for_many_gateways(tmp_path: Path):
    """With a Redis between, records of two gateways are in one store, each once, though a reader dies, and the Redis loses everything."""
    with running_redis(tmp_path) as redis:
        journals, readers = [tmp_path / name for name in ("one", "two")], [tmp_path / name for name in ("first", "second")]
        for folder in (*journals, *readers):
            folder.mkdir()
            url = f"sqlite:///{tmp_path}/shared.db"
            settings = {"state": {"url": redis.url}, "watch": {"shared": True}, "store": {"retain_days": 3660, "url": url}}
            (folder / "oddgate.yaml").write_text(json.dumps(settings))
        for number, folder in enumerate(journals):
            (folder / "var" / "journal").mkdir(parents=True)
            lines = [orjson.dumps(record(500 * number + each)) + b"\n" for each in range(500)]
            (folder / "var" / "journal" / "1.jsonl").write_bytes(b"".join(lines))
        senders = [_watch(folder, attached=True) for folder in journals]
        reading = _watch(readers[0])
        eventually_here(lambda: len(kept(tmp_path / "shared.db")) > 0)
        reading.kill()
        reading.wait(10)
        for number, folder in enumerate(journals):
            more = [orjson.dumps(record(1000 + 100 * number + each)) + b"\n" for each in range(100)]
            (folder / "var" / "journal" / "2.jsonl").write_bytes(b"".join(more))
        with closing(Stream(redis.url)) as stream:
            eventually_here(lambda: stream.waiting() >= 200)
        redis.kill()  # with what was sent and not kept, and no more records are to come
        redis.start()
        reading = _watch(readers[0])
        eventually_here(lambda: len(kept(tmp_path / "shared.db")) == 1200)
        for sender in senders:
            sender.stdin.close()
            assert sender.wait(AT_MOST_S) == 0
        reading.terminate()
        assert reading.wait(AT_MOST_S) == 0
    assert kept(tmp_path / "shared.db") == list(range(1200))


@pytest.fixture
async def upstream():
    async with FaultyUpstream({}).running() as running:
        yield running


@pytest.fixture
def own(tmp_path: Path, upstream: FaultyUpstream) -> Iterator[Gateway]:
    with running_gateway(tmp_path, {"*": upstream.url}, policies={"plain": POLICY}) as gateway:
        yield gateway


def shown(gateway: Gateway, path: str) -> dict:
    return json.loads(gateway.admin(path)[1] or "{}")


async def test_the_watch_beside_the_gateway(own: Gateway):
    """What was asked is shown, without its text, and found by what became of it; the metrics say that all is kept."""
    for text in ("write to somebody@example.org", "hello"):
        answer = await ask(own.port, post(chat("well", text)))
        assert answer.status == 200
    await eventually(lambda: len(shown(own, "/api/v1/exchanges").get("exchanges", ())) == 2)
    (found,) = shown(own, "/api/v1/exchanges?rule=mail")["exchanges"]
    assert found["decision"] == "redact"
    whole = shown(own, f"/api/v1/exchanges/{found['request_id']}")
    assert whole["findings"][0]["kind"] == "pii.EMAIL_ADDRESS"
    assert "somebody" not in json.dumps(whole)
    await eventually(lambda: "oddgate_watch_kept_total 2.0" in own.admin("/metrics")[1])


async def test_the_watch_dies(own: Gateway):
    """Traffic goes on, another is started, and nothing is missing."""
    await ask(own.port, post(chat("well")))
    await eventually(lambda: len(shown(own, "/api/v1/exchanges").get("exchanges", ())) == 1)
    (watch,) = watches_of(own.pid)
    watch.kill()
    assert (await ask(own.port, post(chat("well")))).status == 200
    await eventually(lambda: len(shown(own, "/api/v1/exchanges").get("exchanges", ())) == 2)


async def test_the_gateway_dies(own: Gateway):
    """The watch does not stay behind, and has kept the last exchange."""
    await eventually(lambda: watches_of(own.pid))
    (watch,) = watches_of(own.pid)
    await ask(own.port, post(chat("well")))
    own.kill()
    await eventually(lambda: is_gone(watch))
    assert len(kept(own.folder / "var" / "oddgate.db")) == 1
