"""Events that bring a text of a streamed response in pieces, or say that it is whole now."""

import pytest

from gateway.wire.model import Channel, Json
from gateway.wire.openai.responses_event import ResponsesEvent
from gateway.wire.openai.responses_events import read_event

PROSE = "write to anna.kovacs@example.org, please"


def read(kind: str, **fields: Json) -> ResponsesEvent:
    return read_event(b"raw", {"type": f"response.{kind}", "item_id": "i", "output_index": 1, "sequence_number": 5, **fields}, b"")


PIECES = [
    ("output_text", {"content_index": 2}, (2,), "text", "output", ("content", 2, "text")),
    ("refusal", {"content_index": 0}, (0,), "refusal", "output", ("content", 0, "refusal")),
    ("reasoning_text", {"content_index": 1}, (1,), "text", "reasoning", ("content", 1, "text")),
    ("reasoning_summary_text", {"summary_index": 1}, (1,), "text", "reasoning", ("summary", 1, "text")),
    ("function_call_arguments", {}, (), "arguments", "tool_arguments", ("arguments",)),
    ("mcp_call_arguments", {}, (), "arguments", "tool_arguments", ("arguments",)),
    ("custom_tool_call_input", {}, (), "input", "tool_arguments", ("input",)),
    ("code_interpreter_call_code", {}, (), "code", "tool_arguments", ("code",)),
    ("shell_call_command", {"command_index": 1}, (1,), "command", "tool_arguments", ("action", "commands", 1)),
]


@pytest.mark.parametrize(("name", "index", "rest", "key", "scope", "place"), PIECES)
def test_a_text_in_pieces(name: str, index: Json, rest: Channel, key: str, scope: str, place: Channel):
    """A piece goes on the text of its channel; the whole text ends the channel, and is an echo with one of its own."""
    event = read(f"{name}.delta", delta=PROSE, **index)
    (delta,) = event.deltas
    channel = ("output", 1, name, *rest)
    assert (delta.channel, delta.scope.value, delta.text, delta.place, delta.closes, delta.echoes) == (
        channel, scope, PROSE, ("delta",), False, False,
    )  # fmt: skip
    assert (event.ends, event.uninspectable) == ((), ())
    event = read(f"{name}.done", **{key: PROSE}, **index)
    (delta,) = event.deltas
    assert (delta.channel, delta.scope.value, delta.place, delta.closes, delta.echoes) == (("again", 1, *place), scope, (key,), True, True)
    assert (event.ends, event.uninspectable) == ((channel,), ())
    assert delta.form == ("json" if key == "arguments" else "text")


@pytest.mark.parametrize(("name", "index", "rest", "key", "scope", "place"), PIECES)
@pytest.mark.parametrize("wrong", [{"delta": 5}, {"delta": {"a": PROSE}}, {"output_index": PROSE}, {"output_index": -1}, {}])
def test_a_piece_that_is_none(name: str, index: Json, rest: Channel, key: str, scope: str, place: Channel, wrong: Json):
    """It is listed, and what texts it has are read."""
    for event in (read(f"{name}.delta", **{"delta": PROSE} if "output_index" in wrong else {}, **wrong), read(f"{name}.done", **wrong)):
        assert [part.kind.value for part in event.uninspectable] == ["unknown"]
        assert (event.ends, all(delta.closes for delta in event.deltas)) == ((), True)


def test_log_probabilities_of_a_piece():
    """They are a companion of its channel, as an object while the event is under way; other than a list they are listed."""
    event = read("output_text.delta", content_index=0, delta="hi", logprobs=[{"token": "hi"}])
    (companion,) = event.companions
    assert (companion.channels, companion.place) == ((("output", 1, "output_text", 0),), ("logprobs",))
    assert event.body["logprobs"] == {"content": [{"token": "hi"}]}
    assert read("output_text.delta", content_index=0, delta="hi", logprobs=[]).companions == ()
    for when in ("delta", "done"):
        event = read(f"output_text.{when}", delta="hi", text="hi", logprobs={"a": PROSE})
        assert "unknown" in {part.kind.value for part in event.uninspectable}
    spelled = read("refusal.delta", delta="hi", logprobs=[{"token": PROSE}])
    assert PROSE in {delta.text for delta in spelled.deltas}


def test_log_probabilities_of_a_whole_text():
    """They are remembered with the text that they spell."""
    assert read("output_text.done", text="hi", logprobs=[{"token": "hi"}]).spelled == (((), "hi"),)
    assert read("output_text.done", text="hi", logprobs=[]).spelled == ()


def test_a_shell():
    """A command begins with words, or none; its two outputs are texts of their own."""
    (delta,) = read("shell_call_command.added", command_index=1, command="ls").deltas
    assert (delta.channel, delta.closes) == (("output", 1, "shell_call_command", 1), False)
    assert read("shell_call_command.added", command_index=1, command="").deltas == ()
    event = read("shell_call_output_content.delta", command_index=0, delta={"stdout": "a", "stderr": "b", "more": PROSE})
    assert [(delta.channel[-1], delta.text, delta.closes, delta.scope.value) for delta in event.deltas] == [
        ("stdout", "a", False, "tool_results"), ("stderr", "b", False, "tool_results"), ("more", PROSE, True, "tool_results"),
    ]  # fmt: skip
    event = read("shell_call_output_content.done", command_index=0, output=[{"stdout": "a", "stderr": "", "outcome": {"type": "timeout"}}])
    assert [(delta.text, delta.echoes) for delta in event.deltas] == [("a", True)]
    assert event.ends == (("output", 1, "shell_call_output_content", 0),)
    for event in (read("shell_call_output_content.delta", delta=PROSE), read("shell_call_command.added", command=[PROSE])):
        assert [part.kind.value for part in event.uninspectable] == ["unknown"]


def test_a_voice():
    """What it says is a text; the sound, like a picture, is none."""
    (delta,) = read("audio.transcript.delta", delta="hi").deltas
    assert (delta.channel, delta.closes) == (("audio.transcript",), False)
    assert [part.kind.value for part in read("audio.transcript.delta", delta=5).uninspectable] == ["unknown"]
    for kind, key, name in (("audio.delta", "delta", "audio"), ("image_generation_call.partial_image", "partial_image_b64", "image")):
        event = read(kind, **{key: "QUJD"})
        assert [(part.kind.value, part.place) for part in event.uninspectable] == [(name, (key,))]
        assert event.deltas == ()


def test_an_annotation():
    """Its texts are whole."""
    event = read("output_text.annotation.added", content_index=0, annotation_index=2, annotation={"type": "url_citation", "title": PROSE})
    assert [(delta.text, delta.closes, delta.scope.value) for delta in event.deltas] == [(PROSE, True, "output")]
    wrong = read("output_text.annotation.added", annotation_index="x", annotation={"title": PROSE})
    assert [part.kind.value for part in wrong.uninspectable] == ["unknown"]
