"""Which texts of an answer are the answer itself."""

import pytest

from gateway.wire.model import Event
from gateway.wire.spoken import AGAIN, AS_ONE, choice_of, is_arguments, is_astray, is_excused, is_repeated, refused_by, steps_within
from policies.vocabulary import Scope
from tests.support.answers import events, stream_of, whole


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
        (("response", "output_text"), AS_ONE),
        (("output", 1, "refusal", 0), None),
        ((0, "content", 3, "citations", 0, "cited_text"), None),
        (("body", "x"), None),
    ],
)
def test_channels(channel, choice):
    """A channel's name tells it."""
    assert choice_of(channel, Scope.OUTPUT) == choice
    assert choice_of(channel, Scope.REASONING) is None


@pytest.mark.parametrize(
    ("channel", "choice"),
    [
        ((1, "refusal"), 1),
        ((1, "content", 0, "refusal"), 1),
        (("output", 2, "refusal", 0), 0),
        (("output", 2, "content", 0, "refusal"), 0),
        (("again", 2, "content", 0, "refusal"), AGAIN),
        ((0, "content"), None),
        (("body", "refusal"), None),
        ((0, "choice", "logprobs", "refusal", 0, "token"), None),
        ((0, "refusal", "text"), None),
    ],
)
def test_refusals(channel, choice):
    """Where the model refuses, in which choice; a refusal that stands elsewhere is none."""
    assert refused_by(channel, Scope.OUTPUT) == choice
    assert refused_by(channel, Scope.REASONING) is None


@pytest.mark.parametrize(
    ("path", "body", "astray"),
    [
        (
            "/v1/chat/completions",
            {
                "id": "x", "object": "chat.completion", "provider": "Some One", "x_groq": {"id": "req abc"}, "citations": ["https://a.example"],
                "choices": [{
                    "index": 0, "native_finish_reason": "ended well", "content_filter_results": {"hate": {"severity": "safe now"}},
                    "message": {
                        "role": "assistant", "content": [{"type": "thinking", "thinking": [{"type": "text", "text": "t"}]}],
                        "annotations": [{"url_citation": {"title": "A b", "content": "c d"}}],
                        "refusal": "no", "audio": {"transcript": "e f"},
                    },
                }],
            },
            [],
        ),
        ("/v1/chat/completions", {"choices": [], "text": "BAD"}, ["BAD"]),
        ("/v1/chat/completions", {"choices": {"0": {"message": {"content": "BAD"}}}}, ["BAD"]),
        ("/v1/chat/completions", {"choices": [{"index": 0, "delta": {"content": "BAD"}}]}, ["BAD"]),
        ("/v1/chat/completions", {"choices": [{"index": 0, "message": {"content": {"text": "BAD"}}}]}, ["BAD"]),
        ("/v1/chat/completions", {"choices": [{"index": 0, "message": {"message": {"text": "BAD"}}}]}, ["BAD"]),
        ("/v1/completions", {"choices": [{"index": 0, "message": {"content": "BAD"}, "completion": "BAD"}]}, ["BAD", "BAD"]),
        ("/v1/completions", {"output_text": "BAD", "choices": [{"index": 0, "text": "a", "finish_reason": "stop"}]}, ["BAD"]),
        ("/v1/messages", {"type": "message", "content": "BAD"}, ["BAD"]),
        ("/v1/messages", {"type": "message", "content": [], "completion": "BAD"}, ["BAD"]),
        (
            "/v1/messages",
            {
                "type": "message", "stop_reason": "refusal", "stop_details": {"type": "refusal", "explanation": "no, no"},
                "content": [{"type": "text", "text": "a", "citations": [{"type": "char_location", "cited_text": "b"}]}],
            },
            [],
        ),
        ("/v1/responses", {"object": "response", "output": [{"type": "message", "role": "assistant", "text": "BAD"}]}, ["BAD"]),
        ("/v1/responses", {"object": "response", "output": [], "text": "a", "message": "BAD", "choices": ["BAD"]}, ["BAD", "BAD"]),
        (
            "/v1/responses",
            {
                "object": "response", "instructions": "be nice", "output_text": "e", "error": {"message": "f g"},
                "output": [{"type": "message", "role": "assistant", "content": [
                    {"type": "output_text", "text": "e", "annotations": [{"type": "url_citation", "title": "h i"}]},
                ]}],
            },
            [],
        ),
    ],
)  # fmt: skip
def test_texts_astray(path, body, astray):
    """What stands where an answer is looked for, and is none, is told from what an API or a provider says beside its answer."""
    assert [delta.text for delta in whole(path, body).deltas if is_astray(delta.channel, delta.scope)] == astray


@pytest.mark.parametrize("choice", [{"message": {"content": "BAD"}}, {"text": "BAD"}, {"content": "BAD"}])
def test_pieces_astray(choice):
    """A chunk that says something in another place than a chunk does says it astray."""
    (event,) = events(stream_of("/v1/chat/completions"), {"choices": [{"index": 0, **choice}]})
    assert [delta.text for delta in event.deltas if is_astray(delta.channel, delta.scope)] == ["BAD"]


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
    ("below", "steps"),
    [
        (("function", "arguments"), ()),
        (("custom", "input"), ()),
        (("arguments",), ()),
        (("input",), ()),
        (("partial_json",), ()),
        (("input", "to", 0), ("to", 0)),
        (("action", "commands", 0), ("commands", 0)),
        (("shell_call_command", 0), ("commands", 0)),
        (("code_interpreter_call_code",), ("code",)),
        (("code",), ("code",)),
        (("function", "name"), ("name",)),
        (("name",), ("name",)),
        ((), ()),
    ],
)
def test_steps_within_arguments(below, steps):
    """The same argument has the same steps in every API, whole or streamed; what stands beside the arguments has its own key."""
    assert steps_within(below) == steps


@pytest.mark.parametrize(
    ("channel", "expected"),
    [
        (("response", "input", 0, "arguments"), True),
        (("response", "instructions", 0, "action", "command", 0), True),
        (("key", "response", "input", 0, "action", "env", "A B"), True),
        (("key", "input", 0, "action", "env", "A B"), True),
        (("key", "output", 0, "action", "env", "A B"), False),
        (("output", 0, "input"), False),
        (("item", 0, "input"), False),
        ((0, "content", 0, "input"), False),
    ],
)
def test_repeated(channel, expected):
    """What an answer has of its request is known by its channel."""
    assert is_repeated(channel) is expected


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (Event(b"", {}, finished={0: "stop"}), False),
        (Event(b"", {}, finished={0: "content_filter"}), True),
        (Event(b"", {}, finished={0: "refusal"}), True),
        (Event(b"", {}), None),
        (Event(b"", None), None),
        (Event(b"", {"error": {"message": "x"}}), None),
        (Event(b"", {"type": "error"}), None),
        (Event(b"", {"type": "error"}, prefix=b"event: error\n"), True),
        (Event(b"", {"type": "error"}, is_end=True), True),
        (Event(b"", {"object": "response", "status": "completed"}), False),
        (Event(b"", {"object": "response"}), False),
        (Event(b"", {"object": "response", "status": "in_progress"}), True),
        (Event(b"", {"object": "response", "deleted": True}), True),
        (Event(b"", {"object": "response.input_tokens"}), True),
        (Event(b"", {"response": {"object": "response", "status": "completed"}}), False),
        (Event(b"", {"response": "odd"}), None),
        (Event(b"", {"object": {}, "status": []}), None),
    ],
)
def test_who_need_not_have_spoken(event, expected):
    """By its own word: an answer that says that it is complete would have said something."""
    assert is_excused(event) is expected
