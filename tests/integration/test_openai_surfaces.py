"""The official SDK, unchanged, on each of OpenAI's other surfaces: the user reads real values, and the endpoint sees none."""

import base64
import io
import math
from collections.abc import AsyncIterator, Callable

import openai
import pytest

from tests.support.endpoint import count, received, saw_placeholders_only
from tests.support.gateway import Gateway
from tests.support.personal import TEXT, VALUES, leaked

EMAIL = VALUES["EMAIL_ADDRESS"]
CARD = VALUES["CREDIT_CARD"]
SAY = f"Repeat after me: {TEXT}"
SECRET = f"Repeat after me: {'The number is as I have told you before. ' * 5}It is {CARD}. {'Keep it. ' * 20}"
SOUND = ("said.mp3", b"\xff\xfb\x90\x64" + bytes(413), "audio/mpeg")
PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)  # fmt: skip


@pytest.fixture
async def client(demo_gateway: Gateway) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=f"{demo_gateway.url}/v1", api_key="any", max_retries=0, timeout=120) as client:
        yield client


@pytest.fixture
async def azure(demo_gateway: Gateway) -> AsyncIterator[openai.AsyncAzureOpenAI]:
    version = "2025-04-01-preview"
    async with openai.AsyncAzureOpenAI(
        azure_endpoint=demo_gateway.url, api_key="any", api_version=version, max_retries=0, timeout=120
    ) as client:
        yield client


# Chat, beyond what test_openai_sdk.py has

SEND = {
    "type": "function",
    "function": {
        "name": "send_email",
        "description": "Sends an e-mail.",
        "parameters": {"type": "object", "properties": {"to": {"type": "string"}, "subject": {"type": "string"}}},
    },
}


async def test_a_stopped_stream_of_chat(client: openai.AsyncOpenAI, demo: str):
    """An answer that a rule blocks in mid-stream ends by the content filter, for which the helper has an error of its own."""
    asked = {"model": "demo-strict", "messages": [{"role": "user", "content": SECRET}]}
    chunks = [chunk async for chunk in await client.chat.completions.create(**asked, stream=True)]
    text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    assert text.startswith("The number is")
    assert "4111" not in text
    assert [choice.finish_reason for chunk in chunks for choice in chunk.choices if choice.finish_reason] == ["content_filter"]
    with pytest.raises(openai.ContentFilterFinishReasonError):
        async with client.chat.completions.stream(**asked) as stream:
            await stream.get_final_completion()


async def test_a_tool_call_stopped_halfway(client: openai.AsyncOpenAI, demo: str):
    """A call that a rule blocks while its arguments are streamed ends by the content filter, so that no program makes it."""
    said = f"Send an email to tests: {'as I have told you before, ' * 5}{CARD} {'Keep it. ' * 20}"
    asked = {"model": "demo-strict", "messages": [{"role": "user", "content": said}], "tools": [SEND]}
    chunks = [chunk async for chunk in await client.chat.completions.create(**asked, stream=True)]
    assert any(choice.delta.tool_calls for chunk in chunks for choice in chunk.choices)
    assert "4111" not in "".join(chunk.model_dump_json() for chunk in chunks)
    assert [choice.finish_reason for chunk in chunks for choice in chunk.choices if choice.finish_reason] == ["content_filter"]
    with pytest.raises(openai.ContentFilterFinishReasonError):
        async with client.chat.completions.stream(**asked) as stream:
            await stream.get_final_completion()


# Completions


@pytest.mark.parametrize("stream", [False, True])
async def test_completions(client: openai.AsyncOpenAI, demo: str, stream: bool):
    """Several prompts, each with several choices, are restored each for itself, also when they are streamed."""
    asked = client.completions.create(model="demo", prompt=[SAY, f"Repeat after me: {EMAIL}"], n=2, stream=stream)
    texts = dict.fromkeys(range(4), "")
    if stream:
        async for chunk in await asked:
            for choice in chunk.choices:
                texts[choice.index] += choice.text
    else:
        texts = {choice.index: choice.text for choice in (await asked).choices}
    assert texts == {0: TEXT, 1: f"Put differently (2): {TEXT}", 2: EMAIL, 3: f"Put differently (2): {EMAIL}"}
    assert await saw_placeholders_only(demo)


async def test_a_stopped_stream_of_completions(client: openai.AsyncOpenAI, demo: str):
    """An answer that a rule blocks in mid-stream ends by the content filter."""
    chunks = [chunk async for chunk in await client.completions.create(model="demo-strict", prompt=SECRET, stream=True)]
    text = "".join(choice.text for chunk in chunks for choice in chunk.choices)
    assert text.startswith("The number is")
    assert "4111" not in text
    assert [choice.finish_reason for chunk in chunks for choice in chunk.choices if choice.finish_reason] == ["content_filter"]


# Embeddings and moderations


async def _vector(client: openai.AsyncOpenAI, text: str) -> list[float]:
    answer = await client.embeddings.create(model="demo", input=text, dimensions=64)
    return answer.data[0].embedding


@pytest.mark.parametrize("encoding", ["float", "base64"])
async def test_embeddings(client: openai.AsyncOpenAI, demo: str, encoding: str):
    """Vectors come as they are, in either form, of texts without values."""
    answer = await client.embeddings.create(model="demo", input=[TEXT, "hello"], dimensions=64, encoding_format=encoding)
    first = answer.data[0].embedding
    assert len(answer.data) == 2
    if encoding == "float":
        assert math.isclose(math.hypot(*first), 1, abs_tol=1e-5)
    else:
        assert len(base64.b64decode(first)) == 4 * 64
    assert await saw_placeholders_only(demo)


async def test_equal_texts_have_equal_vectors(client: openai.AsyncOpenAI, demo: str):
    """A value has the same placeholder each time: what was embedded yesterday is found today."""
    assert await _vector(client, TEXT) == await _vector(client, TEXT) != await _vector(client, "hello")


async def test_tokens_cannot_be_read(client: openai.AsyncOpenAI, demo: str):
    """Text in the form of tokens is refused, as no rule can read it."""
    with pytest.raises(openai.BadRequestError) as caught:
        await client.embeddings.create(model="demo", input=[9906, 1917])
    assert caught.value.code == "content_filter"
    assert await count(demo) == 0


@pytest.mark.parametrize("given", [TEXT, [TEXT, "hello"], [{"type": "text", "text": TEXT}]], ids=["text", "texts", "parts"])
async def test_moderations(client: openai.AsyncOpenAI, demo: str, given: str | list):
    """Texts are judged without their values."""
    answer = await client.moderations.create(model="demo", input=given)
    assert not any(result.flagged for result in answer.results)
    assert await saw_placeholders_only(demo)


# Images


@pytest.mark.parametrize("form", ["b64_json", "url"])
async def test_images(client: openai.AsyncOpenAI, demo: str, form: str):
    """A picture is made from a prompt without values; the prompt in the answer has them."""
    answer = await client.images.generate(model="demo", prompt=TEXT, n=2, response_format=form)
    assert [each.revised_prompt for each in answer.data] == [TEXT, TEXT]
    assert all(getattr(each, form) for each in answer.data)
    assert await saw_placeholders_only(demo)


async def test_a_stream_of_images(client: openai.AsyncOpenAI, demo: str):
    """Partial pictures arrive as they are made."""
    stream = await client.images.generate(model="demo", prompt=TEXT, stream=True, partial_images=1)
    events = [event async for event in stream]
    assert [event.type for event in events] == ["image_generation.partial_image", "image_generation.completed"]
    assert base64.b64decode(events[-1].b64_json).startswith(b"\x89PNG")
    assert await saw_placeholders_only(demo)


async def test_edited_images(client: openai.AsyncOpenAI, demo: str):
    """The prompt in a form is guarded like one in JSON, and the picture beside it arrives whole."""
    answer = await client.images.edit(model="demo", image=("a.png", PICTURE, "image/png"), prompt=TEXT)
    assert answer.data[0].revised_prompt == TEXT
    assert await saw_placeholders_only(demo)
    assert "a.png" in await received(demo)


# Audio


async def test_speech(client: openai.AsyncOpenAI, demo: str):
    """What is to be said is guarded; the sound of it is handed through."""
    sound = await client.audio.speech.create(
        model="demo", voice="alloy", input=TEXT, instructions=f"as {EMAIL} would", response_format="wav"
    )
    assert sound.content.startswith(b"RIFF")
    assert await saw_placeholders_only(demo)


async def test_speech_as_it_comes(client: openai.AsyncOpenAI, demo: str):
    """The same when the client reads it piece by piece."""
    asked = client.audio.speech.with_streaming_response.create(model="demo", voice="alloy", input=TEXT, response_format="wav")
    async with asked as response:
        assert (await response.read()).startswith(b"RIFF")
    assert await saw_placeholders_only(demo)


@pytest.mark.parametrize(
    ("form", "read"),
    [
        ("json", lambda answer: answer.text),
        ("verbose_json", lambda answer: answer.text),
        ("verbose_json", lambda answer: answer.segments[0].text),
        ("text", lambda answer: answer.removesuffix("\n")),
        ("srt", lambda answer: answer.split("\n")[2]),
        ("vtt", lambda answer: answer.split("\n")[3]),
    ],
    ids=["json", "verbose_json", "segments", "text", "srt", "vtt"],
)
async def test_transcriptions(client: openai.AsyncOpenAI, demo: str, form: str, read: Callable[[object], str]):
    """The form's prompt is guarded, and what comes back of it restored, in every form that a transcript has."""
    answer = await client.audio.transcriptions.create(model="demo", file=SOUND, prompt=TEXT, response_format=form)
    assert read(answer) == TEXT
    assert await saw_placeholders_only(demo)


async def test_a_stream_of_a_transcription(client: openai.AsyncOpenAI, demo: str):
    """The pieces and the whole at their end say the same."""
    stream = await client.audio.transcriptions.create(model="demo", file=SOUND, prompt=TEXT, stream=True)
    events = [event async for event in stream]
    assert "".join(event.delta for event in events if event.type == "transcript.text.delta") == TEXT
    assert (events[-1].type, events[-1].text) == ("transcript.text.done", TEXT)
    assert await saw_placeholders_only(demo)


@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")  # the SDK's word on translations
async def test_translations(client: openai.AsyncOpenAI, demo: str):
    """A translation is a transcription in this respect."""
    assert (await client.audio.translations.create(model="demo", file=SOUND, prompt=TEXT)).text == TEXT
    assert await saw_placeholders_only(demo)


# Requests that are stopped

Ask = Callable[[openai.AsyncOpenAI], object]
STOPPED: dict[str, Ask] = {
    "completions": lambda client: client.completions.create(model="demo-strict", prompt=TEXT),
    "a stream of completions": lambda client: client.completions.create(model="demo-strict", prompt=TEXT, stream=True),
    "embeddings": lambda client: client.embeddings.create(model="demo-strict", input=TEXT),
    "moderations": lambda client: client.moderations.create(model="demo-strict", input=TEXT),
    "images": lambda client: client.images.generate(model="demo-strict", prompt=TEXT),
    "edited images": lambda client: client.images.edit(model="demo-strict", image=("a.png", PICTURE, "image/png"), prompt=TEXT),
    "speech": lambda client: client.audio.speech.create(model="demo-strict", voice="alloy", input=TEXT),
    "transcriptions": lambda client: client.audio.transcriptions.create(model="demo-strict", file=SOUND, prompt=TEXT),
    "translations": lambda client: client.audio.translations.create(model="demo-strict", file=SOUND, prompt=TEXT),
}


@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")
@pytest.mark.parametrize("ask", STOPPED.values(), ids=STOPPED.keys())
async def test_a_stopped_request(client: openai.AsyncOpenAI, demo: str, ask: Ask):
    """What a rule blocks is the SDK's BadRequestError on each surface, and never reaches the endpoint."""
    with pytest.raises(openai.BadRequestError) as caught:
        await ask(client)
    assert (caught.value.code, caught.value.type) == ("content_filter", "policy_violation")
    assert leaked(str(caught.value.body)) == []
    assert await count(demo) == 0


# Azure


@pytest.mark.parametrize("stream", [False, True])
async def test_azures_chat(azure: openai.AsyncAzureOpenAI, demo: str, stream: bool):
    """Azure's client, whose paths have deployments in them, is served alike."""
    asked = azure.chat.completions.create(model="demo", messages=[{"role": "user", "content": SAY}], stream=stream)
    if stream:
        text = "".join([choice.delta.content or "" async for chunk in await asked for choice in chunk.choices])
    else:
        text = (await asked).choices[0].message.content
    assert text == TEXT
    assert await saw_placeholders_only(demo)
    assert "/openai/deployments/demo/chat/completions" in await received(demo)


async def test_azures_other_surfaces(azure: openai.AsyncAzureOpenAI, demo: str):
    """So are its surfaces other than chat, with a deployment and without."""
    assert (await azure.completions.create(model="demo", prompt=SAY)).choices[0].text == TEXT
    assert (await azure.responses.create(model="demo", input=SAY)).output_text == TEXT
    assert (await azure.embeddings.create(model="demo", input=TEXT)).data[0].embedding
    assert (await azure.images.generate(model="demo", prompt=TEXT)).data[0].revised_prompt == TEXT
    assert (await azure.audio.transcriptions.create(model="demo", file=SOUND, prompt=TEXT)).text == TEXT
    kept = await azure.files.create(file=("notes.txt", io.BytesIO(TEXT.encode())), purpose="assistants")
    assert (await azure.files.content(kept.id)).text == TEXT
    assert await saw_placeholders_only(demo)


async def test_azures_stopped_request(azure: openai.AsyncAzureOpenAI, demo: str):
    """The deployment's name chooses the policy, as the model's does."""
    with pytest.raises(openai.BadRequestError) as caught:
        await azure.chat.completions.create(model="demo-strict", messages=[{"role": "user", "content": SAY}])
    assert caught.value.code == "content_filter"
    assert await count(demo) == 0
