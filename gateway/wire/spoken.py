"""Which texts of an answer are the answer itself, and which are the arguments of a call, by the channels that dialects give them.

Anthropic's and the Responses API's answers are one choice, whose text may stand in several blocks or parts: read one after the other they
are one text, as the SDKs read them.
"""

from gateway.wire.model import Channel, Event, Place
from policies.vocabulary import Scope

AGAIN = -1
"""In place of a choice: what the last event of a streamed response says over again."""
AS_ONE = -2
"""In place of a choice: all that a response says, over again as one text."""

_ARGUMENTS = frozenset({
    "arguments", "partial_json", "input", "function_call_arguments", "mcp_call_arguments", "custom_tool_call_input",
})  # fmt: skip
_STREAMED = {"code_interpreter_call_code": "code", "shell_call_command": "commands"}
"""What a stream calls an argument that goes by another name in the call that it ends up in."""
_REPEATED = frozenset({"input", "instructions"})
"""What an answer has of its request."""
_SAYING = frozenset({
    "choices", "message", "delta", "text", "content", "output", "output_text", "completion", "response", "generated_text",
})  # fmt: skip
"""Keys by which answers of one API or another have their texts."""
_NOT_OVER = frozenset({"queued", "in_progress", "failed", "cancelled", "incomplete"})
_NO_ANSWERS = frozenset({"list", "response.compaction", "response.deleted", "response.input_tokens"})
"""What else the Responses API answers with."""


def choice_of(channel: Channel, scope: Scope) -> int | None:
    """The choice whose answer a text is part of; None: it is something else."""
    if scope is not Scope.OUTPUT:
        return None
    match channel:
        case (int() as choice, "content" | "text") | (int() as choice, "content", int(), "text"):
            return choice
        case ("output", int(), "output_text", int()) | ("output", int(), "content", int(), "text") | ("output", int(), "content"):
            return 0
        case ("again", int(), "content", int(), "text") | ("again", int(), "content"):
            return AGAIN
        case ("response", "output_text"):
            return AS_ONE
    return None


def refused_by(channel: Channel, scope: Scope) -> int | None:
    """The choice in which the model refuses; None: a text is no refusal."""
    if scope is not Scope.OUTPUT:
        return None
    match channel:
        case (int() as choice, "refusal") | (int() as choice, "content", int(), "refusal"):
            return choice
        case ("output", int(), "refusal", int()) | ("output", int(), "content", int(), "refusal"):
            return 0
        case ("again", int(), "content", int(), "refusal"):
            return AGAIN
    return None


def is_astray(channel: Channel, scope: Scope) -> bool:
    """Whether a text that no choice says stands where a reader may take it for what one says."""
    if scope is not Scope.OUTPUT or choice_of(channel, scope) is not None or refused_by(channel, scope) is not None:
        return False
    match channel:
        case (int() | "output" | "again", "content", *_, "text") | ("output" | "again", int(), *_, "text"):
            return "thinking" not in channel
        case ("body" | "event" | "response", str() as key, *_) | (int(), "choice" | "message", str() as key, *_) | (int(), str() as key):
            return key in _SAYING
    return False


def is_arguments(channel: Channel, scope: Scope) -> bool:
    """Whether a text is what a tool is called with."""
    if scope is not Scope.TOOL_ARGUMENTS or channel[-1] not in _ARGUMENTS:
        return False
    return isinstance(channel[0], int) or channel[0] in ("output", "again")


def steps_within(below: Place) -> Place:
    """The steps to a text within the arguments of a call, by those below the call; none, if it is all of the arguments.

    What stands beside the arguments (the tool's name) goes by its own key.
    """
    below = below[1:] if below[:1] in (("function",), ("custom",)) else below
    head, rest = below[:1], below[1:]
    if not head or (not rest and head[0] in _ARGUMENTS):
        return ()
    streamed = _STREAMED.get(str(head[0]))
    return (streamed, *rest) if streamed else rest or head


def is_repeated(channel: Channel) -> bool:
    """Whether an answer says a text over that its request had."""
    steps = channel[1:] if channel[0] == "key" else channel
    return bool(_REPEATED.intersection(steps[1:2] if steps[:1] == ("response",) else steps[:1]))


def is_excused(event: Event) -> bool | None:
    """Whether an answer, by its own word, need not have said anything: it refuses, was cut off by a filter, has failed, is not over or is
    none. None: the event does not tell.
    """
    if event.finished:
        return not {"content_filter", "refusal"}.isdisjoint(event.finished.values())
    body = event.body if isinstance(event.body, dict) else {}
    if body.get("type") == "error" and (event.is_end or event.prefix):
        return True  # an event that says so; nobody takes it for an answer
    response = body.get("response", body)
    if not isinstance(response, dict):
        return None
    if response.get("object") == "response":
        return str(response.get("status")) in _NOT_OVER or response.get("deleted") is True
    return True if str(response.get("object")) in _NO_ANSWERS else None
