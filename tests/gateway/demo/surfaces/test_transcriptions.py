import warnings
from collections.abc import Callable

import openai
import pytest

from gateway.demo.exchange import Ask, Part
from gateway.demo.state import State
from gateway.demo.surfaces.speech import sound
from gateway.demo.surfaces.transcriptions import heard

ASKED = {"model": "demo", "file": ("speech.wav", sound("wav")), "prompt": "Call 415-555-0132"}


@pytest.mark.parametrize(
    ("prompt", "file", "text"),
    [
        ("a prompt", b"a file", "a prompt"),
        ("", b" a file\n", "a file"),
        ("", b"\xff\xfb", "This is a scripted transcript."),
        ("", b"RIFF\0", "This is a scripted transcript."),
        ("", b" ", "This is a scripted transcript."),
    ],
)
def test_what_is_heard(prompt: str, file: bytes, text: str):
    """The prompt, or a file that is text; of sounds nothing."""
    assert heard(prompt, file) == text


@pytest.mark.parametrize("form", ["json", "text", "srt", "vtt", "verbose_json"])
async def test_forms(client: openai.AsyncOpenAI, form: str):
    """The transcript stands in each of them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the SDK's, of translations
        translated = await client.audio.translations.create(response_format=form, **ASKED)
    for answer in (translated, await client.audio.transcriptions.create(response_format=form, **ASKED)):
        assert "Call 415-555-0132" in (answer if isinstance(answer, str) else answer.text)


async def test_words_and_segments(client: openai.AsyncOpenAI):
    """With their times, in order."""
    answer = await client.audio.transcriptions.create(response_format="verbose_json", timestamp_granularities=["word", "segment"], **ASKED)
    assert [word.word for word in answer.words] == ["Call", "415-555-0132"]
    assert answer.words[0].end == answer.words[1].start
    assert answer.segments[0].text == answer.text


async def test_a_stream(client: openai.AsyncOpenAI):
    """Joined, the deltas are the text that is done."""
    *deltas, done = [event async for event in await client.audio.transcriptions.create(stream=True, **ASKED)]
    assert "".join(event.delta for event in deltas) == done.text == "Call 415-555-0132"


async def test_what_was_received(client: openai.AsyncOpenAI, received: Callable):
    """The fields of a form are shown by name, its file with its text."""
    await client.audio.transcriptions.create(model="demo", file=("ann@example.org.txt", b"ann@example.org"), language="en")
    (shown,) = await received()
    assert (shown["method"], shown["path"]) == ("POST", "/v1/audio/transcriptions")
    assert shown["body"]["language"] == "en"
    assert shown["body"]["file"] == {"filename": "ann@example.org.txt", "content_type": "text/plain", "text": "ann@example.org"}


@pytest.mark.parametrize("asked", [{"model": ""}, {"response_format": "midi"}])
def test_what_is_refused(state: State, asked: dict):
    """A model is needed, and a form that there is."""
    form = [Part(name, text.encode()) for name, text in ({"model": "demo"} | asked).items()]
    ask = Ask("POST", "/v1/audio/transcriptions", form=(*form, Part("file", sound("wav"), "speech.wav")))
    assert state.perform(ask).status == 400
