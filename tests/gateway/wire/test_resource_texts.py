"""The texts of what APIs keep, by key: scopes, media, tokens, ids; whole bodies are in ``test_surface.py``."""

import pytest

from gateway.errors import BadRequest
from gateway.guard.seams import runs
from gateway.wire.model import Json
from gateway.wire.request_texts import parted
from gateway.wire.resource_texts import ids_of, is_log_probability, log_probabilities, read_inputs, read_kept, read_resource, role_of
from gateway.wire.walk import dotted
from policies.vocabulary import ALL_TEXT, Scope

LIKE_TEXT = "resp_e996c698cf83712df4a2a7e7"
PROSE = "write to anna.kovacs@example.org, please"


def shown(found) -> list[tuple[str, str]]:
    return [(getattr(each, "text", None) or each.kind.value, dotted(each.place)) for each in found]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("one", [("one", "input")]),
        (["one", "two"], [("one", "input.0"), ("two", "input.1")]),
        ([1, 2, 3], [("tokens", "input")]),
        ([1.0, 2], [("tokens", "input")]),
        ([[1, 2], [3]], [("tokens", "input.0"), ("tokens", "input.1")]),
        (["one", [1, 2]], [("one", "input.0"), ("tokens", "input.1")]),
        ([], []),
        ("", []),
        (None, []),
        ([[]], []),
        ([["one"]], [("one", "input.0.0")]),
        ([{"type": "text", "text": "one"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}],
         [("one", "input.0.text"), ("image", "input.1")]),
        (5, [("tokens", "input")]),
        ([[4111111111111111]], [("4111111111111111", "input.0.0")]),
    ],
)  # fmt: skip
def test_inputs(value: Json, expected: list):
    """A text, or each of several by itself, unless they are parts of one; what is given as token numbers is listed."""
    found = list(read_inputs(value, ("input",)))
    assert shown(found) == expected
    assert {getattr(each, "joins", ()) for each in found} <= {(), ("input",) if "type" in str(value) else ()}


@pytest.mark.parametrize("value", [True, [True], ["a", 5], [[1], 2], 4111111111111111, [1, 4111111111111111], [-4155550123]])
def test_inputs_that_are_none(value: Json):
    """A number among texts is neither a text nor one of an array of tokens, and no token has as many digits as somebody's number."""
    with pytest.raises(BadRequest):
        list(read_inputs(value, ("input",)))


def test_a_scope_is_said_once():
    """Below a key that says whose a text is, other such keys are names of the client's own."""
    scopes = {"tools": Scope.TOOL_DEFINITIONS, "instructions": Scope.SYSTEM}
    body = {"tools": [{"instructions": "a"}], "instructions": "b", "deep": {"instructions": "c"}}
    assert [segment.scope for segment in read_resource(body, (), Scope.USER, scopes)] == [
        Scope.TOOL_DEFINITIONS, Scope.SYSTEM, Scope.SYSTEM,
    ]  # fmt: skip


def test_every_scope_has_a_role():
    """Whoever reads a request knows who speaks."""
    assert {role_of(scope) for scope in ALL_TEXT if scope is not Scope.OUTPUT} == {"system", "user", "assistant", "tool"}


@pytest.mark.parametrize(
    ("part", "kind", "texts"),
    [
        ({"type": "input_image", "image_url": "data:image/png;base64,A"}, "image", []),
        ({"type": "input_image", "image_url": "https://example.org/a"}, "image", ["https://example.org/a"]),
        ({"type": "input_audio", "input_audio": {"data": "A", "format": "wav"}}, "audio", []),
        ({"type": "input_file", "file_data": "A", "filename": "of anna"}, "file", ["of anna"]),
        ({"type": "image_file", "image_file": {"file_id": "file-1"}}, "image", []),
        ({"image_url": "data:image/png;base64,A"}, "image", []),
        # what is none of the medium's own data
        ({"type": "input_image", "image_url": f"data:text/plain,{PROSE}"}, "image", [f"data:text/plain,{PROSE}"]),
        ({"type": "input_audio", "input_audio": {"data": PROSE, "format": "wav"}}, "audio", [PROSE]),
        ({"type": "input_file", "file_data": PROSE}, "file", [PROSE]),
        ({"type": "text", "data": PROSE}, None, [PROSE]),
        ({"type": "text", "url": "data:x"}, None, ["data:x"]),
    ],
)
def test_media(part: Json, kind: str | None, texts: list[str]):
    """A part's own data is no text if its type says that it is none; in both directions."""
    for found in (list(read_resource([part], (), Scope.USER, {})), list(read_kept([part], ()))):
        assert [each.kind.value for each in found if hasattr(each, "kind")] == ([kind] if kind else [])
        assert [each.text for each in found if hasattr(each, "text")] == texts


@pytest.mark.parametrize(
    ("value", "expected"),
    [({}, True), ({"tokens": ["a"], "text_offset": None}, True), ({"tokens": "a"}, False), (None, False), ([], False), ("a", False)],
)
def test_the_form_of_log_probabilities(value: Json, expected: bool):
    """Lists that can be joined, and nothing else."""
    assert is_log_probability("logprobs", value) is expected
    assert not is_log_probability("other", value)


def test_where_log_probabilities_stand():
    """At any depth."""
    body = {"data": [{"choices": [{"logprobs": {"content": []}}, {"logprobs": None}]}], "logprobs": {}}
    assert list(log_probabilities(body)) == [("data", 0, "choices", 0, "logprobs"), ("logprobs",)]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"thread_id": "t", "file_ids": ["a", "b"], "model": "m", "md5": "x", "name": "n"}, ["t", "a", "b"]),
        ({"thread_id": LIKE_TEXT, "file_ids": [LIKE_TEXT, 5, "a"], "id": None}, [LIKE_TEXT, LIKE_TEXT, "a"]),
        ([], []),
        (None, []),
    ],
)
def test_ids(body: Json, expected: list[str]):
    """Those at the top of a body, whatever they look like, other than a model's."""
    assert list(ids_of(body)) == expected


def test_log_probabilities_of_nothing():
    """Where nobody sees to them with the texts that they spell, they are what cannot be read."""
    spelled = {"text": "x", "logprobs": {"content": [{"token": "x"}]}}
    assert shown(read_kept(spelled, ())) == [("x", "text"), ("tokens", "logprobs")]
    assert shown(read_kept(spelled, (), spelled=True)) == [("x", "text")]
    assert shown(read_kept({"logprobs": {"content": [], "refusal": None}}, ())) == []


def _said(role: str, *parts: Json) -> Json:
    return {"role": role, "content": [part if isinstance(part, dict) else {"type": "text", "text": part} for part in parts]}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"messages": [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}]}, ["ab"]),
        ({"messages": [_said("user", "a", "b"), _said("user", "c")]}, ["abc"]),
        ({"messages": [_said("user", "a", {"type": "image_url", "image_url": {"url": "https://x.com/y.png"}}, "b")]}, ["ab"]),
        ({"messages": [_said("user", {"type": "text", "text": {"value": "a", "annotations": [{"text": "n"}]}}, "b")]}, ["ab"]),
        ({"messages": [_said("user", "a"), _said("assistant"), _said("user", "b")]}, ["ab"]),
        ({"messages": [_said("user", "a"), _said("assistant", "b"), _said("user", "c")]}, []),
        ({"thread": {"messages": [_said("user", "a"), _said("user", "b")]}}, ["ab"]),
        ({"input": {"messages": [_said("system", "a"), _said("developer", "b")]}}, ["ab"]),
        (_said("user", "a", "b"), ["ab"]),
        ({"one": {"text": "a"}, "other": {"text": "b"}, "names": ["c", "d"]}, []),
    ],
)
def test_what_is_read_as_one_text(body: Json, expected: list[str]):
    """Parts of a message, and messages of one role that follow each other; not what stands beside them."""
    segments, _ = parted(read_resource(body, (), Scope.USER, {}))
    assert [run.text for run in runs(segments)] == expected
