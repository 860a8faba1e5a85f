"""The content blocks of Anthropic's messages. A block of an answer comes back in the history of the next request, so that one reading
serves both: where its texts stand, in which scope, and what of it no detector can read.

What the API seals for itself (``signature``, ``encrypted_content``, …) is declared as such; where it does not look sealed it is read as
text too. A thinking block is read as text although its signature covers it: a placeholder that was restored in it on the way to the app
gets its old form back on the way to the API, and with it the text that was signed. An edit of another kind makes the API refuse the block.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from gateway.wire.jsontext import Leaf
from gateway.wire.media import is_sealed, readable
from gateway.wire.model import Form, Json, Kind, Place, Uninspectable
from gateway.wire.request_texts import STRUCTURAL
from gateway.wire.walk import is_name, is_structural, strings
from policies.vocabulary import Scope


class Text(NamedTuple):
    text: str
    place: Place
    form: Form
    scope: Scope
    leaf: Leaf | None = None


Found = Iterator[Text | Uninspectable]

_OWN = ("text", "image", "document", "container_upload", "compaction", "fallback")
CALLS = ("tool_use", "server_tool_use", "mcp_tool_use")
_DEFINITIONS = ("mcp_tool_listing", "tool_addition", "tool_removal")
_RUN = tuple(f"{tool}code_execution_{part}" for tool in ("", "bash_") for part in ("tool_result", "tool_result_error", "result", "output"))
_EDITOR = tuple(
    f"text_editor_code_execution_{part}"
    for part in ("tool_result", "tool_result_error", "view_result", "create_result", "str_replace_result")
)
_RESULTS = (
    *("tool_result", "mcp_tool_result", "search_result", "tool_reference", "browser_state", "encrypted_code_execution_result"),
    *("web_search_tool_result", "web_search_tool_result_error", "web_search_result"),
    *("web_fetch_tool_result", "web_fetch_tool_result_error", "web_fetch_result"),
    *("tool_search_tool_result", "tool_search_tool_result_error", "tool_search_tool_search_result"),
    *("advisor_tool_result", "advisor_tool_result_error", "advisor_result", "advisor_redacted_result"),
)
_SCOPES: dict[str, Scope | None] = {
    **dict.fromkeys(_OWN),  # that of the message they stand in
    **dict.fromkeys(("thinking", "redacted_thinking"), Scope.REASONING),
    **dict.fromkeys(CALLS, Scope.TOOL_ARGUMENTS),
    **dict.fromkeys((*_RESULTS, *_RUN, *_EDITOR), Scope.TOOL_RESULTS),
    **dict.fromkeys(_DEFINITIONS, Scope.TOOL_DEFINITIONS),
}
_MEDIA = {"image": Kind.IMAGE, "document": Kind.FILE, "container_upload": Kind.FILE}
_READABLE = frozenset({"text", "content"})  # sources of a document that are text where they stand

_SEALED = frozenset({"signature", "encrypted_content", "encrypted_index", "encrypted_stdout"})
_IDS = frozenset({"id", "tool_use_id", "file_id", "tool_id"})
_KINDS = frozenset({"type", "media_type", "ttl", "error_code"})
_NAMES = frozenset({"name", "server_name", "toolset_name"})

_DATED = re.compile(r"[a-z_]{1,64}_20[0-9]{6}")


def read_content(content: Json, place: Place, own: Scope) -> Found:
    """A string, a block, or blocks; ``own`` is the scope of what they stand in."""
    if isinstance(content, list):
        for index, block in enumerate(content):
            yield from read_content(block, (*place, index), own)
    elif isinstance(content, dict):
        yield from read_block(content, place, own)
    else:
        yield from read_texts(content, place, own)


def read_block(block: dict[str, Json], place: Place, own: Scope) -> Found:
    kind = block.get("type")
    if not isinstance(kind, str) or kind not in _SCOPES:
        yield Uninspectable(Kind.UNKNOWN, place)
        yield from read_texts(block, place, own)
        return
    scope = _SCOPES[kind] or own
    if kind in _MEDIA and not _is_readable(block):
        yield Uninspectable(_MEDIA[kind], place, scope)
    for key, value in block.items():
        here = (*place, key)
        if key == "content":
            yield from read_content(value, here, scope)
        elif key == "source" and kind in _MEDIA and isinstance(value, dict):
            yield from _source(value, here, scope)
        elif key == "input" and kind in CALLS:
            for text, at, form in strings(value, here, numbers=True):
                yield Text(text, at, form, scope)
        elif key == "data" and kind == "redacted_thinking" and isinstance(value, str):
            yield from _sealed(value, here, scope)
        elif key in _NAMES and isinstance(value, str) and value:
            yield Text(value, here, Form.IDENTIFIER, scope)
        elif key == "citations" and isinstance(value, list):
            yield from _records(value, here, scope)
        elif key in ("cache_control", "caller") and isinstance(value, dict):
            yield from read_record(value, here, scope)
        elif key == "tool_changes":
            yield from read_texts(value, here, Scope.TOOL_DEFINITIONS)
        elif key != "type":
            yield from _entry(key, value, here, scope)
        if not is_name(key):
            yield Text(key, here, Form.KEY, scope)


def read_record(record: dict[str, Json], place: Place, scope: Scope) -> Found:
    """An object with ids, kinds and sealed values beside its texts: a citation, a source."""
    for key, value in record.items():
        here = (*place, key)
        yield from _entry(key, value, here, scope)
        if not is_name(key):
            yield Text(key, here, Form.KEY, scope)


def read_texts(value: Json, place: Place, scope: Scope) -> Found:
    """Every string, key and number below ``place`` that is more than a name."""
    for text, here, form in strings(value, place, numbers=True):
        if not (here[-1] in STRUCTURAL and is_kind(text)):
            yield Text(text, here, form, scope)


def is_kind(text: str) -> bool:
    """A name, or one with a date, as tools have it (``web_search_20250305``)."""
    return is_name(text) or bool(_DATED.fullmatch(text))


def _is_readable(block: dict[str, Json]) -> bool:
    source = block.get("source")
    kind = source.get("type") if isinstance(source, dict) else None
    return block["type"] == "document" and isinstance(kind, str) and kind in _READABLE


def _source(source: dict[str, Json], place: Place, scope: Scope) -> Found:
    """Where a medium comes from, and what is text of the medium's own bytes."""
    kind = source.get("type")
    for key, value in source.items():
        here = (*place, key)
        if key == "content" and kind == "content":
            yield from read_content(value, here, scope)
        elif key == "data" and kind == "base64" and isinstance(value, str):
            if read := readable(value, str(source.get("media_type"))):
                yield Text(read.text, here, read.form, scope, read.leaf)
        else:
            yield from _entry(key, value, here, scope)
        if not is_name(key):
            yield Text(key, here, Form.KEY, scope)


def _records(values: list[Json], place: Place, scope: Scope) -> Found:
    for index, value in enumerate(values):
        if isinstance(value, dict):
            yield from read_record(value, (*place, index), scope)
        else:
            yield from read_texts(value, (*place, index), scope)


def _entry(key: str, value: Json, here: Place, scope: Scope) -> Found:
    if not isinstance(value, str):
        yield from read_texts(value, here, scope)
    elif key in _SEALED:
        yield from _sealed(value, here, scope)
    elif value and not ((key in _IDS and is_structural(value)) or (key in _KINDS and is_kind(value))):
        yield Text(value, here, Form.TEXT, scope)


def _sealed(value: str, here: Place, scope: Scope) -> Found:
    if value:
        yield Uninspectable(Kind.ENCRYPTED, here)
        if not is_sealed(value):
            yield Text(value, here, Form.TEXT, scope)
