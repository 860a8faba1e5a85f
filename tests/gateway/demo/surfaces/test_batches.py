import json

import openai
import pytest

from gateway.demo.errors import RefusedRequestError
from gateway.demo.surfaces.batches import read_rows


def _row(name: str, url: str, **body: object) -> dict:
    return {"custom_id": name, "method": "POST", "url": url, "body": body}


async def _created(client: openai.AsyncOpenAI, endpoint: str, content: bytes):
    file = await client.files.create(file=("rows.jsonl", content), purpose="batch")
    return await client.batches.create(input_file_id=file.id, endpoint=endpoint, completion_window="24h")


def _lines(*rows: dict) -> bytes:
    return "\n".join(map(json.dumps, rows)).encode()


@pytest.mark.parametrize(
    ("endpoint", "body", "place"),
    [
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": "say exactly: hi"}]}, ("choices", 0, "message", "content")),
        ("/v1/completions", {"prompt": "say exactly: hi"}, ("choices", 0, "text")),
        ("/v1/responses", {"input": "say exactly: hi"}, ("output", 0, "content", 0, "text")),
    ],
)
async def test_a_batch(client: openai.AsyncOpenAI, endpoint: str, body: dict, place: tuple):
    """Its rows are answered as if they came alone, good ones in one file, wrong ones in another."""
    batch = await _created(client, endpoint, _lines(_row("good", endpoint, model="demo", **body), _row("bad", endpoint)))
    assert batch.status == "validating"
    done = await client.batches.retrieve(batch.id)
    assert (done.status, done.request_counts.completed, done.request_counts.failed) == ("completed", 1, 1)
    good = json.loads((await client.files.content(done.output_file_id)).content)
    answer = good["response"]["body"]
    for step in place:
        answer = answer[step]
    assert (good["custom_id"], answer) == ("good", "hi")
    bad = json.loads((await client.files.content(done.error_file_id)).content)
    assert (bad["custom_id"], bad["response"]["status_code"]) == ("bad", 400)
    assert [each.id async for each in client.batches.list()] == [batch.id]


async def test_a_batch_that_is_cancelled(client: openai.AsyncOpenAI):
    """Nothing of it is performed, and a finished one stays."""
    batch = await _created(client, "/v1/embeddings", b"")
    assert (await client.batches.cancel(batch.id)).status == "cancelling"
    done = await client.batches.retrieve(batch.id)
    assert (done.status, done.output_file_id) == ("cancelled", None)
    with pytest.raises(openai.ConflictError):
        await client.batches.cancel(batch.id)


async def test_a_file_that_is_none(client: openai.AsyncOpenAI):
    """The batch fails, and says at which line."""
    batch = await _created(client, "/v1/embeddings", b"\n{\n")
    done = await client.batches.retrieve(batch.id)
    assert (done.status, done.errors.data[0].message) == ("failed", "Line 2 is not a request.")


@pytest.mark.parametrize("line", [b"[]", b"{}", b'{"custom_id": "x", "method": "GET", "url": "/", "body": {}}', b"[" * 100_000, b"\xff"])
def test_rows_that_are_none(line: bytes):
    """Each row is a whole request."""
    with pytest.raises(RefusedRequestError, match="Line 1"):
        read_rows(line)


def test_too_many_rows():
    """Are not performed."""
    row = json.dumps(_row("x", "/v1/embeddings")).encode() + b"\n"
    assert len(read_rows(row * 10_000)) == 10_000
    with pytest.raises(RefusedRequestError, match="More than 10000"):
        read_rows(row * 10_001)


async def test_what_is_refused(client: openai.AsyncOpenAI):
    """Files and endpoints that are not there."""
    with pytest.raises(openai.NotFoundError):
        await client.batches.create(input_file_id="file-x", endpoint="/v1/embeddings", completion_window="24h")
    with pytest.raises(openai.BadRequestError):
        await client.batches.create(input_file_id="file-x", endpoint="/v1/files", completion_window="24h")
