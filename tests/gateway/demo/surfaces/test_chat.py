import openai

USER = [{"role": "user", "content": "mail ann@example.org"}]


async def test_azure_says_what_it_thinks_of_the_prompt(url: str):
    """First of all, in a chunk without choices; the deployment is the model."""
    asked = {"model": "demo", "messages": USER}
    async with openai.AsyncAzureOpenAI(azure_endpoint=url, api_key="any", api_version="2024-10-21", max_retries=0) as client:
        first, *chunks = [chunk async for chunk in await client.chat.completions.create(stream=True, **asked)]
        whole = await client.chat.completions.create(**asked)
    assert (first.choices, first.model_extra["prompt_filter_results"][0]["prompt_index"]) == ([], 0)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == whole.choices[0].message.content
    assert whole.model_extra["prompt_filter_results"]
    assert whole.model == "demo"


async def test_history_can_be_quoted(client: openai.AsyncOpenAI):
    """What the user said, and what was answered."""
    history = [*USER, {"role": "assistant", "content": "Done, Ann."}]
    for asked, quoted in (("What did I say?", "mail ann@example.org"), ("What did you say?", "Done, Ann.")):
        answer = await client.chat.completions.create(model="demo", messages=[*history, {"role": "user", "content": asked}])
        assert quoted in answer.choices[0].message.content
