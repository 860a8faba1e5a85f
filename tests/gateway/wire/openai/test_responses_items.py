"""Whose the texts of the Responses API's items are, by the API's own types and by hand."""

from base64 import b64encode

import pytest
from openai.types.conversations import ConversationItem
from openai.types.responses import ResponseInputItem, ResponseItem, ResponseOutputItem
from pydantic import BaseModel

from gateway.wire.model import Json, Uninspectable, at
from gateway.wire.openai.responses_items import (
    ANSWER,
    ITEMS,
    REPEATED,
    REQUEST,
    Side,
    Text,
    is_message,
    is_spelled,
    read_content,
    read_item,
    read_items,
)
from gateway.wire.walk import dotted
from policies.vocabulary import Scope
from tests.support.sdk_examples import examples, prose, variants

PROSE = "write to anna.kovacs@example.org, please"
CODED = b64encode(PROSE.encode()).decode()
SEALED = "gAAAAAB" * 8
IMAGE = {"type": "input_image", "image_url": "data:image/png;base64,AAAA", "detail": "low"}


def found(item: Json, side: Side = REQUEST) -> set[tuple[str, ...]]:
    return {
        ("!" + each.kind.value, dotted(each.place))
        if isinstance(each, Uninspectable)
        else (dotted(each.place), each.role, each.scope.value, each.form.value)
        for each in read_item(item, (), side)
    }


CALLS = ("assistant", "tool_arguments")
RESULTS = ("tool", "tool_results")
TABLE = [
    ({"role": "user", "content": PROSE}, {("content", "user", "user", "text")}),
    ({"type": "message", "role": "system", "content": PROSE}, {("content", "system", "system", "text")}),
    ({"role": "developer", "content": [{"type": "input_text", "text": PROSE}]}, {("content.0.text", "developer", "system", "text")}),
    ({"role": "assistant", "content": [{"type": "output_text", "text": PROSE, "annotations": [{"type": "url_citation", "title": PROSE}]}]},
     {("content.0.text", "assistant", "assistant", "text"), ("content.0.annotations.0.title", "assistant", "assistant", "text")}),
    ({"role": "assistant", "content": [{"type": "refusal", "refusal": PROSE}]}, {("content.0.refusal", "assistant", "assistant", "text")}),
    ({"role": "assistant", "content": [{"type": "output_text", "text": "a", "logprobs": [{"token": "a", "bytes": [97]}]}]},
     {("content.0.text", "assistant", "assistant", "text"), ("!tokens", "content.0.logprobs")}),
    ({"role": "user", "content": [IMAGE, PROSE]},
     {("!image", "content.0"), ("content.0.detail", "user", "user", "text"), ("content.1", "user", "user", "text")}),
    ({"role": "user", "content": [{"type": "input_file", "filename": PROSE, "file_data": "QUJD", "file_url": "https://a.b/c d"}]},
     {("!file", "content.0"), ("content.0.filename", "user", "user", "text"),
      ("content.0.file_url", "user", "user", "text")}),
    ({"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "QUJD", "format": "wav"}}]},
     {("!audio", "content.0"), ("content.0.input_audio.format", "user", "user", "text")}),
    ({"role": "user", "content": [{"type": "novelty", "text": PROSE, "data": PROSE}]},
     {("!unknown", "content.0"), ("content.0.text", "user", "user", "text"), ("content.0.data", "user", "user", "text")}),
    ({"role": "user", "content": 5}, {("!unknown", "content")}),
    ({"role": "user", "content": [["x y"]]}, {("!unknown", "content.0"), ("content.0.0", "user", "user", "text")}),
    ({"role": "novelty", "content": PROSE}, {("!unknown", "role"), ("content", "unknown", "user", "text")}),
    ({"role": PROSE, "content": ""}, {("!unknown", "role"), ("role", "unknown", "user", "text")}),
    ({"role": "user", "content": None, PROSE: 1}, {("*", "user", "user", "key")}),
    ({"type": "function_call", "id": "fc_12345678", "call_id": "call_12345678", "name": "f", "arguments": '{"a": 1}',
      "status": "completed"},
     {("name", *CALLS, "identifier"), ("arguments", *CALLS, "json")}),
    ({"type": "function_call", "call_id": PROSE, "arguments": {"a": PROSE}},
     {("call_id", *CALLS, "text"), ("arguments.a", *CALLS, "text")}),
    ({"type": "function_call_output", "call_id": "call_1", "output": PROSE}, {("output", *RESULTS, "text")}),
    ({"type": "function_call_output", "output": [{"type": "input_text", "text": PROSE}, IMAGE]},
     {("output.0.text", *RESULTS, "text"), ("!image", "output.1"), ("output.1.detail", *RESULTS, "text")}),
    ({"type": "custom_tool_call", "name": "f", "input": PROSE}, {("name", *CALLS, "identifier"), ("input", *CALLS, "text")}),
    ({"type": "custom_tool_call_output", "output": PROSE}, {("output", *RESULTS, "text")}),
    ({"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": PROSE}], "encrypted_content": SEALED,
      "content": [{"type": "reasoning_text", "text": PROSE}]},
     {("summary.0.text", "assistant", "reasoning", "text"), ("content.0.text", "assistant", "reasoning", "text"),
      ("!encrypted", "encrypted_content")}),
    ({"type": "reasoning", "summary": [], "encrypted_content": ""}, set()),
    ({"type": "compaction", "encrypted_content": SEALED}, {("!encrypted", "encrypted_content")}),
    ({"type": "computer_call", "action": {"type": "type", "text": PROSE}, "pending_safety_checks": [{"id": "a", "message": PROSE}]},
     {("action.text", *CALLS, "text"), ("pending_safety_checks.0.message", *CALLS, "text")}),
    ({"type": "computer_call_output", "output": {"type": "computer_screenshot", "image_url": "data:image/png;base64,AA"}},
     {("!image", "output")}),
    ({"type": "web_search_call", "action": {"type": "search", "query": PROSE, "sources": [{"type": "url", "url": PROSE}]}},
     {("action.query", *CALLS, "text"), ("action.sources.0.url", *CALLS, "text")}),
    ({"type": "file_search_call", "queries": [PROSE], "results": [{"text": PROSE, "filename": PROSE}]},
     {("queries.0", *CALLS, "text"), ("results.0.text", "assistant", "tool_results", "text"),
      ("results.0.filename", "assistant", "tool_results", "text")}),
    ({"type": "code_interpreter_call", "code": PROSE, "container_id": "cntr_12345",
      "outputs": [{"type": "logs", "logs": PROSE}, {"type": "image", "url": "data:image/png;base64,AA"}]},
     {("code", *CALLS, "text"), ("outputs.0.logs", "assistant", "tool_results", "text"), ("!image", "outputs.1")}),
    ({"type": "shell_call", "action": {"commands": [PROSE]}}, {("action.commands.0", *CALLS, "text")}),
    ({"type": "shell_call_output", "output": [{"stdout": PROSE, "stderr": "", "outcome": {"type": "exit", "exit_code": 0}}]},
     {("output.0.stdout", *RESULTS, "text")}),
    ({"type": "local_shell_call", "action": {"type": "exec", "command": ["ls"], "env": {"WHO": PROSE}}},
     {("action.command.0", *CALLS, "text"), ("action.env.WHO", *CALLS, "text")}),
    ({"type": "local_shell_call_output", "output": PROSE}, {("output", *RESULTS, "text")}),
    ({"type": "apply_patch_call", "operation": {"type": "create_file", "path": "a", "diff": PROSE}},
     {("operation.path", *CALLS, "text"), ("operation.diff", *CALLS, "text")}),
    ({"type": "apply_patch_call_output", "output": PROSE}, {("output", *RESULTS, "text")}),
    ({"type": "mcp_call", "arguments": '{"a": "b"}', "output": PROSE, "error": PROSE, "server_label": "s"},
     {("arguments", *CALLS, "json"), ("output", "assistant", "tool_results", "text"), ("error", "assistant", "tool_results", "text"),
      ("server_label", *CALLS, "identifier")}),
    ({"type": "mcp_list_tools", "tools": [{"name": "t", "description": PROSE}], "error": PROSE},
     {("tools.0.name", "tool", "tool_definitions", "text"), ("tools.0.description", "tool", "tool_definitions", "text"),
      ("error", "tool", "tool_results", "text")}),
    ({"type": "mcp_approval_request", "arguments": '["x"]'}, {("arguments", *CALLS, "json")}),
    ({"type": "mcp_approval_response", "approve": True, "reason": PROSE}, {("reason", "user", "user", "text")}),
    ({"type": "image_generation_call", "result": "iVBOR", "revised_prompt": PROSE},
     {("!image", "result"), ("revised_prompt", *CALLS, "text")}),
    # data that is text after all
    ({"type": "image_generation_call", "result": PROSE}, {("!image", "result"), ("result", *CALLS, "text")}),
    ({"type": "image_generation_call", "result": [PROSE]}, {("!image", "result"), ("result.0", *CALLS, "text")}),
    ({"role": "user", "content": [{"type": "input_file", "file_data": CODED, "filename": "a b"}]},
     {("!file", "content.0"), ("content.0.file_data", "user", "user", "base64"), ("content.0.filename", "user", "user", "text")}),
    ({"role": "user", "content": [{"type": "input_image", "image_url": f"data:,{PROSE}"}]},
     {("!image", "content.0"), ("content.0.image_url", "user", "user", "text")}),
    ({"type": "program", "code": PROSE, "fingerprint": PROSE}, {("code", *CALLS, "text"), ("fingerprint", *CALLS, "text")}),
    ({"type": "program_output", "result": PROSE}, {("result", *RESULTS, "text")}),
    ({"type": "additional_tools", "role": "developer",
      "tools": [{"type": "shell", "skills": [{"source": {"type": "base64", "data": SEALED}}]}]},
     {("!file", "tools.0.skills.0.source.data")}),
    ({"type": "item_reference", "id": "msg_12345678"}, set()),
    ({"id": "msg_12345678"}, set()),
    ({"id": PROSE}, {("id", "user", "user", "text")}),
    ({"type": "novelty", "deep": [{"text": PROSE}]}, {("!unknown", ""), ("deep.0.text", "unknown", "user", "text")}),
    ({"type": 5, "text": PROSE}, {("!unknown", ""), ("text", "unknown", "user", "text")}),
    ({"type": ["message"]}, {("!unknown", ""), ("type.0", "unknown", "user", "text")}),
    ({"type": "function_call", "seed": 4111111111111111}, {("seed", *CALLS, "text")}),
]  # fmt: skip


@pytest.mark.parametrize(("item", "expected"), TABLE)
def test_texts_of_an_item(item: Json, expected: set):
    """Each text of an item has its place, role, scope and form; what is none is listed; nothing else of it is a text."""
    assert found(item) == expected


def test_what_an_answer_says_is_output():
    """In an answer the assistant's words are output, a role of the provider's own is no mistake, and numbers are the provider's."""
    said = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": PROSE}]}
    assert found(said, ANSWER) == {("content.0.text", "assistant", "output", "text")}
    assert found({"role": "critic", "content": PROSE}, ANSWER) == {("content", "critic", "output", "text")}
    assert found({"role": "user", "content": PROSE}, ANSWER) == {("content", "user", "user", "text")}
    assert found({"type": "function_call", "seed": 4111111111111111}, ANSWER) == set()


def test_log_probabilities_are_seen_to_or_listed():
    """Only a message's are a companion of its text; what spells any other text is listed."""
    part = {"type": "output_text", "text": "a", "logprobs": [{"token": "a"}]}
    assert is_spelled(part)
    assert not is_spelled(part | {"text": None})
    said = {"role": "assistant", "content": [part]}
    assert found(said, ANSWER) == {("content.0.text", "assistant", "output", "text")}
    assert ("!tokens", "content.0.logprobs") in found(said, REPEATED)
    assert ("!tokens", "output.0.logprobs") in found({"type": "function_call_output", "output": [part]}, ANSWER)
    unsaid = {"role": "assistant", "content": [part | {"text": None}]}
    assert ("content.0.logprobs.0.token", "assistant", "output", "text") in found(unsaid, ANSWER)


def test_items_that_are_none():
    """An item that is no object is listed, and read."""
    unknown, text = read_item(PROSE, ("input", 0), REQUEST)
    assert isinstance(unknown, Uninspectable)
    assert isinstance(text, Text)
    assert (text.text, text.place, text.scope) == (PROSE, ("input", 0), Scope.USER)
    assert not is_message({"type": "reasoning", "role": "user"})


def test_what_is_read_as_one_text():
    """Parts of one message, and items of one scope that follow each other, join; an item that says nothing does not part them."""
    part = {"type": "input_text", "text": "a"}
    items = [
        {"role": "user", "content": [part, IMAGE | {"detail": None}, part]}, {"role": "user", "content": "b"},
        {"role": "system", "content": "c"},
        {"role": "user", "content": "d"}, {"type": "item_reference", "id": "m"}, {"role": "user", "content": "e"},
    ]  # fmt: skip
    joins = [each.joins for each in read_items(items, (), REQUEST) if isinstance(each, Text)]
    assert joins == [(0,), (0,), (0,), (2,), (3,), (3,)]
    results = read_content([part, part], ("output",), "tool", Scope.TOOL_RESULTS, REQUEST, joins=("o",))
    assert [each.joins for each in results if isinstance(each, Text)] == [("o",), ("o",)]


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ([{"type": "function_call_output", "call_id": "c", "output": "a"}] * 2, [(0,), (0,)]),
        ([{"role": "system", "content": "a"}, {"role": "developer", "content": "b"}], [("instructions",)] * 2),
        ([{"role": "user", "content": "a"}, {"type": "reasoning", "summary": []}, {"role": "user", "content": "b"}], [(0,), (0,)]),
        ([{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}], [(0,), (1,), (2,)]),
        ([{"type": "custom_tool_call", "input": "a"}, {"type": "custom_tool_call", "input": "b"}], [(), ()]),
    ],
)
def test_turns(items: list, expected: list):
    """Items are of one turn until something is said, or called, in another scope; what is called is no text that goes on."""
    found = read_items(items, (), REQUEST, system=("instructions",))
    assert [each.joins for each in found if isinstance(each, Text)] == expected


MODELS = [each for union in (ResponseInputItem, ResponseOutputItem, ResponseItem, ConversationItem) for each in variants(union)]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: f"{model.__module__.rpartition('.')[2]}.{model.__qualname__}")
@pytest.mark.parametrize("side", [REQUEST, ANSWER])
def test_every_item_of_the_sdk_is_mapped(model: type[BaseModel], side: Side):
    """Each item type has a row, and each text that the SDK has a field for is found, each once, or listed."""
    for item in examples(model):
        each = list(read_item(item, (), side))
        texts = [one.place for one in each if isinstance(one, Text)]
        assert len(texts) == len(set(texts))
        listed = {text for one in each if isinstance(one, Uninspectable) for text in prose(at(item, one.place))}
        spelled = {text for part in item.get("content") or () if side is ANSWER and is_spelled(part) for text in prose(part["logprobs"])}
        assert set(prose(item)) == {at(item, place) for place in texts if str(at(item, place)).startswith("prose ")} | listed | spelled
        kinds = {one.kind.value for one in each if isinstance(one, Uninspectable) and one.place[-1:] not in (("role",), ("logprobs",))}
        assert "unknown" not in kinds
        assert is_message(item) or item.get("type") in {*ITEMS, None}


def test_what_is_sealed_in_name_only_is_read():
    """Prose where the API has bytes in base64 is a text like any other."""
    assert found({"type": "reasoning", "summary": [], "encrypted_content": PROSE}) == {
        ("!encrypted", "encrypted_content"),
        ("encrypted_content", "assistant", "reasoning", "text"),
    }
    tools = [{"type": "shell", "skills": [{"source": {"type": "base64", "data": PROSE}}]}]
    assert found({"type": "additional_tools", "role": "developer", "tools": tools}) == {
        ("tools.0.skills.0.source.data", "tool", "tool_definitions", "text")
    }


def test_log_probabilities_with_more_than_tokens():
    """What no token is, among them, is a text."""
    part = {"type": "output_text", "text": "x", "annotations": [], "logprobs": [{"token": "x", "top_logprobs": [{"token": PROSE}]}]}
    read = found({"type": "message", "role": "assistant", "content": [part]}, ANSWER)
    assert ("content.0.logprobs.0.top_logprobs.0.token", "assistant", "output", "text") in read
