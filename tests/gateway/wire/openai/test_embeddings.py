"""Embeddings: texts in their forms, vectors in theirs."""

import base64
import json
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import BadRequest, UpstreamError
from gateway.wire.model import Call, Json
from gateway.wire.openai.embeddings import Embeddings
from gateway.wire.walk import dotted, is_structural
from tests.support.bodies import unaccounted

PROSE = "write to anna.kovacs@example.org, please"
EMBEDDINGS = Embeddings()
PACKED = base64.b64encode(struct.pack("<3f", 0.1, 0.2, 0.3)).decode()
TEXT = base64.b64encode(PROSE.ljust(40).encode()).decode()


def answer(*vectors: Json, **more: Json):
    data = [{"object": "embedding", "index": index, "embedding": vector} for index, vector in enumerate(vectors)]
    body = {"object": "list", "data": data, "model": "m-1234567", "usage": {"prompt_tokens": 3, "total_tokens": 3}, **more}
    return EMBEDDINGS.parse_completion(json.dumps(body).encode(), "application/json")


@pytest.mark.parametrize(
    ("given", "expected", "unread"),
    [
        (PROSE, ["input"], []),
        ([PROSE, PROSE], ["input.0", "input.1"], []),
        ([1, 2], [], [("tokens", "input")]),
        ([[1], [2]], [], [("tokens", "input.0"), ("tokens", "input.1")]),
    ],
)
def test_inputs(given: Json, expected: list[str], unread: list):
    """Each text by itself; token numbers are listed; and all else of a request is read."""
    body = {"model": "m", "input": given, "encoding_format": "base64", "dimensions": 5, "user": "anna", "novelty": PROSE}
    read = EMBEDDINGS.parse_request(json.dumps(body).encode(), Call())
    assert [dotted(segment.place) for segment in read.segments] == [*expected, "user", "novelty"]
    assert [(part.kind.value, dotted(part.place)) for part in read.uninspectable] == unread
    assert (read.surface, read.model) == ("embeddings", "m")


def test_a_request_without_a_model():
    """It is refused."""
    with pytest.raises(BadRequest):
        EMBEDDINGS.parse_request(b'{"input": "a"}', Call())


@pytest.mark.parametrize("vectors", [([0.1, 0.2],), ([0.1], [0.2], [1]), (PACKED,), (PACKED, [0.5]), ([],), ("",)])
def test_vectors(vectors: tuple):
    """That there are vectors is said once, however many there are and in whichever form."""
    event = answer(*vectors)
    assert [(part.kind.value, part.place) for part in event.uninspectable] == [("vector", ("data",))]
    assert (event.deltas, event.usage.input_tokens) == ((), 3)


@pytest.mark.parametrize(
    ("vector", "texts"),
    [
        (PROSE, [PROSE]),
        ("QUJD", ["QUJD"]),  # three bytes are no numbers of four
        (["anna", 0.5], ["anna"]),
        ([[0.5], ["anna"]], ["anna"]),
        ({"float": "anna"}, ["anna"]),
        ("AAAA!AAA", ["AAAA!AAA"]),
        (TEXT, [TEXT]),
        ("4111111111111111", ["4111111111111111"]),
    ],
)
def test_what_is_no_vector(vector: Json, texts: list[str]):
    """A text in the place of a vector is read."""
    event = answer(vector)
    assert ([delta.text for delta in event.deltas], event.uninspectable) == (texts, ())


@pytest.mark.parametrize(
    ("body", "texts", "unread"),
    [
        ({"data": [{"embedding": [0.5], "note": "a"}], "note": "b"}, ["b", "a"], ["data"]),
        ({"data": ["a"]}, ["a"], []),
        ({"data": "a"}, ["a"], []),
        (["a"], ["a"], []),
        ({"data": [{"two words": 1}]}, [], ["data.0"]),
        ({"data": [], "two words": 1}, [], [""]),
        ({"data": [], "model": PROSE}, [PROSE], []),
    ],
)
def test_all_else_of_an_answer(body: Json, texts: list[str], unread: list[str]):
    """Every other string is read, and a key that is prose is listed."""
    event = EMBEDDINGS.parse_completion(json.dumps(body).encode(), "application/json")
    assert [delta.text for delta in event.deltas] == texts
    assert [dotted(part.place) for part in event.uninspectable] == unread


def test_an_answer_that_is_none():
    """It is the upstream's fault."""
    for raw in (b"", b"{", b'{"x":' * 80 + b"1" + b"}" * 80):
        with pytest.raises(UpstreamError):
            EMBEDDINGS.parse_completion(raw, "application/json")


KEYS = st.sampled_from(["embedding", "id", "object", "model", "note", "two words", "usage", "type"])
VALUES = st.recursive(
    st.one_of(st.none(), st.floats(-1, 1), st.sampled_from(["", "AAAA", PROSE])),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=8,
)
BODIES = st.one_of(
    VALUES, st.fixed_dictionaries({"data": st.lists(st.dictionaries(KEYS, VALUES, max_size=4), max_size=3)}, optional={"note": VALUES})
)


@settings(max_examples=100)
@given(BODIES)
def test_every_text_is_accounted_for(body: Json):
    """Each string of an answer is a text, or listed, or an identifier at a key that has these."""
    event = EMBEDDINGS.parse_completion(json.dumps(body).encode(), "application/json")
    for text, place in unaccounted(
        body, {delta.place for delta in event.deltas if delta.form != "key"}, [part.place for part in event.uninspectable]
    ):
        assert is_structural(text), (text, place)
        assert place[-1] in ("object", "model", "id", "index"), (text, place)
