import io
import wave

import openai
import pytest

from gateway.demo.surfaces.speech import sound


def test_a_wave():
    """Opens as one, and lasts a tenth of a second."""
    with wave.open(io.BytesIO(sound("wav"))) as file:
        assert (file.getnframes() / file.getframerate(), file.getnchannels()) == (0.1, 1)


@pytest.mark.parametrize(("form", "opening"), [("mp3", b"\xff\xfb"), ("wav", b"RIFF"), ("pcm", b"\0\0")])
async def test_speaking(client: openai.AsyncOpenAI, form: str, opening: bytes):
    """Bytes of the format asked for."""
    async with client.audio.speech.with_streaming_response.create(
        model="demo", voice="alloy", input="hello", response_format=form
    ) as answer:
        assert (await answer.read()).startswith(opening)


async def test_in_events(client: openai.AsyncOpenAI):
    """The sound, then its usage."""
    asked = {"model": "demo", "voice": "alloy", "input": "hello", "stream_format": "sse"}
    async with client.audio.speech.with_streaming_response.create(**asked) as answer:
        text = await answer.text()
    assert [line for line in text.splitlines() if line.startswith("event:")] == ["event: speech.audio.delta", "event: speech.audio.done"]


@pytest.mark.parametrize("asked", [{"input": ""}, {"input": "x", "response_format": "midi"}])
async def test_what_is_refused(client: openai.AsyncOpenAI, asked: dict):
    """A text is needed, and a format that there is."""
    with pytest.raises(openai.BadRequestError):
        await client.audio.speech.create(model="demo", voice="alloy", **asked)
