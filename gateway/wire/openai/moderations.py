"""OpenAI moderations (``POST /v1/moderations``): a text, texts, or the parts of one input; categories and scores back."""

from gateway.wire.model import Call, Json, Request
from gateway.wire.request_texts import Found, parted, read_field, read_key
from gateway.wire.resource_texts import read_inputs
from gateway.wire.surface import Surface, read_object
from policies.policy import Scope


class Moderations(Surface):
    def __init__(self) -> None:
        super().__init__("moderations")

    def parse_request(self, raw: bytes, call: Call) -> Request:
        body = read_object(raw)
        model = body.get("model")
        segments, uninspectable = parted(_request(body))
        return Request(self.surface, model if isinstance(model, str) else "", False, body, raw, segments, uninspectable)


def _request(body: dict[str, Json]) -> Found:
    for key, value in body.items():
        yield from read_key(key, (), "user", Scope.USER)
        if key == "input":
            yield from read_inputs(value, (key,))
        else:
            yield from read_field(key, value, (key,), "user", Scope.USER)
