"""What dialects' readings of an answer have in common."""

import pytest

from gateway.wire.answer_texts import is_index, parted, read_count, read_counts, read_keys, read_whole
from gateway.wire.model import Delta, Form, Json, Kind, Uninspectable, Usage
from policies.vocabulary import Scope

PROSE = "write to anna.kovacs@example.org, please"


def test_parted():
    """Texts and what cannot be read are told apart, each in its order."""
    delta, unread = Delta((0, "content"), Scope.OUTPUT, "x", ("x",)), Uninspectable(Kind.IMAGE, ())
    assert parted([delta, unread, delta]) == ((delta, delta), (unread,))


def test_texts_that_are_whole():
    """Each has a channel of its own below the one that is given, and is complete; a key that is prose is a text at a place of its own."""
    found = list(read_whole({"a": [PROSE, ""], "n": 4111111111111111, "two words": "x"}, (0, "odd"), ("odd",), Scope.OUTPUT))
    assert found == [
        Delta((0, "odd", "a", 0), Scope.OUTPUT, PROSE, ("odd", "a", 0), closes=True),
        Delta(("key", "odd", "two words"), Scope.OUTPUT, "two words", ("odd", "two words"), Form.KEY, closes=True),
        Delta((0, "odd", "two words"), Scope.OUTPUT, "x", ("odd", "two words"), closes=True),
    ]


@pytest.mark.parametrize(("keys", "unread"), [(["a", "b"], 0), (["a", "novelty"], 0), (["a", "two words"], 1), ([], 0)])
def test_keys(keys: list[str], unread: int):
    """Known keys and identifiers pass; prose makes the object uninspectable, once."""
    found = list(read_keys(dict.fromkeys(keys), ("x",), frozenset({"a", "b"})))
    assert found == [Uninspectable(Kind.UNKNOWN, ("x",))] * unread


@pytest.mark.parametrize(
    ("value", "expected"), [(0, True), (4095, True), (4096, False), (-1, False), (True, False), ("0", False), (None, False), (1.0, False)]
)
def test_an_index(value: Json, expected: bool):
    """What may number a choice is a small whole number."""
    assert is_index(value) is expected


@pytest.mark.parametrize(
    ("value", "expected"), [(0, 0), (7, 7), (2**53, None), (-1, None), (True, None), ("7", None), (None, None), (1.5, None)]
)
def test_a_count(value: Json, expected: int | None):
    """What may count tokens is a whole number that is not absurd."""
    assert read_count(value) == expected


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"input_tokens": 9, "output_tokens": 2, "input_tokens_details": {"cached_tokens": 8}}, Usage(9, 2, 8)),
        ({"input_tokens": 9, "output_tokens": 5, "output_tokens_details": {"reasoning_tokens": 4}}, Usage(9, 5, None, None, 4)),
        ({"input_tokens": 9, "output_tokens": 5, "output_tokens_details": {"reasoning_tokens": -4}}, Usage(9, 5)),
        ({"input_tokens": 9, "output_tokens": 2, "input_token_details": {"cached_tokens": 8, "audio_tokens": 1}}, Usage(9, 2, 8)),
        ({"input_tokens": 9, "input_tokens_details": None}, Usage(9)),
        ({}, Usage()),
        (None, None),
        ([3], None),
    ],
)
def test_counts(usage: Json, expected: Usage | None):
    """By the names of an API; what is no number is not known, and what is no usage is none."""
    assert read_counts(usage, "input_tokens", "output_tokens") == expected
