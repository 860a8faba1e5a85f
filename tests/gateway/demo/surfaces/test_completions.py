import openai
import pytest


async def test_a_completion(client: openai.AsyncOpenAI):
    """The prompt is answered; echoed in front of it when asked for."""
    answer = await client.completions.create(model="demo", prompt="mail ann@example.org", echo=True, suffix="Bye.")
    assert answer.choices[0].text == "mail ann@example.orgI have sent a note to ann@example.org."
    assert answer.choices[0].finish_reason == "stop"


async def test_many_prompts_and_choices(client: openai.AsyncOpenAI):
    """Choices are numbered through, prompt by prompt; tokens are not read."""
    answer = await client.completions.create(model="demo", prompt=["one", "two"], n=2)
    assert [(choice.index, choice.text) for choice in answer.choices] == [
        (0, "You said: one"), (1, "Put differently (2): You said: one"), (2, "You said: two"), (3, "Put differently (2): You said: two"),
    ]  # fmt: skip
    of_tokens = await client.completions.create(model="demo", prompt=[1, 2, 3])
    assert of_tokens.choices[0].text == "You said: (3 tokens)"


@pytest.mark.parametrize("asked", [{}, {"max_tokens": 2}, {"stop": ", 3"}, {"n": 3, "echo": True, "logprobs": 1}])
async def test_a_stream_is_its_completion(lenient: openai.AsyncOpenAI, asked: dict):
    """Joined by choice, the chunks are the choices' texts, and their usage comes last."""
    asked = {"model": "demo", "prompt": "count to 5"} | asked
    whole = await lenient.completions.create(**asked)
    stream = await lenient.completions.create(stream=True, stream_options={"include_usage": True}, **asked)
    *chunks, last = [chunk async for chunk in stream]
    for choice in whole.choices:
        parts = [part for chunk in chunks for part in chunk.choices if part.index == choice.index]
        assert ("".join(part.text for part in parts), parts[-1].finish_reason) == (choice.text, choice.finish_reason)
    assert (last.choices, last.usage) == ([], whole.usage)


async def test_logprobs_spell_the_text(client: openai.AsyncOpenAI):
    """Each token stands at its offset."""
    choice = (await client.completions.create(model="demo", prompt="hello", logprobs=1)).choices[0]
    figures = choice.logprobs
    assert "".join(figures.tokens) == choice.text
    assert all(choice.text.startswith(token, offset) for token, offset in zip(figures.tokens, figures.text_offset, strict=True))


@pytest.mark.parametrize("asked", [{"prompt": None}, {"prompt": [None]}, {"prompt": "x", "n": 129}, {"prompt": ["x"] * 129}])
async def test_what_is_refused(client: openai.AsyncOpenAI, asked: dict):
    """A prompt is needed, and not too many choices."""
    with pytest.raises(openai.BadRequestError):
        await client.completions.create(model="demo", **asked)
