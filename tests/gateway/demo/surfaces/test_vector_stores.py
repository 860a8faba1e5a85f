import openai
import pytest


async def test_a_store(client: openai.AsyncOpenAI):
    """It holds files, finds the nearest first, and lets them go."""
    names = {"apples.txt": b"green apples and pears", "tax.txt": b"quarterly tax report"}
    files = [await client.files.create(file=(name, content), purpose="assistants") for name, content in names.items()]
    store = await client.vector_stores.create(name="shelf", file_ids=[files[1].id])
    await client.vector_stores.files.create(vector_store_id=store.id, file_id=files[0].id)
    assert (await client.vector_stores.retrieve(store.id)).file_counts.completed == 2
    found = [each.filename async for each in client.vector_stores.search(store.id, query="green apples")]
    assert found == ["apples.txt", "tax.txt"]
    assert (await client.vector_stores.files.retrieve(files[0].id, vector_store_id=store.id)).status == "completed"
    await client.vector_stores.files.delete(files[0].id, vector_store_id=store.id)
    assert [each.id async for each in client.vector_stores.files.list(store.id)] == [files[1].id]


async def test_itself(client: openai.AsyncOpenAI):
    """It is renamed, listed and deleted."""
    store = await client.vector_stores.create()
    assert (await client.vector_stores.update(store.id, name="new")).name == "new"
    assert [each.name async for each in client.vector_stores.list()] == ["new"]
    assert (await client.vector_stores.delete(store.id)).deleted
    with pytest.raises(openai.NotFoundError):
        await client.vector_stores.retrieve(store.id)
    with pytest.raises(openai.NotFoundError):
        await client.vector_stores.search(store.id, query="x")
