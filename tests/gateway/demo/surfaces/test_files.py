import openai
import pytest

ROWS = b'{"a": 1}\n\xff\r\n'


async def test_a_file(client: openai.AsyncOpenAI):
    """It comes back byte by byte until it is deleted."""
    file = await client.files.create(file=("rows.jsonl", ROWS), purpose="batch")
    assert (file.filename, file.bytes, file.purpose) == ("rows.jsonl", len(ROWS), "batch")
    assert await client.files.retrieve(file.id) == file
    assert (await client.files.content(file.id)).content == ROWS
    assert (await client.files.delete(file.id)).deleted
    with pytest.raises(openai.NotFoundError):
        await client.files.content(file.id)


async def test_listing(client: openai.AsyncOpenAI):
    """Newest first, by purpose, page after page."""
    made = [(await client.files.create(file=(f"{number}.txt", b"x"), purpose="user_data")).id for number in range(3)]
    await client.files.create(file=("other.txt", b"x"), purpose="assistants")
    assert [file.id async for file in client.files.list(purpose="user_data", limit=2)] == made[::-1]


async def test_a_form_without_its_file(client: openai.AsyncOpenAI):
    """Is refused by the name of what is missing."""
    with pytest.raises(openai.BadRequestError, match="purpose"):
        await client.files.create(file=("x", b"x"), purpose="")
    with pytest.raises(openai.BadRequestError, match="file"):
        await client.post("/files", body={"purpose": "batch"}, cast_to=object)
