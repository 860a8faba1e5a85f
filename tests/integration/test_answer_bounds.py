"""What a policy asks of answers, with the official SDKs: form, length, tools, arguments and certainty; refused, flagged or asked again."""

import json
from collections.abc import AsyncIterator, Iterator

import aiohttp
import anthropic
import openai
import pytest

from tests.support.gateway import Gateway, running_gateway

PRICE = "{type: object, properties: {price: {type: number}}, required: [price], additionalProperties: false}"
TOOLS = "{allow: [pay], arguments: {pay: {type: object, properties: {amount: {type: integer, maximum: 100}}, required: [amount]}}"
POLICIES = {
    "plain": "name: plain",
    "shape": f"name: shape\napplies_to: {{models: ['shape*']}}\ndomain:\n  output: {{json_schema: {PRICE}}}",
    "short": "name: short\napplies_to: {models: ['short*']}\ndomain:\n  output: {max_chars: 20}",
    "noted": "name: noted\napplies_to: {models: ['noted*']}\ndomain:\n  output: {max_chars: 20, action: flag}",
    "tools": f"name: tools\napplies_to: {{models: ['tools*']}}\ndomain:\n  tools: {TOOLS}}}",
    "again": "\n".join(
        (
            "name: again",
            "applies_to: {models: ['again*']}",
            "domain:",
            f"  output: {{json_schema: {PRICE}, action: reask, max_reasks: 2}}",
            f"  tools: {TOOLS}, action: reask}}",
            "rules:",
            "  - {id: pii, detect: pii, scope: [user, output], entities: [EMAIL_ADDRESS], action: tokenize, restore: true}",
        )
    ),
    "unsure": "name: unsure\napplies_to: {models: ['unsure*']}\ndomain:\n  output: {uncertainty: {max_entropy: 0.01}}",
    "sure": "name: sure\napplies_to: {models: ['sure*']}\ndomain:\n  output: {uncertainty: {max_entropy: 0.01, action: block}}",
}
POLICIES["often"] = (
    "name: often\napplies_to: {models: ['often*']}\ndomain:\n  output: {uncertainty: {max_entropy: 20, resample: {share: 1, samples: 2}}}"
)
GOOD = '{"price": 3}'
WORDS = '{"price": "three"}'
SPOKEN = f"Say exactly: {WORDS}\nIf that is not accepted, say: {GOOD}"
TOOL = {"type": "object", "properties": {"amount": {"type": "integer", "maximum": 100}}, "required": ["amount"]}


@pytest.fixture(scope="module")
def bounded(tmp_path_factory: pytest.TempPathFactory, demo_port: int) -> Iterator[Gateway]:
    with running_gateway(tmp_path_factory.mktemp("bounded"), {"*": f"http://127.0.0.1:{demo_port}"}, policies=POLICIES) as running:
        yield running


@pytest.fixture
async def client(bounded: Gateway) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=f"{bounded.url}/v1", api_key="any", max_retries=0, timeout=120) as client:
        yield client


@pytest.fixture
async def claude(bounded: Gateway) -> AsyncIterator[anthropic.AsyncAnthropic]:
    async with anthropic.AsyncAnthropic(base_url=bounded.url, api_key="any", max_retries=0, timeout=120) as client:
        yield client


async def received(demo: str) -> list[dict]:
    async with aiohttp.ClientSession() as session, session.get(f"{demo}/demo/received") as response:
        return (await response.json())["received"]


def user(text: str) -> list[dict]:
    return [{"role": "user", "content": text}]


def last(bounded: Gateway) -> dict:
    return list(bounded.records().values())[-1]


class Asked:
    """One question in each API, whole and streamed: the text of the answer and why it ended."""

    def __init__(self, client: openai.AsyncOpenAI, claude: anthropic.AsyncAnthropic) -> None:
        self._openai = client
        self._claude = claude

    async def chat(self, model: str, text: str, **keys) -> tuple[str, str]:
        found = await self._openai.chat.completions.create(model=model, messages=user(text), **keys)
        return found.choices[0].message.content or "", found.choices[0].finish_reason

    async def chat_stream(self, model: str, text: str, **keys) -> tuple[str, str]:
        said, reason = "", ""
        async for chunk in await self._openai.chat.completions.create(model=model, messages=user(text), stream=True, **keys):
            for choice in chunk.choices:
                said, reason = said + (choice.delta.content or ""), choice.finish_reason or reason
        return said, reason

    async def completions(self, model: str, text: str) -> tuple[str, str]:
        found = await self._openai.completions.create(model=model, prompt=text)
        return found.choices[0].text, found.choices[0].finish_reason

    async def completions_stream(self, model: str, text: str) -> tuple[str, str]:
        said, reason = "", ""
        async for chunk in await self._openai.completions.create(model=model, prompt=text, stream=True):
            for choice in chunk.choices:
                said, reason = said + choice.text, choice.finish_reason or reason
        return said, reason

    async def responses(self, model: str, text: str, **keys) -> tuple[str, str]:
        found = await self._openai.responses.create(model=model, input=text, **keys)
        return found.output_text, found.status

    async def responses_stream(self, model: str, text: str, **keys) -> tuple[str, str]:
        said, reason = "", ""
        async for event in await self._openai.responses.create(model=model, input=text, stream=True, **keys):
            if event.type == "response.output_text.delta":
                said += event.delta
            elif event.type in ("response.completed", "response.incomplete"):
                reason = event.response.status
        return said, reason

    async def messages(self, model: str, text: str) -> tuple[str, str]:
        found = await self._claude.messages.create(model=model, messages=user(text), max_tokens=500)
        return "".join(block.text for block in found.content if block.type == "text"), found.stop_reason

    async def messages_stream(self, model: str, text: str) -> tuple[str, str]:
        async with self._claude.messages.stream(model=model, messages=user(text), max_tokens=500) as stream:
            said = "".join([piece async for piece in stream.text_stream])
            return said, (await stream.get_final_message()).stop_reason


@pytest.fixture
def asked(client: openai.AsyncOpenAI, claude: anthropic.AsyncAnthropic) -> Asked:
    return Asked(client, claude)


WHOLE = ["chat", "completions", "responses", "messages"]
STREAMED = [f"{name}_stream" for name in WHOLE]
SPEAKING = [name for name in (*WHOLE, *STREAMED) if not name.startswith("completions")]
REFUSED = (openai.BadRequestError, anthropic.BadRequestError)


@pytest.mark.parametrize("way", [*WHOLE, *STREAMED])
async def test_a_form(asked: Asked, bounded: Gateway, demo: str, way: str):
    """An answer of the form arrives as it is; one that is not is stopped before the piece that breaks it, in the API's own way."""
    said, _ = await getattr(asked, way)("shape", f"Say exactly: {GOOD}")
    assert json.loads(said) == json.loads(GOOD)
    assert last(bounded)["decision"] == "allow"
    said, reason, error = "", "", ""
    try:
        said, reason = await getattr(asked, way)("shape", f"Say exactly: {WORDS}")
    except REFUSED as refused:
        error = json.dumps(refused.body)
    assert "three" not in said
    assert "domain.output.json_schema" in error if way in WHOLE else reason in ("content_filter", "incomplete", "refusal")
    record = last(bounded)
    assert (record["decision"], record["rules"]) == ("block", ["domain.output.json_schema"])
    assert "three" not in json.dumps(record)


@pytest.mark.parametrize("way", [*WHOLE, *STREAMED])
async def test_a_length(asked: Asked, bounded: Gateway, demo: str, way: str):
    """What is longer than allowed is stopped at the limit, or noted once and let pass."""
    text = "Say exactly: 123456789 123456789 123456789"
    try:
        said, _ = await getattr(asked, way)("short", text)
    except REFUSED:
        said = ""
    assert len(said) <= 20
    assert last(bounded)["decision"] == "block"
    said, _ = await getattr(asked, way)("noted", text)
    assert said == "123456789 123456789 123456789"
    record = last(bounded)
    assert (record["decision"], len(record["findings"])) == ("flag", 1)


async def calls_of(client, claude, api: str, model: str, text: str, *, stream: bool) -> list[tuple[str, dict]]:
    """The calls that an SDK hands to its app."""
    if api == "chat":
        tools = [{"type": "function", "function": {"name": "pay", "parameters": TOOL}}]
        if not stream:
            found = await client.chat.completions.create(model=model, messages=user(text), tools=tools)
        else:
            async with client.chat.completions.stream(model=model, messages=user(text), tools=tools) as events:
                found = await events.get_final_completion()
        called = [(call.function.name, call.function.arguments) for call in found.choices[0].message.tool_calls or ()]
        return [(name, json.loads(arguments)) for name, arguments in called]
    if api == "responses":
        tools = [{"type": "function", "name": "pay", "parameters": TOOL, "strict": False}]
        if not stream:
            found = await client.responses.create(model=model, input=text, tools=tools)
        else:
            async with client.responses.stream(model=model, input=text, tools=tools) as events:
                found = await events.get_final_response()
        return [(item.name, json.loads(item.arguments)) for item in found.output if item.type == "function_call"]
    tools = [{"name": "pay", "input_schema": TOOL}]
    asking = {"model": model, "messages": user(text), "tools": tools, "max_tokens": 500}
    if not stream:
        found = await claude.messages.create(**asking)
    else:
        async with claude.messages.stream(**asking) as events:
            found = await events.get_final_message()
    return [(block.name, block.input) for block in found.content if block.type == "tool_use"]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("api", ["chat", "responses", "messages"])
async def test_tools(client, claude, bounded: Gateway, demo: str, api: str, stream: bool):
    """A call within the bounds arrives whole; nothing arrives of one of another tool, or with other arguments."""
    assert await calls_of(client, claude, api, "tools", 'Call pay with {"amount": 50}', stream=stream) == [("pay", {"amount": 50})]
    assert last(bounded)["decision"] == "allow"
    for called, rule in (('steal with {"amount": 5}', "domain.tools.allow"), ('pay with {"amount": 5000}', "domain.tools.arguments")):
        arrived = []
        try:
            arrived = await calls_of(client, claude, api, "tools", f"Call {called}", stream=stream)
        except (*REFUSED, openai.ContentFilterFinishReasonError, RuntimeError):
            pass
        assert "5000" not in json.dumps(arrived)
        assert "steal" not in json.dumps(arrived)
        record = last(bounded)
        assert (record["decision"], record["rules"]) == ("block", [rule])


@pytest.mark.parametrize("way", SPEAKING)
async def test_asked_again(asked: Asked, bounded: Gateway, demo: str, way: str):
    """An answer out of bounds is asked for again with what was wrong about it; the app hears the good one alone, and pays for both."""
    said, reason = await getattr(asked, way)("again", SPOKEN)
    assert (said, reason) in [(GOOD, "stop"), (GOOD, "completed"), (GOOD, "end_turn")]
    *_, first, second = await received(demo)
    kept = "input" if way.startswith("responses") else "messages"
    *before, answer, complaint = second["body"][kept]
    assert (answer["role"], answer["content"]) == ("assistant", WORDS)
    assert "$.price: must be a number" in complaint["content"]
    assert first["body"][kept] in (before, before[0]["content"])
    record = last(bounded)
    assert (record["decision"], record["reasks"], record["rules"]) == ("flag", 1, ["domain.output.json_schema"])
    assert [finding["action"] for finding in record["findings"]] == ["reask"]
    if not way.startswith("chat_stream"):  # it tells its cost only if it is asked to
        assert record["tokens"]["output"] > 4


@pytest.mark.parametrize("way", SPEAKING)
async def test_asked_again_too_often(asked: Asked, bounded: Gateway, demo: str, way: str):
    """When the last of the answers is no better, the app is refused, and has heard nothing of any."""
    before = (await received(demo))[-1]["number"] if await received(demo) else 0
    with pytest.raises(REFUSED) as refused:
        await getattr(asked, way)("again", f"Say exactly: {WORDS}")
    assert "domain.output.json_schema" in json.dumps(refused.value.body)
    assert (await received(demo))[-1]["number"] - before == 3
    record = last(bounded)
    assert (record["decision"], record["reasks"]) == ("block", 2)
    assert [finding["action"] for finding in record["findings"]] == ["reask", "reask", "block"]


async def test_placeholders_stay_when_asking_again(asked: Asked, bounded: Gateway, demo: str):
    """The endpoint sees no value in what is said back to it, and the app sees its own."""
    text = 'Say exactly: {"price": "ann@example.org"}\nIf that is not accepted, say: {"price": 1}'
    assert await asked.chat("again", text) == ('{"price": 1}', "stop")
    *_, second = await received(demo)
    assert "<EMAIL_ADDRESS_" in second["body"]["messages"][-2]["content"]
    assert "ann@example.org" not in json.dumps(second)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("api", ["chat", "responses", "messages"])
async def test_a_call_asked_for_again(client, claude, bounded: Gateway, demo: str, api: str, stream: bool):
    """A call with arguments out of bounds is made again within them."""
    calls = await calls_of(client, claude, api, "again", 'Call pay with {"amount": 5000}', stream=stream)
    assert [name for name, _ in calls] == ["pay"]
    assert calls[0][1]["amount"] <= 100
    assert last(bounded)["rules"] == ["domain.tools.arguments"]


@pytest.mark.parametrize("way", ["chat", "chat_stream", "completions", "completions_stream", "responses", "responses_stream"])
async def test_uncertainty(asked: Asked, bounded: Gateway, demo: str, way: str):
    """The endpoint is asked for log probabilities, of which the app sees nothing; what they say is measured and held to the bound."""
    said, _ = await getattr(asked, way)("unsure", "Say exactly: one two three")
    assert said == "one two three"
    asked_for = (await received(demo))[-1]["body"]
    assert asked_for.get("logprobs") or asked_for.get("include") == ["message.output_text.logprobs"]
    record = last(bounded)
    (measured,) = record["uncertainty"]
    assert measured["tail"] >= measured["mean"] > 0.01
    assert record["rules"] == ["domain.output.uncertainty"]
    with pytest.raises(REFUSED):
        await getattr(asked, way)("sure", "Say exactly: one two three")


@pytest.mark.parametrize("way", ["messages", "messages_stream"])
async def test_uncertainty_that_cannot_be_known(asked: Asked, bounded: Gateway, demo: str, way: str):
    """An API without log probabilities is treated as too uncertain answers are: blocked where these are, noted where they are noted."""
    with pytest.raises(anthropic.APIStatusError) as refused:
        await getattr(asked, way)("sure", "Say exactly: one two three")
    assert refused.value.status_code == 503
    assert last(bounded)["decision"] == "block"
    said, _ = await getattr(asked, way)("unsure", "Say exactly: one two three")
    assert said == "one two three"
    assert last(bounded)["decision"] == "flag"
    for record in list(bounded.records().values())[-2:]:
        assert [(finding["rule"], finding["why"]) for finding in record["findings"]] == [("domain.output.uncertainty", "unavailable")]


async def test_log_probabilities_are_the_apps_only_if_it_asks(client: openai.AsyncOpenAI, bounded: Gateway, demo: str):
    """Streamed and whole: who asks gets them, who does not gets none."""
    for wants in (None, True):
        keys = {"logprobs": True, "top_logprobs": 2} if wants else {}
        whole = await client.chat.completions.create(model="unsure", messages=user("Say exactly: one two"), **keys)
        assert bool(whole.choices[0].logprobs) == bool(wants)
        seen = False
        async for chunk in await client.chat.completions.create(model="unsure", messages=user("Say exactly: one"), stream=True, **keys):
            seen = seen or any(choice.logprobs for choice in chunk.choices)
        assert seen == bool(wants)
        included = {"include": ["message.output_text.logprobs"], "top_logprobs": 2} if wants else {}
        response = await client.responses.create(model="unsure", input="Say exactly: one two", **included)
        assert bool(response.output[0].content[0].logprobs) == bool(wants)
        assert response.top_logprobs == (2 if wants else 0)


@pytest.mark.parametrize("way", [*WHOLE, *STREAMED])
async def test_self_consistency(asked: Asked, bounded: Gateway, demo: str, way: str):
    """The question is asked again, whole, and the app gets one answer; what the record says of the others is how far they agree."""
    count = (await received(demo) or [{"number": 0}])[-1]["number"]
    said, _ = await getattr(asked, way)("often", "Say exactly: one two three")
    assert said == "one two three"
    bodies = [each["body"] for each in await received(demo) if each["number"] > count]
    assert sorted(bool(body.get("stream")) for body in bodies) == [False, False, way in STREAMED]
    consistency = last(bounded)["consistency"]
    assert (consistency["agreement"], consistency["asked"], consistency["answered"]) == (1.0, 2, 2)
    assert consistency["tokens"]["output"] > 0
