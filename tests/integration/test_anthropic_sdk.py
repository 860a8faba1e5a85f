"""Anthropic's official SDK, unchanged, at either base URL: whatever it can do works, the user sees real values, the endpoint none."""

import asyncio
import json
from collections.abc import AsyncIterator

import anthropic
import pytest
from pydantic import BaseModel

from tests.support.endpoint import count, received, saw_placeholders_only
from tests.support.gateway import Gateway
from tests.support.personal import TEXT, VALUES, leaked

EMAIL = VALUES["EMAIL_ADDRESS"]
CARD = VALUES["CREDIT_CARD"]
SAY = f"Repeat after me: {TEXT}"
SECRET = f"Repeat after me: {'The number is as I have told you before. ' * 5}It is {CARD}. {'Keep it. ' * 20}"
SEND = {
    "name": "send_email",
    "description": "Sends an e-mail.",
    "input_schema": {
        "type": "object",
        "properties": {"to": {"type": "string"}, "subject": {"type": "string"}},
        "required": ["to", "subject"],
    },
}
BUSY = {"model": "demo-busy", "max_tokens": 1000}
DEMO = {"model": "demo", "max_tokens": 1000}
STRICT = {"model": "demo-strict", "max_tokens": 1000}


class Contact(BaseModel):
    name: str
    email: str
    phone: str


@pytest.fixture(params=["", "/anthropic"], ids=["root", "below /anthropic"])
async def client(request: pytest.FixtureRequest, demo_gateway: Gateway) -> AsyncIterator[anthropic.AsyncAnthropic]:
    url = demo_gateway.url + request.param
    async with anthropic.AsyncAnthropic(base_url=url, api_key="any", max_retries=0, timeout=120) as client:
        yield client


def _user(content: str | list) -> list:
    return [{"role": "user", "content": content}]


async def test_a_message(client: anthropic.AsyncAnthropic, demo: str):
    """The user reads what they wrote; the endpoint has not seen it."""
    answer = await client.messages.create(**DEMO, system=f"You write for {EMAIL}.", messages=_user(SAY))
    assert [block.text for block in answer.content] == [TEXT]
    assert (answer.stop_reason, answer.usage.output_tokens > 0) == ("end_turn", True)
    assert await saw_placeholders_only(demo)


async def test_a_stream(client: anthropic.AsyncAnthropic, demo: str):
    """The same in a stream, whose pieces cut the placeholders anywhere."""
    events = [event async for event in await client.messages.create(**DEMO, messages=_user(SAY), stream=True)]
    assert "".join(event.delta.text for event in events if event.type == "content_block_delta") == TEXT
    assert events[0].type == "message_start"
    assert [event.type for event in events[-3:]] == ["content_block_stop", "message_delta", "message_stop"]
    assert await saw_placeholders_only(demo)


async def test_the_stream_helper(client: anthropic.AsyncAnthropic, demo: str):
    """The helper's text and its final message agree."""
    async with client.messages.stream(**DEMO, messages=_user(SAY)) as stream:
        pieces = [piece async for piece in stream.text_stream]
        final = await stream.get_final_message()
    assert "".join(pieces) == final.content[0].text == TEXT
    assert final.stop_reason == "end_turn"
    assert await saw_placeholders_only(demo)


@pytest.mark.parametrize("stream", [False, True])
async def test_without_asyncio(demo_gateway: Gateway, demo: str, stream: bool):
    """The SDK's synchronous client gets the same."""

    def ask() -> str:
        with anthropic.Anthropic(base_url=demo_gateway.url, api_key="any", max_retries=0, timeout=120) as client:
            if not stream:
                return client.messages.create(**DEMO, messages=_user(SAY)).content[0].text
            with client.messages.stream(**DEMO, messages=_user(SAY)) as streamed:
                return "".join(streamed.text_stream)

    assert await asyncio.to_thread(ask) == TEXT
    assert await saw_placeholders_only(demo)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_tool(client: anthropic.AsyncAnthropic, demo: str, stream: bool):
    """A call's input holds the user's values, in pieces too, and its result goes back without them."""
    said = f'Send an email to {EMAIL} and say "{VALUES["IBAN_CODE"]}" \\ in it'
    if stream:
        async with client.messages.stream(**DEMO, messages=_user(said), tools=[SEND]) as streamed:
            first = await streamed.get_final_message()
    else:
        first = await client.messages.create(**DEMO, messages=_user(said), tools=[SEND])
    call = first.content[0]
    assert (first.stop_reason, call.name, call.input) == ("tool_use", "send_email", {"to": EMAIL, "subject": said})
    result = {"type": "tool_result", "tool_use_id": call.id, "content": [{"type": "text", "text": json.dumps({"to": EMAIL})}]}
    history = [*_user(said), {"role": "assistant", "content": first.content}, *_user([result])]
    second = await client.messages.create(**DEMO, messages=history, tools=[SEND])
    assert EMAIL in second.content[0].text
    assert await saw_placeholders_only(demo)


@pytest.mark.parametrize("stream", [False, True])
async def test_thinking(client: anthropic.AsyncAnthropic, demo: str, stream: bool):
    """Thoughts are restored like the answer, and may go back in the next turn with their signature."""
    asked = {**DEMO, "max_tokens": 2000, "thinking": {"type": "enabled", "budget_tokens": 1024}}
    said = f"mail <{EMAIL}> soon"
    if stream:
        async with client.messages.stream(**asked, messages=_user(said)) as streamed:
            answer = await streamed.get_final_message()
    else:
        answer = await client.messages.create(**asked, messages=_user(said))
    thought = answer.content[0]
    assert thought.thinking == f"The user writes about {EMAIL}. I should use it as it stands."
    history = [*_user(said), {"role": "assistant", "content": answer.content}, *_user("What did I say?")]
    again = await client.messages.create(**asked, messages=history)
    assert again.content[-1].text == f"You said before: {said}"
    assert thought.signature in await received(demo)
    assert await saw_placeholders_only(demo)


async def test_structured_output(client: anthropic.AsyncAnthropic, demo: str):
    """``parse`` returns the caller's model with real values in it."""
    answer = await client.messages.parse(**DEMO, messages=_user(TEXT), output_format=Contact)
    assert answer.parsed_output == Contact(name=VALUES["PERSON"], email=EMAIL, phone=VALUES["PHONE_NUMBER"])
    assert await saw_placeholders_only(demo)


DOCUMENT = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": TEXT}, "title": EMAIL}
CALL = {"type": "tool_use", "id": "toolu_1", "name": "find", "input": {"deep": [{"text": TEXT}]}}
SCOPES = {
    "system": {"system": TEXT, "messages": _user("hello")},
    "system's blocks": {"system": [{"type": "text", "text": TEXT}], "messages": _user("hello")},
    "user's blocks": {"messages": _user([{"type": "text", "text": TEXT}, {"type": "text", "text": "hello"}])},
    "documents": {"messages": _user([DOCUMENT])},
    "assistant": {"messages": [*_user("hello"), {"role": "assistant", "content": TEXT}, *_user("hello")]},
    "tool arguments": {"messages": [*_user("hello"), {"role": "assistant", "content": [CALL]}, *_user("hello")]},
    "tool results": {"messages": [*_user("hello"), *_user([{"type": "tool_result", "tool_use_id": "toolu_1", "content": TEXT}])]},
    "metadata": {"messages": _user("hello"), "metadata": {"user_id": EMAIL}},
}  # fmt: skip


@pytest.mark.parametrize("body", SCOPES.values(), ids=SCOPES.keys())
async def test_no_scope_leaks(client: anthropic.AsyncAnthropic, demo: str, body: dict):
    """Wherever a value stands in a request, the endpoint does not see it."""
    answer = await client.messages.with_raw_response.create(**DEMO, **body)
    assert answer.headers["x-oddgate-decision"] == "redact"
    assert leaked(await received(demo)) == []


async def test_count_tokens(client: anthropic.AsyncAnthropic, demo: str):
    """Counting shows the endpoint no value."""
    counted = await client.messages.count_tokens(model="demo", system=TEXT, messages=_user(TEXT), tools=[SEND])
    assert counted.input_tokens > 0
    assert await saw_placeholders_only(demo)


async def test_a_batch(client: anthropic.AsyncAnthropic, demo: str):
    """The results of a batch, which the SDK reads where the batch says that they are, hold the values of its requests."""
    requests = [
        {"custom_id": "first", "params": {**DEMO, "messages": _user(SAY)}},
        {"custom_id": "second", "params": {**DEMO, "messages": _user(f"Send an email to {EMAIL}"), "tools": [SEND]}},
    ]
    batch = await client.messages.batches.create(requests=requests)
    done = await client.messages.batches.retrieve(batch.id)
    assert (done.processing_status, done.request_counts.succeeded) == ("ended", 2)
    results = {result.custom_id: result.result.message async for result in await client.messages.batches.results(batch.id)}
    assert results["first"].content[0].text == TEXT
    assert results["second"].content[0].input["to"] == EMAIL
    assert [each.id async for each in client.messages.batches.list()] == [batch.id]
    await client.messages.batches.delete(batch.id)
    assert await saw_placeholders_only(demo)


async def test_a_cancelled_batch(client: anthropic.AsyncAnthropic, demo: str):
    """A batch can be cancelled."""
    batch = await client.messages.batches.create(requests=[{"custom_id": "only", "params": {**DEMO, "messages": _user(SAY)}}])
    assert (await client.messages.batches.cancel(batch.id)).processing_status == "canceling"


@pytest.mark.parametrize("stream", [False, True])
async def test_a_refusal(client: anthropic.AsyncAnthropic, demo: str, stream: bool):
    """The model's own refusal arrives as one."""
    if stream:
        async with client.messages.stream(**DEMO, messages=_user("please refuse")) as streamed:
            answer = await streamed.get_final_message()
    else:
        answer = await client.messages.create(**DEMO, messages=_user("please refuse"))
    assert answer.stop_reason == "refusal"


@pytest.mark.parametrize("stream", [False, True])
async def test_a_stopped_request(client: anthropic.AsyncAnthropic, demo: str, stream: bool):
    """What a rule blocks is the SDK's BadRequestError, in its own shape, and never reaches the endpoint."""
    with pytest.raises(anthropic.BadRequestError) as caught:
        await client.messages.create(**STRICT, messages=_user(SAY), stream=stream)
    assert caught.value.body["type"] == "error"
    assert caught.value.body["error"]["message"] == "This request was stopped by the content policy."
    assert leaked(str(caught.value.body)) == []
    assert await count(demo) == 0


async def test_a_stopped_count_and_batch(client: anthropic.AsyncAnthropic, demo: str):
    """So are a count and a batch, all of it for one of its requests."""
    with pytest.raises(anthropic.BadRequestError):
        await client.messages.count_tokens(model="demo-strict", messages=_user(SAY))
    requests = [{"custom_id": name, "params": {**STRICT, "messages": _user(said)}} for name, said in (("a", "hello"), ("b", SAY))]
    with pytest.raises(anthropic.BadRequestError):
        await client.messages.batches.create(requests=requests)
    assert await count(demo) == 0


async def test_a_stopped_answer(client: anthropic.AsyncAnthropic, demo: str):
    """An answer that a rule blocks as a whole is an error too."""
    with pytest.raises(anthropic.APIStatusError) as caught:
        await client.messages.create(**STRICT, messages=_user(SECRET))
    assert CARD not in str(caught.value.body)


async def test_a_stopped_stream(client: anthropic.AsyncAnthropic, demo: str):
    """An answer that a rule blocks in mid-stream ends as a message that was refused, and nothing of the value is in it."""
    async with client.messages.stream(**STRICT, messages=_user(SECRET)) as stream:
        pieces = "".join([piece async for piece in stream.text_stream])
        final = await stream.get_final_message()
    assert final.stop_reason == "refusal"
    assert pieces.startswith("The number is")
    assert final.content[0].text == pieces
    assert "4111" not in pieces


async def test_a_tool_call_stopped_halfway(client: anthropic.AsyncAnthropic, demo: str):
    """A call that a rule blocks while its input is streamed ends as a refusal, and is not one that a program would run."""
    said = f"Send an email to tests: {'as I have told you before, ' * 5}{CARD} {'Keep it. ' * 20}"
    async with client.messages.stream(**STRICT, messages=_user(said), tools=[SEND]) as stream:
        events = [event async for event in stream]
        final = await stream.get_final_message()
    assert final.stop_reason == "refusal"
    assert "4111" not in "".join(event.model_dump_json() for event in events)


async def test_the_endpoints_errors(client: anthropic.AsyncAnthropic, demo: str):
    """The SDK raises what it would raise without a gateway."""
    with pytest.raises(anthropic.RateLimitError) as busy:
        await client.messages.create(**BUSY, messages=_user("hello"))
    assert busy.value.body["error"]["type"] == "rate_limit_error"
    with pytest.raises(anthropic.BadRequestError) as wrong:
        await client.messages.create(model="demo", max_tokens=0, messages=_user("hello"))
    assert wrong.value.body["error"]["type"] == "invalid_request_error"
    with pytest.raises(anthropic.NotFoundError) as unknown:
        await client.messages.batches.retrieve("msgbatch_none")
    assert unknown.value.body["error"]["type"] == "not_found_error"


async def test_the_gateways_errors(client: anthropic.AsyncAnthropic, demo: str):
    """A request that the gateway cannot read or has no path for is refused in Anthropic's words."""
    with pytest.raises(anthropic.BadRequestError) as wrong:
        await client.messages.create(model="demo", max_tokens=10, messages="hello")
    assert wrong.value.body["type"] == "error"
    with pytest.raises(anthropic.NotFoundError) as unknown:
        await client.post("/v1/messages/novelties", cast_to=object, body={})
    assert unknown.value.body["type"] == "error"
    assert await count(demo) == 0


async def test_models(demo_gateway: Gateway, demo: str):
    """The list of models, which is another API's without the prefix, is served below it."""
    url = f"{demo_gateway.url}/anthropic"
    async with anthropic.AsyncAnthropic(base_url=url, api_key="any", max_retries=0, timeout=120) as client:
        assert "demo" in [model.id async for model in client.models.list()]
        assert (await client.models.retrieve("demo")).id == "demo"
