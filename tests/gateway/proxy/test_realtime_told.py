"""The endpoint's side of a realtime session."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import UpstreamError
from tests.support.guards import Names, cut, rule
from tests.support.sessions import SessionTalk, answer, said, say

EMAIL = "ann@example.org"
HEARD = "conversation.item.input_audio_transcription"


async def _placeholder(talk: SessionTalk) -> str:
    ((event,), _) = await talk.ask(say(EMAIL))
    text: str = event["item"]["content"][0]["text"]
    return text


def _last(events: list) -> str:
    return events[-1]["response"]["output"][0]["content"][0]["text"]


@given(places=st.lists(st.integers(0, 200), max_size=12))
async def test_pieces_cut_anywhere_say_the_same(places: list[int]):
    """However a response is cut, the client's text has the real value, and every repetition of it agrees."""
    talk = SessionTalk(rule("mails", "tokenize"))
    placeholder = await _placeholder(talk)
    heard = await talk.hears(*answer(cut(f"I have written to {placeholder}, and to {placeholder}.", places)))
    expected = f"I have written to {EMAIL}, and to {EMAIL}."
    assert said(heard) == _last(heard) == expected
    by_type = {event["type"]: event for event in heard}
    assert by_type["response.output_text.done"]["text"] == expected
    assert by_type["response.content_part.done"]["part"]["text"] == expected
    assert by_type["conversation.item.done"]["item"]["content"][0]["text"] == expected
    assert [event["type"] for event in heard].index("response.output_text.done") > max(
        index for index, event in enumerate(heard) if event["type"].endswith("delta")
    )


async def test_what_no_edit_touches_goes_on_as_it_came():
    """Byte for byte, in order."""
    talk = SessionTalk(rule("mails", "redact", scope=["output"]))
    texts = [json.dumps(event, indent=1) for event in [{"type": "session.created", "session": {"id": "s"}}, *answer(["Hi ", "there "])]]
    assert [text for each in texts for text in (await talk.told.take(each)).client] == texts


async def test_arguments_are_restored_as_json():
    """A value with a quote in it is escaped where it is put."""
    talk = SessionTalk(rule("people", "tokenize"), detectors=[Names()])
    ((event,), _) = await talk.ask(say("Anna"))
    placeholder = event["item"]["content"][0]["text"]
    at = {"response_id": "r", "item_id": "i", "output_index": 0, "call_id": "c"}
    pieces = cut(f'{{"to":"{placeholder}"}}', [5, 9, 14])
    heard = await talk.hears(
        *({**at, "type": "response.function_call_arguments.delta", "delta": piece} for piece in pieces),
        {**at, "type": "response.function_call_arguments.done", "name": "send", "arguments": "".join(pieces)},
    )
    assert "".join(event["delta"] for event in heard[:-1]) == heard[-1]["arguments"] == '{"to":"Anna"}'


async def test_a_verdict_in_mid_response():
    """The response ends as incomplete with what had gone out, the endpoint is told to stop, and nothing more of it is heard."""
    talk = SessionTalk(rule("numbers", "block", scope=["output"]))
    events = answer(["fine so far ", "12345678 ", "and more"])
    heard, cancels = [], []
    for event in events:
        upstream, client = await talk.tell(event)
        heard += client
        cancels += upstream
    ((cancel),) = cancels
    assert (cancel["type"], cancel["response_id"]) == ("response.cancel", "r")
    assert said(heard) == _last(heard) == "fine so far "
    assert [event["type"] for event in heard[-4:]] == [
        "response.output_text.done", "response.content_part.done", "response.output_item.done", "response.done",
    ]  # fmt: skip
    assert (heard[-1]["response"]["status"], heard[-1]["response"]["status_details"]["reason"]) == ("incomplete", "content_filter")
    assert "1234" not in json.dumps([heard, talk.records])
    (record,) = talk.records
    assert (record["outcome"], record["decision"], record["released_chars"]) == ("content_filter", "block", len("fine so far "))
    told = {"type": "error", "error": {"type": "invalid_request_error", "message": "No active response.", "event_id": cancel["event_id"]}}
    assert await talk.hears(told) == []
    assert said(await talk.hears(*answer(["Next"], "s"))) == "Next"


async def test_a_verdict_at_the_end():
    """The endpoint has nothing to stop any more."""
    talk = SessionTalk(rule("numbers", "block", scope=["output"]))
    done = {"type": "response.done", "response": {"id": "r", "output": [{"type": "message", "role": "assistant", "content": [
        {"type": "output_text", "text": "12345678"}]}]}}  # fmt: skip
    await talk.tell(answer([])[0])
    upstream, (event,) = await talk.tell(done)
    assert (upstream, event["response"]["status"], event["response"]["output"]) == ([], "incomplete", [])


async def test_a_response_that_is_blocked_from_its_beginning():
    """There is nothing to end, so that the client hears an error."""
    talk = SessionTalk(rule("numbers", "block", scope=["output"]))
    upstream, (error,) = await talk.tell({"type": "response.created", "response": {"id": "r", "note": "is 12345678 ok"}})
    assert ([event["type"] for event in upstream], error["error"]["code"]) == (["response.cancel"], "content_filter")


async def test_responses_side_by_side():
    """Each has its own text, its own end and its own record."""
    talk = SessionTalk(rule("numbers", "block", scope=["output"]))
    first, second = answer(["one ", "more"]), answer(["two ", "12345678 "], "s")
    heard = await talk.hears(*(event for pair in zip(first, second, strict=True) for event in pair))
    done = {event["response"]["id"]: event["response"]["status"] for event in heard if event["type"] == "response.done"}
    assert done == {"r": "completed", "s": "incomplete"}
    assert said([event for event in heard if event.get("response_id") == "r"]) == "one more"
    assert sorted(record["outcome"] for record in talk.records) == ["completed", "content_filter"]


async def test_the_record_is_there_before_the_end_is():
    """One a turn, with what the client sent, what was answered and what it cost."""
    talk = SessionTalk(rule("mails", "tokenize"))
    await talk.ask(say(EMAIL))
    *others, done = answer(["Hi"])
    await talk.hears(*others)
    assert talk.records == []
    await talk.hears(done)
    (record,) = talk.records
    assert (record["request_id"], record["surface"], record["status"], record["stream"]) == ("req_0", "realtime", 101, True)
    assert (record["tokens"], record["outcome"]) == ({"input": 10, "output": 2}, "completed")
    assert [finding["place"] for finding in record["findings"]] == ["events.0.item.content.0.text"]


async def test_repetitions_are_counted_once():
    """What is found in a text is found again in each of its echoes, and recorded once."""
    talk = SessionTalk(rule("asked", "flag", scope=["user"]), rule("told", "redact", scope=["output"]))
    await talk.ask(say("is 12345678 ok"))
    await talk.hears({"type": "conversation.item.added", "item": say("is 12345678 ok")["item"]}, *answer(["it is 87654321 "]))
    assert [(finding["scope"], finding["start"]) for finding in talk.records[0]["findings"]] == [("user", 3), ("output", 6)]


@pytest.mark.parametrize(("action", "goes"), [("block", False), ("flag", True), ("allow", True)])
@pytest.mark.parametrize("event", ['{"type":"surprise","text":"Hi"}', "no JSON", '{"type":"response.surprise","response_id":"r"}'])
async def test_an_event_that_the_api_does_not_have(event: str, action: str, goes: bool):
    """The policy says whether it goes on; if not, the client hears that something was dropped, and the response goes on."""
    talk = SessionTalk(on_uninspectable={"unknown": action})
    first, *rest = answer(["Hi"])
    await talk.hears(first)
    passage = await talk.told.take(event)
    assert (passage.client == (event,)) is goes
    if not goes:
        assert json.loads(passage.client[0])["error"]["code"] == "content_filter"
        assert talk.records[0]["outcome"] == "content_filter"
    assert said(await talk.hears(*rest)) == "Hi"


async def test_sound_of_a_response():
    """Is noted once, and goes on as it came."""
    talk = SessionTalk()
    sound = {
        "type": "response.output_audio.delta",
        "response_id": "r",
        "item_id": "i",
        "output_index": 0,
        "content_index": 0,
        "delta": "QQ==",
    }
    first, *rest = answer(["Hi"])
    assert await talk.hears(first, sound, sound, sound) == [first, sound, sound, sound]
    await talk.hears(*rest)
    assert [part["kind"] for part in talk.records[0]["uninspectable"]] == ["audio"]


async def test_what_the_user_was_heard_to_say():
    """Is guarded like an answer, piece by piece; log probabilities go only with a text that goes as it came."""
    talk = SessionTalk(rule("mails", "redact", scope=["output"]))
    at = {"item_id": "i", "content_index": 0}
    spelled = [{"token": "x", "logprob": 0.0, "bytes": []}]
    heard = await talk.hears(
        {**at, "type": f"{HEARD}.delta", "delta": "I am ", "logprobs": spelled},
        {**at, "type": f"{HEARD}.delta", "delta": "ann@exam", "logprobs": spelled},
        {**at, "type": f"{HEARD}.delta", "delta": "ple.org", "logprobs": spelled},
        {**at, "type": f"{HEARD}.completed", "transcript": "I am ann@example.org", "logprobs": spelled},
    )
    assert "".join(event["delta"] for event in heard[:-1]) == heard[-1]["transcript"] == "I am [EMAIL_ADDRESS]"
    assert [event.get("logprobs") for event in heard] == [spelled, None, None, None, None]
    assert "ann@" not in json.dumps(heard)


async def test_a_transcript_that_is_blocked():
    """Nothing more is heard of that item."""
    talk = SessionTalk(rule("numbers", "block", scope=["output"]))
    at = {"item_id": "i", "content_index": 0}
    (error,) = await talk.hears({**at, "type": f"{HEARD}.delta", "delta": "12345678 "})
    assert error["error"]["code"] == "content_filter"
    item = {"id": "i", **say("12345678")["item"]}
    assert await talk.hears({**at, "type": f"{HEARD}.delta", "delta": "more"}, {"type": "conversation.item.done", "item": item}) == []


async def test_transcripts_without_an_end():
    """Only so many are kept open."""
    talk = SessionTalk(rule("numbers", "flag", scope=["output"]))
    for number in range(200):
        await talk.hears({"type": f"{HEARD}.delta", "item_id": f"i{number}", "content_index": 0, "delta": "Hi"})
    assert len(talk.told.open_answers()) <= 16


@pytest.mark.parametrize(
    "events",
    [
        [answer([], f"r{number}")[0] for number in range(17)],
        [*answer([])[:3], *({**answer(["x" * 500])[3]} for _ in range(4))],
    ],
)
async def test_more_than_the_gateway_takes(events: list):
    """Ends the session."""
    talk = SessionTalk(max_bytes=2000)
    with pytest.raises(UpstreamError):
        await talk.hears(*events)


async def test_values_of_any_earlier_event_are_restored():
    """What the client said long ago is its own in every later answer, and in what the endpoint repeats of its words."""
    talk = SessionTalk(rule("mails", "tokenize"))
    placeholder = await _placeholder(talk)
    await talk.hears(*answer(["Hi"]))
    (echo,) = await talk.hears({"type": "conversation.item.retrieved", "item": say(placeholder)["item"]})
    assert echo["item"] == say(EMAIL)["item"]
    assert said(await talk.hears(*answer([placeholder[:6], placeholder[6:]], "s"))) == EMAIL
    (error,) = await talk.hears({"type": "error", "error": {"message": f"There is no {placeholder}.", "type": "x"}})
    assert error["error"]["message"] == f"There is no {EMAIL}."


async def test_flags_of_a_slow_model_are_in_the_record():
    """Text does not wait for them, the record does."""
    talk = SessionTalk(rule("people", "flag", scope=["output"]), detectors=[Names()])
    await talk.hears(*answer(["I met Anna. ", "She is well."]))
    assert {finding["kind"] for finding in talk.records[0]["findings"]} == {"pii.PERSON"}
