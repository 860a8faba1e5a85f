import pytest

from gateway.demo.errors import RefusedRequestError
from gateway.demo.surfaces.anthropic_request import read_request

TEXT = {"type": "text", "text": "a"}
USER = {"role": "user", "content": "hello"}
TOOL = {"name": "look", "input_schema": {"type": "object"}}


def _read(*messages: dict, **fields: object):
    return read_request({"model": "demo", "max_tokens": 9, "messages": [*messages] or [USER], **fields})


def test_who_said_what():
    """Texts may be blocks; documents are read with them, images and results of tools are not."""
    blocks = [
        TEXT,
        {"type": "image", "source": {"type": "url", "url": "x"}},
        {"type": "document", "source": {"type": "text", "data": "b"}},
        {"type": "document", "source": {"type": "content", "content": [TEXT]}},
        {"type": "tool_result", "tool_use_id": "t", "content": "c"},
    ]
    prompt = _read({"role": "user", "content": blocks}, {"role": "assistant", "content": [TEXT]}, USER, system="secret").prompt
    assert (prompt.said, prompt.answered) == (("a\nb\na", "hello"), ("a",))


def test_results():
    """Those in the last message, as texts or as blocks."""
    results = [{"type": "tool_result", "tool_use_id": "t", "content": content} for content in ("one", [TEXT, TEXT], None)]
    assert _read({"role": "user", "content": results}).prompt.tool_results == ("one", "a\na", "")
    assert _read({"role": "user", "content": results}, USER).prompt.tool_results == ()


@pytest.mark.parametrize(
    ("choice", "count", "must_call"),
    [({"type": "auto"}, 1, False), ({"type": "none"}, 0, False), ({"type": "any"}, 1, True), ({"type": "tool", "name": "look"}, 1, True)],
)
def test_tools(choice: dict, count: int, must_call: bool):
    """Offered as far as the choice lets them."""
    prompt = _read(tools=[TOOL, {"type": "web_search"}], tool_choice=choice).prompt
    assert (len(prompt.tools), prompt.must_call) == (count, must_call)


@pytest.mark.parametrize(
    ("thinking", "reasons"), [({"type": "enabled"}, True), ({"type": "adaptive"}, True), ({"type": "disabled"}, False), (None, False)]
)
def test_thinking(thinking: dict | None, reasons: bool):
    """When it is enabled."""
    assert _read(thinking=thinking).prompt.reasons == reasons


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"model": ""}, "model"),
        ({"max_tokens": None}, "max_tokens: Field required"),
        ({"max_tokens": True}, "max_tokens"),
        ({"messages": None}, "messages: Field required"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages.0.role"),
        ({"messages": [{"role": "user"}]}, "messages.0.content"),
    ],
)
def test_bad_requests_are_refused_by_parameter(fields: dict, what: str):
    """A request that an endpoint would refuse is refused, and the parameter is named."""
    with pytest.raises(RefusedRequestError, match=what):
        _read(**fields)
