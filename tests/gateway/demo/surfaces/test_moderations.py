import openai
import pytest

PARTS = [{"type": "text", "text": "I will kill it"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}]


@pytest.mark.parametrize(
    ("given", "flagged"), [("hello", [False]), ("I will kill it", [True]), (["hello", "kill"], [False, True]), (PARTS, [True])]
)
async def test_judgements(client: openai.AsyncOpenAI, given: object, flagged: list[bool]):
    """One a text; parts are judged together."""
    answer = await client.moderations.create(input=given)
    assert [result.flagged for result in answer.results] == flagged
    assert [result.categories.violence for result in answer.results] == flagged


@pytest.mark.parametrize("given", [None, 3, [], ["x", 3]])
async def test_what_is_refused(client: openai.AsyncOpenAI, given: object):
    """Inputs that are none."""
    with pytest.raises(openai.BadRequestError):
        await client.moderations.create(input=given)
