"""Anthropic's message batches (``/v1/messages/batches…``): many requests in one body, and their results as JSON lines.

The API names the results of a batch by a URL of its own, and its SDKs go there; the gateway gives the path below itself instead.
"""

from gateway.errors import GatewayError
from gateway.wire import surface as whole
from gateway.wire.answer_texts import Found as FoundInAnswer
from gateway.wire.answer_texts import parted, read_keys, read_whole
from gateway.wire.anthropic import errors as anthropic_errors
from gateway.wire.anthropic.messages_answer import read_envelope, read_message
from gateway.wire.anthropic.messages_request import read_params, read_refers
from gateway.wire.anthropic.surface import AnthropicSurface, read_object
from gateway.wire.codec import encode
from gateway.wire.dialect import AnswerStream
from gateway.wire.model import Call, Delta, Event, Form, Json, Origin, Request, Segment
from gateway.wire.request_texts import Found, model_of, read_field, read_key, refuse
from gateway.wire.request_texts import parted as parted_request
from gateway.wire.rows import RowsAnswer
from gateway.wire.walk import is_structural, names
from policies.vocabulary import Scope

_KNOWN = frozenset({"custom_id", "result", "type", "message", "error"})
_WITHHELD = "The content policy stopped this result; those after it were withheld."


class MessageBatch(AnthropicSurface):
    """A batch that the endpoint has, or a list of them."""

    def __init__(self) -> None:
        super().__init__("message_batches")

    def parse_request(self, raw: bytes, call: Call) -> Request:
        if not raw:
            return Request(self.surface, "", stream=False, body=None, raw=raw, segments=(), uninspectable=())
        return super().parse_request(raw, call)

    def parse_completion(self, raw: bytes, content_type: str) -> Event:
        body = read_object(raw)
        listed = body.get("data")
        batches = [body, *(listed if isinstance(listed, list) else ())]
        named = [batch for batch in batches if isinstance(batch, dict) and isinstance(batch.get("results_url"), str)]
        for batch in named:
            batch["results_url"] = _results_path(batch.get("id"))
        return super().parse_completion(encode(body) if named else raw, content_type)


class NewMessageBatch(MessageBatch):
    """The placeholders of its requests come back in its results."""

    def parse_request(self, raw: bytes, call: Call) -> Request:
        if call.method != "POST":
            return super().parse_request(raw, call)
        body = whole.read_object(raw)
        requests = body.get("requests")
        if not isinstance(requests, list):
            refuse(("requests",), "must be an array")
        segments, uninspectable = parted_request(_body(body, requests))
        refers = dict.fromkeys(name for each in requests for name in read_refers(each["params"]))
        return Request(self.surface, _model(requests), False, body, raw, segments, uninspectable, tuple(refers))

    def parse_completion(self, raw: bytes, content_type: str) -> Event:
        event = super().parse_completion(raw, content_type)
        event.names = names((event.body.get("id"),))
        return event


class MessageBatchResults(MessageBatch):
    def parse_request(self, raw: bytes, call: Call) -> Request:
        request = super().parse_request(raw, call)
        return Request(self.surface, "", False, request.body, raw, request.segments, request.uninspectable, (call.names["batch_id"],))

    def open_stream(self, content_type: str, origin: Origin) -> AnswerStream | None:
        return RowsAnswer(read_result, _withheld)

    @staticmethod
    def render_error_event(error: GatewayError, request_id: str, policy: str) -> bytes:
        """As the result of a request that has no name."""
        failed = {"type": "errored", "error": anthropic_errors.error_body(error, request_id, policy)}
        return encode({"custom_id": "", "result": failed}) + b"\n"


def read_result(raw: bytes, row: dict[str, Json]) -> Event:
    deltas, uninspectable = parted(_row(row))
    return Event(raw, row, deltas, uninspectable=uninspectable)


def _body(body: dict[str, Json], requests: list[Json]) -> Found:
    for index, each in enumerate(requests):
        place = ("requests", index)
        if not isinstance(each, dict):
            refuse(place, "must be an object")
        if not isinstance(each.get("params"), dict):
            refuse((*place, "params"), "must be an object")
        for key, value in each.items():
            if key == "params":
                yield from read_params(value, (*place, key))
            elif key == "custom_id" and isinstance(value, str) and value:
                yield Segment(value, "user", Scope.USER, (*place, key), Form.IDENTIFIER)
            else:
                yield from read_field(key, value, (*place, key), "user", Scope.USER)
            yield from read_key(key, place, "user", Scope.USER)
    for key, value in body.items():
        if key != "requests":
            yield from read_field(key, value, (key,), "user", Scope.USER)
        yield from read_key(key, (), "user", Scope.USER)


def _model(requests: list[Json]) -> str:
    """The one model of them all. Raises BadRequest where there are several, as policy and upstream are chosen by it."""
    models = [model_of(each["params"]) for each in requests]
    for index, model in enumerate(models):
        if model != models[0]:
            refuse(("requests", index, "params", "model"), "must be the model of the batch's first request: one policy is chosen for all")
    return models[0] if models else ""


def _row(row: dict[str, Json]) -> FoundInAnswer:
    yield from read_keys(row, (), _KNOWN)
    for key, value in row.items():
        if key == "result" and isinstance(value, dict):
            yield from read_keys(value, (key,), _KNOWN)
            for name, item in value.items():
                here = (key, name)
                if name == "message" and isinstance(item, dict):
                    yield from read_message(item, here)
                else:
                    yield from read_envelope(item, here, here)
        elif key == "custom_id" and isinstance(value, str):
            if value:
                yield Delta((key,), Scope.OUTPUT, value, (key,))
        else:
            yield from read_whole(value, (key,), (key,), Scope.OUTPUT)


def _withheld(row: dict[str, Json]) -> Json:
    name = row.get("custom_id")
    error = {"type": "policy_violation", "message": _WITHHELD, "code": "content_filter"}
    failed = {"type": "errored", "error": {"type": "error", "error": error, "request_id": None}}
    return {"custom_id": name if isinstance(name, str) and is_structural(name) else "", "result": failed}


def _results_path(name: Json) -> str | None:
    """Below the client's own base URL."""
    return f"/v1/messages/batches/{name}/results" if isinstance(name, str) and is_structural(name) else None
