"""The items of OpenAI's Responses and Conversations APIs: what is said, thought, called and answered, in requests and answers alike.

Every item type has a row that says whose its texts are. A type, a part or a field without one is read as text all the same; a type and
a part are listed for the policy besides.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from gateway.wire.answer_texts import is_token
from gateway.wire.jsontext import Leaf
from gateway.wire.media import is_data, is_sealed, medium_of, readable
from gateway.wire.model import Form, Json, Kind, Place, Uninspectable
from gateway.wire.request_texts import STRUCTURAL, Turns
from gateway.wire.spelled import spells
from gateway.wire.walk import is_name, is_structural, strings
from policies.vocabulary import Scope


class Text(NamedTuple):
    """One text of an item. ``form`` JSON: the string at the place is JSON as a whole. ``joins``: where the turn begins it is said in."""

    text: str
    place: Place
    role: str
    scope: Scope
    form: Form = Form.TEXT
    joins: Place = ()
    leaf: Leaf | None = None


Found = Iterator[Text | Uninspectable]


@dataclass(frozen=True, slots=True)
class Side:
    """What differs between requests and answers. ``words`` is the scope of what the assistant says, ``other`` that of what has none;
    ``numbers`` that could be somebody's are texts, ``spelled`` says that log probabilities are seen to elsewhere.
    """

    words: Scope
    other: Scope
    numbers: bool
    spelled: bool


ReadItem = Callable[[Json, Place, Side, Place], Found]
"""Reads an item at its place. The last place is where its turn begins."""

REQUEST = Side(Scope.ASSISTANT, Scope.USER, numbers=True, spelled=False)
ANSWER = Side(Scope.OUTPUT, Scope.OUTPUT, numbers=False, spelled=True)
REPEATED = Side(Scope.OUTPUT, Scope.OUTPUT, numbers=False, spelled=False)
"""Of an answer, where no log probabilities belong: what it has of its request or of a tool, and what only begins."""


@dataclass(frozen=True, slots=True)
class _Row:
    """Whose an item's texts are, and which fields are of another scope than the others."""

    role: str
    scope: Scope
    fields: Mapping[str, Scope] = field(default_factory=dict)


_ARGUMENTS, _RESULTS, _DEFINITIONS = Scope.TOOL_ARGUMENTS, Scope.TOOL_RESULTS, Scope.TOOL_DEFINITIONS
_CALL = _Row("assistant", _ARGUMENTS)
_CALL_WITH_RESULTS = _Row("assistant", _ARGUMENTS, {"results": _RESULTS, "outputs": _RESULTS, "output": _RESULTS, "error": _RESULTS})
_OUTPUT = _Row("tool", _RESULTS)
_TOOLS = _Row("tool", _DEFINITIONS, {"error": _RESULTS})

ITEMS: Mapping[str, _Row] = {
    "function_call": _CALL,
    "function_call_output": _OUTPUT,
    "custom_tool_call": _CALL,
    "custom_tool_call_output": _OUTPUT,
    "tool_search_call": _CALL,
    "tool_search_output": _TOOLS,
    "additional_tools": _TOOLS,
    "configuration_update": _TOOLS,
    "computer_call": _CALL,
    "computer_call_output": _OUTPUT,
    "web_search_call": _CALL_WITH_RESULTS,
    "file_search_call": _CALL_WITH_RESULTS,
    "code_interpreter_call": _CALL_WITH_RESULTS,
    "image_generation_call": _CALL_WITH_RESULTS,
    "local_shell_call": _CALL,
    "local_shell_call_output": _OUTPUT,
    "shell_call": _CALL,
    "shell_call_output": _OUTPUT,
    "apply_patch_call": _CALL,
    "apply_patch_call_output": _OUTPUT,
    "mcp_list_tools": _TOOLS,
    "mcp_approval_request": _CALL,
    "mcp_approval_response": _Row("user", Scope.USER),
    "mcp_call": _CALL_WITH_RESULTS,
    "program": _CALL,
    "program_output": _OUTPUT,
    "reasoning": _Row("assistant", Scope.REASONING),
    "compaction": _Row("assistant", Scope.REASONING),
    "compaction_trigger": _Row("user", Scope.USER),
    "item_reference": _Row("user", Scope.USER),
}
"""All item types but messages, whose scope is that of their role."""

_SCOPES = {
    "system": Scope.SYSTEM,
    "developer": Scope.SYSTEM,
    "user": Scope.USER,
    "tool": Scope.TOOL_RESULTS,
}
_TEXT_PARTS = {
    "input_text": "text",
    "output_text": "text",
    "text": "text",
    "summary_text": "text",
    "reasoning_text": "text",
    "refusal": "refusal",
}
_PARTS = frozenset({"content", "summary", "output", "outputs"})  # lists whose elements are parts, where they have a part's type
_IDS = frozenset({"id", "call_id", "container_id", "approval_request_id"})  # these hold digits
_NAMES = frozenset({"type", "status", "role", "phase", "execution", "created_by"})
_IDENTIFIERS = frozenset({"name", "namespace", "server_label"})
_KEYS = _IDS | _NAMES | _IDENTIFIERS | {"text", "refusal", "content", "output", "summary", "arguments", "annotations", "logprobs", "input"}
"""What keys nearly always are; each is a name."""


def read_items(items: list[Json], place: Place, side: Side, read: ReadItem | None = None, system: Place = ()) -> Found:
    """Items of one scope that follow each other are read as one text. ``system``: where the system's turn began before them."""
    turns = Turns(system)
    for index, item in enumerate(items):
        here, scope = (*place, index), _scope_of(item, side)
        joins = here if scope is _ARGUMENTS else turns.of(scope, here)
        for found in (read or read_item)(item, here, side, joins):
            if isinstance(found, Text) and (found.joins or found.scope is _ARGUMENTS):
                turns.said(scope, joins)
            yield found


def _scope_of(item: Json, side: Side) -> Scope:
    if not isinstance(item, dict):
        return side.other
    if is_message(item):
        return _message_scope(item.get("role"), side) or side.other
    kind = item.get("type")
    row = ITEMS.get(kind) if isinstance(kind, str) else None
    return row.scope if row else side.other


def read_item(item: Json, place: Place, side: Side, joins: Place = ()) -> Found:
    """``joins``: where its turn begins, unless it is one of its own."""
    joins = joins or place
    if not isinstance(item, dict):
        yield from _unknown(item, place, "user", side.other, side)
        return
    kind = item.get("type")
    if is_message(item):
        yield from _message(item, place, side, joins=joins)
        return
    row = ITEMS.get("item_reference" if kind is None else kind) if kind is None or isinstance(kind, str) else None
    if row is None:
        yield Uninspectable(Kind.UNKNOWN, place)
        row = _Row("unknown", side.other)
    if side is ANSWER:
        side = REPEATED
    for key, value in item.items():
        if key not in _KEYS and not is_name(key):
            yield Text(key, (*place, key), row.role, row.scope, Form.KEY)
        if value is None or isinstance(value, bool) or (isinstance(value, str) and _is_structural(key, value)):
            continue
        here, scope = (*place, key), row.fields.get(key, row.scope)
        if key == "result" and kind == "image_generation_call":
            yield Uninspectable(Kind.IMAGE, here, scope)
            for found in read_strings(value, here, row.role, scope, side):
                yield from read_data(found, side) if isinstance(found, Text) and found.place == here else (found,)
        else:
            yield from _field(key, value, here, row.role, scope, side, joins)


def is_message(item: dict[str, Json]) -> bool:
    """A message need not say that it is one."""
    kind = item.get("type")
    return kind == "message" or (kind is None and "role" in item)


def is_spelled(part: Json) -> bool:
    """Whether a part has log probabilities, which spell its text."""
    return (
        isinstance(part, dict)
        and part.get("type") == "output_text"
        and isinstance(part.get("text"), str)
        and isinstance(part.get("logprobs"), list)
        and bool(part["logprobs"])
    )


def _message_scope(role: Json, side: Side) -> Scope | None:
    return side.words if role == "assistant" else _SCOPES.get(role) if isinstance(role, str) else None


def _message(item: dict[str, Json], place: Place, side: Side, *, joins: Place) -> Found:
    role = item.get("role")
    scope = _message_scope(role, side)
    if scope is None:
        scope = side.other
        if side is REQUEST:
            yield Uninspectable(Kind.UNKNOWN, (*place, "role"))
            role = "unknown"
    role = role if isinstance(role, str) and is_name(role) else "unknown"
    for key, value in item.items():
        here = (*place, key)
        if key not in _KEYS and not is_name(key):
            yield Text(key, here, role, scope, Form.KEY)
        if key == "content" and isinstance(value, str):
            if value:
                yield Text(value, here, role, scope, joins=joins)
        elif key == "content":
            yield from read_content(value, here, role, scope, side, joins=joins)
        elif not (isinstance(value, str) and _is_structural(key, value)):
            yield from _field(key, value, here, role, scope, side, joins)


def _field(key: str, value: Json, place: Place, role: str, scope: Scope, side: Side, joins: Place) -> Found:
    if key == "encrypted_content" and isinstance(value, str):
        if value:
            yield Uninspectable(Kind.ENCRYPTED, place)
            if not is_sealed(value):
                yield Text(value, place, role, scope)
    elif key == "arguments" and isinstance(value, str) and value:
        yield Text(value, place, role, scope, Form.JSON)
    elif key in _IDENTIFIERS and isinstance(value, str) and value:
        yield Text(value, place, role, scope, Form.IDENTIFIER)
    elif key in _PARTS and isinstance(value, dict) and medium_of(value):
        yield from read_part(value, place, role, scope, side, joins=joins)
    elif key in _PARTS and isinstance(value, (str, list)):
        yield from read_content(value, place, role, scope, side, joins=joins)
    else:
        yield from read_strings(value, place, role, scope, side)


def read_content(content: Json, place: Place, role: str, scope: Scope, side: Side, *, joins: Place) -> Found:
    """A string, or parts that are read as one text. ``joins``: where their turn begins."""
    if isinstance(content, str):
        if content:
            yield Text(content, place, role, scope, joins=joins)
    elif isinstance(content, list):
        for index, part in enumerate(content):
            yield from read_part(part, (*place, index), role, scope, side, joins=joins)
    elif content is not None:
        yield from _unknown(content, place, role, scope, side)


def read_part(part: Json, place: Place, role: str, scope: Scope, side: Side, *, joins: Place = ()) -> Found:
    """One part of a content. ``joins``: where the turn begins, if its text is one of several that are said."""
    if isinstance(part, str):  # not in the API, but endpoints take it
        yield from read_content(part, place, role, scope, side, joins=joins)
        return
    if not isinstance(part, dict):
        yield from _unknown(part, place, role, scope, side)
        return
    kind = part.get("type")
    said, medium = _TEXT_PARTS.get(kind) if isinstance(kind, str) else None, medium_of(part)
    if said is None:
        if medium:
            yield Uninspectable(medium, place, scope)
        elif not _is_tool_output(kind, part, scope):
            yield Uninspectable(Kind.UNKNOWN, place)
    elif kind == "reasoning_text":
        scope = Scope.REASONING
    for key, value in part.items():
        here = (*place, key)
        if key not in _KEYS and not is_name(key):
            yield Text(key, here, role, scope, Form.KEY)
        if key == said and isinstance(value, str):
            if value:
                yield Text(value, here, role, scope, joins=joins)
        elif key == "logprobs" and is_spelled(part):
            if not side.spelled:
                yield Uninspectable(Kind.TOKENS, here)
            elif not spells(value, [str(part["text"])]):
                yield Uninspectable(Kind.UNKNOWN, here)
            for found in read_strings(value, here, role, scope, side):
                if not (isinstance(found, Text) and is_token(found.text)):
                    yield found
        elif medium:
            yield from _beside(read_strings(value, here, role, scope, side), side)
        else:
            yield from read_strings(value, here, role, scope, side)


def _beside(found: Found, side: Side) -> Found:
    """The texts of a part that is a medium, of its own data what is text."""
    for each in found:
        if isinstance(each, Text) and each.form is Form.TEXT and is_data(each.place[-1], each.text):
            yield from read_data(each, side)
        else:
            yield each


def read_data(text: Text, side: Side) -> Found:
    """A medium's own data, if it is text. In an answer it is a text as it stands."""
    if read := readable(text.text):
        yield text._replace(text=read.text, form=read.form, leaf=read.leaf) if side is REQUEST else text


def _is_tool_output(kind: Json, part: dict[str, Json], scope: Scope) -> bool:
    """What the API's own tools give out: the logs of a run, the two outputs of a shell."""
    return scope is Scope.TOOL_RESULTS and (kind == "logs" or (kind is None and {"stdout", "stderr"} <= part.keys()))


def read_strings(value: Json, place: Place, role: str, scope: Scope, side: Side) -> Found:
    """Every string and key at or below a place that is more than a name."""
    for text, here, form in strings(value, place, numbers=side.numbers):
        if here[-1] in STRUCTURAL and is_name(text):
            continue
        if here[-2:] == ("source", "data") and scope is Scope.TOOL_DEFINITIONS and is_sealed(text):  # an archive of files, in base64
            yield Uninspectable(Kind.FILE, here)
        else:
            yield Text(text, here, role, scope, form)


def _unknown(value: Json, place: Place, role: str, scope: Scope, side: Side) -> Found:
    yield Uninspectable(Kind.UNKNOWN, place)
    yield from read_strings(value, place, role, scope, side)


def _is_structural(key: str, value: str) -> bool:
    return (key in _IDS and is_structural(value)) or (key in _NAMES and is_name(value))
