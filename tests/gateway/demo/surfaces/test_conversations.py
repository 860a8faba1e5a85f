import openai
import pytest

NOTE = {"type": "message", "role": "user", "content": "My mail is ann@example.org"}


async def test_a_conversation_is_remembered(client: openai.AsyncOpenAI):
    """Responses read what stands in it and add to it, by its id or as an object."""
    conversation = await client.conversations.create(items=[NOTE], metadata={"topic": "mail"})
    first = await client.responses.create(model="demo", input="What did I say?", conversation=conversation.id)
    assert first.output_text == "You said before: My mail is ann@example.org"
    assert first.conversation.id == conversation.id
    second = await client.responses.create(model="demo", input="What did you say?", conversation={"id": conversation.id})
    assert second.output_text == f"I said before: {first.output_text}"
    items = [item async for item in client.conversations.items.list(conversation.id, order="asc", limit=2)]
    assert [item.role for item in items] == ["user", "user", "assistant", "user", "assistant"]


async def test_its_items(client: openai.AsyncOpenAI):
    """Items are added, read and deleted one by one."""
    conversation = await client.conversations.create()
    (added,) = (await client.conversations.items.create(conversation.id, items=[NOTE])).data
    assert (await client.conversations.items.retrieve(added.id, conversation_id=conversation.id)).content[0].text == NOTE["content"]
    await client.conversations.items.delete(added.id, conversation_id=conversation.id)
    with pytest.raises(openai.NotFoundError):
        await client.conversations.items.retrieve(added.id, conversation_id=conversation.id)


async def test_itself(client: openai.AsyncOpenAI):
    """It is read, renamed and deleted."""
    conversation = await client.conversations.create()
    await client.conversations.update(conversation.id, metadata={"topic": "new"})
    assert (await client.conversations.retrieve(conversation.id)).metadata == {"topic": "new"}
    assert (await client.conversations.delete(conversation.id)).deleted
    with pytest.raises(openai.NotFoundError):
        await client.responses.create(model="demo", input="hello", conversation=conversation.id)
