import openai
import pytest
from pydantic import BaseModel

LOOK = {
    "type": "function",
    "name": "look_up",
    "parameters": {"type": "object", "properties": {"email": {"type": "string"}}},
    "strict": False,
}
PATCH = {"type": "custom", "name": "patch_file"}


class Contact(BaseModel):
    name: str
    email: str


async def _said(client: openai.AsyncOpenAI, **asked: object) -> str:
    return (await client.responses.create(model="demo", **asked)).output_text


async def test_an_answer(client: openai.AsyncOpenAI):
    """A text in, a text out, with what the request said of itself."""
    response = await client.responses.create(model="demo", input="mail ann@example.org", instructions="Be brief.", metadata={"a": "b"})
    assert response.output_text == "I have sent a note to ann@example.org."
    assert (response.status, response.instructions, response.metadata) == ("completed", "Be brief.", {"a": "b"})
    assert response.usage.total_tokens == response.usage.input_tokens + response.usage.output_tokens


@pytest.mark.parametrize(
    "asked",
    [
        {"input": "mail ann@example.org"},
        {"input": "please refuse"},
        {"input": "look up ann@example.org", "tools": [LOOK]},
        {"input": "patch it", "tools": [PATCH]},
        {"input": "hello", "reasoning": {"summary": "auto"}, "include": ["reasoning.encrypted_content"]},
        {"input": "hello", "reasoning": {"effort": "low"}},
        {"input": "count to 9", "max_output_tokens": 2},
    ],
)
async def test_a_stream_is_its_response(client: openai.AsyncOpenAI, asked: dict):
    """The SDK accepts every event; numbered without a gap, they begin with an empty response and end with the one that is stored."""
    events = [event async for event in await client.responses.create(model="demo", stream=True, **asked)]
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert [event.type for event in events[:2]] == ["response.created", "response.in_progress"]
    assert events[0].response.output == []
    whole = events[-1].response
    assert events[-1].type == f"response.{whole.status}"
    assert [event.item for event in events if event.type == "response.output_item.done"] == whole.output
    assert await client.responses.retrieve(whole.id) == whole


async def test_the_streaming_helper(client: openai.AsyncOpenAI):
    """The SDK's own accumulation of the events is the response, structured output included."""
    async with client.responses.stream(model="demo", input="I am Ann, ann@example.org", text_format=Contact) as stream:
        response = await stream.get_final_response()
    assert response.output_parsed == Contact(name="Ann", email="ann@example.org")


async def test_structured_output(client: openai.AsyncOpenAI):
    """The text is an instance of the schema."""
    response = await client.responses.parse(model="demo", input="I am Ann, ann@example.org", text_format=Contact)
    assert response.output_parsed == Contact(name="Ann", email="ann@example.org")


async def test_a_function_call_and_its_output(client: openai.AsyncOpenAI):
    """A call goes out with arguments from the text; its output, sent back under the response's id, is quoted."""
    first = await client.responses.create(model="demo", input="look up ann@example.org", tools=[LOOK])
    (call,) = first.output
    assert (call.type, call.name, call.arguments) == ("function_call", "look_up", '{"email": "ann@example.org"}')
    output = {"type": "function_call_output", "call_id": call.call_id, "output": "Room 4"}
    assert await _said(client, input=[output], previous_response_id=first.id, tools=[LOOK]) == "The tool says: Room 4"


async def test_reasoning(client: openai.AsyncOpenAI):
    """Its summary and its sealed form are there when they are asked for."""
    asked = {"input": "mail ann@example.org", "reasoning": {"effort": "low"}}
    bare = (await client.responses.create(model="demo", **asked)).output[0]
    assert (bare.type, bare.summary, bare.encrypted_content) == ("reasoning", [], None)
    asked["reasoning"]["summary"] = "auto"
    full = (await client.responses.create(model="demo", include=["reasoning.encrypted_content"], **asked)).output[0]
    assert "ann@example.org" in full.summary[0].text
    assert "ann@example.org" not in full.encrypted_content


async def test_continuing_a_response(client: openai.AsyncOpenAI):
    """What was said in stored turns can be quoted, over more than one of them; instructions are not carried over."""
    first = await client.responses.create(model="demo", input="My mail is ann@example.org", instructions="Secret.")
    second = await client.responses.create(model="demo", input="Call 415-555-0132", previous_response_id=first.id)
    asked = {"previous_response_id": second.id}
    assert await _said(client, input="What did I say?", **asked) == "You said before: My mail is ann@example.org | Call 415-555-0132"
    assert "You said: Call 415-555-0132" in await _said(client, input="What did you say?", **asked)
    third = await client.responses.create(model="demo", input="hello", previous_response_id=second.id)
    assert third.instructions is None


async def test_a_stored_response(client: openai.AsyncOpenAI):
    """It can be read, replayed, asked for its input, and deleted; then it continues nothing."""
    made = await client.responses.create(model="demo", input=[{"role": "user", "content": "hello"}])
    assert await client.responses.retrieve(made.id) == made
    replayed = [event async for event in await client.responses.retrieve(made.id, stream=True, starting_after=1)]
    assert replayed[0].sequence_number == 2
    assert replayed[-1].response == made
    (item,) = [item async for item in client.responses.input_items.list(made.id)]
    assert (item.role, item.content[0].text) == ("user", "hello")
    await client.responses.delete(made.id)
    with pytest.raises(openai.NotFoundError):
        await client.responses.retrieve(made.id)
    with pytest.raises(openai.BadRequestError, match="not found") as refused:
        await client.responses.create(model="demo", input="again", previous_response_id=made.id)
    assert refused.value.code == "previous_response_not_found"


async def test_without_store_nothing_is_kept(client: openai.AsyncOpenAI):
    """``store: false`` means it."""
    made = await client.responses.create(model="demo", input="hello", store=False)
    with pytest.raises(openai.NotFoundError):
        await client.responses.retrieve(made.id)


async def test_in_the_background(client: openai.AsyncOpenAI):
    """It is queued at first and there at the next look; it can be cancelled, and only such a one can."""
    queued = await client.responses.create(model="demo", input="hello", background=True)
    assert (queued.status, queued.output) == ("queued", [])
    assert (await client.responses.retrieve(queued.id)).output_text.startswith("Hello!")
    assert (await client.responses.cancel(queued.id)).status == "cancelled"
    direct = await client.responses.create(model="demo", input="hello")
    with pytest.raises(openai.BadRequestError):
        await client.responses.cancel(direct.id)


async def test_input_tokens(client: openai.AsyncOpenAI):
    """Longer inputs count more."""
    short, long = [(await client.responses.input_tokens.count(model="demo", input="x" * size)).input_tokens for size in (4, 400)]
    assert short < long


@pytest.mark.parametrize(
    "asked",
    [
        {"input": 3},
        {"input": [{"role": "user"}]},
        {"input": "x", "max_output_tokens": 0},
        {"input": "x", "previous_response_id": "resp_1", "conversation": "conv_1"},
        {},
    ],
)
async def test_what_is_refused(client: openai.AsyncOpenAI, asked: dict):
    """A request that an endpoint would refuse is refused."""
    with pytest.raises(openai.BadRequestError):
        await client.responses.create(model="demo", **asked)
