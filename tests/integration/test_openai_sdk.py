"""The official SDK, unchanged, against the gateway: whatever it can do works, the user sees real values, and the endpoint sees none."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import contextmanager

import aiohttp
import openai
import pytest
from pydantic import BaseModel

from tests.support.faulty_upstream import Exchange, FaultyUpstream, completion, never_answer
from tests.support.gateway import Gateway
from tests.support.personal import TEXT, VALUES, leaked
from tests.support.waiting import eventually

EMAIL = VALUES["EMAIL_ADDRESS"]
SAY = f"Repeat after me: {TEXT}"
SEND = {
    "type": "function",
    "function": {
        "name": "send_email",
        "description": "Sends an e-mail.",
        "parameters": {
            "type": "object",
            "properties": {"to": {"type": "string"}, "subject": {"type": "string"}},
            "required": ["to", "subject"],
        },
    },
}


class Contact(BaseModel):
    name: str
    email: str
    phone: str


class SendEmail(BaseModel):
    """Sends an e-mail."""

    to: str
    subject: str


@pytest.fixture
async def client(gateway: Gateway) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=f"{gateway.url}/v1", api_key="any", max_retries=0, timeout=120) as client:
        yield client


@contextmanager
def _sync(gateway: Gateway):
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="any", max_retries=0, timeout=120) as client:
        yield client


async def received(demo: str) -> str:
    """What the endpoint has seen so far, without escapes."""
    async with aiohttp.ClientSession() as session, session.get(f"{demo}/demo/received") as response:
        return json.dumps(await response.json(), ensure_ascii=False)


def _user(text: str) -> list:
    return [{"role": "user", "content": text}]


async def test_a_completion(client: openai.AsyncOpenAI, demo: str):
    """Every kind of value comes back to its user, and none has been at the endpoint."""
    answer = await client.chat.completions.create(model="demo", messages=_user(SAY))
    assert answer.choices[0].message.content == TEXT
    assert leaked(await received(demo)) == []
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert answer.system_fingerprint == "fp_oddgate_demo"


async def test_a_stream(client: openai.AsyncOpenAI, demo: str):
    """The same in a stream, whose pieces cut the placeholders anywhere, with the usage at its end."""
    stream = await client.chat.completions.create(model="demo", messages=_user(SAY), stream=True, stream_options={"include_usage": True})
    chunks = [chunk async for chunk in stream]
    assert "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices) == TEXT
    assert chunks[-1].usage.total_tokens > 0
    assert leaked(await received(demo)) == []
    assert len(chunks) > 20


@pytest.mark.parametrize("stream", [False, True])
async def test_without_asyncio(gateway: Gateway, demo: str, stream: bool):
    """The SDK's synchronous client gets the same."""

    def ask() -> str:
        with _sync(gateway) as client:
            if not stream:
                return client.chat.completions.create(model="demo", messages=_user(SAY)).choices[0].message.content
            chunks = client.chat.completions.create(model="demo", messages=_user(SAY), stream=True)
            return "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)

    assert await asyncio.to_thread(ask) == TEXT
    assert leaked(await received(demo)) == []


async def test_the_stream_helper(client: openai.AsyncOpenAI, demo: str):
    """The helper's events and its final completion agree with each other and with the text."""
    async with client.chat.completions.stream(model="demo", messages=_user(SAY)) as stream:
        pieces = [event.delta async for event in stream if event.type == "content.delta"]
        final = await stream.get_final_completion()
    assert "".join(pieces) == final.choices[0].message.content == TEXT
    assert final.choices[0].finish_reason == "stop"


async def test_a_tool_is_called_with_real_values(client: openai.AsyncOpenAI, demo: str):
    """A call's arguments are JSON with the user's values, and its result goes back without them."""
    messages = _user(f"Send an email to {EMAIL} about my card {VALUES['CREDIT_CARD']}, please")
    first = await client.chat.completions.create(model="demo", messages=messages, tools=[SEND])
    call = first.choices[0].message.tool_calls[0]
    assert json.loads(call.function.arguments)["to"] == EMAIL
    result = {"role": "tool", "tool_call_id": call.id, "content": json.dumps({"sent": True, "to": EMAIL})}
    history = [*messages, first.choices[0].message.model_dump(exclude_none=True), result]
    second = await client.chat.completions.create(model="demo", messages=history, tools=[SEND])
    assert EMAIL in second.choices[0].message.content
    assert leaked(await received(demo)) == []


async def test_a_tool_is_called_in_a_stream(client: openai.AsyncOpenAI, demo: str):
    """Fragments of arguments, put together by the SDK, are valid JSON with the user's values."""
    said = f'Send an email to {EMAIL} and say "{VALUES["IBAN_CODE"]}" \\ in it'
    stream = await client.chat.completions.create(model="demo", messages=_user(said), tools=[SEND], stream=True)
    calls = [call async for chunk in stream for choice in chunk.choices for call in choice.delta.tool_calls or ()]
    arguments = json.loads("".join(call.function.arguments or "" for call in calls))
    assert arguments == {"to": EMAIL, "subject": said}
    assert calls[0].function.name == "send_email"
    assert leaked(await received(demo)) == []


async def test_a_tool_is_parsed_by_the_stream_helper(client: openai.AsyncOpenAI, demo: str):
    """The helper parses the arguments into the caller's model."""
    tool = openai.pydantic_function_tool(SendEmail, name="send_email")
    async with client.chat.completions.stream(model="demo", messages=_user(f"Send an email to {EMAIL}"), tools=[tool]) as stream:
        final = await stream.get_final_completion()
    assert final.choices[0].message.tool_calls[0].function.parsed_arguments == SendEmail(to=EMAIL, subject=f"Send an email to {EMAIL}")
    assert leaked(await received(demo)) == []


@pytest.mark.parametrize("streamed", [False, True])
async def test_structured_output(client: openai.AsyncOpenAI, demo: str, streamed: bool):
    """``parse`` returns the caller's model with real values in it."""
    expected = Contact(name=VALUES["PERSON"], email=EMAIL, phone=VALUES["PHONE_NUMBER"])
    if streamed:
        async with client.chat.completions.stream(model="demo", messages=_user(TEXT), response_format=Contact) as stream:
            parsed = (await stream.get_final_completion()).choices[0].message.parsed
    else:
        parsed = (
            (await client.chat.completions.parse(model="demo", messages=_user(TEXT), response_format=Contact)).choices[0].message.parsed
        )
    assert parsed == expected
    assert leaked(await received(demo)) == []


@pytest.mark.parametrize("stream", [False, True])
async def test_several_choices(client: openai.AsyncOpenAI, demo: str, stream: bool):
    """Each of several choices, also when their pieces take turns, is restored for itself."""
    asked = client.chat.completions.create(model="demo", messages=_user(SAY), n=3, stream=stream)
    texts = {0: "", 1: "", 2: ""}
    if stream:
        async for chunk in await asked:
            for choice in chunk.choices:
                texts[choice.index] += choice.delta.content or ""
    else:
        texts = {choice.index: choice.message.content for choice in (await asked).choices}
    assert texts == {0: TEXT, 1: f"Put differently (2): {TEXT}", 2: f"Put differently (3): {TEXT}"}
    assert leaked(await received(demo)) == []


@pytest.mark.parametrize("stream", [False, True])
async def test_reasoning(client: openai.AsyncOpenAI, demo: str, stream: bool):
    """A reasoning model's thoughts are restored like its answer."""
    asked = client.chat.completions.create(model="demo-reasoning", messages=_user(f"mail <{EMAIL}> soon"), stream=stream)
    if stream:
        deltas = [choice.delta async for chunk in await asked for choice in chunk.choices]
        thought = "".join(getattr(delta, "reasoning_content", None) or "" for delta in deltas)
    else:
        thought = (await asked).choices[0].message.reasoning_content
    assert thought == f"The user writes about {EMAIL}. I should use it as it stands."
    assert leaked(await received(demo)) == []


async def test_logprobs_are_kept(client: openai.AsyncOpenAI, demo: str):
    """The log probabilities of an answer that no rule touched are the upstream's own."""
    asked = {"model": "demo", "messages": _user("hello"), "logprobs": True, "top_logprobs": 2}
    answer = await client.chat.completions.create(**asked)
    tokens = answer.choices[0].logprobs.content
    assert "".join(token.token for token in tokens) == answer.choices[0].message.content
    assert len(tokens[0].top_logprobs) == 2
    chunks = [chunk async for chunk in await client.chat.completions.create(**asked, stream=True)]
    streamed = [token for chunk in chunks for choice in chunk.choices if choice.logprobs for token in choice.logprobs.content]
    assert [token.token for token in streamed] == [token.token for token in tokens]


async def test_logprobs_of_restored_text(client: openai.AsyncOpenAI, demo: str):
    """Where the text was restored, its log probabilities are those of the model's own tokens, or left out."""
    answer = await client.chat.completions.create(model="demo", messages=_user(SAY), logprobs=True)
    assert answer.choices[0].message.content == TEXT
    assert answer.choices[0].logprobs is None or leaked("".join(token.token for token in answer.choices[0].logprobs.content)) == []


@pytest.mark.parametrize("stream", [False, True])
async def test_a_refusal(client: openai.AsyncOpenAI, demo: str, stream: bool):
    """The model's own refusal arrives as one."""
    if stream:
        async with client.chat.completions.stream(model="demo", messages=_user("please refuse")) as events:
            message = (await events.get_final_completion()).choices[0].message
    else:
        message = (await client.chat.completions.create(model="demo", messages=_user("please refuse"))).choices[0].message
    assert (message.refusal, message.content) == ("I'm sorry, I cannot help with that.", None)


async def test_models(client: openai.AsyncOpenAI, demo: str, faulty: FaultyUpstream):
    """The list of models comes from the upstream."""
    assert [model.id async for model in client.models.list()]


async def test_raw_responses(client: openai.AsyncOpenAI, demo: str):
    """The gateway's headers and the upstream's stand side by side."""
    raw = await client.chat.completions.with_raw_response.create(model="demo", messages=_user(SAY))
    assert raw.headers["x-oddgate-decision"] == "redact"
    assert raw.headers["x-oddgate-policy"].startswith("default@")
    assert float(raw.headers["x-oddgate-overhead-ms"]) >= 0
    assert raw.headers["x-ratelimit-limit-requests"] == "10000"
    assert raw.parse().choices[0].message.content == TEXT


def _failing(status: str, code: str):
    async def behave(exchange: Exchange) -> None:
        body = {"error": {"message": "No.", "type": "invalid_request_error", "param": None, "code": code}}
        await exchange.answer(json.dumps(body).encode(), status=status)

    return behave


@pytest.mark.parametrize(
    ("status", "code", "raised"),
    [
        ("400 Bad Request", "invalid_value", openai.BadRequestError),
        ("401 Unauthorized", "invalid_api_key", openai.AuthenticationError),
        ("403 Forbidden", "unsupported_country", openai.PermissionDeniedError),
        ("404 Not Found", "model_not_found", openai.NotFoundError),
        ("422 Unprocessable Entity", "x", openai.UnprocessableEntityError),
        ("429 Too Many Requests", "rate_limit_exceeded", openai.RateLimitError),
        ("500 Internal Server Error", "server_error", openai.InternalServerError),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
async def test_the_upstreams_errors(client: openai.AsyncOpenAI, faulty_port: int, status: str, code: str, raised: type, stream: bool):
    """The SDK raises what it would raise without a gateway."""
    async with FaultyUpstream({"failing": _failing(status, code)}, port=faulty_port).running():
        with pytest.raises(raised) as caught:
            await client.chat.completions.create(model="failing", messages=_user("hello"), stream=stream)
    assert (caught.value.code, caught.value.body["message"]) == (code, "No.")


@pytest.mark.parametrize("stream", [False, True])
async def test_the_gateways_errors(client: openai.AsyncOpenAI, demo: str, stream: bool):
    """A blocked request is the SDK's BadRequestError, and says by which rules without saying what they saw."""
    part = {"type": "novelty", "data": EMAIL}
    with pytest.raises(openai.BadRequestError) as caught:
        await client.chat.completions.create(model="demo", messages=[{"role": "user", "content": [part]}], stream=stream)
    assert (caught.value.code, caught.value.type) == ("content_filter", "policy_violation")
    assert set(caught.value.body["oddgate"]) >= {"request_id", "policy", "rules", "reasons"}
    assert leaked(str(caught.value.body)) == []
    assert leaked(await received(demo)) == []


async def test_an_unreachable_upstream(client: openai.AsyncOpenAI):
    """No upstream is an error of the server's."""
    with pytest.raises(openai.InternalServerError) as caught:
        await client.chat.completions.create(model="well", messages=_user("hello"))
    assert caught.value.code == "upstream_unreachable"


async def test_a_stream_that_breaks(client: openai.AsyncOpenAI, faulty: FaultyUpstream):
    """The SDK raises when the upstream goes away in mid-stream; it does not take the half for the whole."""
    stream = await client.chat.completions.create(model="reset-mid-stream", messages=_user("hello"), stream=True)
    with pytest.raises(openai.APIError):
        [chunk async for chunk in stream]


async def test_leaving_a_stream_stops_the_upstream(gateway: Gateway, client: openai.AsyncOpenAI, faulty: FaultyUpstream):
    """When the client leaves, the upstream's work is cancelled."""
    stream = await client.chat.completions.create(model="lasting-stream", messages=_user("hello"), stream=True)
    async for chunk in stream:
        if chunk.choices[0].delta.content:
            break
    await stream.close()
    await faulty.is_left(faulty.last)
    await _is_recorded(gateway, "lasting-stream")


async def test_leaving_before_the_answer_stops_the_upstream(gateway: Gateway, client: openai.AsyncOpenAI, faulty: FaultyUpstream):
    """The same while the answer has not begun."""
    faulty.extra["silent"] = never_answer  # for which the gateway would wait longer than the test does
    asking = asyncio.create_task(client.chat.completions.create(model="silent", messages=_user("hello")))
    exchange = await faulty.is_asked()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await faulty.is_left(exchange)
    await _is_recorded(gateway, "silent")


async def _is_recorded(gateway: Gateway, model: str) -> None:
    """That the client has left an exchange with this model, and nobody was out of time."""

    def outcomes() -> set[str]:
        return {record["outcome"] for record in gateway.records().values() if record["model"] == model}

    assert await eventually(outcomes) == {"client_disconnected"}


CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": json.dumps({"deep": [{"text": TEXT}]})}}
SCOPES = {
    "system": [{"role": "system", "content": TEXT}, *_user("hello")],
    "developer": [{"role": "developer", "content": TEXT}, *_user("hello")],
    "user": _user(TEXT),
    "user's parts": [{"role": "user", "content": [{"type": "text", "text": TEXT}, {"type": "text", "text": "hello"}]}],
    "user's name": [{"role": "user", "content": "hello", "name": EMAIL}],
    "assistant": [*_user("hello"), {"role": "assistant", "content": TEXT}, *_user("hello")],
    "assistant's refusal": [*_user("hello"), {"role": "assistant", "content": None, "refusal": TEXT}, *_user("hello")],
    "tool arguments": [*_user("hello"), {"role": "assistant", "tool_calls": [CALL]}, *_user("hello")],
    "tool results": [*_user("hello"), {"role": "tool", "tool_call_id": "c", "content": TEXT}],
    "JSON in tool results": [*_user("hello"), {"role": "tool", "tool_call_id": "c", "content": json.dumps({"found": [{"text": TEXT}]})}],
}  # fmt: skip


@pytest.mark.parametrize("messages", SCOPES.values(), ids=SCOPES.keys())
async def test_no_scope_leaks(client: openai.AsyncOpenAI, demo: str, messages: list):
    """Wherever a value stands in a request, the endpoint does not see it."""
    answer = await client.chat.completions.with_raw_response.create(model="demo", messages=messages)
    assert answer.headers["x-oddgate-decision"] == "redact"
    assert leaked(await received(demo)) == []


async def test_the_journal_holds_no_text(client: openai.AsyncOpenAI, gateway: Gateway, demo: str):
    """The record of an exchange says what was found where, and not what it was."""
    raw = await client.chat.completions.with_raw_response.create(model="demo", messages=_user(SAY))
    record = gateway.records()[raw.headers["x-oddgate-request-id"]]
    assert {finding["kind"].rpartition(".")[2] for finding in record["findings"]} == set(VALUES)
    assert (record["decision"], record["model"], record["outcome"]) == ("redact", "demo", "completed")
    assert record["tokens"]["input"] == raw.parse().usage.prompt_tokens
    assert leaked(gateway.journal_text()) == []
    assert leaked(gateway.output) == []


async def test_turns_repeat_their_placeholders(client: openai.AsyncOpenAI, demo: str):
    """The same value has the same placeholder in every turn, so that the endpoint's prompt cache works."""
    await client.chat.completions.create(model="demo", messages=_user(TEXT))
    await client.chat.completions.create(
        model="demo", messages=[*_user(TEXT), {"role": "assistant", "content": "Yes."}, *_user("And now?")]
    )
    shown = json.loads(await received(demo))["received"]
    assert shown[0]["body"]["messages"][0] == shown[1]["body"]["messages"][0]


async def test_what_looks_like_a_placeholder_is_none(client: openai.AsyncOpenAI, demo: str):
    """A user's own text in the form of a placeholder stays what it is."""
    said = f"Repeat after me: <EMAIL_ADDRESS_abc123> and {EMAIL}"
    answer = await client.chat.completions.create(model="demo", messages=_user(said))
    assert answer.choices[0].message.content == f"<EMAIL_ADDRESS_abc123> and {EMAIL}"


async def test_untouched_bodies_go_on_byte_for_byte(gateway: Gateway, faulty: FaultyUpstream):
    """A body that no rule edits reaches the upstream as it was, unknown fields and spaces included."""
    body = b'{ "model":"well",\n "messages" : [{"role":"user","content":"caf\\u00e9 \xe2\x82\xac"}], "x_new":{"a":[1,2.50,1e3]} }'
    async with aiohttp.ClientSession() as session, session.post(f"{gateway.url}/v1/chat/completions", data=body) as response:
        assert await response.read() == completion()
    assert faulty.last.body == body
