import openai


async def test_models(client: openai.AsyncOpenAI):
    """Models are listed, and any model may be asked for."""
    assert [model.id async for model in client.models.list()] == ["demo", "demo-reasoning", "gpt-4o-mini"]
    assert (await client.models.retrieve("other")).id == "other"
