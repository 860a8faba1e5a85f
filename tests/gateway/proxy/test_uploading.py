"""An upload from a client's socket to an upstream's: in bounded memory, and never whole where it is not to be."""

import asyncio
import itertools
import json
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import psutil
import pytest

from bench.processes import free_port
from detectors.contract import Reading
from gateway.config.serving import Upstream as Settings
from gateway.guard.memo import Memo
from gateway.guard.request import Memos
from gateway.guard.upload_steps import Step
from gateway.proxy.apps import Apps
from gateway.proxy.connection import Bounds
from gateway.proxy.handler import Parts, handle
from gateway.proxy.pictures import Pictures
from gateway.proxy.routing import Router
from gateway.proxy.scanning import TURN_S
from gateway.proxy.server import Server
from gateway.proxy.uploading import Uploading, UploadLimits
from gateway.proxy.upstream import Upstream
from gateway.telemetry.record import Exchange, render
from gateway.wire.routes import routes
from tests.support.guards import DIGITS, KEY, plan, policy, rule
from tests.support.http11 import LAST_CHUNK, Message, chunked, read_chunks, read_head
from tests.support.pictures import Known, pictures
from tests.support.raw_client import ask, connected, error_of, send_slowly
from tests.support.uploads import ANSWER, FORM, Behave, Endpoint, answer, form, post
from tests.support.waiting import eventually

REDACT = policy(rule("numbers", "redact"))
BLOCK = policy(rule("numbers", "block"))
ROW = json.dumps({"messages": [{"role": "user", "content": "hello there, how are you?"}]}).encode() + b"\n"
BAD_ROW = ROW.replace(b"hello", b"12345678 ")
MANY = ROW * 40_000  # larger than what is judged before the upstream is asked


class World:
    def __init__(self, port: int, endpoint: Endpoint, records: list[dict], faults: list[Exception]) -> None:
        self.port, self.endpoint, self.records, self.faults = port, endpoint, records, faults

    async def upload(self, content: bytes, name: str = "x.jsonl", purpose: str = "batch", **headers: str) -> Message:
        body = form(content, name, purpose)
        return await ask(self.port, post(len(body), **headers) + body, timeout_s=60)

    @property
    def record(self) -> dict:
        return self.records[-1]


@asynccontextmanager
async def world(
    policy_=REDACT,
    behave: Behave | None = None,
    *,
    max_upload: int = 64 << 20,
    body_timeout_s: float = 5,
    base_url: str | None = None,
    pictures: Pictures | None = None,
    limits: UploadLimits | None = None,
) -> AsyncIterator[World]:
    endpoint = Endpoint(behave)
    listening = await asyncio.start_server(endpoint, "127.0.0.1", 0, limit=2**22)
    url = base_url or f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    upstream = Upstream(Settings.model_validate({"name": "u", "base_url": url, "idle_timeout_s": 0.8}), 10)
    await upstream.open()
    compiled, records, faults, tasks = plan(policy_, (DIGITS,)), [], [], set()

    def spawn(work, name):
        task = asyncio.get_running_loop().create_task(work, name=name)
        tasks.add(task)
        return task

    parts = Parts(
        routes=routes(), apps=Apps(()), choose_plan=lambda subject, named, request_id: compiled,
        memos=Memos(Memo(KEY, 100_000), Memo(KEY, 100_000)), scans=None, router=Router([upstream], (), time.monotonic), vault=Vault(),
        spawn=spawn, record=lambda exchange: records.append(render(exchange)), failed=lambda exchange, error: faults.append(error),
        key=KEY, wall=time.time, clock=time.perf_counter, new_id=lambda: "req_1", chance=os.urandom, pictures=pictures,
        uploads=limits or UploadLimits(),
    )  # fmt: skip
    bounds = Bounds(100_000, 20, 1, body_timeout_s, 5, max_upload)
    server = Server(partial(handle, parts), bounds, parts.routes.error_shape, lambda: "req_0", parts.shutdown)
    try:
        yield World(await server.listen("127.0.0.1", 0), endpoint, records, faults)
        await eventually(lambda: all(task.done() for task in tasks))
        assert faults == []
    finally:
        await server.drain(1)
        await upstream.close()
        listening.close()


class Vault:
    async def save(self, *args: object) -> None: ...


async def test_a_small_upload():
    """It is judged whole, and sent at once with its length."""
    async with world() as each:
        message = await each.upload(ROW + BAD_ROW)
        assert (message.status, json.loads(message.body)["id"]) == (200, "file-1")
        edited = json.dumps({"messages": [{"role": "user", "content": "[NUMBER]  there, how are you?"}]}, separators=(",", ":")).encode()
        assert each.endpoint.files == [form(ROW + edited + b"\n")]
        assert each.endpoint.heads[0]["content-type"] == FORM
        assert each.record["rows"] == {"read": 2, "edited": 1, "blocked": 0, "policies": ["test@000000000000"]}
        assert each.record["bytes"]["request"] == len(form(ROW + BAD_ROW))
        assert each.record["outcome"] == "completed"


@pytest.mark.parametrize("is_chunked", [False, True])
async def test_a_large_upload(is_chunked: bool):
    """It is sent on as it comes, and arrives byte for byte."""
    async with world() as each:
        body = form(MANY)
        request = post(None) + chunked(body) + LAST_CHUNK if is_chunked else post(len(body)) + body
        message = await ask(each.port, request, timeout_s=60)
        assert message.status == 200
        assert each.endpoint.files == [body]
        assert each.endpoint.heads[0]["transfer-encoding"] == "chunked"


@pytest.mark.parametrize("content", [BAD_ROW, ROW * 100 + BAD_ROW])
async def test_a_small_upload_that_is_blocked(content: bytes):
    """The endpoint hears nothing of it; the client hears which row it was, and none of it."""
    async with world(BLOCK) as each:
        message = await each.upload(content)
        error = error_of(message)
        assert (message.status, error["code"]) == (400, "content_filter")
        assert error["oddgate"]["reasons"] == [f"row {len(content.splitlines())}: numbers: pii.NUMBER in user"]
        assert each.endpoint.heads == []
        assert (each.record["decision"], each.record["outcome"], each.record["rows"]["blocked"]) == ("block", "content_filter", 1)
        assert b"12345678" not in message.body


async def test_a_large_upload_that_is_blocked():
    """Its request to the endpoint never ends, so that no file comes to be."""
    async with world(BLOCK) as each:
        message = await each.upload(MANY + BAD_ROW)
        assert (message.status, error_of(message)["code"]) == (400, "content_filter")
        assert error_of(message)["oddgate"]["reasons"][0].startswith("row 40001: ")
        await eventually(lambda: each.endpoint.cut)
        assert each.endpoint.files == []
        assert each.record["outcome"] == "content_filter"


@pytest.mark.parametrize(
    ("content", "code"), [(b"{\n", "invalid_json"), (MANY + b"{", "invalid_json"), (MANY + b"{" * 9_000_000, "invalid_file")]
)
async def test_a_row_that_cannot_be_read(content: bytes, code: str):
    """It stops the upload with its line."""
    async with world() as each:
        message = await each.upload(content)
        assert (message.status, error_of(message)["code"]) == (400, code)
        assert f"Line {len(content.splitlines())} " in error_of(message)["message"]
        assert each.endpoint.files == []


def pictured(data: str) -> bytes:
    part = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}}
    body = {"model": "m", "messages": [{"role": "user", "content": [part]}]}
    return json.dumps({"custom_id": data, "method": "POST", "url": "/v1/chat/completions", "body": body}).encode() + b"\n"


async def test_rows_with_pictures():
    """A picture of a row is read like that of a request: the row goes on as it came, or is refused by its number."""
    known = Known(AAAA=Reading("fine"), BBBB=Reading("12345678"))
    async with world(pictures=pictures(known)) as each:
        assert (await each.upload(pictured("AAAA"))).status == 200
        assert (each.endpoint.files, each.record["uninspectable"]) == ([form(pictured("AAAA"))], [])
        message = await each.upload(pictured("AAAA") + pictured("BBBB"))
        assert (message.status, len(each.endpoint.files)) == (400, 1)
        assert b"row 2: numbers: pii.NUMBER in user stands in a picture" in message.body
        assert known.asked == ["AAAA", "BBBB"]


async def test_what_nothing_can_read():
    """The policy blocks it before anything has gone."""
    async with world(policy(on_uninspectable={"file": "block"})) as each:
        message = await each.upload(b"%PDF-1.7" + b"\xff" * 3_000_000, "x.pdf", "user_data")
        assert (message.status, error_of(message)["code"], each.endpoint.heads) == (400, "content_filter", [])


@pytest.mark.parametrize(("body", "code"), [
    (form(ROW).replace(b"b0", b"b1"), "invalid_multipart"),
    (form(ROW)[:-8], "invalid_multipart"),
    (b"", "invalid_multipart"),
    (form(MANY)[:-8], "invalid_multipart"),
])  # fmt: skip
async def test_odd_forms(body: bytes, code: str):
    """They are refused, and no file comes of what was sent on already."""
    async with world() as each:
        message = await ask(each.port, post(len(body)) + body, timeout_s=60)
        assert (message.status, error_of(message)["code"], each.endpoint.files) == (400, code, [])


@pytest.mark.parametrize("length", [True, False])
async def test_more_than_the_bound(length: bool):
    """It is refused by its length, or as soon as that is clear."""
    async with world(max_upload=2_000_000) as each:
        body = form(ROW * 60_000)
        request = post(len(body)) + body if length else post(None) + chunked(body) + LAST_CHUNK
        message = await ask(each.port, request, timeout_s=60)
        assert (message.status, error_of(message)["code"], each.endpoint.files) == (413, "body_too_large", [])


async def test_600_megabytes_are_refused_by_their_length():
    """Before any of them is sent."""
    async with world(max_upload=512 << 20) as each:
        message = await ask(each.port, post(600 << 20, Expect="100-continue"))
        assert (message.status, error_of(message)["code"]) == (413, "body_too_large")


async def test_a_client_that_sends_a_byte_at_a_time():
    """It has as long for every megabyte as for a whole body, and no longer."""
    async with world(body_timeout_s=0.4) as each:
        body = form(ROW)
        message = await send_slowly(each.port, [post(len(body)), *(body[at : at + 1] for at in range(len(body)))], 0.05)
        assert (message.status, error_of(message)["code"]) == (408, "request_timeout")


@pytest.mark.parametrize("content", [ROW, MANY])
async def test_an_upload_that_takes_too_long(content: bytes):
    """It has a time for all of it, however steadily it comes, and nothing comes to be of what had gone on."""
    async with world(limits=UploadLimits(timeout_s=0.3)) as each:
        body = form(content)[:-9]
        message = await send_slowly(each.port, [post(len(body) + 9), body, *(body[-9:][at : at + 1] for at in range(8))], 0.2, 30)
        assert (message.status, error_of(message)["code"]) == (408, "request_timeout")
        assert "longer than the 0.3 s" in error_of(message)["message"]
        await eventually(lambda: each.endpoint.cut == len(each.endpoint.heads))
        assert each.endpoint.files == []


async def test_rows_beyond_the_bound():
    """The settings say how many a file may have."""
    async with world(limits=UploadLimits(max_rows=10)) as each:
        assert (await each.upload(ROW * 10)).status == 200
        message = await each.upload(ROW * 11)
        assert (message.status, error_of(message)["code"], error_of(message)["param"]) == (413, "body_too_large", "file.rows")
        assert len(each.endpoint.files) == 1


@pytest.mark.parametrize(("chunks", "steps"), [(1, 100), (100, 1)])
async def test_others_have_their_turn(chunks: int, steps: int):
    """Once a few rows have taken long enough, whether they came together or each by itself."""
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    class Guard:
        def query(self, query: str) -> list[Step]:
            return []

        def feed(self, data: bytes) -> list[Step]:
            return [Step()] * steps

        def close(self) -> list[Step]:
            return []

    class Inbound:
        query = ""

        async def chunks(self) -> AsyncIterator[bytes]:
            for _ in range(chunks):
                yield b"x"

    times = itertools.count(step=TURN_S / 10)
    spawn = partial(_spawned, [])
    waiting = asyncio.create_task(others())
    uploading = Uploading(Guard(), Inbound(), Exchange("r", 0, 0), None, spawn, lambda: next(times), 60)
    assert await uploading.begin() == b""
    waiting.cancel()
    assert turns >= 20


def _spawned(tasks: list, work, name: str) -> asyncio.Task:
    tasks.append(asyncio.get_running_loop().create_task(work, name=name))
    return tasks[-1]


@pytest.mark.parametrize("content", [ROW, MANY])
async def test_a_client_that_goes_away(content: bytes):
    """Nothing comes to be of what it had sent."""
    async with world() as each:
        async with connected(each.port) as (_, writer):
            writer.write(post(len(content) + 10_000) + form(content)[:-9])
            await writer.drain()
            await asyncio.sleep(0.3)
        await eventually(lambda: each.records)  # what had arrived is read first
        assert each.record["outcome"] in ("client_disconnected", "invalid_http")
        await asyncio.sleep(0.1)
        assert each.endpoint.files == []


@pytest.mark.parametrize("status", [401, 413, 500])
async def test_an_upstream_that_refuses_early(status: int):
    """Its answer is passed on, without waiting for the rest of the upload."""

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        await answer(writer, status, b'{"error": {"message": "no", "type": "x", "code": "y", "param": null}}')
        await reader.read(1_000_000)
        return True

    async with world(behave=refuse) as each:
        message = await each.upload(MANY * 3)
        assert (message.status, error_of(message)["message"]) == (status, "no")
        assert each.record["outcome"] == "upstream_error"


async def test_an_upstream_that_says_yes_early():
    """It has not seen all of the file, so it is not believed."""

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        await answer(writer, 200, ANSWER)
        return True

    async with world(behave=accept) as each:
        message = await each.upload(MANY * 5)
        assert (message.status, error_of(message)["code"]) in ((502, "upstream_invalid_response"), (502, "upstream_reset"))


async def test_an_upstream_that_dies():
    """In the middle of the upload: that is what the client hears."""

    async def die(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        await reader.read(100_000)
        writer.transport.abort()
        return True

    async with world(behave=die) as each:
        message = await each.upload(MANY * 3)
        assert (message.status, error_of(message)["code"]) == (502, "upstream_reset")


async def test_an_upstream_that_takes_nothing():
    """It has as long for each piece as for an answer."""

    async def sleep(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        await asyncio.sleep(5)
        return True

    async with world(behave=sleep) as each:
        message = await each.upload(b"\xff" * 30_000_000, "x.bin", "user_data")
        assert (message.status, error_of(message)["code"]) == (504, "upstream_timeout")


async def test_no_upstream():
    """One that cannot be reached is said to be."""
    async with world(base_url=f"http://127.0.0.1:{free_port()}") as each:
        message = await each.upload(MANY)
        assert (message.status, error_of(message)["code"]) == (502, "upstream_unreachable")


async def test_memory_stays_flat():
    """However large the file is: nothing is kept of what has gone on."""
    size = 150_000_000

    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        async for _ in read_chunks(reader):
            pass
        await answer(writer, 200, ANSWER)
        return True

    async with world(behave=swallow, max_upload=512 << 20) as each, connected(each.port) as (reader, writer):
        content = b"\xff" * 1_000_000
        start, _, end = form(b"\0" + b"@" * 8, "x.bin", "user_data").partition(b"@" * 8)
        writer.write(post(len(start) + len(end) + size) + start)
        process, most = psutil.Process(), 0
        before = process.memory_info().rss
        for _ in range(size // len(content)):
            writer.write(content)
            await writer.drain()
            most = max(most, process.memory_info().rss)
        writer.write(end)
        assert (await read_head(reader))[0] == "HTTP/1.1 200 OK"
        assert most - before < 40_000_000
