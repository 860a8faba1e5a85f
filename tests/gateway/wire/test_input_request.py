"""Requests of which one field holds the inputs: their texts, their numbers, and what is left out."""

import json

import pytest

from gateway.errors import BadRequest
from gateway.wire.input_request import read_request
from gateway.wire.model import Json, Request
from gateway.wire.walk import dotted

PROSE = "write to anna.kovacs@example.org, please"


def read(body: Json, *, needs_model: bool = True) -> Request:
    return read_request("embeddings", json.dumps(body).encode(), "input", needs_model=needs_model)


@pytest.mark.parametrize(
    ("fields", "places"),
    [
        ({"input": PROSE}, ["input"]),
        ({"input": [PROSE, "b"]}, ["input.0", "input.1"]),
        ({"input": None}, []),
        ({"encoding_format": "float", "dimensions": 256, "max_tokens": 2_000_000, "seed": 2**32 - 1}, []),
        ({"encoding_format": PROSE}, ["encoding_format"]),
        ({"user": "anna", "novelty": PROSE}, ["user", "novelty"]),
        ({"seed": 4111111111111111, "max_tokens": 4111111111111111, "dimensions": 4155550123}, ["seed", "max_tokens", "dimensions"]),
        ({PROSE: 1}, ["*"]),
    ],
)
def test_texts(fields: Json, places: list[str]):
    """Every text and every number that could be somebody's, wherever it stands."""
    assert [dotted(segment.place) for segment in read({"model": "m", **fields}).segments] == places


def test_token_numbers():
    """Token numbers are listed; a number among them that no vocabulary has is refused."""
    assert [part.kind.value for part in read({"model": "m", "input": [1, 2, 3]}).uninspectable] == ["tokens"]
    with pytest.raises(BadRequest):
        read({"model": "m", "input": [1, 4111111111111111]})


def test_the_model():
    """Who needs one says so; one that is given is a string in either case."""
    assert read({"input": "x"}, needs_model=False).model == ""
    for needs_model, body in ((True, {"input": "x"}), (False, {"input": "x", "model": 5})):
        with pytest.raises(BadRequest):
            read(body, needs_model=needs_model)
