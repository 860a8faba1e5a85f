"""Which texts of an answer are the answer itself."""

import pytest

from gateway.wire.model import Event
from gateway.wire.spoken import AGAIN, choice_of, is_arguments, must_speak, refused_by
from policies.vocabulary import Scope
from tests.support.answers import whole


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        (
            "/v1/chat/completions",
            {
                "choices": [
                    {"index": 0, "message": {"role": "assistant", "content": "a", "reasoning_content": "t"}, "finish_reason": "stop"},
                    {"index": 1, "message": {"role": "assistant", "content": [{"type": "text", "text": "b"}]}, "finish_reason": "stop"},
                ]
            },
            [(0, "a"), (1, "b")],
        ),
        ("/v1/completions", {"choices": [{"index": 2, "text": "c", "finish_reason": "stop"}]}, [(2, "c")]),
        (
            "/v1/messages",
            {
                "type": "message",
                "role": "assistant",
                "content": [{"type": "thinking", "thinking": "t", "signature": ""}, {"type": "text", "text": "d"}],
                "stop_reason": "end_turn",
            },
            [(0, "d")],
        ),
        (
            "/v1/responses",
            {
                "object": "response",
                "instructions": "be nice",
                "output": [
                    {"type": "reasoning", "summary": [{"type": "summary_text", "text": "t"}]},
                    {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "e", "annotations": []}]},
                ],
            },
            [(0, "e")],
        ),
    ],
)
def test_whole_answers(path, body, said):
    """In every API the answer is what its choices say, and not what is thought or repeated."""
    event = whole(path, body)
    found = [(choice_of(delta.channel, delta.scope), delta.text) for delta in event.deltas]
    assert [each for each in found if each[0] is not None] == said


@pytest.mark.parametrize(
    ("channel", "choice"),
    [
        ((0, "content", 3, "text"), 0),
        (("output", 1, "output_text", 0), 0),
        (("again", 1, "content", 0, "text"), AGAIN),
        (("output", 1, "refusal", 0), None),
        ((0, "content", 3, "citations", 0, "cited_text"), None),
        (("body", "x"), None),
    ],
)
def test_channels(channel, choice):
    """A channel's name tells it."""
    assert choice_of(channel, Scope.OUTPUT) == choice
    assert choice_of(channel, Scope.REASONING) is None


def test_refusals():
    """Where the model refuses, in which choice."""
    assert [refused_by(channel) for channel in ((1, "refusal"), ("output", 2, "refusal", 0), (0, "content"))] == [1, 0, None]


@pytest.mark.parametrize(
    ("channel", "scope", "expected"),
    [
        ((0, "tool_calls", 0, "function", "arguments"), Scope.TOOL_ARGUMENTS, True),
        ((0, "content", 1, "partial_json"), Scope.TOOL_ARGUMENTS, True),
        (("again", 1, "arguments"), Scope.TOOL_ARGUMENTS, True),
        ((0, "content", 1, "name"), Scope.TOOL_ARGUMENTS, False),
        (("item", 1, "input"), Scope.TOOL_ARGUMENTS, False),
        (("response", "arguments"), Scope.OUTPUT, False),
    ],
)
def test_arguments(channel, scope, expected):
    """Only what a tool is called with is its arguments."""
    assert is_arguments(channel, scope) == expected


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (Event(b"", {}, finished={0: "stop"}), True),
        (Event(b"", {}, finished={0: "content_filter"}), False),
        (Event(b"", {}), False),
        (Event(b"", None), False),
        (Event(b"", {"object": "response", "status": "completed"}), True),
        (Event(b"", {"object": "response", "status": "in_progress"}), False),
        (Event(b"", {"response": {"object": "response", "status": "completed"}}), True),
        (Event(b"", {"response": "odd"}), False),
    ],
)
def test_who_would_have_spoken(event, expected):
    """An answer that says that it is complete would have said something."""
    assert must_speak(event) == expected
