"""Pictures of requests and answers: what was read is a text at their place, what was not says why, and each is read once."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import psutil
import pytest

from detectors import ocr
from detectors.contract import Factory, Reading
from gateway.guard.memo import Memo
from gateway.proxy.offload import Readers, Undone
from gateway.proxy.pictures import Limits, Pictures
from gateway.wire.model import Delta, Event, Form, Kind, Origin, Place, Request, Segment, Uninspectable
from gateway.wire.routes import routes
from policies.vocabulary import Scope
from tests.support.drawing import needs_ocr, picture_of
from tests.support.guards import DIGITS, KEY, plan, policy, rule
from tests.support.pictures import LIMITS, Known, pictures
from tests.support.sessions import SessionTalk

EMAIL = "anna.lindqvist@example.com"


def answered(path: str, body: object) -> Event:
    return routes().find("POST", path).dialect.parse_completion(json.dumps(body).encode(), "application/json")


def streamed(path: str, *events: dict[str, object]) -> list[Event]:
    stream = routes().find("POST", path).dialect.open_stream("text/event-stream", Origin("req_1", "m", 0))
    raw = b"".join(f"event: {each['type']}\ndata: {json.dumps(each)}\n\n".encode() for each in events)
    return list(stream.feed(raw))


def told(event: Event) -> list[tuple[str, Place, bool]]:
    """What was read of an answer's pictures, where, and whether it was told before."""
    return [(delta.text, delta.place, delta.echoes) for delta in event.deltas if delta.form is Form.PICTURE]


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
    read = await pictures(Known(AAAA=Reading(EMAIL))).reader().read(request)
    added = Segment(EMAIL, "picture", Scope.USER, ("messages", 0, "content", 1), Form.PICTURE)
    assert read == replace(request, segments=(*request.segments, added), uninspectable=())


async def test_an_empty_picture_was_read():
    """Nothing in it is not the same as nobody having looked."""
    known = Known(AAAA=Reading(""))
    reads = pictures(known)
    assert [seen(await reads.reader().read(chat("AAAA"))) for _ in range(2)] == [[(1, "")]] * 2
    assert known.asked == ["AAAA"]


@pytest.mark.parametrize(
    "result", [Reading("", "unreadable"), Undone("timeout"), Undone("overload"), Undone("error"), Undone("unavailable")]
)
async def test_what_was_not_read(result: Reading | Undone):
    """It stays what it was, with the reason; what is the picture's own is remembered, what is the pool's is tried again."""
    known = Known(AAAA=result, BBBB=Reading("b"))
    reads, why = pictures(known), result.why if isinstance(result, Reading) else result.reason
    for _ in range(2):
        assert seen(await reads.reader().read(chat("AAAA", "BBBB"))) == [(2, "b"), (1, f"not read: {why}")]
    assert known.asked == (["AAAA", "BBBB"] if isinstance(result, Reading) else ["AAAA", "BBBB", "AAAA"])


async def test_a_history_is_read_once():
    """Each turn costs its newest picture, and the same picture twice costs one reading; the bound is on new ones."""
    known = Known(**{name: Reading(name.lower()) for name in ("AAAA", "BBBB", "CCCC", "DDDD", "EEEE")})
    reads = pictures(known)
    assert seen(await reads.reader().read(chat("AAAA", "AAAA", "BBBB"))) == [(1, "aaaa"), (2, "aaaa"), (3, "bbbb")]
    assert seen(await reads.reader().read(chat("AAAA", "BBBB", "CCCC", "DDDD", "EEEE")))[-1] == (5, "eeee")
    assert known.asked == ["AAAA", "BBBB", "CCCC", "DDDD", "EEEE"]


async def test_many_and_large():
    """Beyond the bounds nothing is asked for."""
    known = Known(**{name: Reading(name) for name in ("AAAA", "BBBB", "CCCC")})
    large = "A" * 1340
    read = seen(await pictures(known).reader().read(chat("AAAA", "BBBB", "CCCC", "DDDD", large)))
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
    read = await pictures(Known(AAAA=Reading(EMAIL))).reader().read(parsed(path, **body))
    (segment,) = [segment for segment in read.segments if segment.form is Form.PICTURE]
    assert (segment.text, segment.scope, read.uninspectable) == (EMAIL, scope, ())


async def test_a_form():
    """A file of a form, and a picture that a field has as a data URL; the form's other files are none."""
    fields = [
        ('name="image[]"; filename="a.png"', "\x89PNG"),
        ('name="image[]"', "data:image/png;base64,AAAA"),
        ('name="image[]"', "https://example.com/a.png"),
        ('name="other"; filename="b.bin"', "\x89\0"),
    ]
    raw = "".join(f"--b\r\nContent-Disposition: form-data; {name}\r\n\r\n{value}\r\n" for name, value in fields) + "--b--\r\n"
    match = routes().find("POST", "/v1/images/edits")
    request = match.dialect.parse_request(raw.encode("latin-1"), match.call("POST", "multipart/form-data; boundary=b"))
    known = Known(**{"iVBORw==": Reading(EMAIL), "AAAA": Reading("", "unreadable")})
    read = await pictures(known).reader().read(request)
    found = [segment for segment in read.segments if segment.form is Form.PICTURE]
    assert [(segment.text, segment.scope, segment.place) for segment in found] == [(EMAIL, Scope.USER, ("image[]", 0))]
    assert [(part.place, part.why) for part in read.uninspectable] == [(("image[]", 1), "unreadable"), (("other", 0), "")]


async def test_other_parts_are_left_alone():
    """Addresses are not fetched; sound is no picture; without pictures the request is the same object."""
    known = Known()
    content = [
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
        {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
    ]
    request = parsed("/v1/chat/completions", messages=[{"role": "user", "content": content}])
    assert [part.kind for part in request.uninspectable] == [Kind.IMAGE, Kind.AUDIO]
    assert await pictures(known).reader().read(request) is request
    assert known.asked == []


async def test_an_exchange_of_many_parts_waits_only_so_long():
    """However many rows or events it has, each with pictures: then the rest is not in time, and what is remembered is read all the same."""
    names = [f"{number:04}" for number in range(70)]
    known = Known(takes_s=0.9, **{name: Reading(name) for name in names})
    reader = pictures(known).reader()
    read = [seen(await reader.read(chat(name))) for name in (*names, names[55])]
    assert read[:56] == [[(1, name)] for name in names[:56]]
    assert read[56:70] == [[(1, "not read: timeout")]] * 14
    assert read[70] == [(1, names[55])]
    assert known.asked == names[:56]


LOOKING = plan(policy(rule("numbers", "flag", scope=["output"])), (DIGITS,))


@pytest.mark.parametrize(
    ("path", "body", "place"),
    [
        ("/v1/images/generations", {"created": 1, "data": [{"b64_json": "AAAA", "revised_prompt": "a dog"}]}, ("data", 0)),
        ("/v1/images/edits", {"created": 1, "data": [{"b64_json": "AAAA"}], "output_format": "png"}, ("data", 0)),
        ("/v1/responses",
         {"object": "response", "output": [{"type": "image_generation_call", "id": "ig_1", "result": "AAAA"}]}, ("output", 0, "result")),
    ],
)  # fmt: skip
async def test_an_answer(path: str, body: dict, place: Place):
    """What a model has drawn is judged as what it has put out."""
    event = answered(path, body)
    before = event.deltas
    await pictures(Known(AAAA=Reading(EMAIL))).reader().read_answer(event, LOOKING)
    added = Delta(("picture", *place), Scope.OUTPUT, EMAIL, place, Form.PICTURE, closes=True)
    assert (event.deltas, event.uninspectable) == ((*before, added), ())


async def test_an_answer_that_no_rule_looks_at():
    """It is not read in vain, and stays the policy's to decide."""
    known, event = Known(), answered("/v1/images/generations", {"created": 1, "data": [{"b64_json": "AAAA"}]})
    await pictures(known).reader().read_answer(event, plan(policy(rule("numbers", "flag", scope=["user"])), (DIGITS,)))
    assert (event.uninspectable, known.asked) == ((Uninspectable(Kind.IMAGE, ("data", 0)),), [])


async def test_an_answer_that_cannot_be_read():
    """An address is not fetched; what fails says why; what an event does not have is not looked for."""
    data = [{"url": "https://example.com/a.png"}, {"b64_json": "AAAA"}, {"b64_json": "BBBB"}]
    event = answered("/v1/images/generations", {"created": 1, "data": data})
    await pictures(Known(AAAA=Reading("", "unreadable"), BBBB=Undone("timeout"))).reader().read_answer(event, LOOKING)
    assert [part.why for part in event.uninspectable] == ["", "unreadable", "timeout"]
    (partial,) = streamed("/v1/responses", {"type": "response.image_generation_call.partial_image", "item_id": "ig_1"})
    await pictures(Known()).reader().read_answer(partial, LOOKING)
    assert (told(partial), [part.kind for part in partial.uninspectable]) == ([], [Kind.IMAGE])


async def test_a_picture_that_is_told_again():
    """A stream says its last picture more than once: it is read once, and what is found in it is no news the second time."""
    item = {"type": "image_generation_call", "id": "ig_1", "result": "BBBB"}
    partial = {"type": "response.image_generation_call.partial_image", "item_id": "ig_1", "partial_image_b64": "AAAA"}
    done = {"type": "response.output_item.done", "output_index": 0, "item": item}
    events = streamed("/v1/responses", partial, done, {"type": "response.completed", "response": {"object": "response", "output": [item]}})
    known = Known(AAAA=Reading("a"), BBBB=Reading("b"))
    reader = pictures(known).reader()
    for event in events:
        await reader.read_answer(event, LOOKING)
    assert [told(event) for event in events] == [
        [("a", ("partial_image_b64",), False)],
        [("b", ("item", "result"), False)],
        [("b", ("response", "output", 0, "result"), True)],
    ]
    assert known.asked == ["AAAA", "BBBB"]


def item(data: str, **keys: object) -> dict[str, object]:
    parts = [{"type": "input_image", "image_url": f"data:image/png;base64,{data}"}]
    return {"type": "conversation.item.create", "item": {"type": "message", "role": "user", "content": parts}, **keys}


async def test_a_realtime_session():
    """Pictures of its items are read like those of requests; what the endpoint says again of them costs no other reading."""
    known = Known(AAAA=Reading("12345678"), BBBB=Reading("fine"), CCCC=Reading("", "unreadable"))
    talk = SessionTalk(rule("numbers", "redact", scope=["user", "output"]), pictures=pictures(known), on_uninspectable={"image": "block"})
    upstream, (error,) = await talk.ask(item("AAAA", event_id="mine"))
    assert (upstream, error["error"]["event_id"]) == ([], "mine")
    assert "stands in a picture" in json.dumps(error)
    assert (await talk.ask(item("BBBB")))[0] == [item("BBBB")]
    (_, ([error])) = await talk.ask(item("CCCC"))
    assert "cannot be inspected (unreadable)" in json.dumps(error)
    again = {"type": "conversation.item.added", "item": item("BBBB")["item"]}
    assert (await talk.tell(again))[1] == [again]
    assert known.asked == ["AAAA", "BBBB", "CCCC"]


async def test_a_picture_without_a_scope_is_left_alone():
    """Where the dialect does not say whose it is (a file of a form), nothing is looked for at its place."""
    request = Request("images", "m", False, {"image": ["AAAA"]}, b"", (), (Uninspectable(Kind.IMAGE, ("image", 0)),))
    assert await pictures(Known()).reader().read(request) is request


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
    async with pool(queue=64) as readers:
        factory = ocr.reader(1_000_000)
        reads = Pictures(readers, factory, Limits(20, 1 << 20, 60), Memo(KEY, 1 << 20, item_bytes=4), time.monotonic)
        await reads.reader().read(chat())
        assert readers.pids() == []
        many = [f"AA{number:02}" for number in range(20)]
        read = dict(seen(await reads.reader().read(chat(picture_of(f"write to {EMAIL}"), "AAAA", *many))))
        assert EMAIL in read[1]
        assert [read[number] for number in range(2, 23)] == ["not read: unreadable"] * 19 + ["not read: too_many"] * 2
        (pid,) = readers.pids()
        hasty = Pictures(readers, factory, Limits(20, 1 << 20, 0.01), Memo(KEY, 1 << 20, item_bytes=4), time.monotonic)
        assert seen(await hasty.reader().read(chat(picture_of("wait for me")))) == [(1, "not read: timeout")]
        assert "another" in dict(seen(await reads.reader().read(chat(picture_of("another one")))))[1]
        assert readers.pids() == [pid]


@pytest.mark.slow
async def test_a_worker_without_the_engine():
    """What cannot be loaded reads nothing, and says so."""
    async with pool() as readers:
        reads = Pictures(readers, Factory("no.such.engine:build", {}), replace(LIMITS, deadline_s=30), Memo(KEY, 10_000), time.monotonic)
        assert seen(await reads.reader().read(chat("AAAA"))) == [(1, "not read: error")]
