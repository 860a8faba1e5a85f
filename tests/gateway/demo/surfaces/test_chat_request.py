import pytest

from gateway.demo.errors import RefusedRequestError
from gateway.demo.script import Tool
from gateway.demo.surfaces.chat_request import read_request

USER = {"role": "user", "content": "hello"}
TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}


def _read(**fields: object):
    return read_request({"model": "demo", "messages": [USER], **fields})


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "model"),
        ({"model": ""}, "model"),
        ({"model": "demo"}, "messages"),
        ({"model": "demo", "messages": []}, "messages"),
        ({"model": "demo", "messages": "hello"}, "messages"),
        ({"model": "demo", "messages": [USER, "hello"]}, "messages[1]"),
        ({"model": "demo", "messages": [{"content": "hello"}]}, "messages[0]"),
        ({"model": "demo", "messages": [USER], "n": 0}, "n"),
        ({"model": "demo", "messages": [USER], "n": True}, "n"),
        ({"model": "demo", "messages": [USER], "max_tokens": "many"}, "max_tokens"),
        ({"model": "demo", "messages": [USER], "stream_options": []}, "stream_options"),
        ({"model": "demo", "messages": [USER], "response_format": "json"}, "response_format"),
    ],
)
def test_bad_requests_are_refused_by_parameter(body: dict, param: str):
    """A request that an endpoint would refuse is refused, and the parameter is named."""
    with pytest.raises(RefusedRequestError) as refused:
        read_request(body)
    assert (refused.value.status, refused.value.param) == (400, param)


def test_texts_of_all_forms_are_read():
    """Content may be a string, parts, or absent."""
    parts = [{"type": "text", "text": "one"}, {"type": "image_url", "image_url": {}}, {"type": "text", "text": "two"}]
    messages = [{"role": "system", "content": "be brief"}, {"role": "user", "content": parts}, {"role": "assistant", "content": None}, USER]
    assert read_request({"model": "demo", "messages": messages}).prompt.said == ("one\ntwo", "hello")


def test_only_results_at_the_end_are_new():
    """Results of earlier turns have been answered already."""
    call, old, new = {"role": "assistant", "content": None}, {"role": "tool", "content": "old"}, {"role": "tool", "content": "new"}
    assert _read(messages=[USER, call, old, USER, call, new, new]).prompt.tool_results == ("new", "new")
    assert _read(messages=[USER, call, old, USER]).prompt.tool_results == ()


@pytest.mark.parametrize(
    ("choice", "tools", "must_call"),
    [
        ("auto", 2, False),
        ("none", 0, False),
        ("required", 2, True),
        ({"type": "function", "function": {"name": "look"}}, 1, True),
    ],
)
def test_tool_choice(choice: object, tools: int, must_call: bool):
    """The choice says which tools may be called and whether one must."""
    other = {"type": "function", "function": {"name": "listen"}}
    prompt = _read(tools=[TOOL, other, {"type": "custom"}], tool_choice=choice).prompt
    assert (len(prompt.tools), prompt.must_call) == (tools, must_call)
    assert not prompt.tools or prompt.tools[0] == Tool("look", {"type": "object"})


@pytest.mark.parametrize(
    ("response_format", "schema"),
    [
        ({"type": "text"}, None),
        ({"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "integer"}}}, {"type": "integer"}),
        ({"type": "json_schema"}, {"type": "object"}),
        ({"type": "json_object"}, {"type": "object", "properties": {"answer": {"type": "string"}}}),
    ],
)
def test_response_formats(response_format: dict, schema: object):
    """A schema, or any object, may be asked for."""
    assert _read(response_format=response_format).prompt.schema == schema


def test_limits_and_stops():
    """The newer name of the limit wins; a stop may be one string or several."""
    assert _read(max_tokens=9, max_completion_tokens=5).max_tokens == 5
    assert (_read().max_tokens, _read(stop="x").stop, _read(stop=["x", "", "y"]).stop) == (None, ("x",), ("x", "y"))
