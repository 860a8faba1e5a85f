"""Streamed responses for tests: the events of a whole response, cut as one likes, and what the real SDK makes of them."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

import httpx2
from openai import OpenAI

from gateway.guard.render import StreamRenderer
from gateway.guard.response import Refuse, ResponseGuard
from gateway.guard.tokens import Tokens
from gateway.wire.model import Origin
from gateway.wire.openai.responses import ResponsesStream
from gateway.wire.sse import SseDecoder, encode_event
from policies.policy import Rule
from tests.support.guards import DIGITS, KEY, Names, plan, policy

ORIGIN = Origin("req_1", "gpt-5", 7)
Json = Any


def response(*output: Json, **fields: Json) -> Json:
    """A response with all that the API's has at least."""
    usage = {
        "input_tokens": 3, "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0}, "output_tokens": 4,
        "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 7,
    }  # fmt: skip
    return {
        "id": "resp_1", "object": "response", "created_at": 1, "status": "completed", "error": None, "incomplete_details": None,
        "instructions": None, "metadata": {}, "model": "gpt-5", "output": list(output), "parallel_tool_calls": True, "temperature": 1.0,
        "tool_choice": "auto", "tools": [], "top_p": 1.0, "usage": usage,
    } | fields  # fmt: skip


def text(said: str, **fields: Json) -> Json:
    return {"type": "output_text", "text": said, "annotations": [], "logprobs": []} | fields


def message(*parts: Json) -> Json:
    return {"id": "msg_1", "type": "message", "status": "completed", "role": "assistant", "content": list(parts)}


def call(arguments: str, number: int = 1) -> Json:
    return {
        "id": f"fc_{number}", "type": "function_call", "status": "completed", "call_id": f"call_{number}", "name": "f",
        "arguments": arguments,
    }  # fmt: skip


def reasoning(*summaries: str) -> Json:
    return {"id": "rs_1", "type": "reasoning", "summary": [{"type": "summary_text", "text": said} for said in summaries]}


_GROWING = {
    "function_call": ("function_call_arguments", "arguments"),
    "mcp_call": ("mcp_call_arguments", "arguments"),
    "custom_tool_call": ("custom_tool_call_input", "input"),
    "code_interpreter_call": ("code_interpreter_call_code", "code"),
}


def transcript(whole: Json, size: int = 1) -> list[Json]:
    """The events by which the API sends a response, each text in pieces of ``size`` characters."""
    return [{**event, "sequence_number": number} for number, event in enumerate(_events(whole, size))]


def _events(whole: Json, size: int) -> Iterator[Json]:
    begun = whole | {"status": "in_progress", "output": [], "usage": None}
    yield {"type": "response.created", "response": begun}
    yield {"type": "response.in_progress", "response": begun}
    for index, item in enumerate(whole["output"]):
        where = {"item_id": item["id"], "output_index": index}
        name, key = _GROWING.get(item["type"], ("", ""))
        empty = (
            {"content": []} if item["type"] == "message" else {"summary": []} if item["type"] == "reasoning" else {key: ""} if key else {}
        )
        begin = {"status": "in_progress"} if "status" in item else {}
        yield {"type": "response.output_item.added", "output_index": index, "item": item | empty | begin}
        if key:
            yield from _grow(name, key, item[key], where, size)
        for place, part in enumerate(item.get("content") or ()):
            yield from _part("response.content_part", part["type"], part, where | {"content_index": place}, size)
        for place, part in enumerate(item.get("summary") or ()):
            yield from _part("response.reasoning_summary_part", "reasoning_summary_text", part, where | {"summary_index": place}, size)
        yield {"type": "response.output_item.done", "output_index": index, "item": item}
    yield {"type": f"response.{whole['status']}", "response": whole}


def _part(kind: str, name: str, part: Json, where: Json, size: int) -> Iterator[Json]:
    key = "refusal" if name == "refusal" else "text"
    extra = {"logprobs": []} if name == "output_text" else {}
    yield {"type": f"{kind}.added", **where, "part": part | {key: ""} | extra}
    yield from _grow(name, key, part[key], where | extra, size)
    yield {"type": f"{kind}.done", **where, "part": part}


def _grow(name: str, key: str, said: str, where: Json, size: int) -> Iterator[Json]:
    for start in range(0, len(said), size):
        yield {"type": f"response.{name}.delta", **where, "delta": said[start : start + size]}
    yield {"type": f"response.{name}.done", **where, key: said}


def encoded(event: Json) -> bytes:
    return encode_event(json.dumps(event).encode(), f"event: {event['type']}\n".encode())


class Playbook:
    """One stream through the guard. ``refused`` once a rule has blocked; the ending is in ``out`` then."""

    def __init__(self, *rules: Rule, tokens: Tokens | None = None, detectors: Any = (DIGITS,), **keys: Any) -> None:
        self.guard = ResponseGuard(plan(policy(*rules, **keys), detectors), tokens or Tokens(KEY, "app"), str.encode)
        self.stream = ResponsesStream(ORIGIN)
        self.renderer = StreamRenderer(self.stream, self.guard)
        self.refused = False
        self.out = b""

    def __call__(self, *events: Json | bytes) -> list[Json]:
        """The events that go out for these."""
        return decoded(b"".join(map(self.feed, events)))

    def feed(self, event: Json | bytes) -> bytes:
        out = b""
        for each in self.stream.feed(event if isinstance(event, bytes) else encoded(event)):
            if self.refused:
                break
            self.guard.feed(each)
            if each.is_end:
                self.guard.close()
            for job, _ in self.guard.needs():
                self.guard.settle({job: tuple(Names.scan(unit) for unit in job.units)})
            release = self.guard.release()
            self.refused = isinstance(release, Refuse)
            out += self.stream.render_stop(self.guard.open_choices()) if isinstance(release, Refuse) else self.renderer.render(release)
        self.out += out
        return out


def decoded(out: bytes) -> list[Json]:
    """The events of a stream. Each one's name and data agree, and their numbers only ever grow."""
    found = []
    for sse in SseDecoder(1 << 24).feed(out):
        event = json.loads(sse.data or b"null")
        assert sse.fields == f"event: {event['type']}\n".encode()
        found.append(event)
    numbers = [event["sequence_number"] for event in found]
    assert numbers == sorted(set(numbers))
    return found


def as_the_sdk_reads(out: bytes, **options: Any) -> Iterable[Any]:
    """The events that ``client.responses.stream`` gives an app; its accumulator checks their order and their indexes."""
    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=out))
    client = OpenAI(api_key="k", base_url="http://test/v1", http_client=httpx2.Client(transport=transport))
    with client.responses.stream(model="gpt-5", input="hello", **options) as stream:
        return list(stream)
