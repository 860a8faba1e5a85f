import warnings
from collections.abc import Iterator

import openai
import pytest


@pytest.fixture(autouse=True)
def _deprecated() -> Iterator[None]:
    """The SDK warns that these are on their way out."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


async def test_a_run(client: openai.AsyncOpenAI):
    """It answers what the thread says, and the thread remembers."""
    assistant = await client.beta.assistants.create(model="demo", instructions="Be brief.")
    thread = await client.beta.threads.create(messages=[{"role": "user", "content": "My mail is ann@example.org"}])
    await client.beta.threads.messages.create(thread.id, role="user", content="What did I say?")
    run = await client.beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id)
    assert (run.status, run.instructions) == ("completed", "Be brief.")
    answer, *_ = [message async for message in client.beta.threads.messages.list(thread.id)]
    assert (answer.role, answer.content[0].text.value) == ("assistant", "You said before: My mail is ann@example.org")
    assert await client.beta.threads.messages.retrieve(answer.id, thread_id=thread.id) == answer
    assert [each.id async for each in client.beta.threads.runs.list(thread.id)] == [run.id]
    assert [step async for step in client.beta.threads.runs.steps.list(run.id, thread_id=thread.id)] == []


async def test_a_thread_and_its_run_at_once(client: openai.AsyncOpenAI):
    """As one request."""
    assistant = await client.beta.assistants.create(model="demo")
    thread = {"messages": [{"role": "user", "content": "hello"}]}
    run = await client.beta.threads.create_and_run(assistant_id=assistant.id, thread=thread)
    assert [message.role async for message in client.beta.threads.messages.list(run.thread_id)] == ["assistant", "user"]
    more = [{"role": "user", "content": "What did I say?"}]
    await client.beta.threads.runs.create(run.thread_id, assistant_id=assistant.id, additional_messages=more)
    answer, *_ = [message async for message in client.beta.threads.messages.list(run.thread_id)]
    assert answer.content[0].text.value == "You said before: hello"
    with pytest.raises(openai.BadRequestError, match="not streamed"):
        await client.beta.threads.runs.create(run.thread_id, assistant_id=assistant.id, stream=True)


async def test_assistants_and_threads(client: openai.AsyncOpenAI):
    """They are read, changed, listed and deleted."""
    assistant = await client.beta.assistants.create(model="demo")
    assert (await client.beta.assistants.update(assistant.id, name="Ann")).name == "Ann"
    assert [each.name async for each in client.beta.assistants.list()] == ["Ann"]
    assert (await client.beta.assistants.delete(assistant.id)).deleted
    with pytest.raises(openai.NotFoundError):
        await client.beta.assistants.retrieve(assistant.id)
    thread = await client.beta.threads.create()
    assert await client.beta.threads.retrieve(thread.id) == thread
    await client.beta.threads.delete(thread.id)
    with pytest.raises(openai.NotFoundError):
        await client.beta.threads.messages.create(thread.id, role="user", content="x")
