"""Which tools a request offers to the model, by every name that they go by: whoever allows a tool has to allow all of its names.

A function and a custom tool go by their name, wherever it stands. A tool of the provider's own goes by its type too, unless that is its
name with a date behind it; chat's ``web_search_options`` are the tool ``web_search``. A server of tools is ``mcp``, and ``mcp:LABEL`` by
the label, name or connector that it is known by. A tool without a name, or with one that is no text, is called "", which no policy allows.

Tools are offered in the midst of a conversation as well: by an item, a message or a block of one.
"""

import re
from collections.abc import Iterator

from gateway.wire.model import Json

_PLAIN = ("function", "custom")
"""Types that say no more than that it is a tool, and where its name may stand."""
_SERVERS = ("server_label", "mcp_server_name", "connector_id")
_DATE = re.compile(r"_(?:[0-9]{8}|[0-9]{4}_[0-9]{2}_[0-9]{2})$")


def tools_offered(body: dict[str, Json]) -> list[str]:
    names: list[str] = []
    for key in ("tools", "functions", "function_call"):
        for tool in _listed(body, key):
            if key != "function_call" or isinstance(tool, dict):  # else whether one is called at all
                names += _names(tool)
    for server in _listed(body, "mcp_servers"):
        names += ("mcp", f"mcp:{_text(server.get('name') if isinstance(server, dict) else None)}")
    if body.get("web_search_options") is not None:
        names.append("web_search")
    for key in ("input", "items", "item", "messages"):
        for item in _listed(body, key):
            if isinstance(item, dict):
                for tool in _brought(item):
                    names += _names(tool)
    return names


def _brought(item: dict[str, Json]) -> Iterator[Json]:
    """The tools that a part of a conversation defines: a list of a server's, what a search for tools found, or one by one."""
    yield from _listed(item, "tools")
    tool = item.get("tool")
    if isinstance(tool, dict) and "definition" in tool:
        yield tool["definition"]
    for key in ("content", "tool_changes"):
        if isinstance(parts := item.get(key), list):
            for part in parts:
                if isinstance(part, dict):
                    yield from _brought(part)


def _listed(body: dict[str, Json], key: str) -> list[Json]:
    value = body.get(key)
    return value if isinstance(value, list) else [] if value is None else [value]


def _names(tool: Json) -> list[str]:
    if not isinstance(tool, dict):
        return [_text(tool)]
    holders = (tool, tool.get("function"), tool.get("custom"))
    names = [_text(name) for holder in holders if isinstance(holder, dict) and (name := holder.get("name")) is not None]
    kind = tool.get("type")
    if kind is not None and kind not in _PLAIN and not (isinstance(kind, str) and _DATE.sub("", kind) in names):
        names.append(_text(kind))
    names += [f"mcp:{_text(label)}" for key in _SERVERS if (label := tool.get(key)) is not None]
    names = names or [""]
    for inner in _listed(tool, "tools"):
        names += _names(inner)
    return names


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""
