"""Items and settings of realtime sessions: whose each text is, and what is no text."""

import pytest

from gateway.wire.model import Kind, Uninspectable
from gateway.wire.openai.realtime_items import ANSWER, read_item, read_said_part, read_settings
from gateway.wire.openai.responses_items import REQUEST, Text
from policies.vocabulary import Scope


def _texts(found) -> list[tuple[str, str, Scope]]:
    return [(".".join(map(str, each.place)), each.text, each.scope) for each in found if isinstance(each, Text)]


def _listed(found) -> list[tuple[str, Kind]]:
    return [(".".join(map(str, each.place)), each.kind) for each in found if isinstance(each, Uninspectable)]


def _message(role: str, *content) -> dict:
    return {"id": "item_1", "object": "realtime.item", "type": "message", "status": "completed", "role": role, "content": list(content)}


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (_message("user", {"type": "input_text", "text": "Hi"}), [("i.content.0.text", "Hi", Scope.USER)]),
        (_message("system", {"type": "input_text", "text": "Hi"}), [("i.content.0.text", "Hi", Scope.SYSTEM)]),
        (_message("assistant", {"type": "output_text", "text": "Hi"}), [("i.content.0.text", "Hi", Scope.ASSISTANT)]),
        (_message("assistant", {"type": "text", "text": "Hi"}), [("i.content.0.text", "Hi", Scope.ASSISTANT)]),
        (_message("assistant", {"type": "output_audio", "transcript": "Hi"}), [("i.content.0.transcript", "Hi", Scope.ASSISTANT)]),
        (_message("user", {"type": "input_audio", "audio": "QUJD", "transcript": "Hi"}), [("i.content.0.transcript", "Hi", Scope.USER)]),
        (
            {"type": "function_call", "name": "send", "call_id": "call_12345678", "arguments": "{}"},
            [("i.name", "send", Scope.TOOL_ARGUMENTS), ("i.arguments", "{}", Scope.TOOL_ARGUMENTS)],
        ),
        (
            {"type": "function_call_output", "call_id": "call_12345678", "output": "Room 4"},
            [("i.output", "Room 4", Scope.TOOL_RESULTS)],
        ),
    ],
)
def test_whose_an_items_texts_are(item: dict, expected: list):
    """Those of its role, or of its type; ids and names of the API's own are none."""
    assert _texts(read_item(item, ("i",), REQUEST)) == expected


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ({"type": "input_audio", "audio": "QUJD"}, [("i.content.0.audio", Kind.AUDIO)]),
        ({"type": "input_audio", "transcript": "Hi"}, []),
        ({"type": "input_audio", "audio": {"a": "Hi"}}, [("i.content.0.audio", Kind.AUDIO)]),
        ({"type": "input_image", "image_url": "data:image/png;base64,AAAA"}, [("i.content.0", Kind.IMAGE)]),
        ({"type": "smell", "text": "Hi"}, [("i.content.0", Kind.UNKNOWN)]),
        ({"text": "Hi"}, [("i.content.0", Kind.UNKNOWN)]),
        ("Hi", []),
        (4, [("i.content.0", Kind.UNKNOWN)]),
    ],
)
def test_what_no_rule_can_read(part: object, expected: list):
    """Sound and pictures are listed once, and what has no name is unknown."""
    found = list(read_item(_message("user", part), ("i",), REQUEST))
    assert _listed(found) == expected
    assert not [text for _, text, _ in _texts(found) if text != "Hi"]


def test_sound_that_is_text():
    """It is read, on either side, and listed as the sound that it is said to be."""
    for side in (REQUEST, ANSWER):
        found = list(read_item(_message("user", {"type": "input_audio", "audio": "I am Ann"}), ("i",), side))
        assert [text for _, text, _ in _texts(found)] == ["I am Ann"]
        assert _listed(found) == [("i.content.0.audio", Kind.AUDIO)]


@pytest.mark.parametrize("item", [None, "text", 3, [], {"type": "riddle", "question": "What is it?"}])
def test_an_item_that_is_none(item: object):
    """It is listed, and its texts are read all the same."""
    found = list(read_item(item, ("i",), REQUEST))
    assert _listed(found) == [("i", Kind.UNKNOWN)]
    assert [text for _, text, _ in _texts(found)] == ([item] if item == "text" else ["What is it?"] if isinstance(item, dict) else [])


def test_settings():
    """Instructions are the system's, tools are definitions, prompt variables the user's; the rest of the settings are names."""
    settings = {
        "type": "realtime", "object": "realtime.session", "id": "sess_123456789", "model": "gpt-realtime-2025-08-28",
        "instructions": "Be brief", "output_modalities": ["text"], "max_output_tokens": "inf", "truncation": "auto",
        "tools": [{"type": "function", "name": "send", "description": "Sends it", "parameters": {"type": "object"}}],
        "prompt": {"id": "pmpt_123456789", "version": "2", "variables": {"who": "Ann", "what": {"type": "input_text", "text": "a note"}}},
        "audio": {
            "input": {"transcription": {"model": "whisper-1", "prompt": "Talk of Ann"}, "turn_detection": {"type": "server_vad"}},
            "output": {"voice": "alloy", "format": {"type": "audio/pcm", "rate": 24000}},
        },
        "metadata": {"ticket": "of Ann"},
        "input": [_message("user", {"type": "input_text", "text": "Hi"})],
    }  # fmt: skip
    found = list(read_settings(settings, (), REQUEST))
    assert _listed(found) == []
    assert _texts(found) == [
        ("instructions", "Be brief", Scope.SYSTEM),
        ("tools.0.name", "send", Scope.TOOL_DEFINITIONS),
        ("tools.0.description", "Sends it", Scope.TOOL_DEFINITIONS),
        ("prompt.variables.who", "Ann", Scope.USER),
        ("prompt.variables.what.text", "a note", Scope.USER),
        ("audio.input.transcription.prompt", "Talk of Ann", Scope.USER),
        ("metadata.ticket", "of Ann", Scope.USER),
        ("input.0.content.0.text", "Hi", Scope.USER),
    ]


@pytest.mark.parametrize("settings", [{"voice": "call 415-555-0132"}, {"id": "my name is Ann"}, {"surprise": "x"}, "x", {"prompt": "x"}])
def test_prose_where_a_name_should_be(settings: object):
    """It is a text."""
    assert len(_texts(read_settings(settings, ("session",), REQUEST))) == 1


def test_log_probabilities_of_a_part():
    """They spell its text, and no part of a realtime item has any: they do not pass unread."""
    part = {"type": "text", "text": "Hi", "logprobs": [{"token": "Hi"}]}
    found = list(read_said_part(part, ("part",), ANSWER))
    assert "Hi" in [text for place, text, _ in _texts(found) if place == "part.text"]
    assert ("part.logprobs.0.token", "Hi") in [(place, text) for place, text, _ in _texts(found)]


def test_what_is_read_as_one_text():
    """Parts of an item with sound between them, and the items of one role that a response is asked for with."""
    part, sound = {"type": "input_text", "text": "a"}, {"type": "input_audio", "audio": "AAAA"}
    found = read_item(_message("user", part, sound, part), ("i",), REQUEST)
    assert [each.joins for each in found if isinstance(each, Text)] == [("i",), ("i",)]
    asked = {"input": [_message("user", part), _message("user", sound), _message("user", part), _message("assistant", part)]}
    found = read_settings(asked, ("r",), REQUEST)
    first = ("r", "input", 0)
    assert [each.joins for each in found if isinstance(each, Text)] == [first, first, ("r", "input", 3)]
    found = read_settings({"instructions": "a", "input": [_message("system", part)]}, ("r",), REQUEST)
    assert [each.joins for each in found if isinstance(each, Text)] == [("r", "instructions")] * 2
