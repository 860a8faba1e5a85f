"""Several workers behind one port: what they count and keep is one gateway's, and no worker's death is an outage."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from bench.processes import free_port
from gateway.demo import running_demo
from gateway.telemetry.journal import segment_files
from tests.integration.test_audit import audit
from tests.support.faulty_upstream import Exchange, FaultyUpstream, events
from tests.support.gateway import Gateway, running_again, running_gateway, start
from tests.support.http11 import LAST_CHUNK, read_chunks, read_head, read_message
from tests.support.processes import is_gone
from tests.support.raw_client import Connection, ask, chat, connected, post
from tests.support.waiting import AT_MOST_S, eventually

POLICY = "name: plain\nrules:\n  - {id: mail, detect: pii, entities: [EMAIL_ADDRESS], scope: [user], action: %s}\n"
NEXT = POLICY.replace("name: plain", "name: next\nrollout: {of: plain, percent: 50, by: session, max_difference: 0.1}")
TEXT = "write to somebody@example.org"

pytestmark = pytest.mark.slow


@pytest.fixture
async def upstream(faulty_port: int):
    async with FaultyUpstream({"five-words": _five_words}, port=faulty_port).running() as running:
        yield running


async def _five_words(exchange: Exchange) -> None:
    await exchange.start_stream()
    await exchange.stream(events(f"word{number} " for number in range(5)), pause_s=0.2)
    await exchange.send(LAST_CHUNK)


@contextmanager
def two(folder: Path, upstream: str) -> Iterator[Gateway]:
    listen = {"workers": 2, "drain_timeout_s": 5}
    with running_gateway(folder, {"*": upstream}, policies={"plain": POLICY % "tokenize"}, listen=listen) as gateway:
        yield gateway


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory, faulty_port: int) -> Iterator[Gateway]:
    """One that no test ends, nor leaves otherwise than it was."""
    with two(tmp_path_factory.mktemp("lasting"), f"http://127.0.0.1:{faulty_port}") as gateway:
        yield gateway


@pytest.fixture
def own(tmp_path: Path, upstream: FaultyUpstream) -> Iterator[Gateway]:
    with two(tmp_path, upstream.url) as gateway:
        yield gateway


async def admin(gateway: Gateway, path: str, body: object = None) -> dict:
    status, text = await asyncio.to_thread(gateway.admin, path, body)
    assert status == 200, path
    return json.loads(text)


async def pids(gateway: Gateway) -> list[int]:
    return [worker["pid"] for worker in (await admin(gateway, "/api/v1/policy/status"))["workers"]]


async def metrics(gateway: Gateway) -> dict[str, float]:
    _, text = await asyncio.to_thread(gateway.admin, "/metrics")
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in text.splitlines() if line[:1] != "#")}


def total(found: dict[str, float], name: str) -> float:
    return sum(value for each, value in found.items() if each.partition("{")[0] == name)


def by_worker(gateway: Gateway) -> Counter[int]:
    """How many exchanges each worker has recorded, by its process."""
    counts: Counter[int] = Counter()
    for segment in segment_files(gateway.folder / "journal"):
        counts[int(segment.name.split("-")[1])] += segment.read_text().count('"request_id":')
    return counts


@asynccontextmanager
async def alone(pid: int, port: int) -> AsyncIterator[Connection]:
    """A connection that the other worker has taken, as this one is stopped meanwhile."""
    psutil.Process(pid).suspend()
    try:
        async with connected(port) as (reader, writer):
            writer.write(post(chat("well")))
            await read_message(reader)
            psutil.Process(pid).resume()
            yield reader, writer
    finally:
        with suppress(psutil.NoSuchProcess):  # it was killed meanwhile
            psutil.Process(pid).resume()


async def test_both_serve(lasting: Gateway, upstream: FaultyUpstream):
    """Connections go to either worker, and what is counted, over both of them, is exactly what was asked."""
    first, second = await pids(lasting)
    recorded, before = by_worker(lasting), await metrics(lasting)
    async with alone(first, lasting.port) as one, alone(second, lasting.port) as other:
        for reader, writer in (one, other):
            for number in range(10):
                writer.write(post(chat("well", TEXT, stream=number % 2 == 0)))
                assert (await read_message(reader)).status == 200
    assert by_worker(lasting) - recorded == {first: 11, second: 11}

    async def are_counted() -> bool:
        found = await metrics(lasting)
        return all(total(found, name) - total(before, name) >= 22 for name in names)

    names = ("oddgate_requests_total", "oddgate_overhead_seconds_count")
    await until(are_counted)
    found = await metrics(lasting)
    assert {total(found, name) - total(before, name) for name in names} == {22}
    assert total(found, "oddgate_overhead_seconds_bucket") - total(before, "oddgate_overhead_seconds_bucket") >= 22
    tokenized = 'oddgate_findings_total{action="tokenize",kind="pii.EMAIL_ADDRESS",shadow="false"}'
    assert found[tokenized] - before.get(tokenized, 0) == 20
    assert (found["oddgate_workers"], found["oddgate_workers_up"], found["oddgate_worker_restarts_total"]) == (2, 2, 0)
    status = (await admin(lasting, "/api/v1/policy/status"))["workers"]
    assert [worker["worker"] for worker in status] == [0, 1]
    assert len({worker["policies"][0]["digest"] for worker in status}) == 1


async def test_a_worker_that_is_killed(own: Gateway):
    """The other one goes on, another takes its place, no counter goes down, and what was answered is recorded."""
    answered: list[str] = []
    stopping = asyncio.Event()
    loads = [asyncio.create_task(_keep_asking(own, number % 2 == 0, answered, stopping)) for number in range(8)]
    seen: list[float] = []
    watching = asyncio.create_task(_watch_counter(own, seen, stopping))
    await eventually(lambda: len(answered) > 200)
    for number in (0, 1):
        victim = (await pids(own))[number]
        psutil.Process(victim).kill()
        before = len(answered)
        await eventually(lambda before=before: len(answered) > before + 50)
        await _until_ready_after(own, victim)
    stopping.set()
    await asyncio.gather(*loads, watching)
    recorded = own.records()
    assert [request_id for request_id in answered if request_id not in recorded] == []
    assert seen == sorted(seen)
    assert seen[-1] > 200
    assert (await metrics(own))["oddgate_worker_restarts_total"] == 2
    code, said = await asyncio.to_thread(audit, own, "verify")
    assert (code, said.count("broken off"), said.count("running")) == (0, 2, 2)


async def _keep_asking(gateway: Gateway, stream: bool, answered: list[str], stopping: asyncio.Event) -> None:
    """Again on another connection where one breaks. An exchange counts as answered once its last byte is here."""
    while not stopping.is_set():
        with suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
            async with asyncio.timeout(AT_MOST_S), connected(gateway.port) as (reader, writer):
                while not stopping.is_set():
                    writer.write(post(chat("well", TEXT, stream=stream)))
                    message = await read_message(reader)
                    assert message.status == 200
                    answered.append(message.headers["x-oddgate-request-id"])


async def _watch_counter(gateway: Gateway, seen: list[float], stopping: asyncio.Event) -> None:
    while not stopping.is_set():
        seen.append(total(await metrics(gateway), "oddgate_requests_total"))
        await asyncio.sleep(0.1)


async def _until_ready(gateway: Gateway) -> None:
    """With every worker."""

    async def is_ready() -> bool:
        return await admin(gateway, "/readyz") == {"status": "ready"}

    await until(is_ready)


async def until(probe: Callable[[], Awaitable[object]]) -> None:
    """Until what ``probe`` gives is true."""
    async with asyncio.timeout(AT_MOST_S):
        while not await probe():  # noqa: ASYNC110 (what is waited for is not ours to signal)
            await asyncio.sleep(0.05)


async def test_a_worker_that_hangs(lasting: Gateway, upstream: FaultyUpstream):
    """It is told of, and holds up neither those who ask nor what the other one says."""
    first, second = await pids(lasting)
    await ask(lasting.port, post(chat("well")))
    before = await metrics(lasting)
    psutil.Process(second).suspend()
    try:

        async def is_told_of() -> bool:
            return (await admin(lasting, "/readyz")).get("degraded") == ["workers: 1 of 2 do not answer (1)"]

        await until(is_told_of)
        found = await metrics(lasting)
        assert total(found, "oddgate_requests_total") == total(before, "oddgate_requests_total")
        one, other = (await admin(lasting, "/api/v1/policy/status"))["workers"]
        assert (one["pid"], other) == (first, {"worker": 1, "pid": second, "silent": True})
        assert (await ask(lasting.port, post(chat("well")))).status == 200
    finally:
        psutil.Process(second).resume()
    await _until_ready(lasting)


async def test_stopping_drains_all(own: Gateway):
    """Told to stop, each worker ends what it has begun; then all of it is gone, and the next one finds a journal that ended in order."""
    first, second = await pids(own)
    children = psutil.Process(own.pid).children(recursive=True)
    async with alone(first, own.port) as one, alone(second, own.port) as other:
        for reader, writer in (one, other):
            writer.write(post(chat("five-words", stream=True)))
            await read_head(reader)
        own.terminate()
        for reader, _ in (one, other):
            body = b"".join([chunk async for chunk in read_chunks(reader)])
            assert body.endswith(b"data: [DONE]\n\n")
    assert await asyncio.to_thread(own.process.wait, AT_MOST_S) == 0
    assert [child for child in children if not is_gone(child)] == []
    with pytest.raises(OSError):
        await ask(own.port, post(chat("well")))
    code, said = await asyncio.to_thread(audit, own, "verify")
    assert (code, said.count("ended;")) == (0, 2)


async def test_nothing_outlives_the_supervisor(own: Gateway):
    """However it ends: workers, watch and store of placeholders go too, and free the port for the next."""
    children = psutil.Process(own.pid).children(recursive=True)
    assert len(children) >= 4
    own.kill()
    await eventually(lambda: all(is_gone(child) for child in children))


async def test_fewer_workers_later(own: Gateway, upstream: FaultyUpstream):
    """What two have recorded is read with one worker: by the audit, by ``tail``, and into the store."""
    first, second = await pids(own)
    async with alone(first, own.port), alone(second, own.port):
        pass
    own.kill()
    settings = own.folder / "oddgate.yaml"
    settings.write_text(json.dumps(json.loads(settings.read_text()) | {"listen": {"workers": 1}}))
    with running_again(own.folder) as again:
        await ask(again.port, post(chat("well")))

        async def are_kept() -> bool:
            return len((await admin(again, "/api/v1/exchanges"))["exchanges"]) == 3

        await until(are_kept)
        assert (await asyncio.to_thread(audit, again, "verify"))[0] == 0
        command = [sys.executable, "-m", "gateway.cli.main", "tail", "--no-follow"]
        shown = await asyncio.to_thread(subprocess.run, command, cwd=own.folder, capture_output=True, check=True, timeout=AT_MOST_S)
        assert len(shown.stdout.splitlines()) == 3


async def test_a_rollout_over_both(own: Gateway):
    """It is decided by what both workers know together, by one of them, and both do as it says; also after that one died."""
    (own.policies / "next.yaml").write_text(NEXT % "block")
    first, second = await pids(own)

    async def row() -> dict | None:
        rows = (await admin(own, "/api/v1/policy/rollouts"))["rollouts"]
        return rows[0] if rows else None

    await until(row)
    asked = 0
    async with alone(first, own.port) as one, alone(second, own.port) as other:
        for number in range(1000):
            for reader, writer in (one, other):
                writer.write(post(chat("well", TEXT), **{"x-oddgate-session": f"s{number % 50}"}))
                await read_message(reader)
                asked += 1
            if number % 25 == 24 and (await row())["state"] == "rolled_back":
                break
        found = await row()
        assert (found["state"], found["settled"]["by"], found["old"]["rate"]) == ("rolled_back", "test", 0)
        assert found["new"]["rate"] > 0.8  # the first of each connection has nothing to be blocked
        assert found["old"]["exchanges"] + found["new"]["exchanges"] > asked / 2  # more than either of them had
        assert await _deciders(one) == await _deciders(other) == {"plain"}
    assert total(await metrics(own), "oddgate_rollout_changes_total") == 1
    await eventually((own.folder / "var" / "rollouts.json").exists)
    psutil.Process(first).kill()
    await _until_ready_after(own, first)
    assert (await row())["state"] == "rolled_back"
    assert (await admin(own, "/api/v1/policy/rollouts/next", {"action": "promote"}))["state"] == "promoted"
    first = (await pids(own))[0]
    async with alone(first, own.port) as one, alone(second, own.port) as other:
        assert await _deciders(one) == await _deciders(other) == {"next"}


async def _until_ready_after(gateway: Gateway, pid: int) -> None:
    async def is_another() -> bool:
        return pid not in await pids(gateway)

    await until(is_another)
    await _until_ready(gateway)


async def _deciders(connection: Connection) -> set[str]:
    reader, writer = connection
    found = set()
    for number in range(20):
        writer.write(post(chat("well", TEXT), **{"x-oddgate-session": f"t{number}"}))
        found.add((await read_message(reader)).headers["x-oddgate-policy"].partition("@")[0])
    return found


async def test_an_edited_policy(lasting: Gateway, upstream: FaultyUpstream):
    """Each worker takes it up, and each says which it has."""
    first, second = await pids(lasting)

    async def digests() -> set[str]:
        return {worker["policies"][0]["digest"] for worker in (await admin(lasting, "/api/v1/policy/status"))["workers"]}

    before = await digests()

    async def is_changed() -> bool:
        return len(now := await digests()) == 1 and now != before

    async def is_as_before() -> bool:
        return await digests() == before

    (lasting.policies / "plain.yaml").write_text(POLICY % "block")
    await until(is_changed)
    async with alone(first, lasting.port) as one, alone(second, lasting.port) as other:
        for reader, writer in (one, other):
            writer.write(post(chat("well", TEXT)))
            assert (await read_message(reader)).status == 400
    (lasting.policies / "plain.yaml").write_text(POLICY % "tokenize")
    await until(is_as_before)


async def test_a_conversation_over_both(tmp_path: Path):
    """What one worker has put a placeholder for, the other one restores, also after the first has died."""
    said = "My address is anna.kovacs@example.com"
    async with running_demo() as demo:
        with two(tmp_path, demo) as own:
            first, second = await pids(own)
            async with alone(second, own.port) as one, alone(first, own.port) as other:
                begun = await _respond(one, {"model": "demo", "input": said})
                psutil.Process(first).kill()
                answer = await _respond(other, {"model": "demo", "input": "What did I say?", "previous_response_id": begun["id"]})
    assert answer["output"][0]["content"][0]["text"] == f"You said before: {said}"


async def _respond(connection: Connection, body: dict) -> dict:
    reader, writer = connection
    writer.write(post(json.dumps(body).encode(), "/v1/responses"))
    message = await read_message(reader)
    assert message.status == 200, message.body
    return json.loads(message.body)


async def test_telemetry_of_applications(tmp_path: Path, upstream: FaultyUpstream):
    """It is redacted and counted by one worker, and soon again by the next where that one dies."""
    pytest.importorskip("opentelemetry.proto", reason="needs the extra otel")
    port = free_port()
    rule = "name: plain\nrules:\n  - {id: mail, detect: pii, entities: [EMAIL_ADDRESS], scope: [telemetry], action: redact}\n"
    body = json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": {"stringValue": TEXT}}]}]}]}).encode()
    settings = {"listen": {"workers": 2}, "telemetry": {"receive": True, "receive_port": port}}
    with running_gateway(tmp_path, {"*": upstream.url}, policies={"plain": rule}, **settings) as gateway:
        assert (await ask(port, post(body, "/v1/logs"))).status == 200
        first = (await pids(gateway))[0]
        await _until_counted(gateway, 1)
        psutil.Process(first).kill()
        await _until_ready_after(gateway, first)
        assert (await ask(port, post(body, "/v1/logs"))).status == 200
        await _until_counted(gateway, 2)


async def _until_counted(gateway: Gateway, records: int) -> None:
    async def is_counted() -> bool:
        return total(await metrics(gateway), "oddgate_telemetry_records_total") == records

    await until(is_counted)


async def test_ctrl_c(own: Gateway):
    """Sent to all of them, as a terminal does, it stops them in order."""
    for process in [psutil.Process(own.pid), *psutil.Process(own.pid).children()]:
        if os.getsid(process.pid) == os.getsid(own.pid):
            process.send_signal(signal.SIGINT)
    assert await asyncio.to_thread(own.process.wait, AT_MOST_S) == 0
    code, said = await asyncio.to_thread(audit, own, "verify")
    assert (code, said.count("ended;")) == (0, 2)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"policies": {"dir": "nowhere"}}, "nowhere"),
        ({"listen": {"workers": 2, "host": "192.0.2.1"}}, "192.0.2.1"),
    ],
    ids=["in a worker", "in the supervisor"],
)
def test_what_cannot_start(tmp_path: Path, settings: dict, said: str):
    """It says why, ends, and leaves nothing running."""
    (tmp_path / "oddgate.yaml").write_text(json.dumps({"listen": {"workers": 2}} | settings))
    refused = start(tmp_path)
    assert refused.process.wait(AT_MOST_S) == 1
    assert said in refused.output
    assert "oddgate cannot start" in refused.output
