"""OpenAI embeddings (``POST /v1/embeddings``): texts in, vectors out.

A rule that rewrites an input changes its vector, and so what it is near to: an index and the queries to it must go through one policy.
Where that is not wanted, a policy of its own names this surface (``applies_to: {surfaces: [embeddings]}``).
"""

import binascii

from gateway.wire.answer_texts import Found as AnswerFound
from gateway.wire.answer_texts import parted, read_keys, read_whole
from gateway.wire.input_request import read_request
from gateway.wire.media import readable
from gateway.wire.model import Call, Event, Json, Kind, Request, Uninspectable
from gateway.wire.openai.chat_answer import read_usage
from gateway.wire.surface import Surface, read_answer, reading_answer
from gateway.wire.walk import is_structural
from policies.vocabulary import Scope

_STRUCTURAL = frozenset({"object", "model", "id", "index", "created"})
_KNOWN = _STRUCTURAL | {"data", "usage", "embedding"}


class Embeddings(Surface):
    def __init__(self) -> None:
        super().__init__("embeddings")

    def parse_request(self, raw: bytes, call: Call) -> Request:
        return read_request(self.surface, raw, "input")

    def parse_completion(self, raw: bytes, content_type: str) -> Event:
        body = read_answer(raw)
        with reading_answer():
            deltas, uninspectable = parted(_answer(body))
        usage = read_usage(body) if isinstance(body, dict) else None
        return Event(raw, body, deltas, uninspectable=uninspectable, usage=usage)


def _answer(body: Json) -> AnswerFound:
    items = body.get("data") if isinstance(body, dict) else None
    if not isinstance(items, list):
        yield from read_whole(body, ("body",), (), Scope.OUTPUT)
        return
    yield from read_keys(body, (), _KNOWN)
    for key, value in body.items():
        if key != "data" and not (key in _STRUCTURAL and is_structural(value)):
            yield from read_whole(value, ("body", key), (key,), Scope.OUTPUT)
    has_vectors = False
    for index, item in enumerate(items):
        place = ("data", index)
        if not isinstance(item, dict):
            yield from read_whole(item, ("body", *place), place, Scope.OUTPUT)
            continue
        yield from read_keys(item, place, _KNOWN)
        for key, value in item.items():
            if key == "embedding" and _is_vector(value):
                has_vectors = True
            elif not (key in _STRUCTURAL and is_structural(value)):
                yield from read_whole(value, ("body", *place, key), (*place, key), Scope.OUTPUT)
    if has_vectors:  # said once, however many there are
        yield Uninspectable(Kind.VECTOR, ("data",))


def _is_vector(value: Json) -> bool:
    """Numbers, or the bytes of 32-bit numbers in base64, which are no text."""
    if isinstance(value, list):
        return set(map(type, value)) <= {int, float}
    if not isinstance(value, str):
        return False
    try:
        size = len(binascii.a2b_base64(value, strict_mode=True))
    except ValueError:
        return False
    read = readable(value)
    return size % 4 == 0 and (read is None or (read.leaf is None and is_structural(value.rstrip("="))))
