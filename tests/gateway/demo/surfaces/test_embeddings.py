import math

import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.demo.surfaces.embeddings import vector


@given(st.text(), st.integers(1, 300))
def test_vectors_have_length_one(text: str, dimensions: int):
    """Whatever the text."""
    assert math.isclose(math.hypot(*vector(text, dimensions)), 1, rel_tol=1e-9)


def test_similar_texts_are_near():
    """Nearer than others."""
    here, near, far = (vector(text, 256) for text in ("a green apple", "the green apples", "quarterly tax report"))
    assert sum(map(float.__mul__, here, near)) > sum(map(float.__mul__, here, far))


async def test_float_and_base64_are_the_same(client: openai.AsyncOpenAI, lenient: openai.AsyncOpenAI):
    """Numbers or packed, one vector an input, in their order."""
    asked = {"model": "demo", "input": ["one", "two"], "dimensions": 8}
    plain = await client.embeddings.create(encoding_format="float", **asked)
    packed = await lenient.embeddings.create(**asked)  # the SDK asks for base64 and unpacks it
    assert [each.index for each in plain.data] == [0, 1]
    for one, other in zip(plain.data, packed.data, strict=True):
        assert one.embedding == pytest.approx(other.embedding, abs=1e-6)
        assert len(one.embedding) == 8


@pytest.mark.parametrize(("given", "count"), [("one", 1), ([1, 2, 3], 1), ([[1, 2], [3]], 2)])
async def test_inputs(lenient: openai.AsyncOpenAI, given: object, count: int):
    """Texts and tokens, alone or in lists."""
    assert len((await lenient.embeddings.create(model="demo", input=given)).data) == count


@pytest.mark.parametrize("asked", [{"input": ""}, {"input": [3, "x"]}, {"input": [None]}, {"input": "x", "dimensions": 0}])
async def test_what_is_refused(client: openai.AsyncOpenAI, asked: dict):
    """Inputs that are none."""
    with pytest.raises(openai.BadRequestError):
        await client.embeddings.create(model="demo", **asked)
