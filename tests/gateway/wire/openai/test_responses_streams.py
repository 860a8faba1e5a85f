"""The texts that a response brings in pieces, and the events that bring them."""

import pytest

from gateway.wire.model import Channel, Json, Place
from gateway.wire.openai.responses_events import READERS, read_event
from gateway.wire.openai.responses_streams import PARTS, STREAMS, delta_event, streamed

CHANNELS = [
    ("output", 1, "output_text", 2), ("output", 0, "refusal", 0), ("output", 3, "reasoning_text", 1),
    ("output", 0, "reasoning_summary_text", 4), ("output", 2, "function_call_arguments"), ("output", 2, "mcp_call_arguments"),
    ("output", 0, "custom_tool_call_input"), ("output", 0, "code_interpreter_call_code"), ("output", 0, "shell_call_command", 1),
    ("output", 0, "shell_call_output_content", 1, "stdout"), ("output", 0, "shell_call_output_content", 0, "stderr"), ("audio.transcript",),
]  # fmt: skip


@pytest.mark.parametrize("channel", CHANNELS)
def test_an_event_of_ours_continues_its_channel(channel: Channel):
    """What is written for a channel is read as more of it, and as nothing else."""
    event = delta_event(channel, "more")
    read = read_event(b"", event, b"")
    assert [(delta.channel, delta.text, delta.closes) for delta in read.deltas] == [(channel, "more", False)]
    assert read.uninspectable == ()


@pytest.mark.parametrize(
    "channel",
    [("response", "metadata", "a"), ("again", 0, "content", 0, "text"), ("output", 0, "novelty"), ("output", 0, "output_text"),
     ("output", 0), ("output", 0, "function_call_arguments", 1), ("event", "x")],
)  # fmt: skip
def test_a_text_that_is_never_continued(channel: Channel):
    """There is no event for it."""
    assert delta_event(channel, "more") is None


MESSAGE = {"type": "message", "content": [{"type": "output_text"}, {"type": "refusal"}, {"type": "novelty"}, "x", {}]}
REASONING = {"type": "reasoning", "content": [{"type": "reasoning_text"}], "summary": [{"type": "summary_text"}, {"type": "output_text"}]}


@pytest.mark.parametrize(
    ("item", "place", "expected"),
    [
        (MESSAGE, ("content", 0, "text"), ("output_text", 0)),
        (MESSAGE, ("content", 0, "novelty"), None),
        (MESSAGE, ("content", 1, "refusal"), ("refusal", 1)),
        (MESSAGE, ("content", 2, "text"), None),
        (MESSAGE, ("content", 3, "text"), None),
        (MESSAGE, ("content", 4, "text"), None),
        (MESSAGE, ("content", 5000, "text"), None),
        (MESSAGE, ("content", "a", "text"), None),
        (REASONING, ("content", 0, "text"), ("reasoning_text", 0)),
        (REASONING, ("summary", 0, "text"), ("reasoning_summary_text", 0)),
        (REASONING, ("summary", 1, "text"), None),
        ({"type": "function_call"}, ("arguments",), ("function_call_arguments",)),
        ({"type": "function_call"}, ("arguments", "a"), None),
        ({"type": "mcp_call"}, ("arguments",), ("mcp_call_arguments",)),
        ({"type": "mcp_approval_request"}, ("arguments",), None),
        ({"type": "custom_tool_call"}, ("input",), ("custom_tool_call_input",)),
        ({"type": "code_interpreter_call"}, ("code",), ("code_interpreter_call_code",)),
        ({"type": "shell_call"}, ("action", "commands", 1), ("shell_call_command", 1)),
        ({"type": "shell_call"}, ("action", "commands", "a"), None),
        ({"type": "shell_call"}, ("action", "commands"), None),
        ({"type": "shell_call_output"}, ("output", 1, "stderr"), ("shell_call_output_content", 1, "stderr")),
        ({"type": ["function_call"]}, ("arguments",), None),
        ({}, ("arguments",), None),
    ],
)
def test_where_a_streamed_text_ends_up(item: Json, place: Place, expected: Channel | None):
    """A text of an item is known for the stream that brings it; what comes in one piece has none."""
    assert streamed(item, place) == expected


def test_streams_are_read():
    """Each stream's events are in the table of events, and each part's type has its stream."""
    assert {f"response.{name}.{when}" for name in STREAMS for when in ("delta", "done")} <= READERS.keys()
    assert {stream.part_event for stream in PARTS.values()} == {"response.content_part", "response.reasoning_summary_part"}
