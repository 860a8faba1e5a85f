"""Where the texts of an Anthropic messages request stand; ``messages_blocks`` has those of its content blocks."""

from gateway.wire.anthropic import messages_blocks
from gateway.wire.anthropic.messages_blocks import is_kind, read_block, read_record
from gateway.wire.model import Form, Json, Place, Request, Segment, Uninspectable
from gateway.wire.request_texts import Found, is_own_number, is_stream, model_of, parted, read_field, read_key, read_messages, refuse
from gateway.wire.walk import is_structural, names
from policies.vocabulary import Scope

_SCOPES = {"user": Scope.USER, "assistant": Scope.ASSISTANT, "system": Scope.SYSTEM}
_SPEAKERS = {Scope.TOOL_ARGUMENTS: "assistant", Scope.TOOL_RESULTS: "tool", Scope.TOOL_DEFINITIONS: "tool"}
_DEFINITIONS = frozenset({"tools", "mcp_servers", "output_config", "output_format"})
_NAMES = frozenset({"service_tier", "speed", "inference_geo"})
_SAID = frozenset({"text", "thinking", "content"})
"""Keys of what a block says."""
_IDS = frozenset({"container", "user_profile_id"})


def read_request(surface: str, body: dict[str, Json], raw: bytes) -> Request:
    """Raises BadRequest (``invalid_body``) that names the place."""
    model, stream = model_of(body), is_stream(body)
    segments, uninspectable = parted(read_params(body, ()))
    return Request(surface, model, stream, body, raw, segments, uninspectable, read_refers(body))


def read_refers(body: dict[str, Json]) -> tuple[str, ...]:
    """The container and the thread that the request goes on with."""
    container, thread = body.get("container"), body.get("thread")
    named = container.get("id") if isinstance(container, dict) else container
    earlier = thread.get("previous_message_id") if isinstance(thread, dict) else None
    return names((named, earlier))


def read_params(body: dict[str, Json], place: Place) -> Found:
    """The texts of one request, which may stand in a batch."""
    yield from _content(body.get("system"), (*place, "system"), "system", Scope.SYSTEM, joins=(*place, "system"))
    yield from read_messages(body, place, _SCOPES, _message, (*place, "system"))
    for key, value in body.items():
        if key not in ("messages", "system"):
            yield from _field(key, value, (*place, key))
        yield from read_key(key, place, "user", Scope.USER)


def _field(key: str, value: Json, here: Place) -> Found:
    if key in _DEFINITIONS:
        yield from _definitions(value, here)
    elif key == "metadata" and isinstance(value, dict):
        for name, item in value.items():
            if name == "user_id" and isinstance(item, str) and item:
                yield Segment(item, "user", Scope.USER, (*here, name), Form.IDENTIFIER)
            else:
                yield from read_field(name, item, (*here, name), "user", Scope.USER)
            yield from read_key(name, here, "user", Scope.USER)
    elif key in ("container", "thread", "diagnostics") and isinstance(value, dict):
        yield from _reference(value, here)
    elif isinstance(value, str) and ((key in _NAMES and is_kind(value)) or (key in _IDS and is_structural(value))):
        return
    elif not is_own_number(key, value):
        yield from read_field(key, value, here, "user", Scope.USER)


def _message(message: dict[str, Json], place: Place, role: str, scope: Scope, *, joins: Place) -> Found:
    for key, value in message.items():
        if key == "content":
            yield from _content(value, (*place, key), role, scope, joins=joins)
        else:
            yield from read_field(key, value, (*place, key), role, scope)
        yield from read_key(key, place, role, scope)


def _content(content: Json, place: Place, role: str, scope: Scope, *, joins: Place) -> Found:
    """A string, or blocks of which those of text are read as one. ``joins``: where their turn begins."""
    if isinstance(content, str):
        if content:
            yield Segment(content, role, scope, place, joins=joins)
    elif isinstance(content, list):
        for index, block in enumerate(content):
            yield from _block(block, (*place, index), role, scope, joins=joins)
    elif content is not None:
        refuse(place, "must be a string or an array of blocks")


def _block(block: Json, place: Place, role: str, scope: Scope, *, joins: Place) -> Found:
    if isinstance(block, str):  # not in the API, but endpoints take it
        if block:
            yield Segment(block, role, scope, place, joins=joins)
        return
    if not isinstance(block, dict):
        refuse(place, "must be an object")
    for found in read_block(block, place, scope):
        yield found if isinstance(found, Uninspectable) else _segment(found, role, _turn_of(found, place, joins))


def _turn_of(found: messages_blocks.Text, block: Place, joins: Place) -> Place:
    """Where the turn begins of a text in a block: a document is one of its own; none, if the text is not what the block says."""
    if found.form is not Form.TEXT or found.scope is Scope.TOOL_ARGUMENTS:
        return ()
    within = found.place[len(block) :]
    if next(step for step in reversed(within) if isinstance(step, str)) not in _SAID or "citations" in within:
        return ()
    return (*block, "source") if within[0] == "source" else joins


def _segment(found: messages_blocks.Text, role: str, joins: Place = ()) -> Segment:
    return Segment(found.text, _SPEAKERS.get(found.scope, role), found.scope, found.place, found.form, found.leaf, joins)


def _definitions(value: Json, place: Place) -> Found:
    for found in messages_blocks.read_texts(value, place, Scope.TOOL_DEFINITIONS):
        yield found if isinstance(found, Uninspectable) else _segment(found, "tool")


def _reference(value: dict[str, Json], place: Place) -> Found:
    """What the API keeps, by its id; with a container, the skills to load into it."""
    ids = ("id", "previous_message_id")
    rest = {key: item for key, item in value.items() if not (key in ids and isinstance(item, str) and is_structural(item))}
    for found in read_record(rest, place, Scope.USER):
        yield found if isinstance(found, Uninspectable) else _segment(found, "user")
