"""Files and batches by the official SDK, unchanged: rows go up without values, and their results come down with them."""

import asyncio
import io
import json
from collections.abc import AsyncIterator

import openai
import pytest

from tests.support.endpoint import received, saw_placeholders_only
from tests.support.gateway import Gateway
from tests.support.personal import TEXT, VALUES, leaked

EMAIL = VALUES["EMAIL_ADDRESS"]
SAY = f"Repeat after me: {TEXT}"


@pytest.fixture
async def client(demo_gateway: Gateway) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=f"{demo_gateway.url}/v1", api_key="any", max_retries=0, timeout=120) as client:
        yield client


def _lines(rows: list) -> io.BytesIO:
    return io.BytesIO("".join(json.dumps(row) + "\n" for row in rows).encode())


def _row(name: str, url: str, **body: object) -> dict:
    return {"custom_id": name, "method": "POST", "url": url, "body": {"model": "demo", **body}}


def _chat(name: str, text: str, **body: object) -> dict:
    return _row(name, "/v1/chat/completions", messages=[{"role": "user", "content": text}], **body)


async def _performed(client: openai.AsyncOpenAI, rows: list) -> dict[str, dict]:
    """The answers of a batch by the names of its rows."""
    file = await client.files.create(file=("rows.jsonl", _lines(rows)), purpose="batch")
    batch = await client.batches.create(input_file_id=file.id, endpoint=rows[0]["url"], completion_window="24h", metadata={"by": EMAIL})
    assert batch.metadata == {"by": EMAIL}
    done = await client.batches.retrieve(batch.id)
    assert (done.status, done.request_counts.completed) == ("completed", len(rows))
    results = [json.loads(line) for line in (await client.files.content(done.output_file_id)).text.splitlines()]
    return {result["custom_id"]: result["response"]["body"] for result in results}


async def test_a_file(client: openai.AsyncOpenAI, demo: str):
    """A text is kept without values, read again with them, listed, and deleted."""
    kept = await client.files.create(file=("notes.txt", TEXT.encode()), purpose="assistants")
    assert (await client.files.content(kept.id)).text == TEXT
    assert (await client.files.retrieve(kept.id)).filename == "notes.txt"
    assert [file.id async for file in client.files.list()] == [kept.id]
    assert (await client.files.delete(kept.id)).deleted
    assert await saw_placeholders_only(demo)


async def test_a_file_as_it_comes(client: openai.AsyncOpenAI, demo: str):
    """A file of many rows, each with values, goes through in pieces and comes back the same."""
    rows = [{"messages": [{"role": "user", "content": f"{number}: {TEXT}"}]} for number in range(100)]
    kept = await client.files.create(file=("rows.jsonl", _lines(rows)), purpose="fine-tune")
    async with client.files.with_streaming_response.content(kept.id) as response:
        read = [json.loads(line) async for line in response.iter_lines()]
    assert read == rows
    assert leaked(await received(demo)) == []


async def test_a_batch_of_chats(client: openai.AsyncOpenAI, demo: str):
    """The answers in a batch's output hold the values of its input, also where there are several choices."""
    answers = await _performed(client, [_chat("first", SAY), _chat("second", f"Repeat after me: {EMAIL}", n=2)])
    assert answers["first"]["choices"][0]["message"]["content"] == TEXT
    texts = [choice["message"]["content"] for choice in answers["second"]["choices"]]
    assert texts == [EMAIL, f"Put differently (2): {EMAIL}"]
    assert await saw_placeholders_only(demo)


async def test_a_batch_of_responses(client: openai.AsyncOpenAI, demo: str):
    """Rows of responses are read as responses."""
    answers = await _performed(client, [_row("only", "/v1/responses", input=SAY)])
    assert answers["only"]["output"][0]["content"][0]["text"] == TEXT
    assert await saw_placeholders_only(demo)


async def test_a_batch_of_completions(client: openai.AsyncOpenAI, demo: str):
    """Rows of completions are read as completions."""
    answers = await _performed(client, [_row("only", "/v1/completions", prompt=SAY)])
    assert answers["only"]["choices"][0]["text"] == TEXT
    assert await saw_placeholders_only(demo)


async def test_a_batch_of_embeddings(client: openai.AsyncOpenAI, demo: str):
    """Rows of embeddings are read as embeddings."""
    answers = await _performed(client, [_row("only", "/v1/embeddings", input=TEXT, dimensions=64)])
    assert len(answers["only"]["data"][0]["embedding"]) == 64
    assert await saw_placeholders_only(demo)


async def test_batches_are_listed_and_cancelled(client: openai.AsyncOpenAI, demo: str):
    """What the SDK does with a batch besides reading its results."""
    file = await client.files.create(file=("rows.jsonl", _lines([_chat("only", SAY)])), purpose="batch")
    batch = await client.batches.create(input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h")
    assert (await client.batches.cancel(batch.id)).status == "cancelling"
    assert [each.id async for each in client.batches.list()] == [batch.id]


async def test_a_stopped_row(client: openai.AsyncOpenAI, demo: str):
    """A file with a row that cannot be read is the SDK's BadRequestError, which names no value, and the endpoint keeps nothing of it."""
    part = {"type": "novelty", "data": EMAIL}
    rows = [_chat("first", SAY), _row("second", "/v1/chat/completions", messages=[{"role": "user", "content": [part]}])]
    with pytest.raises(openai.BadRequestError) as caught:
        await client.files.create(file=("rows.jsonl", _lines(rows)), purpose="batch")
    assert (caught.value.code, caught.value.type) == ("content_filter", "policy_violation")
    assert leaked(str(caught.value.body)) == []
    assert leaked(await received(demo)) == []
    assert [file.id async for file in client.files.list()] == []


async def test_without_asyncio(demo_gateway: Gateway, demo: str):
    """The SDK's synchronous client gets the same."""

    def keep() -> str:
        with openai.OpenAI(base_url=f"{demo_gateway.url}/v1", api_key="any", max_retries=0, timeout=120) as client:
            kept = client.files.create(file=("notes.txt", TEXT.encode()), purpose="assistants")
            return client.files.content(kept.id).text

    assert await asyncio.to_thread(keep) == TEXT
    assert await saw_placeholders_only(demo)
