"""One row of an uploaded file of JSON lines, read as what it is: a request of a batch, an example for training, or any other JSON.

By the row's own shape, for the form may say what the file is for only behind it. Whatever the shape, every string is read.
"""

from collections.abc import Callable
from dataclasses import replace

from gateway.errors import BadRequest, GatewayError
from gateway.wire.codec import decode, encode
from gateway.wire.dialect import Dialect
from gateway.wire.model import Call, Form, Json, Place, Request, Segment
from gateway.wire.openai.chat_request import read_request
from gateway.wire.request_texts import Found, parted, read_field, read_key, refuse
from gateway.wire.resource_texts import read_resource
from gateway.wire.surface import read_path
from policies.vocabulary import Scope

SURFACE = "files"

Reader = Callable[[str, str], tuple[Dialect, Call]]
"""Who reads what is posted to a path, given its method. Raises NotSupported or MethodNotAllowed."""

_BATCH = frozenset({"custom_id", "url", "body"})
_EXAMPLE = {
    "tools": Scope.TOOL_DEFINITIONS, "functions": Scope.TOOL_DEFINITIONS, "response_format": Scope.TOOL_DEFINITIONS,
    "completion": Scope.ASSISTANT, "preferred_output": Scope.ASSISTANT, "non_preferred_output": Scope.ASSISTANT,
}  # fmt: skip
"""What stands below the keys of an example for training that is no plain chat."""


def read_row(line: bytes, number: int, reader: Reader) -> Request:
    """``line`` without its end. Raises BadRequest, which names the line."""
    try:
        row = decode(line)
        if not isinstance(row, dict):
            refuse((), "must be a JSON object")
        if row.keys() >= _BATCH:
            return _batch_row(row, line, reader)
        if isinstance(row.get("messages"), list):
            return _chat_row(row, line)
        segments, uninspectable = parted(read_resource(row, (), Scope.USER, _EXAMPLE))
        return Request(SURFACE, "", False, row, line, segments, uninspectable)
    except GatewayError as error:
        place = f"file.rows.{number}" + (f".{error.param}" if error.param else "")
        raise BadRequest(error.code, f"Line {number} of the file is no row that the gateway can read. {error.message}", place) from None


def _batch_row(row: dict[str, Json], line: bytes, reader: Reader) -> Request:
    """Judged as if its body had been sent to its path: by the same dialect, for the same surface and model."""
    method, url = row.get("method"), row["url"]
    if not isinstance(method, str) or not isinstance(url, str):
        refuse(("url",), "and method must be strings")
    dialect, call = reader(method, url if url.startswith("/v1/") else f"/v1{url}")  # Azure leaves it out
    inner = dialect.parse_request(encode(row["body"]), call)
    row["body"] = inner.body
    segments, uninspectable = parted(_around(row))
    return replace(
        inner,
        body=row,
        raw=line,
        write=None,
        segments=(*segments, *read_path(call), *map(_within_row, inner.segments)),
        uninspectable=(*uninspectable, *(replace(part, place=_within(part.place)) for part in inner.uninspectable)),
    )


def _within(place: Place) -> Place:
    return ("body", *place)


def _within_row(said: Segment) -> Segment:
    """Spelled out, for there are many."""
    return Segment(said.text, said.role, said.scope, _within(said.place), said.form, said.leaf, said.joins)


def _around(row: dict[str, Json]) -> Found:
    """The texts of a row beside its body, its method and its path."""
    for key, value in row.items():
        if key == "custom_id" and isinstance(value, str) and value:
            yield Segment(value, "user", Scope.USER, (key,), Form.IDENTIFIER)
        elif key not in ("body", "method", "url"):
            yield from read_field(key, value, (key,), "user", Scope.USER)
        yield from read_key(key, (), "user", Scope.USER)


def _chat_row(row: dict[str, Json], line: bytes) -> Request:
    """An example for training, read as the chat that it is of; it names no model."""
    read = read_request(SURFACE, {"model": "none", **row}, line)
    return replace(read, model="", stream=False, body=row)
