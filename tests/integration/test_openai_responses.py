"""Responses and conversations by the official SDK, unchanged: also what the endpoint keeps comes back to its user with real values."""

import json
from collections.abc import AsyncIterator

import openai
import pytest
from pydantic import BaseModel

from tests.support.endpoint import count, received, saw_placeholders_only
from tests.support.gateway import Gateway
from tests.support.personal import TEXT, VALUES, leaked

EMAIL = VALUES["EMAIL_ADDRESS"]
CARD = VALUES["CREDIT_CARD"]
SAY = f"Repeat after me: {TEXT}"
SEND = {
    "type": "function",
    "name": "send_email",
    "description": "Sends an e-mail.",
    "strict": True,
    "parameters": {
        "type": "object",
        "properties": {"to": {"type": "string"}, "subject": {"type": "string"}},
        "required": ["to", "subject"],
        "additionalProperties": False,
    },
}


class Contact(BaseModel):
    name: str
    email: str
    phone: str


class Person(BaseModel):
    """Has another model within it, which its schema refers to."""

    contact: Contact


@pytest.fixture
async def client(demo_gateway: Gateway) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=f"{demo_gateway.url}/v1", api_key="any", max_retries=0, timeout=120) as client:
        yield client


async def test_a_response(client: openai.AsyncOpenAI, demo: str):
    """The user reads what they wrote; the endpoint has not seen it."""
    answer = await client.responses.create(model="demo", instructions=f"You write for {EMAIL}.", input=SAY)
    assert (answer.output_text, answer.status) == (TEXT, "completed")
    assert answer.usage.total_tokens == answer.usage.input_tokens + answer.usage.output_tokens
    assert await saw_placeholders_only(demo)


async def test_a_stream(client: openai.AsyncOpenAI, demo: str):
    """The pieces, each repetition of the whole in later events, and the response at the end say the same."""
    events = [event async for event in await client.responses.create(model="demo", input=SAY, stream=True)]
    by_type = {event.type: event for event in events}
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == TEXT
    assert by_type["response.output_text.done"].text == TEXT
    assert by_type["response.content_part.done"].part.text == TEXT
    assert by_type["response.output_item.done"].item.content[0].text == TEXT
    assert events[-1].type == "response.completed"
    assert events[-1].response.output_text == TEXT
    assert [event.sequence_number for event in events] == sorted({event.sequence_number for event in events})
    assert await saw_placeholders_only(demo)


async def test_the_stream_helper(client: openai.AsyncOpenAI, demo: str):
    """The helper puts the same response together from its events."""
    async with client.responses.stream(model="demo", input=SAY) as stream:
        pieces = [event.delta async for event in stream if event.type == "response.output_text.delta"]
        final = await stream.get_final_response()
    assert "".join(pieces) == final.output_text == TEXT
    assert await saw_placeholders_only(demo)


@pytest.mark.parametrize("stream", [False, True])
async def test_later_turns(client: openai.AsyncOpenAI, demo: str, stream: bool):
    """What was said two turns ago comes back with real values, though neither that turn nor its values are in the request."""
    first = await client.responses.create(model="demo", input=f"{SAY} ({stream})")
    second = await client.responses.create(model="demo", input="Hello", previous_response_id=first.id)
    asked = client.responses.create(model="demo", input="What did I say?", previous_response_id=second.id, stream=stream)
    answer = [event async for event in await asked][-1].response if stream else await asked
    assert answer.output_text == f"You said before: {SAY} ({stream}) | Hello"
    assert answer.previous_response_id == second.id
    assert await saw_placeholders_only(demo)


async def test_a_turn_after_a_stream(client: openai.AsyncOpenAI, demo: str):
    """A response that was streamed can be continued like any other."""
    first = [event async for event in await client.responses.create(model="demo", input=SAY, stream=True)][-1].response
    answer = await client.responses.create(model="demo", input="What did you say?", previous_response_id=first.id)
    assert answer.output_text == f"I said before: {TEXT}"
    assert await saw_placeholders_only(demo)


async def test_a_kept_response(client: openai.AsyncOpenAI, demo: str):
    """A response that the endpoint keeps, its input and its stream are read with real values, until it is deleted."""
    kept = await client.responses.create(model="demo", input=SAY)
    assert (await client.responses.retrieve(kept.id)).output_text == TEXT
    assert [item.content[0].text async for item in client.responses.input_items.list(kept.id)] == [SAY]
    events = [event async for event in await client.responses.retrieve(kept.id, stream=True)]
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == TEXT
    await client.responses.delete(kept.id)
    with pytest.raises(openai.NotFoundError):
        await client.responses.retrieve(kept.id)
    assert await saw_placeholders_only(demo)


async def test_a_conversation(client: openai.AsyncOpenAI, demo: str):
    """Items that a client stores are read, listed and answered to with real values."""
    item = {"type": "message", "role": "user", "content": SAY}
    kept = await client.conversations.create(items=[item], metadata={"topic": "test"})
    answer = await client.responses.create(model="demo", input="What did I say?", conversation=kept.id)
    assert answer.output_text == f"You said before: {SAY}"
    later = await client.conversations.items.create(kept.id, items=[{"type": "message", "role": "user", "content": f"Write to {EMAIL}"}])
    assert later.data[0].content[0].text == f"Write to {EMAIL}"
    listed = [item async for item in client.conversations.items.list(kept.id, order="asc")]
    texts = [item.content[0].text for item in listed]
    assert texts == [SAY, "What did I say?", f"You said before: {SAY}", f"Write to {EMAIL}"]
    assert (await client.conversations.items.retrieve(listed[0].id, conversation_id=kept.id)).content[0].text == SAY
    assert (await client.conversations.retrieve(kept.id)).metadata == {"topic": "test"}
    await client.conversations.items.delete(listed[0].id, conversation_id=kept.id)
    assert (await client.conversations.update(kept.id, metadata={"topic": "done"})).metadata == {"topic": "done"}
    assert (await client.conversations.delete(kept.id)).deleted
    assert await saw_placeholders_only(demo)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_tool(client: openai.AsyncOpenAI, demo: str, stream: bool):
    """A call's arguments hold the user's values, in pieces too, and its result goes back without them."""
    said = f'Send an email to {EMAIL} and say "{VALUES["IBAN_CODE"]}" \\ in it'
    asked = client.responses.create(model="demo", input=said, tools=[SEND], stream=stream)
    if stream:
        events = [event async for event in await asked]
        pieces = "".join(event.delta for event in events if event.type == "response.function_call_arguments.delta")
        first = events[-1].response
        assert pieces == first.output[0].arguments
    else:
        first = await asked
    call = first.output[0]
    assert json.loads(call.arguments) == {"to": EMAIL, "subject": said}
    result = {"type": "function_call_output", "call_id": call.call_id, "output": json.dumps({"sent": True, "to": EMAIL})}
    second = await client.responses.create(model="demo", input=[result], previous_response_id=first.id, tools=[SEND])
    assert EMAIL in second.output_text
    assert await saw_placeholders_only(demo)


async def test_structured_output(client: openai.AsyncOpenAI, demo: str):
    """``parse`` returns the caller's model with real values in it."""
    parsed = (await client.responses.parse(model="demo", input=TEXT, text_format=Person)).output_parsed
    assert parsed == Person(contact=Contact(name=VALUES["PERSON"], email=EMAIL, phone=VALUES["PHONE_NUMBER"]))
    assert await saw_placeholders_only(demo)


@pytest.mark.parametrize("stream", [False, True])
async def test_reasoning(client: openai.AsyncOpenAI, demo: str, stream: bool):
    """A summary of the model's thoughts is restored like its answer."""
    asked = client.responses.create(model="demo-reasoning", input=f"mail <{EMAIL}> soon", reasoning={"summary": "auto"}, stream=stream)
    answer = [event async for event in await asked][-1].response if stream else await asked
    thought = next(item for item in answer.output if item.type == "reasoning")
    assert thought.summary[0].text == f"The user writes about {EMAIL}. I should use it as it stands."
    assert await saw_placeholders_only(demo)


@pytest.mark.parametrize("stream", [False, True])
async def test_in_the_background(client: openai.AsyncOpenAI, demo: str, stream: bool):
    """A response that is asked for now and read later has real values."""
    said = f"{SAY} ({stream})"
    queued = await client.responses.create(model="demo", input=said, background=True)
    assert queued.status == "queued"
    if stream:
        answer = [event async for event in await client.responses.retrieve(queued.id, stream=True)][-1].response
    else:
        answer = await client.responses.retrieve(queued.id)
    assert answer.output_text == f"{TEXT} ({stream})"
    assert await saw_placeholders_only(demo)


async def test_input_tokens(client: openai.AsyncOpenAI, demo: str):
    """Counting the tokens of an input shows the endpoint no value."""
    assert (await client.responses.input_tokens.count(model="demo", input=TEXT)).input_tokens > 0
    assert await saw_placeholders_only(demo)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_refusal(client: openai.AsyncOpenAI, demo: str, stream: bool):
    """The model's own refusal arrives as one."""
    asked = client.responses.create(model="demo", input="please refuse", stream=stream)
    answer = [event async for event in await asked][-1].response if stream else await asked
    assert (answer.output[0].content[0].type, answer.output[0].content[0].refusal) == ("refusal", "I'm sorry, I cannot help with that.")


@pytest.mark.parametrize("stream", [False, True])
async def test_a_stopped_request(client: openai.AsyncOpenAI, demo: str, stream: bool):
    """What a rule blocks is the SDK's BadRequestError, and never reaches the endpoint."""
    with pytest.raises(openai.BadRequestError) as caught:
        await client.responses.create(model="demo-strict", input=SAY, stream=stream)
    assert (caught.value.code, caught.value.type) == ("content_filter", "policy_violation")
    assert leaked(str(caught.value.body)) == []
    assert await count(demo) == 0


async def test_a_stopped_answer(client: openai.AsyncOpenAI, demo: str):
    """An answer that a rule blocks as a whole is an error too."""
    with pytest.raises(openai.APIStatusError) as caught:
        await client.responses.create(model="demo-strict", input=f"Repeat after me: The number is {CARD}.")
    assert caught.value.code == "content_filter"
    assert CARD not in str(caught.value.body)


async def test_a_stopped_stream(client: openai.AsyncOpenAI, demo: str):
    """An answer that a rule blocks in mid-stream ends as an incomplete response, whose reason is the content filter."""
    said = f"Repeat after me: {'The number is as I have told you before. ' * 5}It is {CARD}. {'Keep it. ' * 20}"
    async with client.responses.stream(model="demo-strict", input=said) as stream:
        events = [event async for event in stream]
    pieces = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert pieces.startswith("The number is")
    assert events[-1].type == "response.incomplete"
    assert events[-1].response.incomplete_details.reason == "content_filter"
    assert events[-1].response.output_text == pieces
    assert not any("4111" in event.model_dump_json() or "Keep it" in event.model_dump_json() for event in events)


async def test_a_tool_call_stopped_halfway(client: openai.AsyncOpenAI, demo: str):
    """A call that a rule blocks while its arguments are streamed is left incomplete, so that no program makes it."""
    said = f"Send an email to tests: {'as I have told you before, ' * 5}{CARD} {'Keep it. ' * 20}"
    async with client.responses.stream(model="demo-strict", input=said, tools=[SEND]) as stream:
        events = [event async for event in stream]
    assert any(event.type == "response.function_call_arguments.delta" for event in events)
    assert (events[-1].type, events[-1].response.incomplete_details.reason) == ("response.incomplete", "content_filter")
    assert all(item.status == "incomplete" for item in events[-1].response.output if item.type == "function_call")
    assert "4111" not in "".join(event.model_dump_json() for event in events)


async def test_the_endpoints_errors(client: openai.AsyncOpenAI, demo: str):
    """The SDK raises what it would raise without a gateway."""
    with pytest.raises(openai.RateLimitError):
        await client.responses.create(model="demo-busy", input="hello")
    with pytest.raises(openai.BadRequestError) as caught:
        await client.responses.create(model="demo", input="hello", previous_response_id="resp_none")
    assert caught.value.code == "previous_response_not_found"
    assert "resp_none" in await received(demo)
