"""Names that come in pieces are read together."""

import pytest

from gateway.wire.model import Json
from gateway.wire.openai.chat_names import Names
from gateway.wire.walk import dotted


def read(*deltas: Json, names: Names | None = None) -> list[list[str]]:
    names = names or Names()
    return [[dotted(part.place) for part in names.read({"choices": [{"index": 0, "delta": delta}]})] for delta in deltas]


def call(index: int = 0, **fields: Json) -> Json:
    return {"tool_calls": [{"index": index, **fields}]}


def named(name: str) -> Json:
    return call(function={"name": name})


@pytest.mark.parametrize(
    ("deltas", "place"),
    [
        ([named("41111111"), named("11111111")], "tool_calls.0.function.name"),
        ([named("john.smith"), named("@"), named("example.com")], "tool_calls.0.function.name"),
        ([call(id="41111111"), call(id="11111111")], "tool_calls.0.id"),
        ([call(type="41111111"), call(type="11111111")], "tool_calls.0.type"),
        ([call(custom={"name": "41111111"}), call(custom={"name": "11111111"})], "tool_calls.0.custom.name"),
        ([{"role": "41111111"}, {"role": "11111111"}], "role"),
        ([{"function_call": {"name": "41111111"}}, {"function_call": {"name": "11111111"}}], "function_call.name"),
    ],
)
def test_pieces_that_are_no_name_together(deltas: list[Json], place: str):
    """The piece with which they are none is for the policy to judge; the first is read as it stands."""
    first, second, *_ = read(*deltas)
    assert (first, second) == ([], [f"choices.0.delta.{place}"])


@pytest.mark.parametrize(
    "deltas",
    [
        [{"role": "assistant"}, {"content": "a"}, {"role": "assistant"}, {"role": ""}, {"role": None}],
        [named("get_"), named("weather"), named("weather"), named("")],
        [call(id="call_1", type="function", function={"name": "f"})] * 3,
        [call(0, id="41111111"), call(1, id="11111111")],
        [{"tool_calls": None, "function_call": None}, {"tool_calls": ["x", {"index": "x", "function": "y"}]}],
    ],
)
def test_names(deltas: list[Json]):
    """One that is said again, goes on as a name, or is another call's is nothing to judge."""
    assert not any(read(*deltas))


def test_what_is_said_of_a_name_is_bounded():
    """Of pieces without end little is kept, and once they are too long for a name each is for the policy to judge."""
    names, pieces = Names(), ["a" * 100, "b" * 100] * 1000
    assert [len(found) for found in read(*map(named, pieces), names=names)] == [0, 0, *[1] * (len(pieces) - 2)]
    assert [len(said) for said, _ in names._said.values()] == [512]


def test_names_are_bounded():
    """One name too many is for the policy to judge."""
    assert [place for (*_, place) in filter(None, read(*(call(index, id="a") for index in range(4097))))] == [
        "choices.0.delta.tool_calls.0.id"
    ]


@pytest.mark.parametrize("body", [{}, {"choices": None}, {"choices": ["x", {"delta": None}, {"index": "x", "delta": {"role": "a"}}]}])
def test_what_has_no_names(body: Json):
    """It is read elsewhere."""
    assert list(Names().read(body)) == []
