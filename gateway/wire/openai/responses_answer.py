"""Where the texts of the Responses and Conversations APIs' answers stand, as whole objects: a response, an item, a list of items.

A response repeats much of its request (instructions, tools, metadata): the client sees it, so it is guarded, by the rules for what it
repeats, and it is an echo. The same reading serves the response objects within a stream, where all of a response is one.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from gateway.wire.answer_texts import read_counts, read_key
from gateway.wire.calls import item_tool
from gateway.wire.model import Channel, Companion, Delta, Form, Json, Kind, Place, Uninspectable, Usage
from gateway.wire.openai.responses_items import ANSWER, REPEATED, Text, is_message, is_spelled, read_items, read_strings
from gateway.wire.walk import is_name, is_structural, names
from policies.vocabulary import Scope

Found = Iterator[Delta | Uninspectable]

_IDS = frozenset({"id", "object", "model", "status", "previous_response_id", "first_id", "last_id"})
_NAMES = frozenset({"truncation", "service_tier", "prompt_cache_retention", "tool_choice"})
_KEPT = ("response", "conversation", "response.compaction")
_REPEATED = {
    "instructions": ("system", Scope.SYSTEM),
    "input": ("user", Scope.USER),
    "metadata": ("user", Scope.USER),
    "prompt": ("user", Scope.USER),
    "user": ("user", Scope.USER),
    "safety_identifier": ("user", Scope.USER),
    "prompt_cache_key": ("user", Scope.USER),
    "tools": ("tool", Scope.TOOL_DEFINITIONS),
    "text": ("tool", Scope.TOOL_DEFINITIONS),
    "tool_choice": ("tool", Scope.TOOL_DEFINITIONS),
}
"""What a response says of its request, with whose words they are."""


def read_object(body: dict[str, Json]) -> Found:
    """A whole answer: every text is complete where it stands."""
    if _is_item(body):
        yield from _deltas(read_items([body], (), ANSWER), lambda place: ("item", *place[1:]), cut=1)
        return
    items = body.get("data")
    if isinstance(items, list):
        yield from _deltas(read_items(items, ("data",), ANSWER), lambda place: place)
        body = {key: value for key, value in body.items() if key != "data"}
    yield from read_response(body, ())


def _is_item(body: dict[str, Json]) -> bool:
    """Whether an answer is an item of a conversation; everything else says what object it is."""
    return "type" in body and "object" not in body


def read_response(response: dict[str, Json], place: Place, *, again: bool = False) -> Found:
    """A response. ``again``: its output has been said in the same stream."""
    for key, value in response.items():
        here = (*place, key)
        if not is_structural(key):
            yield Uninspectable(Kind.UNKNOWN, place)
        if value is None or isinstance(value, (bool, int, float)) or _is_structural(key, value):
            continue
        if key == "output" and isinstance(value, list):
            channel = output_channel(len(here), again=again)
            yield from _deltas(read_items(value, here, ANSWER), channel, echoes=again)
        else:
            role, scope = _REPEATED.get(key, ("assistant", Scope.OUTPUT))
            is_items = key in ("instructions", "input") and isinstance(value, list)
            found = read_items(value, here, REPEATED) if is_items else read_strings(value, here, role, scope, ANSWER)
            is_echo = again or key in _REPEATED or key == "output_text"
            yield from _deltas(found, lambda text: ("response", *text[len(place) :]), echoes=is_echo)


def output_channel(cut: int, *, again: bool) -> Callable[[Place], Place]:
    """The channel of a text of an output item, whose place goes on from ``cut`` with the item's index."""
    head = "again" if again else "output"
    return lambda place: (head, *place[cut:])


def _is_structural(key: str, value: Json) -> bool:
    if isinstance(value, str):
        return (key in _IDS and is_structural(value)) or (key in _NAMES and is_name(value))
    return key == "conversation" and isinstance(value, dict) and value.keys() == {"id"} and is_structural(value["id"])


def _deltas(found: Iterable[Text | Uninspectable], channel: Callable[[Place], Place], *, echoes: bool = False, cut: int = 0) -> Found:
    """``cut``: how many steps of each place lead to the object itself."""
    for each in found:
        if isinstance(each, Uninspectable):
            yield Uninspectable(each.kind, each.place[cut:])
        elif (delta := to_delta(each, channel, echoes=echoes, cut=cut, run=_run(each, channel(each.place)))) is not None:
            yield delta


def _run(text: Text, channel: Channel) -> Channel:
    """Parts of one message are read as one text, and so is what several messages of a response say."""
    is_part = len(channel) > 3 and channel[-3] in ("content", "summary") and channel[-1] in ("text", "refusal")
    if not is_part or text.form is not Form.TEXT:
        return ()
    return (channel[0], text.scope) if channel[0] in ("output", "again") else channel[:-2]


def to_delta(text: Text, channel: Callable[[Place], Place], *, echoes: bool, cut: int = 0, run: Channel = ()) -> Delta | None:
    """None: a name has nothing to inspect."""
    if text.form in (Form.KEY, Form.IDENTIFIER) and is_structural(text.text):
        return None
    if text.form is Form.KEY:
        return read_key(text.text, text.place[cut:], text.scope)
    form = Form.JSON if text.form is Form.JSON else Form.TEXT
    return Delta(channel(text.place), text.scope, text.text, text.place[cut:], form, closes=True, echoes=echoes, run=run)


def read_companions(body: dict[str, Json]) -> tuple[Companion, ...]:
    """The log probabilities of each text of a whole answer."""
    if _is_item(body):
        return tuple(Companion((("item", *place, "text"),), (*place, "logprobs")) for _, *place in spelled_parts([body]))
    lists = {key: body[key] for key in ("output", "data") if isinstance(body.get(key), list)}
    return tuple(
        Companion(((key, *place, "text"),), (key, *place, "logprobs")) for key, items in lists.items() for place in spelled_parts(items)
    )


def spelled_parts(items: list[Json]) -> Iterator[Place]:
    """The parts of items that have log probabilities."""
    for index, item in enumerate(items):
        content = item.get("content") if isinstance(item, dict) and is_message(item) else None
        for position, part in enumerate(content if isinstance(content, list) else ()):
            if is_spelled(part):
                yield (index, "content", position)


def read_calls(body: dict[str, Json]) -> Sequence[tuple[Channel, str]]:
    """The tools that a whole answer calls."""
    if _is_item(body):
        tool = item_tool(body)
        return () if tool is None else [(("item",), tool)]
    return [*calls_in(body.get("output"), "output"), *calls_in(body.get("data"), "data")]


def calls_in(items: Json, head: str) -> Sequence[tuple[Channel, str]]:
    found = enumerate(map(item_tool, items if isinstance(items, list) else ()))
    return [((head, index), tool) for index, tool in found if tool is not None]


def read_names(body: dict[str, Json]) -> tuple[str, ...]:
    """The ids under which the endpoint keeps this answer: its own, and its conversation's."""
    conversation = body.get("conversation")
    named = (
        body.get("id") if body.get("object") in _KEPT and not body.get("deleted") else None,
        conversation.get("id") if isinstance(conversation, dict) else None,
    )
    return names(named)


def read_usage(body: dict[str, Json]) -> Usage | None:
    return read_counts(body.get("usage"), "input_tokens", "output_tokens")
