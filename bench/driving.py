"""Puts bodies, answers, streams and uploads through the guards as the gateway does, in this process and without a network."""

import json
from collections.abc import Iterable, Sequence
from functools import lru_cache, partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from bench.surfaces import Case
from detectors.contract import TextDetector
from detectors.text.entities import PATTERN_ENTITIES
from detectors.text.pii import PiiPatterns
from gateway.guard.memo import Memo
from gateway.guard.plan import Plan, compile_plan
from gateway.guard.render import StreamRenderer, render_completion
from gateway.guard.request import Memos, RequestGuard
from gateway.guard.response import Refuse, ResponseGuard
from gateway.guard.tokens import Tokens
from gateway.guard.upload import UploadGuard
from gateway.guard.upload_steps import BlockedError, World
from gateway.wire.dialect import AnswerStream, Dialect
from gateway.wire.file_rows import read_row
from gateway.wire.model import Call, Channel, Event, Form, Origin, Request
from gateway.wire.routes import routes
from gateway.wire.upload import Upload
from policies.load import LoadedPolicy
from policies.policy import Policy
from policies.verdict import Action

KEY = b"k" * 32
ORIGIN = Origin("req_1", "m", 7)
_HEAD = (
    b'--b0\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'
    b'--b0\r\nContent-Disposition: form-data; name="file"; filename="x.jsonl"\r\nContent-Type: text/plain\r\n\r\n'
)
_TAIL = b"\r\n--b0--\r\n"


def patterns(cache_dir: Path, entities: Iterable[str] = PATTERN_ENTITIES) -> tuple[TextDetector, ...]:
    """The detectors that run where they stand, with what they compile kept in a folder."""
    return (PiiPatterns(frozenset(entities), (), str(cache_dir)),)


def plan_of(action: str, detectors: Sequence[TextDetector], **keys: Any) -> Plan:
    """One rule for everything that is said."""
    rule = {"id": "all", "detect": "pii", "action": action, **keys}
    policy = Policy.model_validate({"name": "measured", "rules": [rule]}, strict=False)
    return compile_plan(LoadedPolicy(policy, "0" * 64, Path("measured.yaml")), lambda _: detectors)


def memos() -> Memos:
    return Memos(Memo(KEY, 1 << 20), Memo(KEY, 1 << 20))


def dump(body: Any, *, is_ascii: bool = True) -> bytes:
    return json.dumps(body, ensure_ascii=is_ascii).encode("utf-8", "surrogatepass")


def read(case: Case, body: Any) -> Request:
    raw = body if isinstance(body, bytes) else dump(body)
    return read_row(raw, 1, _reader) if case.is_rows else case.dialect.parse_request(raw, Call())


def _reader(method: str, path: str) -> tuple[Dialect, Call]:
    match = _routes().find(method, path)
    return match.dialect, match.call(method, "application/json")


_routes = lru_cache(maxsize=1)(routes)


def ask(
    case: Case, body: Any, plan: Plan, tokens: Tokens | None = None, cuts: Sequence[int] = (), memory: Memos | None = None
) -> bytes | None:
    """What goes upstream, None if it is blocked. ``plan`` has no detectors that run in the pool; an upload is cut at ``cuts``."""
    memory = memory or memos()
    if case.is_rows:
        return upload(body, plan, tokens, cuts, memory)
    guard = RequestGuard(plan, read(case, body), memory, tokens or Tokens(KEY, "app"), "app")
    assert not guard.needs()
    for _ in guard.scan():
        pass
    return None if guard.verdict() is Action.BLOCK else guard.body()


def upload(body: Any, plan: Plan, tokens: Tokens | None, cuts: Sequence[int], memory: Memos) -> bytes | None:
    """The same for a row of a file that is sent."""
    issuing = tokens or Tokens(KEY, "app")
    world = World(plan, lambda _: plan, memory, issuing, partial(Tokens, KEY, "app"), "app", partial(read_row, reader=_reader))
    guard = UploadGuard(world, Upload("b0"))
    out: list[bytes] = []
    try:
        for piece in cut_bytes(_HEAD + (body if isinstance(body, bytes) else dump(body)) + b"\n" + _TAIL, cuts):
            out += map(_finished, guard.feed(piece))
        out += map(_finished, guard.close())
    except BlockedError:
        return None
    return next(line for line in b"".join(out).split(b"\n") if line.startswith(b"{")).rstrip(b"\r\n")


def _finished(step: Any) -> bytes:
    assert not step.needs()
    for _ in step.scan():
        pass
    return step.finish()


def answer(case: Case, body: Any, plan: Plan, tokens: Tokens | None = None) -> bytes | None:
    """What goes back of a whole answer, None if it is blocked."""
    guard = ResponseGuard(plan, tokens or Tokens(KEY, "app"), str.encode)
    guard.feed(case.dialect.parse_completion(body if isinstance(body, bytes) else dump(body), "application/json"))
    guard.close()
    release = guard.release()
    return None if isinstance(release, Refuse) else render_completion(release, guard)


def wire(case: Case, events: Iterable[Any], *, is_ascii: bool = True) -> list[bytes]:
    """Events as the endpoint sends them."""
    if case.is_rows:
        return [dump(event, is_ascii=is_ascii) + b"\n" for event in events]
    names = (b"event: %b\n" % event["type"].encode() if case.is_named else b"" for event in events)
    lines = [name + b"data: " + dump(event, is_ascii=is_ascii) + b"\n\n" for name, event in zip(names, events, strict=True)]
    return [*lines, b"data: [DONE]\n\n"] if case.has_done else lines


def stream(case: Case, chunks: Iterable[bytes], plan: Plan, tokens: Tokens | None = None) -> tuple[bytes, bool]:
    """What goes back of a stream, with its ending; whether a rule has stopped it."""
    guard = ResponseGuard(plan, tokens or Tokens(KEY, "app"), str.encode)
    opened = _opened(case)
    renderer = StreamRenderer(opened, guard)
    out: list[bytes] = []
    for event in _events(opened, chunks):
        guard.feed(event)
        if event.is_end:
            guard.close()
        release = guard.release()
        if isinstance(release, Refuse):
            return b"".join((*out, opened.render_stop(guard.open_choices()))), True
        out.append(renderer.render(release))
        if event.is_end:
            return b"".join(out), False
    assert case.is_rows, "the stream has no end"
    return b"".join(out), False


def _events(opened: AnswerStream, chunks: Iterable[bytes]) -> Iterable[Event]:
    for chunk in chunks:
        yield from opened.feed(chunk)
    yield from opened.flush()


def _opened(case: Case) -> AnswerStream:
    opened = case.dialect.open_stream("text/event-stream", ORIGIN)
    assert opened is not None
    return opened


def texts(case: Case, sent: bytes) -> dict[Channel, str]:
    """The texts of a stream by channel, echoes included; JSON arguments by what they mean."""
    found: dict[Channel, str] = {}
    forms: dict[Channel, Form] = {}
    for event in _events(_opened(case), [sent]):
        for delta in event.deltas:
            name = (*delta.channel, "whole", len(found)) if delta.closes else delta.channel
            found[name] = found.get(name, "") + delta.text
            forms[name] = delta.form
    return {name: json.dumps(json.loads(text)) if forms[name] is Form.JSON else text for name, text in found.items() if text}


def whole_texts(case: Case, sent: bytes) -> list[str]:
    """The texts of a whole answer."""
    event: Event = case.dialect.parse_completion(sent, "application/json")
    return [delta.text for delta in event.deltas]


def cut(text: str, places: Iterable[int]) -> list[str]:
    """The text in pieces, cut at those places."""
    marks = sorted({0, len(text), *(place % (len(text) + 1) for place in places)})
    return [text[a:b] for a, b in pairwise(marks)]


def cut_bytes(data: bytes, places: Iterable[int]) -> list[bytes]:
    marks = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[a:b] for a, b in pairwise(marks)]
