"""The records of a realtime session."""

import pytest

from gateway.errors import Unavailable
from tests.support.guards import DIGITS, plan, policy, rule
from tests.support.sessions import SessionTalk, answer, say


async def test_a_record_a_turn():
    """Each with an id of its own and with what was sent since the one before; the handshake's is the first."""
    talk = SessionTalk(rule("numbers", "flag", scope=["user"]))
    await talk.ask(say("first 12345678"))
    await talk.hears(*answer(["Hi"]))
    await talk.ask(say("second"))
    await talk.hears(*answer(["Hi"], "s"))
    first, second = talk.records
    assert (first["request_id"], len(first["findings"])) == ("req_0", 1)
    assert (second["request_id"] != "req_0", len(second["findings"])) == (True, 0)
    assert [row["scope"] for row in second["coverage"]["request"]] == ["user"]
    assert first["trace"] == {"id": "a" * 32, "span": "b" * 16, "parent": "", "flags": 1}
    assert second["trace"] == {"id": "a" * 32, "span": f"{1:016x}", "parent": "b" * 16, "flags": 1}
    assert [[stage["stage"] for stage in record["stages"]] for record in talk.records] == [["input", "stream"]] * 2
    for record in talk.records:
        assert (record["model"], record["upstream"], record["policy"]) == ("m", "mock", "test@000000000000")
        assert 0 <= record["timings_ms"]["overhead"] <= record["timings_ms"]["total"]


async def test_a_session_in_which_nothing_was_said():
    """Has a record; one that has had its records gets no empty one."""
    talk = SessionTalk()
    talk.turns.end([], "completed")
    assert [record["request_id"] for record in talk.records] == ["req_0"]
    talk = SessionTalk()
    await talk.hears(*answer(["Hi"]), {"type": "rate_limits.updated", "rate_limits": [{"name": "requests", "limit": 1}]})
    talk.turns.end([], "completed")
    assert len(talk.records) == 1


async def test_what_is_left_at_the_end():
    """Is recorded, with the answer that was under way."""
    talk = SessionTalk(rule("numbers", "flag"))
    await talk.ask(say("is 12345678 ok"))
    await talk.hears(*answer(["it is 87654321 , "])[:4])
    talk.turns.end(talk.told.open_answers(), "client_disconnected")
    (record,) = talk.records
    assert record["outcome"] == "client_disconnected"
    assert {finding["scope"] for finding in record["findings"]} == {"user"}
    assert record["released_chars"] == len("it is 87654321 , ")


async def test_a_turn_that_does_not_end():
    """Is recorded every so many texts, so that nothing grows without end."""
    talk = SessionTalk()
    for _ in range(1500):
        await talk.ask(say("Hi"))
    assert len(talk.records) == 1
    assert sum(row["texts"] for row in talk.records[0]["coverage"]["request"]) > 1000


async def test_a_policy_that_changes():
    """Is in force from the next turn on."""
    talk = SessionTalk()
    await talk.ask(say("first"))
    talk.parts.plan = plan(policy(rule("numbers", "block")), (DIGITS,))
    assert (await talk.ask(say("12345678")))[1] == []
    await talk.hears(*answer(["Hi"]))
    assert len((await talk.ask(say("12345678")))[1]) == 1


async def test_a_record_that_cannot_be_written():
    """The end of the response does not go out, nor does the error that says what was blocked."""
    talk = SessionTalk(rule("numbers", "block"), journal_fails=True)
    *others, done = answer(["Hi"])
    await talk.hears(*others)
    for step in (talk.tell(done), talk.ask(say("12345678"))):
        with pytest.raises(Unavailable):
            await step
