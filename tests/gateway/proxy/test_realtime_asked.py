"""The client's side of a realtime session."""

import json

import pytest

from tests.support.guards import rule
from tests.support.sessions import SessionTalk, answer, say

AUDIO = {"type": "input_audio_buffer.append", "audio": "QUJD"}


async def test_what_no_edit_touches_goes_on_as_it_came():
    """To the last blank, and to the order of its keys."""
    talk = SessionTalk(rule("mails", "tokenize"))
    text = '{ "type" : "session.update",\n"session":{"instructions":"Be  brief"} }'
    assert (await talk.asked.take(text)).upstream == (text,)


async def test_a_value_is_replaced():
    """The endpoint gets a placeholder, the same one in every event of the session; nothing else of the event changes."""
    talk = SessionTalk(rule("mails", "tokenize"))
    ((first,), none) = await talk.ask(say("I am ann@example.org"))
    ((second,), _) = await talk.ask(say("ann@example.org it is"))
    text = first["item"]["content"][0]["text"]
    assert text.startswith("I am <EMAIL_ADDRESS_")
    assert second["item"]["content"][0]["text"] == f"{text.removeprefix('I am ')} it is"
    assert first == {**say(text), "item": first["item"]}
    assert none == []


async def test_a_blocked_event():
    """It goes nowhere; the client hears which rule, under which record, and about which of its events. The session goes on."""
    talk = SessionTalk(rule("numbers", "block"))
    upstream, (error,) = await talk.ask(say("is 12345678 ok"))
    assert upstream == []
    assert (error["type"], error["event_id"]) == ("error", "ours_0")
    assert [error["error"][key] for key in ("type", "code", "event_id")] == ["policy_violation", "content_filter", "mine"]
    assert error["error"]["oddgate"]["rules"] == ["numbers"]
    (record,) = talk.records
    assert (record["request_id"], record["decision"], record["outcome"]) == (
        error["error"]["oddgate"]["request_id"],
        "block",
        "content_filter",
    )
    assert "1234" not in json.dumps([error, talk.records])
    assert (await talk.ask(say("fine")))[0] == [say("fine")]


@pytest.mark.parametrize("text", ["", "{", "[]", "4", '{"type":4}', '{"type":"a","type":"a"}', '{"type":"\\ud800"'])
async def test_what_is_no_event(text: str):
    """The client hears that it is none, and it goes nowhere."""
    upstream, (error,) = await SessionTalk().ask(text)
    assert (upstream, error["type"], error["error"]["type"]) == ([], "error", "invalid_request_error")


@pytest.mark.parametrize(("action", "goes"), [("block", False), ("flag", True), ("allow", True)])
async def test_an_event_that_the_api_does_not_have(action: str, goes: bool):
    """The policy says whether it goes on; its texts are guarded all the same."""
    talk = SessionTalk(rule("mails", "tokenize"), on_uninspectable={"unknown": action})
    upstream, client = await talk.ask({"type": "surprise", "for": "ann@example.org"})
    assert (len(upstream), len(client)) == (goes, not goes)
    assert "ann@" not in json.dumps([upstream, client])


async def test_sound_is_noted_once_a_turn():
    """A thousand pieces of it are one entry of the record, and each goes on as it came."""
    talk = SessionTalk(rule("mails", "tokenize"))
    for _ in range(20):
        assert await talk.ask(AUDIO) == ([AUDIO], [])
    await talk.hears(*answer(["Hi"]))
    await talk.ask(AUDIO)
    await talk.hears(*answer(["Hi"], "s"))
    assert [[part["kind"] for part in record["uninspectable"]] for record in talk.records] == [["audio"], ["audio"]]
    assert talk.records[0]["bytes"]["request"] == 20 * len(json.dumps(AUDIO))


async def test_sound_that_is_blocked_is_refused_once():
    """Until the client sends something else."""
    talk = SessionTalk(on_uninspectable={"audio": "block"})
    told = [await talk.ask(AUDIO) for _ in range(5)]
    assert [(len(upstream), len(client)) for upstream, client in told] == [(0, 1), (0, 0), (0, 0), (0, 0), (0, 0)]
    assert len((await talk.ask({"type": "input_audio_buffer.clear"}))[0]) == 1
    assert len((await talk.ask(AUDIO))[1]) == 1
    assert len(talk.records) == 2


async def test_text_beside_sound_is_guarded():
    """Also after the sound of the turn is noted."""
    talk = SessionTalk(rule("mails", "tokenize"))
    await talk.ask(AUDIO)
    ((event,), _) = await talk.ask({**AUDIO, "note": "to ann@example.org"})
    assert "ann@" not in json.dumps(event)
