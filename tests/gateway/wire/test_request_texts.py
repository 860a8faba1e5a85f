"""What dialects' readings of a request have in common: what is a text, what is a name, and what is refused."""

import json

import pytest

from gateway.errors import BadRequest
from gateway.wire.model import Form, Json, Kind, Segment, Uninspectable
from gateway.wire.request_texts import (
    MAX_SEGMENTS,
    is_stream,
    model_of,
    parted,
    read_arguments,
    read_field,
    read_key,
    read_texts,
    refuse,
)
from policies.policy import Scope

PROSE = "write to anna.kovacs@example.org, please"
SOME = Segment("x", "user", Scope.USER, ("x",))


def shown(found) -> list[tuple[str, tuple, str]]:
    return [(segment.text, segment.place, segment.form.value) for segment in found]


def test_parted():
    """Texts and what cannot be read are told apart, each in its order, and bounded."""
    unread = Uninspectable(Kind.IMAGE, ())
    assert parted([SOME, unread, SOME]) == ((SOME, SOME), (unread,))
    with pytest.raises(BadRequest):
        parted([SOME] * (MAX_SEGMENTS + 1))


def test_refuse():
    """A refusal names the place, and no key that is more than a name."""
    with pytest.raises(BadRequest) as raised:
        refuse(("messages", 0, "anna kovacs"), "must be a string")
    assert (raised.value.message, raised.value.param) == ("messages.0.* must be a string.", "messages.0.*")
    with pytest.raises(BadRequest) as raised:
        refuse((), "must be an object")
    assert (raised.value.message, raised.value.param) == ("The body must be an object.", None)


@pytest.mark.parametrize("body", [{}, {"model": None}, {"model": ""}, {"model": 5}, {"model": ["m"]}])
def test_no_model(body: Json):
    """A model is a string that says something."""
    assert model_of({"model": "gpt-4o"}) == "gpt-4o"
    with pytest.raises(BadRequest) as raised:
        model_of(body)
    assert raised.value.param == "model"


@pytest.mark.parametrize(
    ("body", "expected"), [({}, False), ({"stream": None}, False), ({"stream": False}, False), ({"stream": True}, True)]
)
def test_stream(body: Json, expected: bool):
    """Whether a stream is asked for."""
    assert is_stream(body) is expected


@pytest.mark.parametrize("value", ["true", 1, 0, [], {}])
def test_a_stream_that_is_neither(value: Json):
    """What endpoints may take for either is refused."""
    with pytest.raises(BadRequest):
        is_stream({"stream": value})


def test_arguments():
    """Arguments that are JSON are read leaf by leaf, others as one text; both can be edited where they stand."""
    leaves = list(read_arguments(json.dumps({"to": PROSE, "n": [4111111111111111]}), ("a",)))
    assert [leaf.text for leaf in leaves] == ["to", PROSE, "n", "4111111111111111"]
    assert {(leaf.place, leaf.form, leaf.scope) for leaf in leaves} == {(("a",), Form.JSON, Scope.TOOL_ARGUMENTS)}
    assert shown(read_arguments(PROSE, ("a",))) == [(PROSE, ("a",), "text")]


@pytest.mark.parametrize(
    ("key", "value", "form"),
    [
        ("type", "function", None),
        ("model", "gpt-4o-2024-08-06", None),
        ("id", "call_1234567890", None),
        ("type", "call_1234567890", "text"),
        ("id", PROSE, "text"),
        ("user", "anna", "identifier"),
        ("name", "anna", "identifier"),
        ("user", "", None),
        ("novelty", "x", "text"),
        ("novelty", 4111111111111111, "text"),
        ("novelty", 5, None),
        ("novelty", None, None),
    ],
)
def test_a_field(key: str, value: Json, form: str | None):
    """A field is left out only if it has no room for prose; where the API takes identifiers alone, its edit is one."""
    assert [segment.form for segment in read_field(key, value, (key,), "user", Scope.USER)] == ([form] if form else [])


def test_texts():
    """Everything below a value: strings, keys that are prose, numbers that could be somebody's."""
    value = {"a": [PROSE, {"type": "text", "two words": 4111111111111111, "id": "4111111111111111"}], "n": 17, "e": ""}
    assert shown(read_texts(value, ("v",), "user", Scope.USER)) == [
        (PROSE, ("v", "a", 0), "text"),
        ("two words", ("v", "a", 1, "two words"), "key"),
        ("4111111111111111", ("v", "a", 1, "two words"), "text"),
        ("4111111111111111", ("v", "a", 1, "id"), "text"),
    ]


def test_a_key():
    """A key that is more than a name is a text that cannot be rewritten."""
    assert shown(read_key("two words", ("a",), "user", Scope.USER)) == [("two words", ("a", "two words"), "key")]
    assert shown(read_key("name", ("a",), "user", Scope.USER)) == []
