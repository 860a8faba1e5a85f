"""Pictures of requests: what was read is a text at their place, what was not stays uninspectable and says why, and each is read once."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import psutil
import pytest

from detectors import ocr
from detectors.contract import Factory, Reading
from gateway.guard.memo import Memo
from gateway.proxy.offload import Readers, Undone, Work
from gateway.proxy.pictures import Limits, Pictures
from gateway.wire.model import Form, Kind, Request, Segment, Uninspectable
from gateway.wire.routes import routes
from policies.policy import Scope
from tests.support.drawing import needs_ocr, picture_of
from tests.support.guards import KEY

EMAIL = "anna.lindqvist@example.com"
FACTORY = Factory("nowhere:build", {})
LIMITS = Limits(max_pictures=3, max_bytes=1000, deadline_s=1)


class Known:
    """Reads what it is told to; ``asked`` are the pictures that it was asked for."""

    def __init__(self, **readings: Reading | Undone) -> None:
        self.readings = readings
        self.asked: list[str] = []

    async def read(self, work: Work) -> Reading | Undone:
        assert (work.factory, work.deadline_s) == (FACTORY, 1)
        self.asked += work.units
        await asyncio.sleep(0)
        return self.readings[work.units[0]]


def pictures(readers: Known, limits: Limits = LIMITS) -> Pictures:
    return Pictures(readers, FACTORY, limits, Memo(KEY, 10_000, item_bytes=4))


def parsed(path: str, **body: object) -> Request:
    raw = json.dumps({"model": "m", **body}).encode()
    match = routes().find("POST", path)
    return match.dialect.parse_request(raw, match.call("POST", "application/json"))


def chat(*data: str) -> Request:
    parts = [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{each}"}} for each in data]
    return parsed("/v1/chat/completions", messages=[{"role": "user", "content": [{"type": "text", "text": "hello"}, *parts]}])


def seen(request: Request) -> list[tuple[str, str]]:
    """What became of each picture: its text or the reason, at its part's number."""
    texts = {segment.place[-1]: segment.text for segment in request.segments if segment.form is Form.PICTURE}
    return [*texts.items(), *((part.place[-1], f"not read: {part.why}") for part in request.uninspectable)]


async def test_a_text_at_its_place():
    """It stands beside the others, in the scope of its part, and the picture is no longer listed as uninspectable."""
    request = chat("AAAA")
    read = await pictures(Known(AAAA=Reading(EMAIL))).read(request)
    added = Segment(EMAIL, "picture", Scope.USER, ("messages", 0, "content", 1), Form.PICTURE)
    assert read == replace(request, segments=(*request.segments, added), uninspectable=())


async def test_an_empty_picture_was_read():
    """Nothing in it is not the same as nobody having looked."""
    known = Known(AAAA=Reading(""))
    reader = pictures(known)
    assert [seen(await reader.read(chat("AAAA"))) for _ in range(2)] == [[(1, "")]] * 2
    assert known.asked == ["AAAA"]


@pytest.mark.parametrize(
    "result", [Reading("", "unreadable"), Undone("timeout"), Undone("overload"), Undone("error"), Undone("unavailable")]
)
async def test_what_was_not_read(result: Reading | Undone):
    """It stays what it was, with the reason; what is the picture's own is remembered, what is the pool's is tried again."""
    known = Known(AAAA=result, BBBB=Reading("b"))
    reader, why = pictures(known), result.why if isinstance(result, Reading) else result.reason
    for _ in range(2):
        assert seen(await reader.read(chat("AAAA", "BBBB"))) == [(2, "b"), (1, f"not read: {why}")]
    assert known.asked == (["AAAA", "BBBB"] if isinstance(result, Reading) else ["AAAA", "BBBB", "AAAA"])


async def test_a_history_is_read_once():
    """Each turn costs its newest picture, and the same picture twice costs one reading; the bound is on new ones."""
    known = Known(**{name: Reading(name.lower()) for name in ("AAAA", "BBBB", "CCCC", "DDDD", "EEEE")})
    reader = pictures(known)
    assert seen(await reader.read(chat("AAAA", "AAAA", "BBBB"))) == [(1, "aaaa"), (2, "aaaa"), (3, "bbbb")]
    assert seen(await reader.read(chat("AAAA", "BBBB", "CCCC", "DDDD", "EEEE")))[-1] == (5, "eeee")
    assert known.asked == ["AAAA", "BBBB", "CCCC", "DDDD", "EEEE"]


async def test_many_and_large():
    """Beyond the bounds nothing is asked for."""
    known = Known(**{name: Reading(name) for name in ("AAAA", "BBBB", "CCCC")})
    large = "A" * 1340
    read = seen(await pictures(known).read(chat("AAAA", "BBBB", "CCCC", "DDDD", large)))
    assert read == [(1, "AAAA"), (2, "BBBB"), (3, "CCCC"), (4, "not read: too_many"), (5, "not read: too_large")]
    assert known.asked == ["AAAA", "BBBB", "CCCC"]


@pytest.mark.parametrize(
    ("path", "body", "scope"),
    [
        ("/v1/responses",
         {"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "data:image/png;base64,AAAA"}]}]}, Scope.USER),
        ("/v1/responses",
         {"input": [{"type": "function_call_output", "call_id": "c",
                     "output": [{"type": "input_image", "image_url": "data:image/png;base64,AAAA"}]}]}, Scope.TOOL_RESULTS),
        ("/v1/responses",
         {"input": [{"type": "computer_call_output", "call_id": "c",
                     "output": {"type": "computer_screenshot", "image_url": "data:image/png;base64,AAAA"}}]}, Scope.TOOL_RESULTS),
        ("/v1/responses", {"input": [{"type": "image_generation_call", "id": "ig_1", "result": "AAAA", "status": "completed"}]},
         Scope.TOOL_ARGUMENTS),
        ("/v1/messages",
         {"max_tokens": 9, "messages": [{"role": "user", "content": [
             {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}]}]}, Scope.USER),
        ("/v1/messages",
         {"max_tokens": 9, "messages": [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": [
             {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}]}]}]}, Scope.TOOL_RESULTS),
    ],
)  # fmt: skip
async def test_every_dialect(path: str, body: dict, scope: Scope):
    """Wherever an API takes a picture, in messages and in what tools give back."""
    read = await pictures(Known(AAAA=Reading(EMAIL))).read(parsed(path, **body))
    (segment,) = [segment for segment in read.segments if segment.form is Form.PICTURE]
    assert (segment.text, segment.scope, read.uninspectable) == (EMAIL, scope, ())


async def test_other_parts_are_left_alone():
    """Addresses are not fetched; sound is no picture; without pictures the request is the same object."""
    known = Known()
    content = [
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
        {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
    ]
    request = parsed("/v1/chat/completions", messages=[{"role": "user", "content": content}])
    assert [part.kind for part in request.uninspectable] == [Kind.IMAGE, Kind.AUDIO]
    assert await pictures(known).read(request) is request
    assert known.asked == []


async def test_a_picture_without_a_scope_is_left_alone():
    """Where the dialect does not say whose it is (a file of a form), nothing is looked for at its place."""
    request = Request("images", "m", False, {"image": ["AAAA"]}, b"", (), (Uninspectable(Kind.IMAGE, ("image", 0)),))
    assert await pictures(Known()).read(request) is request


@asynccontextmanager
async def pool(workers: int = 1, queue: int = 8) -> AsyncIterator[Readers]:
    tasks = set()

    def spawn(work, name: str):
        task = asyncio.get_running_loop().create_task(work, name=name)
        tasks.add(task)
        return task

    readers = Readers(workers, queue, spawn)
    try:
        yield readers
    finally:
        pids = readers.pids()
        await readers.close()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert [pid for pid in pids if psutil.pid_exists(pid)] == []


@needs_ocr
@pytest.mark.slow
async def test_in_a_worker():
    """The real engine in a process of its own, which is started by the first picture: texts, reasons, and what is not in time."""
    async with pool() as readers:
        factory = ocr.reader(1_000_000)
        reader = Pictures(readers, factory, Limits(20, 1 << 20, 60), Memo(KEY, 1 << 20, item_bytes=4))
        await reader.read(chat())
        assert readers.pids() == []
        many = [f"AA{number:02}" for number in range(20)]
        read = dict(seen(await reader.read(chat(picture_of(f"write to {EMAIL}"), "AAAA", *many))))
        assert EMAIL in read[1]
        assert [read[number] for number in range(2, 23)] == ["not read: unreadable"] * 19 + ["not read: too_many"] * 2
        (pid,) = readers.pids()
        hasty = Pictures(readers, factory, Limits(20, 1 << 20, 0.01), Memo(KEY, 1 << 20, item_bytes=4))
        assert seen(await hasty.read(chat(picture_of("wait for me")))) == [(1, "not read: timeout")]
        assert "another" in dict(seen(await reader.read(chat(picture_of("another one")))))[1]
        assert readers.pids() == [pid]


@pytest.mark.slow
async def test_a_worker_without_the_engine():
    """What cannot be loaded reads nothing, and says so."""
    async with pool() as readers:
        reader = Pictures(readers, Factory("no.such.engine:build", {}), replace(LIMITS, deadline_s=30), Memo(KEY, 10_000))
        assert seen(await reader.read(chat("AAAA"))) == [(1, "not read: error")]
