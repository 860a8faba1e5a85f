import anthropic
import pytest
from pydantic import BaseModel

TOOL = {"name": "look_up", "description": "Looks up.", "input_schema": {"type": "object", "properties": {"email": {"type": "string"}}}}


class Contact(BaseModel):
    name: str
    email: str


def _user(content: object) -> list:
    return [{"role": "user", "content": content}]


def _plain(blocks: list) -> list[dict]:
    return [block.model_dump(exclude={"id", "parsed_output"}) for block in blocks]


async def test_a_message(claude: anthropic.AsyncAnthropic):
    """A text in, a text out; system texts may be blocks."""
    system = [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}]
    message = await claude.messages.create(model="demo", max_tokens=99, system=system, messages=_user("mail ann@example.org"))
    assert (message.content[0].text, message.stop_reason) == ("I have sent a note to ann@example.org.", "end_turn")
    assert message.usage.input_tokens > 0


@pytest.mark.parametrize(
    ("asked", "stop_reason"),
    [
        ({"messages": _user("mail ann@example.org")}, "end_turn"),
        ({"messages": _user("look up ann@example.org"), "tools": [TOOL]}, "tool_use"),
        ({"messages": _user("hello"), "thinking": {"type": "enabled", "budget_tokens": 1024}}, "end_turn"),
        ({"messages": _user("TRIGGER_REDACTED_THINKING"), "thinking": {"type": "enabled", "budget_tokens": 1024}}, "end_turn"),
        ({"messages": _user("please refuse")}, "refusal"),
        ({"messages": _user("count to 9"), "max_tokens": 2}, "max_tokens"),
        ({"messages": _user("count to 9"), "stop_sequences": [", 4"]}, "stop_sequence"),
    ],
)
async def test_a_stream_is_its_message(claude: anthropic.AsyncAnthropic, asked: dict, stop_reason: str):
    """What the SDK puts together from the events is the message that is sent whole."""
    asked = {"model": "demo", "max_tokens": 2000} | asked
    async with claude.messages.stream(**asked) as stream:
        streamed = await stream.get_final_message()
    whole = await claude.messages.create(**asked)
    assert _plain(streamed.content) == _plain(whole.content)
    assert (streamed.stop_reason, streamed.stop_sequence) == (whole.stop_reason, whole.stop_sequence)
    assert whole.stop_reason == stop_reason
    assert streamed.usage.output_tokens == whole.usage.output_tokens


async def test_the_events(claude: anthropic.AsyncAnthropic):
    """They come in the documented order, each block opened and closed."""
    thinking = {"type": "enabled", "budget_tokens": 1024}
    stream = await claude.messages.create(model="demo", max_tokens=2000, messages=_user("hello"), thinking=thinking, stream=True)
    types = [f"{event.type} {getattr(getattr(event, 'delta', None), 'type', '')}".strip() async for event in stream]
    assert list(dict.fromkeys(types)) == [
        "message_start", "content_block_start", "content_block_delta thinking_delta", "content_block_delta signature_delta",
        "content_block_stop", "content_block_delta text_delta", "message_delta", "message_stop",
    ]  # fmt: skip


async def test_a_tool(claude: anthropic.AsyncAnthropic):
    """A call goes out with arguments from the text; its result is quoted, and can be blocks."""
    asked = _user("look up ann@example.org")
    message = await claude.messages.create(model="demo", max_tokens=99, messages=asked, tools=[TOOL])
    (call,) = message.content
    assert (call.name, call.input) == ("look_up", {"email": "ann@example.org"})
    result = {"type": "tool_result", "tool_use_id": call.id, "content": [{"type": "text", "text": "Room 4"}]}
    messages = [*asked, {"role": "assistant", "content": message.content}, *_user([result])]
    answer = await claude.messages.create(model="demo", max_tokens=99, messages=messages, tools=[TOOL])
    assert answer.content[0].text == "The tool says: Room 4"


async def test_documents_and_images(claude: anthropic.AsyncAnthropic):
    """Text documents are read, images are taken."""
    content = [
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}},
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "mail ann@example.org"}},
    ]
    message = await claude.messages.create(model="demo", max_tokens=99, messages=_user(content))
    assert message.content[0].text == "I have sent a note to ann@example.org."


async def test_structured_output(claude: anthropic.AsyncAnthropic):
    """The text is an instance of the schema."""
    message = await claude.messages.parse(model="demo", max_tokens=99, messages=_user("I am Ann, ann@example.org"), output_format=Contact)
    assert message.parsed_output == Contact(name="Ann", email="ann@example.org")


async def test_counting(claude: anthropic.AsyncAnthropic):
    """Longer messages count more, and need no limit."""
    short, long = [(await claude.messages.count_tokens(model="demo", messages=_user("x" * size))).input_tokens for size in (4, 400)]
    assert short < long


async def test_models(claude: anthropic.AsyncAnthropic):
    """To this SDK models are listed in its own shape."""
    assert [model.id async for model in claude.models.list()] == ["demo", "demo-reasoning", "gpt-4o-mini"]
    assert (await claude.models.retrieve("other")).display_name == "other"


async def test_errors(claude: anthropic.AsyncAnthropic):
    """Errors have the dialect's shape and the SDK's class."""
    with pytest.raises(anthropic.BadRequestError) as refused:
        await claude.messages.create(model="demo", max_tokens=0, messages=_user("x"))
    assert refused.value.body["error"]["type"] == "invalid_request_error"
    with pytest.raises(anthropic.RateLimitError):
        await claude.messages.create(model="demo-busy", max_tokens=9, messages=_user("x"))
    tool = {"name": "look", "input_schema": {"properties": [1]}}
    with pytest.raises(anthropic.BadRequestError, match="not well formed"):
        await claude.messages.create(model="demo", max_tokens=9, messages=_user("x"), tools=[tool], tool_choice={"type": "any"})
