"""One exchange through the handler, with a scripted upstream and a writer that keeps what it is given."""

import json
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from detectors.contract import Reading, TextDetector
from gateway.config.serving import App
from gateway.guard.memo import Memo
from gateway.guard.plan import tightened
from gateway.guard.request import Memos
from gateway.guard.scans import Answer, Job
from gateway.proxy.apps import Apps
from gateway.proxy.handler import Parts, handle
from gateway.proxy.http import Headers, Target, UpstreamAnswer
from gateway.proxy.measures import MeasuresInForce, seal_measures
from gateway.proxy.parts import Calls
from gateway.telemetry.record import Exchange, render
from gateway.wire.routes import Route, routes
from gateway.wire.sse import encode_event
from gateway.wire.surface import Surface
from policies.decide import NotChecked
from tests.policies.test_measures import measure
from tests.support.guards import DIGITS, KEY, Names, plan, policy, rule
from tests.support.pictures import Known, pictures

TEXT = "the number is 12345678, see"


def event(delta: Any, finish: str | None = None) -> bytes:
    return encode_event(json.dumps({"id": "c", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}).encode())


class World:
    """Serves one request; ``records`` are the exchanges that were recorded, with how much had been written by then."""

    def __init__(
        self, *rules: Any, chunks: Sequence[bytes] = (), content_type: str = "text/event-stream", journal_fails: bool = False,
        detectors: Sequence[TextDetector] = (DIGITS,), **keys: Any,
    ) -> None:  # fmt: skip
        self.answer_status = 200
        self.written = b""
        self.status = 0
        self.headers: dict[str, str] = {}
        self.has_started = self.is_finished = self.is_closed = False
        self.sent: list[bytes] = []
        self.told: list[dict[str, str]] = []
        self.records: list[tuple[dict[str, Any], bytes]] = []
        self.faults: list[Exception] = []
        self._chunks, self._type, self._fails = chunks, content_type, journal_fails
        compiled = plan(policy(*rules, **keys), detectors)
        self.parts = Parts(
            routes=routes(),
            apps=Apps(()),
            choose_plan=lambda subject, named, request_id: compiled,
            memos=Memos(Memo(KEY, 10_000), Memo(KEY, 10_000)),
            scans=self,
            vault=None,
            router=self,
            spawn=None,
            record=self._record,
            failed=lambda exchange, error: self.faults.append(error),
            key=KEY,
            wall=time.time,
            clock=time.perf_counter,
            new_id=lambda: "req_1",
            chance=lambda size: bytes(range(1, size + 1)),
        )  # type: ignore[arg-type]

    async def ask(self, body: Any, path: str = "/v1/chat/completions", **said: str) -> "World":
        """``said``: the request's headers, but for their dashes."""
        world = self

        class Request:
            method, query, headers = "POST", "", {name.replace("_", "-"): value for name, value in said.items()}

            def header_items(self) -> Headers:
                return tuple(self.headers.items())

            async def body(self) -> bytes:
                return body if isinstance(body, bytes) else json.dumps(body).encode()

        request = Request()
        request.path = path
        await handle(world.parts, request, world)
        return self

    def _record(self, exchange: Exchange) -> None:
        if self._fails:
            raise OSError
        self.records.append((render(exchange), self.written))

    async def run(self, jobs: Sequence[Job]) -> dict[Job, Answer]:
        """The pool's side: too much is asked of it."""
        return {job: NotChecked(job.detector.name, "overload") for job in jobs}

    # The router's side.
    async def send(self, *args: Any, **keys: Any) -> Any:
        if keys:
            return await self._answer(*args)
        self.status, headers, self.written = args
        self.headers = dict(headers)
        self.has_started = self.is_finished = True
        return None

    async def _answer(self, target: Target, client: Headers, body: bytes, calls: Calls) -> Any:
        self.sent.append(body)
        self.told.append(dict(calls.begin("mock")))

        class Upstream:
            name = "mock"

            class settings:  # noqa: N801
                max_response_mb = 1

        return Upstream, UpstreamAnswer(self.answer_status, (("Content-Type", self._type),), self._type, self._iterate(), self._close)

    async def _iterate(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            yield chunk

    def _close(self) -> None:
        self.is_closed = True

    # The writer's side; ``send`` above serves both.
    async def start(self, status: int, headers: Headers) -> None:
        self.status, self.headers, self.has_started = status, dict(headers), True

    async def write(self, data: bytes) -> None:
        self.written += data

    async def finish(self) -> None:
        self.is_finished = True


ASK = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "hi"}]}
DONE = b"data: [DONE]\n\n"


@pytest.mark.parametrize(
    ("chunks", "outcome"),
    [
        ([event({"content": "a"}), event({}, "stop"), DONE], "completed"),
        ([event({"content": "a"}) + event({}, "stop") + DONE], "completed"),
        ([event({"content": "a"}), event({}, "stop"), b"data: [DONE]"], "completed"),
        ([event({"content": "a"}), event({}, "stop"), b"data: [DONE]\n"], "completed"),
        ([event({"content": "a"}), event({}, "stop")], "completed"),
        ([event({"content": "a"}, "stop")[:-2]], "completed"),
        ([event({"content": "a"})], "upstream_reset"),
        ([event({"content": "a"})[:-20]], "upstream_reset"),
        ([], "upstream_reset"),
        ([b": nothing but comments\n\n"], "upstream_reset"),
    ],
)
async def test_how_a_stream_may_end(chunks: list[bytes], outcome: str) -> None:
    """A stream is whole when its choices have ended, marked or not; one that stops in between, or in an event, is an error."""
    world = await World(chunks=chunks).ask(ASK)
    ((record, _),) = world.records
    assert record["outcome"] == outcome
    assert world.is_finished
    assert world.is_closed
    assert world.faults == []


async def test_the_record_is_written_before_the_last_byte() -> None:
    """When the record is made, the end of the answer has not gone out."""
    world = await World(chunks=[event({"content": "a"}), event({}, "stop"), DONE]).ask(ASK)
    ((_, before),) = world.records
    assert world.written.endswith(DONE)
    assert not before.endswith(DONE)
    whole = {"choices": [{"index": 0, "message": {"content": "a"}, "finish_reason": "stop"}]}
    world = await World(chunks=[json.dumps(whole).encode()], content_type="application/json").ask(ASK)
    ((_, before),) = world.records
    assert before == b""


@pytest.mark.parametrize("stream", [True, False])
async def test_no_answer_without_a_record(stream: bool) -> None:
    """Where the record cannot be written, the client does not get a complete answer."""
    chunks = [event({"content": "a"}), event({}, "stop"), DONE]
    whole = [b'{"choices": [{"index": 0, "message": {"content": "a"}}]}']
    kind = "text/event-stream" if stream else "application/json"
    world = await World(chunks=chunks if stream else whole, content_type=kind, journal_fails=True).ask(ASK)
    assert b"journal_unavailable" in world.written
    assert DONE not in world.written
    assert world.is_finished


async def test_a_blocked_request_does_not_go_upstream() -> None:
    """The client hears which rule blocked and why, and not a character of what it matched."""
    world = await World(rule("numbers", "block")).ask(ASK | {"messages": [{"role": "user", "content": "is 12345678 ok"}]})
    assert world.sent == []
    assert world.status == 400
    error = json.loads(world.written)["error"]
    assert (error["code"], error["type"], error["oddgate"]["rules"]) == ("content_filter", "policy_violation", ["numbers"])
    assert b"1234" not in world.written
    assert "1234" not in json.dumps(world.records[0][0])


@pytest.mark.parametrize("stream", [True, False])
async def test_a_refusal_instead_of_an_error(stream: bool) -> None:
    """With ``respond: refusal`` a blocked request is answered as if the assistant had refused, in the form that was asked for."""
    body = ASK | {"stream": stream, "messages": [{"role": "user", "content": "is 12345678 ok"}]}
    world = await World(rule("numbers", "block"), respond={"style": "refusal", "message": "No."}).ask(body)
    assert world.status == 200
    assert b'"finish_reason":"content_filter"' in world.written
    assert b'"refusal":"No."' in world.written
    assert world.written.endswith(DONE) is stream
    assert world.headers["x-oddgate-decision"] == "block"


async def test_a_block_in_mid_stream_has_a_valid_ending() -> None:
    """What was released before stays, the open choice stops with content_filter, the end mark follows, and the upstream is closed."""
    chunks = [event({"content": "fine so far "}), event({"content": "12345678 "}), event({"content": "more"}), DONE]
    world = await World(rule("numbers", "block"), chunks=chunks).ask(ASK)
    assert b"fine so far" in world.written
    assert b"1234" not in world.written
    assert b"more" not in world.written
    assert world.written.count(b'"finish_reason":"content_filter"') == 1
    assert world.written.endswith(DONE)
    ((record, _),) = world.records
    assert (record["outcome"], record["decision"], record["released_chars"]) == ("content_filter", "block", len("fine so far "))
    assert world.is_closed


async def test_an_unknown_path_is_refused_and_recorded() -> None:
    """Nothing is forwarded, and the refusal has its record too."""
    world = await World().ask(ASK, path="/v1/nothing")
    assert world.status == 404
    assert json.loads(world.written)["error"]["code"] == "unsupported_path"
    assert [record["outcome"] for record, _ in world.records] == ["unsupported_path"]
    assert world.sent == []


def unguarded(**keys: Any) -> World:
    """A world in which nothing of ``/v1/old`` is read, and every policy would block all of it."""
    world = World(rule("digits", "block", scope=["user", "output"]), **keys)
    extra = Route("/v1/old", {"POST": Surface("old")}, is_unguarded=True)
    world.parts = replace(world.parts, routes=routes([extra]))
    return world


async def test_a_path_that_is_left_unread() -> None:
    """What the settings leave unread goes both ways as it comes, is recorded as unguarded, and no policy has a say."""
    said = b"\x00 the number is 12345678 "
    world = await unguarded(chunks=[said, said], content_type="application/x-any").ask(b"\xff number 12345678 \x00", "/v1/old")
    assert (world.sent, world.written, world.status, world.is_finished) == ([b"\xff number 12345678 \x00"], said * 2, 200, True)
    assert (world.headers["x-oddgate-decision"], world.headers["x-oddgate-policy"]) == ("allow", "none")
    ((record, written),) = world.records
    assert (record["unguarded"], record["surface"], record["outcome"], record["policy"]) == (True, "old", "completed", "")
    assert (record["coverage"], record["findings"], record["upstream"]) == ({"request": [], "response": []}, [], "mock")
    assert record["bytes"] == {"request": 19, "response": 2 * len(said)}
    assert written == said * 2  # before the stream's end, which is its last byte
    assert world.is_closed


async def test_an_empty_answer_that_is_left_unread() -> None:
    """It is an answer all the same."""
    world = await unguarded(chunks=[]).ask(b"", "/v1/old")
    assert (world.status, world.written, world.is_finished, len(world.records)) == (200, b"", True, 1)


async def test_no_unread_answer_ends_without_a_record() -> None:
    """A record that cannot be written is heard of in mid-stream too."""
    world = await unguarded(chunks=[b"a"], journal_fails=True).ask(b"", "/v1/old")
    assert b"journal_unavailable" in world.written
    assert world.records == []


@pytest.mark.parametrize(("status", "outcome", "passed"), [(302, "upstream_invalid_response", False), (500, "upstream_error", True)])
async def test_an_unread_answer_that_is_no_success(status: int, outcome: str, passed: bool) -> None:
    """An error is passed on; a redirect, which would lead past the gateway, is not."""
    world = unguarded(chunks=[b"said"])
    world.answer_status = status
    await world.ask(b"", "/v1/old")
    assert (world.records[0][0]["outcome"], b"said" in world.written) == (outcome, passed)


async def test_every_other_path_is_guarded() -> None:
    """A path that is left unread leaves no other."""
    world = await unguarded().ask({"model": "m", "messages": [{"role": "user", "content": "number 12345678 "}]})
    assert (world.sent, world.records[0][0]["unguarded"]) == ([], False)


@pytest.mark.parametrize("style", ["error", "refusal"])
@pytest.mark.parametrize(
    ("path", "body"),
    [("/v1/chat/completions", ASK), ("/v1/messages", {**ASK, "max_tokens": 5}), ("/v1/embeddings", {"model": "m", "input": "Hi Ann"})],
)
async def test_a_request_that_cannot_be_checked(path: str, body: dict[str, Any], style: str) -> None:
    """Does not go on, and whoever sent it hears, in the API's words, that it may be sent again: nothing was found in it."""
    said = body | {"messages": [{"role": "user", "content": "Hi Ann"}]} if "messages" in body else body
    world = World(rule("names", "block", on_unavailable="block"), detectors=[Names()], respond={"style": style})
    await world.ask(said, path)
    assert (world.status, world.sent, world.headers["Retry-After"], world.headers["x-oddgate-decision"]) == (503, [], "1", "block")
    error = json.loads(world.written)["error"]
    assert (error["code"], error["type"]) == ("guard_unavailable", "overloaded_error" if path == "/v1/messages" else "api_error")
    ((record, _),) = world.records
    assert (record["outcome"], record["decision"], record["status"]) == ("guard_unavailable", "block", 503)
    assert [finding["why"] for finding in record["findings"]] == ["overload"]


async def test_a_finding_beside_what_cannot_be_checked() -> None:
    """Is what the client hears of."""
    rules = rule("names", "block", on_unavailable="block"), rule("digits", "block", entities=["NUMBER"])
    world = World(*rules, detectors=[DIGITS, Names()])
    await world.ask({**ASK, "messages": [{"role": "user", "content": "Hi Ann 12345"}]})
    assert (world.status, json.loads(world.written)["error"]["code"]) == (400, "content_filter")


async def test_an_answer_that_cannot_be_checked() -> None:
    """The same of a whole answer, and of a stream of which nothing has gone out; what has begun ends as the API ends it."""
    whole = json.dumps({"choices": [{"index": 0, "message": {"content": "Hi Ann"}, "finish_reason": "stop"}]}).encode()
    keys = {"detectors": [Names()], "respond": {"style": "refusal"}}
    blocking = rule("names", "block", on_unavailable="block", scope=["output"], stream="sentence")
    world = await World(blocking, chunks=[whole], content_type="application/json", **keys).ask(ASK | {"stream": False})
    assert (world.status, json.loads(world.written)["error"]["code"]) == (503, "guard_unavailable")
    world = await World(blocking, chunks=[event({"content": "Hi Ann."}, "stop"), DONE], **keys).ask(ASK)
    assert (world.status, json.loads(world.written)["error"]["code"]) == (503, "guard_unavailable")
    stream = [event({"content": "all is fine here. "}), event({"content": "Hi Ann."}), event({}, "stop"), DONE]
    world = await World(blocking, chunks=stream, **keys).ask(ASK)
    assert (world.status, world.written.count(b"content_filter"), world.written.endswith(DONE)) == (200, 1, True)


def several(index: int, delta: Any, finish: str | None = None) -> bytes:
    return encode_event(json.dumps({"id": "c", "choices": [{"index": index, "delta": delta, "finish_reason": finish}]}).encode())


@pytest.mark.parametrize(
    ("before", "stopped"),
    [
        ([], [0, 1, 2]),
        ([several(1, {"content": "a "})], [0, 1, 2]),
        ([several(0, {"content": "a "}), several(0, {}, "stop")], [1, 2]),
        ([several(2, {"content": "a "}, "length"), several(1, {"content": "b "})], [0, 1]),
    ],
)
async def test_a_stop_ends_every_choice(before: list[bytes], stopped: list[int]) -> None:
    """Of several choices those that have begun and those that have not; none of those that have ended is ended again."""
    rules = rule("digits", "block", entities=["NUMBER"], scope=["output"])
    first, bad = several(0, {"role": "assistant"}), several(0 if 0 in stopped else 1, {"content": "1234567 or so"})
    world = await World(rules, chunks=[first, *before, bad, several(0, {"content": "never"})]).ask(ASK | {"n": 3})
    events = [json.loads(line[6:]) for line in world.written.splitlines() if line.startswith(b"data: {")]
    filtered = [choice["index"] for each in events for choice in each["choices"] if choice["finish_reason"] == "content_filter"]
    assert (filtered, world.written.endswith(DONE), b"never" in world.written) == (stopped, True, False)


@pytest.mark.parametrize("stream", [True, False])
async def test_a_refusal_speaks_for_every_choice(stream: bool) -> None:
    """A request for several answers that is blocked has as many refusals."""
    world = World(rule("digits", "block", entities=["NUMBER"]), respond={"style": "refusal"})
    await world.ask({**ASK, "stream": stream, "n": 2, "messages": [{"role": "user", "content": "is 12345678 it"}]})
    assert (world.status, world.written.count(b'"content_filter"'), world.written.count(b'"index":1')) == (200, 2, 2 if stream else 1)


PLAIN = "the number is 12345678 see"


@pytest.mark.parametrize("is_asked_for", [True, False])
@pytest.mark.parametrize("kind", ["application/json", "text/event-stream"])
async def test_the_type_of_an_answer_says_how_it_is_read(kind: str, is_asked_for: bool) -> None:
    """Whatever was asked for, what comes is guarded: JSON as a whole, events as a stream."""
    whole = json.dumps({"choices": [{"index": 0, "message": {"content": PLAIN}, "finish_reason": "stop"}]}).encode()
    chunks = [whole] if kind == "application/json" else [event({"content": PLAIN}), event({}, "stop"), DONE]
    world = World(rule("digits", "redact", entities=["NUMBER"], scope=["output"]), chunks=chunks, content_type=kind)
    await world.ask(ASK | {"stream": is_asked_for})
    assert (world.status, b"12345678" in world.written, b"NUMBER" in world.written) == (200, False, True)
    assert world.headers["Content-Type"] == kind
    assert world.records[0][0]["decision"] == "redact"


@pytest.mark.parametrize("is_asked_for", [True, False])
@pytest.mark.parametrize(("kind", "is_stream"), [("application/json", True), ("text/event-stream", False), ("", True), ("text/html", True)])
async def test_an_answer_that_is_not_of_its_type(kind: str, is_stream: bool, is_asked_for: bool) -> None:
    """Nothing of it goes out, and the client hears that something is wrong."""
    whole = json.dumps({"choices": [{"index": 0, "message": {"content": PLAIN}, "finish_reason": "stop"}]}).encode()
    chunks = [event({"content": PLAIN}), event({}, "stop"), DONE] if is_stream else [whole]
    world = await World(rule("digits", "redact", scope=["output"]), chunks=chunks, content_type=kind).ask(ASK | {"stream": is_asked_for})
    assert (b"12345678" in world.written, b"number" in world.written, b"upstream_" in world.written) == (False, False, True)
    assert world.records[0][0]["outcome"] == ("upstream_reset" if kind == "text/event-stream" else "upstream_invalid_response")


@pytest.mark.parametrize(
    ("reading", "status", "said"),
    [
        (Reading("fine"), 200, b"AAAA"),
        (Reading("call 12345678 now"), 400, b"stands in a picture"),
        (Reading("", "unreadable"), 400, b"cannot be inspected (unreadable)"),
    ],
)
async def test_a_picture_in_an_answer(reading: Reading, status: int, said: bytes):
    """Whole or in a stream it is judged before any of it goes out, and goes out as it came."""
    rules = [rule("numbers", "redact", scope=["output"])]
    completed = {"type": "image_generation.completed", "b64_json": "AAAA"}
    for chunk, content_type in (
        (json.dumps({"created": 1, "data": [{"b64_json": "AAAA"}]}).encode(), "application/json"),
        (f"event: {completed['type']}\ndata: {json.dumps(completed)}\n\n".encode(), "text/event-stream"),
    ):
        world = World(*rules, chunks=[chunk], content_type=content_type, on_uninspectable={"image": "block"})
        world.parts = replace(world.parts, pictures=pictures(Known(AAAA=reading)))
        await world.ask({"model": "m", "prompt": "a dog"}, "/v1/images/generations")
        assert (world.status, said in world.written, world.faults) == (status, True, [])
        assert (world.written == chunk) is (status == 200)


class Wary(World):
    """An upstream that refuses requests for log probabilities."""

    async def _answer(self, target: Target, client: Headers, body: bytes, calls: Calls) -> Any:
        self.answer_status = 400 if b'"logprobs":true' in body else 200
        return await super()._answer(target, client, body, calls)


async def test_an_upstream_without_log_probabilities() -> None:
    """A request that is refused for what the gateway asked for besides goes out once more as it came, and the answer is flagged."""
    whole = json.dumps({"choices": [{"index": 0, "message": {"role": "assistant", "content": "a"}, "finish_reason": "stop"}]}).encode()
    domain = {"output": {"uncertainty": {"max_entropy": 1.0}}}
    world = await Wary(chunks=[whole], content_type="application/json", domain=domain).ask({**ASK, "stream": False})
    assert (world.status, world.written) == (200, whole)
    assert [b"logprobs" in body for body in world.sent] == [True, False]
    (record, _) = world.records[0]
    assert [attempt["status"] for attempt in record["attempts"]] == [400, 200]
    assert [(finding["rule"], finding["why"]) for finding in record["findings"]] == [("domain.output.uncertainty", "unavailable")]


async def test_an_error_is_no_answer() -> None:
    """What an upstream says of a failure is not held to the bounds of answers."""
    world = World(chunks=[b'{"error": {"message": "too much", "code": null}}'], content_type="application/json", domain=SHORT)
    world.answer_status = 429
    await world.ask({**ASK, "stream": False})
    assert (world.status, world.records[0][0]["decision"]) == (429, "allow")


SHORT = {"output": {"max_chars": 3}, "tools": {"arguments": {"pay": {"required": ["amount"]}}}}


async def test_a_stream_ends_where_it_is_out_of_bounds() -> None:
    """What came before goes out, and the dialect's own ending after it."""
    chunks = [event({"content": "abc"}), event({"content": "d"}), event({}, "stop"), DONE]
    world = await World(chunks=chunks, domain=SHORT).ask(ASK)
    assert world.written.startswith(chunks[0])
    assert b"content_filter" in world.written
    assert world.written.endswith(DONE)
    assert world.records[0][0]["rules"] == ["domain.output.max_chars"]


@pytest.mark.parametrize("ends", [DONE, b""])
async def test_a_stream_is_held_whole(ends: bytes) -> None:
    """Where the policy wants that, nothing of an answer goes out before all of it is judged."""
    domain = {"output": {"json_schema": {"type": "object"}, "stream": "whole"}}
    good = [event({"content": "{"}), event({"content": "}"}), event({}, "stop"), ends]
    assert (await World(chunks=good, domain=domain).ask(ASK)).written == b"".join(good)
    bad = [event({"content": "{"}), event({}, "stop"), ends]
    world = await World(chunks=bad, domain=domain).ask(ASK)
    assert world.status == 400
    assert b'"content":"{"' not in world.written


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/openai/deployments/123456789012/chat/completions", ASK),
        ("/v1/messages/batches/123456789012/cancel", b""),
        ("/v1/uploads/123456789012/parts", b""),
    ],
)
async def test_a_path_that_says_something(path: str, body: Any) -> None:
    """Whatever the dialect, a variable part of the path that is more than an id is judged, and nothing is sent."""
    world = await World(rule("numbers", "block")).ask(body, path, content_type="multipart/form-data; boundary=b")
    assert world.status == 400
    assert world.sent == []
    assert world.faults == []
    ((record, _),) = world.records
    assert (record["outcome"], record["findings_total"]) == ("content_filter", 1)


TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
OURS = bytes(range(1, 9)).hex()


async def test_the_trace_goes_on() -> None:
    """The upstream hears of the client's trace by a span of its call's own, and the record says whose all spans are, and their state."""
    headers = [("traceparent", f"00-{TRACE}-{PARENT}-01"), ("tracestate", "a=1"), ("baggage", "tenant=shop")]
    world = await World(chunks=[event({"content": "abc"}), event({}, "stop"), DONE]).ask(ASK, **dict(headers))
    assert world.told == [{"traceparent": f"00-{TRACE}-{OURS}-01", "tracestate": "a=1", "baggage": "tenant=shop"}]
    (record, _) = world.records[0]
    assert record["trace"] == {"id": TRACE, "span": OURS, "parent": PARENT, "flags": 1, "state": "a=1"}
    assert (record["method"], record["route"]) == ("POST", "/v1/chat/completions")
    (attempt,) = record["attempts"]
    assert (attempt["span"], attempt["upstream"], attempt["status"], attempt["error"]) == (OURS, "mock", 200, None)
    assert 0 < attempt["at"] <= attempt["at"] + attempt["ms"] <= record["timings_ms"]["total"]
    assert 0 <= attempt["first"] <= attempt["ms"]
    assert [(stage["stage"], stage["action"]) for stage in record["stages"]] == [("input", "allow"), ("stream", "allow")]
    first, second = record["stages"]
    assert first["at"] + first["ms"] <= attempt["at"] <= second["at"]
    assert second["busy"] <= second["ms"]


async def test_a_trace_of_our_own() -> None:
    """Without a client's, or with one that is none, each exchange begins a trace."""
    world = World(chunks=[event({}, "stop"), DONE])
    await world.ask(ASK, traceparent="00-no")
    ids = bytes(range(1, 25)).hex()
    assert world.records[0][0]["trace"] == {"id": ids[:32], "span": ids[32:], "parent": "", "flags": 1}
    assert world.told == [{"traceparent": f"00-{ids[:32]}-{OURS}-01"}]


async def test_an_attempt_that_fails_late() -> None:
    """An answer that breaks off is an attempt with its status and its error."""
    world = await World(chunks=[event({"content": "abc"}) * 40_000], domain=SHORT).ask(ASK)
    (record, _) = world.records[0]
    (attempt,) = record["attempts"]
    assert (record["outcome"], attempt["status"], attempt["error"]) == ("upstream_too_large", 200, "upstream_too_large")


def under(world: World, *words: dict) -> World:
    """The world, where these measures are in force."""
    made = [measure(each, f"m{number}", since=0.0, expires=200.0) for number, each in enumerate(words)]
    measures = MeasuresInForce(lambda: seal_measures(made, 0.0, KEY), KEY, lambda _: 200.0, lambda: 100.0, lambda: 0.0)
    measures.refresh()
    world.parts = replace(world.parts, measures=measures, apps=Apps([App(name="shop", key="sk-shop")]))
    return world


@pytest.mark.parametrize(
    ("words", "served", "status", "code"),
    [
        ({"quarantine": {"app": "shop"}}, 0, 403, "quarantined"),
        ({"quarantine": {"app": "bank"}}, 1, 200, "completed"),
        ({"rate_limit": {"app": "shop", "per_minute": 1}}, 1, 429, "rate_limited"),
    ],
)
async def test_measures_that_refuse(words: dict, served: int, status: int, code: str) -> None:
    """What a measure refuses is not sent, is answered in the dialect's shape, and its record says by which measure."""
    world = under(World(chunks=[event({"content": "a"}), event({}, "stop"), DONE]), words)
    for _ in range(1 + (code == "rate_limited")):
        world.written, world.has_started = b"", False
        await world.ask(ASK, authorization="Bearer sk-shop")
    assert (len(world.sent), world.status) == (served, status)
    record = world.records[-1][0]
    assert (record["outcome"], record["app"]) == (code, "shop")
    assert record.get("measures", []) == ([] if status == 200 else ["m0:inc-1"])
    if status != 200:
        assert json.loads(world.written)["error"]["code"] == code
    assert ("Retry-After" in world.headers) == (status == 429)


async def test_another_model() -> None:
    """A request for a model that a measure replaces is all of the other model's: its record, its policy, and what is sent."""
    world = under(World(chunks=[event({"content": "a"}), event({}, "stop"), DONE]), {"switch_model": {"from": "m", "to": "m-small"}})
    asked: list[str] = []
    choose = world.parts.choose_plan
    world.parts = replace(world.parts, choose_plan=lambda subject, *said: asked.append(subject.model) or choose(subject, *said))
    await world.ask(ASK, authorization="Bearer sk-shop")
    await world.ask({**ASK, "model": "other"}, authorization="Bearer sk-shop")
    assert [json.loads(sent) for sent in world.sent] == [{**ASK, "model": "m-small"}, {**ASK, "model": "other"}]
    assert asked == ["m-small", "other"]
    assert [(record["model"], record.get("measures")) for record, _ in world.records] == [("m-small", ["m0:inc-1"]), ("other", None)]


async def test_a_stricter_plan_is_told() -> None:
    """An exchange that is decided more strictly by a measure says so, and keeps the version of its policy."""
    world = World(rule("digits", "flag"), chunks=[event({"content": "a"}), event({}, "stop"), DONE])
    own = world.parts.choose_plan(None, None, "")
    stricter = tightened(own, [measure({"tighten": {"rule": "digits", "action": "block"}})])
    body = {**ASK, "messages": [{"role": "user", "content": "pay 12345678 now"}]}
    for plan_ in (own, stricter, own):  # what is remembered of one is not taken for the other's
        world.parts = replace(world.parts, choose_plan=lambda *_, plan_=plan_: plan_)
        await world.ask(body)
    assert [(record["decision"], record.get("measures")) for record, _ in world.records] == [
        ("flag", None),
        ("block", ["m:inc-1"]),
        ("flag", None),
    ]
    assert len({record["policy"] for record, _ in world.records}) == 1
