import pytest

from gateway.demo.surfaces.responses_request import read_prompt, read_request

HELLO = {"role": "user", "content": "hello"}
CALL = {"type": "function_call", "call_id": "c", "name": "look", "arguments": "{}"}
LOOK = {"type": "function", "name": "look", "parameters": {"type": "object"}}


def _result(output: object, type_: str = "function_call_output") -> dict:
    return {"type": type_, "call_id": "c", "output": output}


def _read(**fields: object):
    return read_request({"model": "demo", "input": "hello", **fields})


def _prompt(*history: dict, **fields: object):
    return read_prompt(_read(**fields), history)


def test_items_in_full():
    """A text is a message; short messages are written out; other items stay as they are."""
    (alone,) = _read().items
    assert alone == {"type": "message", "role": "user", "status": "completed", "content": [{"type": "input_text", "text": "hello"}]}
    of_user, of_model, call = _read(input=[HELLO, {"role": "assistant", "content": "hi"}, CALL]).items
    assert (of_user, of_model["content"][0]["type"], call) == (alone, "output_text", CALL)


def test_who_said_what():
    """History comes first; parts are joined, and only the user's texts are said."""
    history = [*_read(input=[HELLO, {"role": "assistant", "content": "hi"}, {"role": "developer", "content": "secret"}]).items]
    parts = [{"type": "input_text", "text": "a"}, {"type": "input_image", "image_url": "x"}, {"type": "input_text", "text": "b"}]
    prompt = _prompt(*history, input=[{"role": "user", "content": parts}])
    assert (prompt.said, prompt.answered) == (("hello", "a\nb"), ("hi",))


@pytest.mark.parametrize(
    ("items", "results"),
    [
        ([CALL, _result("a"), _result([{"type": "input_text", "text": "b"}])], ("a", "b")),
        ([_result("old"), HELLO], ()),
        ([_result("a", "custom_tool_call_output")], ("a",)),
    ],
)
def test_only_results_at_the_end_are_new(items: list, results: tuple[str, ...]):
    """Results of earlier turns have been answered already."""
    assert _prompt(input=items).tool_results == results


@pytest.mark.parametrize(
    ("choice", "names", "must_call"),
    [
        (None, ["look", "patch"], False),
        ("none", [], False),
        ("required", ["look", "patch"], True),
        ({"type": "function", "name": "look"}, ["look"], True),
    ],
)
def test_tools(choice: object, names: list[str], must_call: bool):
    """Functions and custom tools are offered, as far as the choice lets them; others are not known here."""
    tools = [LOOK, {"type": "custom", "name": "patch"}, {"type": "web_search"}]
    prompt = _prompt(tools=tools, tool_choice=choice)
    assert ([tool.name for tool in prompt.tools], prompt.must_call) == (names, must_call)
    assert _read(tools=tools).custom == {"patch"}


@pytest.mark.parametrize(
    ("form", "schema"),
    [
        ({"type": "text"}, None),
        ({"type": "json_schema", "name": "x", "schema": {"type": "array"}}, {"type": "array"}),
        ({"type": "json_object"}, {"type": "object", "properties": {"answer": {"type": "string"}}}),
    ],
)
def test_schemas(form: dict, schema: dict | None):
    """As the format says."""
    assert _prompt(text={"format": form}).schema == schema


@pytest.mark.parametrize(("given", "named"), [("conv_1", "conv_1"), ({"id": "conv_1"}, "conv_1"), (None, None)])
def test_conversations(given: object, named: str | None):
    """By their ids or as objects."""
    assert _read(conversation=given).conversation == named
