"""Which tool a text belongs to: the calls that a model makes, and in histories the calls with their results, by the names of their tools.

A function, a custom tool and a tool of an MCP server go by their name. So does a tool that the provider runs where the API names it; in
the Responses API it goes by its item's type without ``_call`` (``web_search``). A name that is not said is "".
"""

from collections.abc import Iterator, Mapping, Sequence

from gateway.wire.answer_texts import is_index
from gateway.wire.model import Channel, Json, Place, Request

_BLOCKS = frozenset({"tool_use", "server_tool_use", "mcp_tool_use"})
_UNNAMED = "_call"


def tools_of(request: Request) -> Mapping[Place, str]:
    """For each call in a history, and each result of one, where it stands and the name of its tool. A result whose call is not in the
    same request has "".
    """
    return dict(_history(request.body, ()))


def call_at(tools: Mapping[Place, str], place: Place) -> Place:
    """Where the call, or the result, stands that the text at a place belongs to; () for none that is known."""
    return next((place[:end] for end in range(len(place), 0, -1) if place[:end] in tools), ()) if tools else ()


def chat_calls(body: Json, holder: str) -> Sequence[tuple[Channel, str]]:
    """The calls that begin in a chat completion (``holder``: ``message``) or in a chunk of one (``delta``), by their channels. In chunks
    a call's name comes with its first piece; where one has several, readers differ on which counts.
    """
    found: list[tuple[Channel, str]] = []
    choices = body.get("choices") if isinstance(body, dict) else None
    for position, choice in enumerate(choices if isinstance(choices, list) else ()):
        said = choice.get(holder) if isinstance(choice, dict) else None
        if isinstance(said, dict) and ("tool_calls" in said or "function_call" in said):
            index = choice.get("index", position)
            if is_index(index):
                found += _chat_calls(said, index, is_whole=holder == "message")
    return found


def _chat_calls(said: dict[str, Json], choice: int, *, is_whole: bool) -> Iterator[tuple[Channel, str]]:
    calls = said.get("tool_calls")
    for position, call in enumerate(calls if isinstance(calls, list) else ()):
        if isinstance(call, dict):
            index = position if is_whole else call.get("index", position)
            names = _chat_tools(call) or ([""] if is_whole else [])
            yield from (((choice, "tool_calls", index), name) for name in names if is_index(index))
    function = said.get("function_call")
    if isinstance(function, dict) and (name := _name(function)):
        yield (choice, "function_call"), name


def chat_tool(call: dict[str, Json]) -> str:
    """The tool of one of a chat message's ``tool_calls``."""
    return next(iter(_chat_tools(call)), "")


def _chat_tools(call: dict[str, Json]) -> list[str]:
    held = (call.get(key) for key in ("function", "custom"))
    return [name for inner in held if isinstance(inner, dict) and (name := _name(inner))]


def block_tool(block: Json) -> str | None:
    """The tool that a content block of Anthropic's calls; None: it is no call."""
    if not isinstance(block, dict) or block.get("type") not in _BLOCKS:
        return None
    return _name(block)


def item_tool(item: Json) -> str | None:
    """The tool that an item of the Responses API calls; None: it is no call."""
    kind = item.get("type") if isinstance(item, dict) else None
    if not isinstance(kind, str) or not kind.endswith(_UNNAMED):
        return None
    return _name(item) or ("" if kind in ("function_call", "custom_tool_call", "mcp_call") else kind.removesuffix(_UNNAMED))


def _name(holder: dict[str, Json]) -> str:
    name = holder.get("name")
    return name if isinstance(name, str) else ""


def _history(body: Json, place: Place) -> Iterator[tuple[Place, str]]:
    if not isinstance(body, dict):
        return
    for key in ("messages", "input", "items"):
        listed = body.get(key)
        if isinstance(listed, list):
            yield from _listed(listed, (*place, key))
    requests = body.get("requests")
    for index, each in enumerate(requests if isinstance(requests, list) else ()):
        if isinstance(each, dict):  # one of a batch
            yield from _history(each.get("params"), (*place, "requests", index, "params"))


def _listed(listed: list[Json], place: Place) -> Iterator[tuple[Place, str]]:
    """Messages or items in order: a result belongs to the last call before it that has its id."""
    known: dict[str, str] = {}
    for index, each in enumerate(listed):
        if not isinstance(each, dict):
            continue
        here = (*place, index)
        content = each.get("content")
        for position, block in enumerate(content if isinstance(content, list) else ()):
            yield from _of_block(block, (*here, "content", position), known)
        calls = each.get("tool_calls")
        for position, call in enumerate(calls if isinstance(calls, list) else ()):
            if isinstance(call, dict):
                yield from _noted(call, "id", chat_tool(call), (*here, "tool_calls", position), known)
        if isinstance(function := each.get("function_call"), dict):
            yield (*here, "function_call"), _name(function)
        if (tool := item_tool(each)) is not None:
            yield from _noted(each, "call_id", tool, here, known)
        elif "call_id" in each:
            yield from _result(each, "call_id", here, known)
        elif "tool_call_id" in each:
            yield from _result(each, "tool_call_id", here, known)
        elif each.get("role") == "function":
            yield here, _name(each)


def _of_block(block: Json, here: Place, known: dict[str, str]) -> Iterator[tuple[Place, str]]:
    if not isinstance(block, dict):
        return
    if (tool := block_tool(block)) is not None:
        yield from _noted(block, "id", tool, here, known)
    elif "tool_use_id" in block:
        yield from _result(block, "tool_use_id", here, known)


def _noted(call: dict[str, Json], key: str, tool: str, here: Place, known: dict[str, str]) -> Iterator[tuple[Place, str]]:
    if isinstance(called := call.get(key), str):
        known[called] = tool
    yield here, tool


def _result(result: dict[str, Json], key: str, here: Place, known: dict[str, str]) -> Iterator[tuple[Place, str]]:
    called = result.get(key)
    yield here, known.get(called, "") if isinstance(called, str) else ""
