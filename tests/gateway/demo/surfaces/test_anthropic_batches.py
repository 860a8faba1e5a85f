import anthropic
import pytest


def _request(name: str, said: str, **fields: object) -> dict:
    return {"custom_id": name, "params": {"model": "demo", "max_tokens": 99, "messages": [{"role": "user", "content": said}], **fields}}


async def test_a_batch(claude: anthropic.AsyncAnthropic):
    """Every request is answered under its name, the wrong ones with an error."""
    batch = await claude.messages.batches.create(requests=[_request("good", "mail ann@example.org"), _request("bad", "x", max_tokens=0)])
    assert (batch.processing_status, batch.request_counts.processing) == ("in_progress", 2)
    ended = await claude.messages.batches.retrieve(batch.id)
    assert (ended.processing_status, ended.request_counts.succeeded, ended.request_counts.errored) == ("ended", 1, 1)
    good, bad = [row async for row in await claude.messages.batches.results(batch.id)]
    assert good.result.message.content[0].text == "I have sent a note to ann@example.org."
    assert (bad.custom_id, bad.result.error.error.type) == ("bad", "invalid_request_error")
    assert [each.id async for each in claude.messages.batches.list()] == [batch.id]
    with pytest.raises(anthropic.BadRequestError):
        await claude.messages.batches.cancel(batch.id)
    assert (await claude.messages.batches.delete(batch.id)).id == batch.id


async def test_a_batch_that_is_cancelled(claude: anthropic.AsyncAnthropic):
    """Nothing of it is performed."""
    batch = await claude.messages.batches.create(requests=[_request("one", "hello")])
    assert (await claude.messages.batches.cancel(batch.id)).processing_status == "canceling"
    assert (await claude.messages.batches.retrieve(batch.id)).request_counts.canceled == 1
    (row,) = [row async for row in await claude.messages.batches.results(batch.id)]
    assert row.result.type == "canceled"


@pytest.mark.parametrize("requests", [[], [{"custom_id": "x"}], [_request("x", "hello"), _request("x", "hello")]])
async def test_what_is_refused(claude: anthropic.AsyncAnthropic, requests: list):
    """A batch has requests, each with a name of its own."""
    with pytest.raises(anthropic.BadRequestError):
        await claude.messages.batches.create(requests=requests)
