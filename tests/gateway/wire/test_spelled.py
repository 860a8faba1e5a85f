"""Log probabilities are as safe as the text beside them only if they spell it."""

import pytest

from gateway.wire.model import Json
from gateway.wire.spelled import spells


def tokens(*texts: str, **more: Json) -> list[Json]:
    return [{"token": text, "logprob": -1, "bytes": list(text.encode()), "top_logprobs": [], **more} for text in texts]


def top(*texts: str) -> Json:
    return tokens("hello", top_logprobs=[{"token": text, "logprob": -1, "bytes": list(text.encode())} for text in texts])


CUT = [
    {"token": "\\xf0\\x9f", "bytes": [240, 159]},
    {"token": "bytes:\\x98\\x80", "bytes": [152, 128]},
    {"token": "\ufffd", "bytes": [240]},
]


@pytest.mark.parametrize(
    "value",
    [
        None, {}, [], {"content": None, "refusal": None}, {"content": []}, tokens("hel", "lo"), {"content": tokens(" hello", " world")},
        {"content": tokens("hello", "<|im_end|>")}, tokens("hello", "</s>"), {"content": [*tokens("hello "), *CUT, *tokens("wor")]},
        tokens("hello", token_id=5), [{"token": "hello", "bytes": None}], top("hello", " the", " 2024", "@example", "1", "👋"),
        {"tokens": ["hello", " world"], "token_logprobs": [None, -0.5], "top_logprobs": [None, {"hello": -1, "a": -2}], "x": [0, 5]},
    ],
)  # fmt: skip
def test_what_spells_the_text(value: Json):
    """A part of it, white space, cut letters and marks apart; what else might have been said are tokens."""
    assert spells(value, ["hello world"])


@pytest.mark.parametrize(
    "value",
    [
        tokens("john.s", "mith@e", "xample", ".com"), {"content": tokens("hello", "4111 1", "111 1")}, {"refusal": tokens("a", "b")},
        {"tokens": ["4111 1", "111 11"], "token_logprobs": [-1, -1]}, {"content": [["john.s", "mith@e"]]}, "hello",
        [{"token": "hello", "bytes": list(b"john.smith@example.com")}], [{"token": "hello", "bytes": "john.s"}],
        [{"token": "hello", "bytes": [True]}],
        [{"token": "hello", "bytes": [255, 106, 111]}], [{"bytes": [106, 111]}], tokens("hello", note="john.s"), tokens("wor", "hello"),
        top("4111 1", "111 11"), top("mith@e"), top(*map(str, range(21))), tokens("hello", top_logprobs=["john.s", "mith@e"]),
        tokens("hello", top_logprobs=[{"token": "a", "bytes": [98]}]), tokens("hello", top_logprobs="john.s"),
        {"tokens": ["hello"], "top_logprobs": [{"mith@e": -1}]}, {"tokens": ["hello"], "x": "john.s"},
    ],
)  # fmt: skip
def test_what_does_not(value: Json):
    """Other tokens, other bytes, pieces of what no tokenizer makes a token of, and any other words."""
    assert not spells(value, ["hello world"])


def test_several_texts():
    """They are spelled one after the other; no token goes from one to the next."""
    assert spells(tokens("first", "</think>", "second"), ["first", "second"])
    assert not spells(tokens("second", "</think>", "first"), ["first", "second"])
    assert not spells(tokens("first", "second"), ["first", "second"])
    assert not spells(tokens("a"), [])
