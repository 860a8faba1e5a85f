"""Requests of which one field holds the texts that something is to be made of: completions, embeddings, moderations."""

from gateway.wire.model import Json, Request
from gateway.wire.request_texts import Found, is_own_number, is_stream, model_of, parted, read_field, read_key
from gateway.wire.resource_texts import read_inputs
from gateway.wire.surface import read_object
from gateway.wire.walk import is_name
from policies.vocabulary import Scope


def read_request(surface: str, raw: bytes, inputs: str, *, needs_model: bool = True) -> Request:
    """``inputs``: the key of that field. Raises BadRequest (``invalid_body``) that names the place."""
    body = read_object(raw)
    model = model_of(body) if needs_model or body.get("model") is not None else ""
    segments, uninspectable = parted(_body(body, inputs))
    return Request(surface, model, is_stream(body), body, raw, segments, uninspectable)


def _body(body: dict[str, Json], inputs: str) -> Found:
    for key, value in body.items():
        yield from read_key(key, (), "user", Scope.USER)
        if key == inputs:
            yield from read_inputs(value, (key,))
        elif not (is_own_number(key, value) or (key == "encoding_format" and isinstance(value, str) and is_name(value))):
            yield from read_field(key, value, (key,), "user", Scope.USER)
