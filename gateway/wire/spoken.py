"""Which texts of an answer are the answer itself, and which are the arguments of a call, by the channels that dialects give them.

Anthropic's and the Responses API's answers are one choice, whose text may stand in several blocks or parts: read one after the other they
are one text, as the SDKs read them.
"""

from gateway.wire.model import Channel, Event
from policies.vocabulary import Scope

AGAIN = -1
"""In place of a choice: what the last event of a streamed response says over again."""
GENERATING = frozenset({"chat", "completions", "responses", "messages"})
"""The surfaces on which a model answers, and ``choice_of`` knows where."""

_ARGUMENTS = frozenset({
    "arguments", "partial_json", "input", "function_call_arguments", "mcp_call_arguments", "custom_tool_call_input",
})  # fmt: skip


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
    return None


def refused_by(channel: Channel) -> int | None:
    """The choice in which the model refuses."""
    if "refusal" not in channel:
        return None
    return channel[0] if isinstance(channel[0], int) else 0


def is_arguments(channel: Channel, scope: Scope) -> bool:
    """Whether a text is what a tool is called with."""
    if scope is not Scope.TOOL_ARGUMENTS or channel[-1] not in _ARGUMENTS:
        return False
    return isinstance(channel[0], int) or channel[0] in ("output", "again")


def must_speak(event: Event) -> bool:
    """Whether an answer is complete by its own word, so that it would have said something by now."""
    if event.finished:
        return not {"content_filter", "refusal"} & set(event.finished.values())
    body = event.body if isinstance(event.body, dict) else {}
    response = body.get("response", body)
    return isinstance(response, dict) and response.get("object") == "response" and response.get("status") == "completed"
