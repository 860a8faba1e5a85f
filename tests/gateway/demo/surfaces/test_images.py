import base64
import warnings
import zlib

import aiohttp
import openai
import pytest

from gateway.demo.surfaces.images import picture


def test_pictures():
    """A PNG whose chunks carry their checksums, equal for equal texts only."""
    drawn = picture("a cat")
    assert drawn.startswith(b"\x89PNG\r\n\x1a\n")
    assert zlib.decompress(drawn[drawn.index(b"IDAT") + 4 : drawn.index(b"IEND") - 8]).startswith(b"\0")
    assert (drawn == picture("a cat"), drawn == picture("a dog")) == (True, False)


async def test_generating(client: openai.AsyncOpenAI):
    """As many pictures as asked for, with the prompt repeated."""
    answer = await client.images.generate(model="demo", prompt="a cat", n=2)
    assert [base64.b64decode(each.b64_json)[:4] for each in answer.data] == [b"\x89PNG"] * 2
    assert answer.data[0].revised_prompt == "a cat"


async def test_by_url(client: openai.AsyncOpenAI):
    """Or the address of one, which is there."""
    url = (await client.images.generate(model="demo", prompt="a cat", response_format="url")).data[0].url
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        assert (response.content_type, (await response.read())[:4]) == ("image/png", b"\x89PNG")


async def test_a_stream(client: openai.AsyncOpenAI):
    """A partial picture, then the whole one."""
    stream = await client.images.generate(model="demo", prompt="a cat", stream=True, partial_images=1)
    assert [event.type async for event in stream] == ["image_generation.partial_image", "image_generation.completed"]


async def test_editing(client: openai.AsyncOpenAI):
    """Forms with one picture or several, and fields besides."""
    one = await client.images.edit(model="demo", image=picture("x"), prompt="a hat", n=2)
    many = await client.images.edit(model="demo", image=[picture("x"), picture("y")], prompt="a hat")
    assert [len(answer.data) for answer in (one, many)] == [2, 1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the SDK's, of variations
        assert len((await client.images.create_variation(image=picture("x"))).data) == 1


@pytest.mark.parametrize("asked", [{"prompt": ""}, {"prompt": "x", "n": 11}])
async def test_what_is_refused(client: openai.AsyncOpenAI, asked: dict):
    """A prompt is needed, and not too many pictures."""
    with pytest.raises(openai.BadRequestError):
        await client.images.generate(model="demo", **asked)
    with pytest.raises(openai.BadRequestError):
        await client.images.edit(model="demo", image=picture("x"), **asked)
