"""What dialects' readings of a request have in common: what is a text, what is a name, and what is refused."""

import json

import pytest

from gateway.errors import BadRequest
from gateway.wire import jsontext
from gateway.wire.model import Form, Json, Kind, Place, Segment, Uninspectable
from gateway.wire.request_texts import (
    MAX_SEGMENTS,
    Turns,
    is_own_number,
    is_stream,
    model_of,
    parted,
    read_arguments,
    read_field,
    read_key,
    read_messages,
    read_texts,
    refuse,
)
from policies.vocabulary import Scope

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
    ("number", "text"),
    [
        ("4111111111111111", "4111111111111111"), ("4.111111111111111e15", "4111111111111111"), ("4111111111111111.0", "4111111111111111"),
        ("41111111111111111111", "41111111111111111111"), ("0.5", "0.5"), ("-1E3", "-1E3"), ("1e999", "inf"), ("true", "true"),
        ("1.2.3", "1.2.3"),
    ],
)  # fmt: skip
def test_numbers_in_arguments(number: str, text: str):
    """However a number is written its digits are read; an edit of it is a string."""
    arguments = f'{{"n": {number}}}'
    leaf = list(read_arguments(arguments, ("a",)))[1]
    assert leaf.text == text
    assert leaf.leaf
    assert json.loads(jsontext.rewrite(arguments, [(leaf.leaf, "<CREDIT_CARD_x>")])) == {"n": "<CREDIT_CARD_x>"}


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


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("seed", 5, True), ("seed", -(10**10) + 1, True), ("bytes", 2**33, True), ("seed", 10**10, False),
        ("max_tokens", 4111111111111111, False),
        ("seed", 5.0, False), ("seed", "5", False), ("novelty", 5, False),
    ],
)  # fmt: skip
def test_numbers_of_the_apis_own(key: str, value: Json, expected: bool):
    """A number at a key that the API has for numbers is nobody's, unless it is as long as somebody's."""
    assert is_own_number(key, value) is expected


def test_messages():
    """Each message is read with its role, its scope and where its turn begins; an unknown role is listed."""

    def read(message: Json, place: Place, role: str, scope: Scope, *, joins: Place):
        yield Segment(f"{message['content']} {joins[-1]}", role, scope, place, joins=joins)

    scopes = {"user": Scope.USER, "system": Scope.SYSTEM}
    messages = [{"role": role, "content": index} for index, role in enumerate(("system", "user", "user", "novelty", "novelty"))]
    found = list(read_messages({"messages": messages}, ("p",), scopes, read))
    assert [(each.text, each.role, each.scope, each.place[-1]) for each in found if isinstance(each, Segment)] == [
        ("0 0", "system", Scope.SYSTEM, 0), ("1 1", "user", Scope.USER, 1), ("2 1", "user", Scope.USER, 2),
        ("3 1", "unknown", Scope.USER, 3), ("4 1", "unknown", Scope.USER, 4),
    ]  # fmt: skip
    assert [each.place for each in found if isinstance(each, Uninspectable)] == [
        ("p", "messages", 3, "role"), ("p", "messages", 4, "role"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "messages"), ({"messages": {}}, "messages"), ({"messages": [PROSE]}, "messages.0"),
        ({"messages": [{"content": PROSE}]}, "messages.0.role"), ({"messages": [{"role": 5}]}, "messages.0.role"),
    ],
)  # fmt: skip
def test_messages_that_are_none(body: Json, param: str):
    """What is no list of messages is refused, by its place."""
    with pytest.raises(BadRequest) as raised:
        list(read_messages(body, (), {}, lambda *_, **__: iter(())))
    assert raised.value.param == param


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


def test_turns():
    """A turn lasts until something is said in another scope; the system's may have begun before the messages."""
    turns = Turns(("system",))
    assert turns.of(Scope.SYSTEM, ("messages", 0)) == ("system",)
    assert turns.of(Scope.USER, ("messages", 1)) == ("messages", 1)
    turns.said(Scope.USER, ("messages", 1))
    assert turns.of(Scope.ASSISTANT, ("messages", 2)) == ("messages", 2)
    assert turns.of(Scope.USER, ("messages", 3)) == ("messages", 1)
    turns.said(Scope.ASSISTANT, ("messages", 4))
    assert turns.of(Scope.USER, ("messages", 5)) == ("messages", 5)
    assert Turns().of(Scope.SYSTEM, ("messages", 0)) == ("messages", 0)
