"""Paths of the settings to places in a body; a string that no path names is not lost."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import BadRequest
from gateway.wire.jsonpaths import Paths, compile_path, single_place, value_at
from gateway.wire.model import Json, at
from gateway.wire.walk import dotted, is_structural
from policies.vocabulary import Scope
from tests.support.bodies import unaccounted

PROSE = "write to anna.kovacs@example.org, please"


@pytest.mark.parametrize(
    "text", ["$", "$.a", "$['a b'][0]", "$.a[*].b", "$..a", "$.a[?@.type == 'x'].b", "$.a[-1]", "$.a[0:2]", "$" + ".a" * 300]
)
def test_a_path(text: str):
    """What RFC 9535 has is taken."""
    compile_path(text)


@pytest.mark.parametrize("text", ["", "a", "$.", "$..", "$.a[", "$[?", "$.a | $.b", "$.a[01]", "$.a.~", "^.a", "$.a\x00", "$[" * 3000])
def test_what_is_no_path(text: str):
    """Anything else is refused, extensions included."""
    with pytest.raises(ValueError, match="this is not a JSONPath"):
        compile_path(text)


@pytest.mark.parametrize(("text", "place"), [("$.a", ("a",)), ("$['a b'][0].c", ("a b", 0, "c")), ("$.a[15]", ("a", 15))])
def test_a_single_place(text: str, place: tuple):
    """A path of names and indexes names one place."""
    assert single_place(text) == place


@pytest.mark.parametrize("text", ["$", "$.a[*]", "$..a", "$.a[-1]", "$.a[16]", "$.a[0:2]", "$.a[0,1]", "$.a[?@.b]", "a"])
def test_what_is_no_single_place(text: str):
    """A path that may name several, or none that could be written to, is refused."""
    with pytest.raises(ValueError, match="this"):
        single_place(text)


@pytest.mark.parametrize(
    ("place", "value"), [((), {"a": [{"b": 1}]}), (("a", 0, "b"), 1), (("a", 1), None), (("x",), None), (("a", "b"), None), ((0,), None)]
)
def test_the_value_at_a_place(place: tuple, value: Json):
    """It is what stands there, or nothing."""
    assert value_at({"a": [{"b": 1}]}, place) == value


def read(body: Json, *, numbers: bool = False, structural: tuple[str, ...] = (), **scopes: tuple[str, ...]) -> list[tuple[str, str, str]]:
    paths = Paths.of(Scope.USER, {Scope(name): given for name, given in scopes.items()}, structural)
    return [(dotted(text.place), text.scope.value, text.form.value) for text in paths.texts(body, numbers=numbers)]


@pytest.mark.parametrize(
    ("body", "scopes", "expected"),
    [
        ({"q": "a", "rest": "b"}, {"system": ("$.q",)}, [("q", "system", "text"), ("rest", "user", "text")]),
        ({"docs": ["a", {"t": "b"}]}, {"tool_results": ("$.docs[*]",)},
         [("docs.0", "tool_results", "text"), ("docs.1.t", "tool_results", "text")]),
        ({"docs": {"q": "a", "r": "b"}}, {"system": ("$.docs",), "user": ("$.docs.q",)},
         [("docs.q", "user", "text"), ("docs.r", "system", "text")]),
        ({"q": "a"}, {"system": ("$.q",), "user": ("$.q",)}, [("q", "system", "text")]),
        ({"q": "a"}, {"system": ("$",)}, [("q", "system", "text")]),
        ({"q": "a"}, {"system": ("$.nothing[*].x", "$..q")}, [("q", "system", "text")]),
        (["a", "b"], {"system": ("$[0]",)}, [("0", "system", "text"), ("1", "user", "text")]),
        ({"two words": "a"}, {}, [("*", "user", "key"), ("*", "user", "text")]),
        ("a", {"system": ("$",)}, [("", "user", "text")]),
        (None, {}, []),
        ({"q": "", "n": 4111111111111111}, {}, []),
    ],
)  # fmt: skip
def test_texts(body: Json, scopes: dict, expected: list):
    """Each string has the scope of the nearest place above it that is named; one that is not named is read all the same."""
    assert read(body, **scopes) == expected


def test_structural():
    """An identifier at such a place is no text; prose is. What stands below it is the same."""
    body = {"id": "a4111111111111112", "ids": ["a", PROSE], "n": 4111111111111111, "q": "a"}
    assert read(body, structural=("$.id", "$.ids", "$.n"), numbers=True) == [("ids.1", "user", "text"), ("q", "user", "text")]
    assert read(body, structural=("$.id",), user=("$.id",))[0] == ("ids.0", "user", "text")


def test_numbers():
    """In a request, a number that could be somebody's is a text."""
    assert read({"n": 4111111111111111, "m": 5}, numbers=True) == [("n", "user", "text")]


@pytest.mark.parametrize("path", ["$..a", "$.b"])
def test_depth(path: str):
    """A body that is too deep is refused, whichever path is asked for."""
    body: Json = "a"
    for _ in range(190):
        body = {"a": body}
    with pytest.raises(BadRequest) as raised:
        read(body, user=(path,))
    assert raised.value.code == "too_deep"


KEYS = st.sampled_from(["a", "b", "id", "two words"])
BODIES = st.recursive(
    st.one_of(st.none(), st.integers(), st.sampled_from(["", "id-1", PROSE])),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=12,
)
GIVEN = st.lists(st.sampled_from(["$", "$.a", "$.a[*]", "$..b", "$[0]", "$.*", "$.a.b", "$..[?@.id]"]), max_size=3).map(tuple)


@settings(max_examples=150)
@given(BODIES, GIVEN, GIVEN, GIVEN)
def test_no_string_is_lost(body: Json, system: tuple, user: tuple, structural: tuple):
    """Whatever the paths name, each string is a text at its own place, once, or an identifier at a structural one."""
    found = list(Paths.of(Scope.USER, {Scope.SYSTEM: system, Scope.USER: user}, structural).texts(body))
    places = [text.place for text in found if text.form.value == "text"]
    assert len(set(places)) == len(places)
    assert all(at(body, text.place) == text.text for text in found if text.form.value == "text")
    lost = unaccounted(body, set(places), [])
    assert all(is_structural(text) for text, _ in lost)
    assert structural or not lost
