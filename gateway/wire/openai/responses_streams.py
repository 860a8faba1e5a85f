"""The texts that a streamed response brings in pieces: which events bring them, and where they stand in the item that they end up in.

A channel of such a text is ``("output", item, NAME, ...)``, with the NAME that its events have: ``response.NAME.delta`` and ``.done``.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.wire.answer_texts import is_index
from gateway.wire.model import Channel, Form, Json, Place
from policies.vocabulary import Scope


@dataclass(frozen=True, slots=True)
class Stream:
    """``index`` is the key by which events tell texts of one item apart; ``done`` the key of the whole text in the ``.done`` event;
    ``part`` the type of the part that holds the text, and ``place`` where that (or the text) stands in its item.
    """

    name: str
    scope: Scope
    done: str
    place: Place
    index: str | None = None
    part: str | None = None
    form: Form = Form.TEXT

    @property
    def part_event(self) -> str:
        """Of the events that open and close the part."""
        return "response.reasoning_summary_part" if self.part == "summary_text" else "response.content_part"

    @property
    def run(self) -> Channel:
        """Parts of one kind are read as one text."""
        return (self.name,) if self.part else ()

    def place_in_item(self, index: Channel) -> Place:
        return (*self.place, *index, self.done) if self.part else (*self.place, *index)


_ALL = (
    Stream("output_text", Scope.OUTPUT, "text", ("content",), "content_index", "output_text"),
    Stream("refusal", Scope.OUTPUT, "refusal", ("content",), "content_index", "refusal"),
    Stream("reasoning_text", Scope.REASONING, "text", ("content",), "content_index", "reasoning_text"),
    Stream("reasoning_summary_text", Scope.REASONING, "text", ("summary",), "summary_index", "summary_text"),
    Stream("function_call_arguments", Scope.TOOL_ARGUMENTS, "arguments", ("arguments",), form=Form.JSON),
    Stream("mcp_call_arguments", Scope.TOOL_ARGUMENTS, "arguments", ("arguments",), form=Form.JSON),
    Stream("custom_tool_call_input", Scope.TOOL_ARGUMENTS, "input", ("input",)),
    Stream("code_interpreter_call_code", Scope.TOOL_ARGUMENTS, "code", ("code",)),
    Stream("shell_call_command", Scope.TOOL_ARGUMENTS, "command", ("action", "commands"), "command_index"),
)
STREAMS: Mapping[str, Stream] = {stream.name: stream for stream in _ALL}
PARTS: Mapping[str, Stream] = {stream.part: stream for stream in _ALL if stream.part}

SHELL_OUTPUT = "shell_call_output_content"
"""Its delta is an object with two texts, ``stdout`` and ``stderr``."""
TRANSCRIPT = "audio.transcript"
"""Of the one voice that a response has; its events name no item."""

_BY_ITEM = {
    "function_call": "function_call_arguments",
    "mcp_call": "mcp_call_arguments",
    "custom_tool_call": "custom_tool_call_input",
    "code_interpreter_call": "code_interpreter_call_code",
    "shell_call": "shell_call_command",
}


def streamed(item: dict[str, Json], place: Place) -> Channel | None:
    """The end of the channel (from its NAME on) whose text stands at this place of an item; None for a text that comes in one piece."""
    kind = item.get("type")
    if not all(is_index(step) for step in place if isinstance(step, int)):
        return None
    if len(place) == 3 and place[0] in ("content", "summary") and isinstance(place[1], int):
        part = item[place[0]][place[1]]
        stream = PARTS.get(str(part.get("type"))) if isinstance(part, dict) else None
        return (stream.name, place[1]) if stream and stream.place == place[:1] and stream.done == place[2] else None
    if kind == "shell_call_output" and len(place) == 3 and isinstance(place[1], int) and place[2] in ("stdout", "stderr"):
        return (SHELL_OUTPUT, *place[1:])
    stream = STREAMS.get(_BY_ITEM.get(kind, "")) if isinstance(kind, str) else None
    if stream and place[: len(stream.place)] == stream.place:
        rest = place[len(stream.place) :]
        return (stream.name, *rest) if len(rest) == bool(stream.index) and all(isinstance(step, int) for step in rest) else None
    return None


def delta_event(channel: Channel, text: str) -> dict[str, Json] | None:
    """What a channel's ``.delta`` event says, but for the item's id and its number; None for a text that is never continued."""
    if channel == (TRANSCRIPT,):
        return {"type": f"response.{TRANSCRIPT}.delta", "delta": text}
    if len(channel) < 3 or channel[0] != "output":
        return None
    item, name, rest = channel[1], str(channel[2]), channel[3:]
    if name == SHELL_OUTPUT and len(rest) == 2:
        return {"type": f"response.{name}.delta", "output_index": item, "command_index": rest[0], "delta": {str(rest[1]): text}}
    stream = STREAMS.get(name)
    if stream is None or len(rest) != bool(stream.index):
        return None
    event: dict[str, Json] = {"type": f"response.{name}.delta", "output_index": item, "delta": text}
    if stream.index:
        event[stream.index] = rest[0]
    if name == "output_text":
        event["logprobs"] = []
    return event
