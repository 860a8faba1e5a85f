"""Where the texts of each kind of content block stand, in which scope, and what of it nobody can read."""

import json
import re
from base64 import b64encode

import pytest
from anthropic.types import beta

from gateway.wire.anthropic.messages_blocks import Text, is_kind, read_content
from gateway.wire.model import Json, Uninspectable
from gateway.wire.walk import dotted
from policies.vocabulary import Scope

PROSE = "write to anna.kovacs@example.org, please"
SEALED = "EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxBdjrkzLoky3dl1pkiMOYds=="
ENCRYPTED = "encrypted"


def found(block: Json, own: Scope = Scope.USER) -> tuple[dict[str, str], set[tuple[str, str]]]:
    """The texts' places with scope and form, and what is declared."""
    each = list(read_content([block], ("c",), own))
    texts = {dotted(t.place[2:]): f"{t.scope.value} {t.form.value}" for t in each if isinstance(t, Text)}
    return texts, {(u.kind.value, dotted(u.place[2:])) for u in each if isinstance(u, Uninspectable)}


TOOL_USE = {"id": "toolu_01D7FLrfh4GYq7yT1ULFeyMV", "name": "send", "caller": {"type": "code_execution_20250825", "tool_id": "srvtoolu_1"}}
CITED = {"type": "web_search_result_location", "cited_text": PROSE, "encrypted_index": SEALED, "title": PROSE, "url": "https://a b"}


@pytest.mark.parametrize(
    ("block", "texts", "declared"),
    [
        (PROSE, {"": "user text"}, set()),
        ({"type": "text", "text": PROSE, "cache_control": {"type": "ephemeral", "ttl": "5m"}}, {"text": "user text"}, set()),
        ({"type": "text", "text": "", "cache_control": {"type": PROSE}}, {"cache_control.type": "user text"}, set()),
        ({"type": "text", "text": PROSE, "citations": [CITED, PROSE]},
         {"text": "user text", "citations.0.cited_text": "user text", "citations.0.title": "user text", "citations.0.url": "user text",
          "citations.1": "user text"}, {(ENCRYPTED, "citations.0.encrypted_index")}),
        # media: what can be read of them, and their bytes
        ({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aaaa"}}, {}, {("image", "")}),
        ({"type": "image", "source": {"type": "url", "url": PROSE}}, {"source.url": "user text"}, {("image", "")}),
        ({"type": "image", "source": {"type": "file", "file_id": "file_01234567"}}, {}, {("image", "")}),
        ({"type": "image", "source": PROSE}, {"source": "user text"}, {("image", "")}),
        ({"type": "image", "source": {"type": "novelty", "data": PROSE}}, {"source.data": "user text"}, {("image", "")}),
        ({"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "aaaa"}, "title": PROSE,
          "context": PROSE, "citations": {"enabled": True}}, {"title": "user text", "context": "user text"}, {("file", "")}),
        ({"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": PROSE}}, {"source.data": "user text"}, set()),
        ({"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": PROSE}},
         {"source.data": "user text"}, {("file", "")}),
        ({"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": b64encode(PROSE.encode()).decode()}},
         {"source.data": "user base64"}, {("file", "")}),
        ({"type": "document", "source": {"type": "base64", "media_type": "text/plain", "data": b64encode(bytes(99)).decode()}},
         {"source.data": "user base64"}, {("file", "")}),
        ({"type": "document", "source": {"type": "content", "content": PROSE}}, {"source.content": "user text"}, set()),
        ({"type": "document", "source": {"type": "content", "content": [
            {"type": "text", "text": PROSE}, {"type": "image", "source": {"type": "base64", "data": "aaaa"}}]}},
         {"source.content.0.text": "user text"}, {("image", "source.content.1")}),
        ({"type": "document", "source": {"type": "url", "url": "https://a.example/b"}}, {"source.url": "user text"}, {("file", "")}),
        ({"type": "container_upload", "file_id": "file_01234567"}, {}, {("file", "")}),
        ({"type": "text", "source": {"type": "base64", "data": PROSE}}, {"source.data": "user text"}, set()),
        # tools
        ({"type": "tool_use", **TOOL_USE, "input": {"to": [PROSE, "short"], "a b": {"type": "short"}, "n": 4155550123, "k": 7}},
         {"name": "tool_arguments identifier", "input.to.0": "tool_arguments text", "input.to.1": "tool_arguments text",
          "input.*": "tool_arguments key", "input.*.type": "tool_arguments text", "input.n": "tool_arguments text"}, set()),
        ({"type": "server_tool_use", **TOOL_USE, "input": {"query": PROSE}},
         {"name": "tool_arguments identifier", "input.query": "tool_arguments text"}, set()),
        ({"type": "mcp_tool_use", "id": "mcptoolu_1", "name": "send", "server_name": "s", "input": {"a": PROSE}},
         {"name": "tool_arguments identifier", "server_name": "tool_arguments identifier", "input.a": "tool_arguments text"}, set()),
        ({"type": "tool_use", "id": PROSE, "name": "", "input": PROSE}, {"id": "tool_arguments text", "input": "tool_arguments text"},
         set()),
        ({"type": "tool_result", "tool_use_id": "toolu_01234567", "is_error": True, "content": PROSE}, {"content": "tool_results text"},
         set()),
        ({"type": "tool_result", "tool_use_id": "t", "content": [
            {"type": "text", "text": PROSE}, {"type": "document", "source": {"type": "text", "data": PROSE}},
            {"type": "tool_reference", "tool_name": "send"}, {"type": "image", "source": {"type": "base64", "data": "aaaa"}}]},
         {"content.0.text": "tool_results text", "content.1.source.data": "tool_results text", "content.2.tool_name": "tool_results text"},
         {("image", "content.3")}),
        ({"type": "search_result", "source": PROSE, "title": PROSE, "content": [{"type": "text", "text": PROSE}]},
         {"source": "tool_results text", "title": "tool_results text", "content.0.text": "tool_results text"}, set()),
        ({"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": [
            {"type": "web_search_result", "title": PROSE, "url": "https://a b", "encrypted_content": SEALED, "page_age": None}]},
         {"content.0.title": "tool_results text", "content.0.url": "tool_results text"}, {(ENCRYPTED, "content.0.encrypted_content")}),
        ({"type": "web_search_tool_result", "content": {"type": "web_search_tool_result_error", "error_code": "unavailable"}}, {}, set()),
        ({"type": "web_fetch_tool_result", "tool_use_id": "srvtoolu_1", "content": {
            "type": "web_fetch_result", "url": "https://a b",
            "content": {"type": "document", "source": {"type": "text", "data": PROSE}}}},
         {"content.url": "tool_results text", "content.content.source.data": "tool_results text"}, set()),
        ({"type": "bash_code_execution_tool_result", "content": {
            "type": "bash_code_execution_result", "stdout": PROSE, "stderr": PROSE, "return_code": 0,
            "content": [{"type": "bash_code_execution_output", "file_id": "file_01234567"}]}},
         {"content.stdout": "tool_results text", "content.stderr": "tool_results text"}, set()),
        ({"type": "code_execution_tool_result", "content": {
            "type": "encrypted_code_execution_result", "encrypted_stdout": SEALED, "stderr": "", "return_code": 0, "content": []}},
         {}, {(ENCRYPTED, "content.encrypted_stdout")}),
        ({"type": "text_editor_code_execution_tool_result", "content": {
            "type": "text_editor_code_execution_str_replace_result", "lines": [PROSE]}}, {"content.lines.0": "tool_results text"}, set()),
        ({"type": "mcp_tool_listing", "mcp_server_name": "s", "tools": [{"name": "send", "description": PROSE}]},
         {"mcp_server_name": "tool_definitions text", "tools.0.name": "tool_definitions text",
          "tools.0.description": "tool_definitions text"}, set()),
        # thinking and what is sealed
        ({"type": "thinking", "thinking": PROSE, "signature": SEALED}, {"thinking": "reasoning text"}, {(ENCRYPTED, "signature")}),
        ({"type": "thinking", "thinking": "", "signature": PROSE}, {"signature": "reasoning text"}, {(ENCRYPTED, "signature")}),
        ({"type": "redacted_thinking", "data": SEALED}, {}, {(ENCRYPTED, "data")}),
        ({"type": "redacted_thinking", "data": "4111111111111111"}, {"data": "reasoning text"}, {(ENCRYPTED, "data")}),
        ({"type": "compaction", "content": PROSE, "encrypted_content": None, "signature": SEALED, "tool_changes": [{"a": PROSE}]},
         {"content": "user text", "tool_changes.0.a": "tool_definitions text"}, {(ENCRYPTED, "signature")}),
        ({"type": "fallback", "from": {"model": "a"}, "to": {"model": "b"}, "trigger": {"type": "refusal"}}, {}, set()),
        # what the API does not have
        ({"type": "novelty", "data": PROSE}, {"data": "user text"}, {("unknown", "")}),
        ({"text": PROSE}, {"text": "user text"}, {("unknown", "")}),
        ({"type": ["text"], "text": PROSE}, {"type.0": "user text", "text": "user text"}, {("unknown", "")}),
        ({"type": "tool_result", "content": {"text": PROSE}}, {"content.text": "tool_results text"}, {("unknown", "content")}),
        ({"type": "text", PROSE: {"deep": PROSE}}, {"*": "user key", "*.deep": "user text"}, set()),
        (4155550123, {"": "user text"}, set()),
    ],
)  # fmt: skip
def test_texts_of_a_block(block: Json, texts: dict[str, str], declared: set[tuple[str, str]]) -> None:
    """Each text has its place, scope and form; what no detector can read is declared, and nothing else."""
    assert found(block) == (texts, declared), json.dumps(block)


@pytest.mark.parametrize(
    ("text", "expected"), [("ephemeral", True), ("web_search_20250305", True), ("a b", False), ("4111111111111111", False)]
)
def test_kinds(text: str, expected: bool) -> None:
    """A kind is a name, or one with a date; it has no room for prose or for anybody's number."""
    assert is_kind(text) is expected


def test_every_block_of_the_sdk_is_known() -> None:
    """No block that Anthropic's client knows today is taken for an unknown one."""
    blocks = [value for name, value in vars(beta).items() if name.endswith(("Block", "BlockParam")) and "ManagedAgents" not in name]
    declared = (str(each.__annotations__["type"]) for each in blocks if "type" in getattr(each, "__annotations__", {}))
    names = {name for kind in declared for name in re.findall(r"Literal\[['\"](\w+)", kind)}
    assert {"text", "tool_use", "web_fetch_result", "thinking", "search_result"} <= names
    assert {name for name in names if ("unknown", "") in found({"type": name})[1]} == set()
