"""Where the texts of a message and of the events of its stream stand; the guard and the SDK judge them in ``test_anthropic_messages``."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.wire.answer_texts import parted
from gateway.wire.anthropic.messages_answer import (
    read_envelope,
    read_event,
    read_finished,
    read_message,
    read_names,
    read_plain_delta,
    read_usage,
)
from gateway.wire.model import Delta, Form, Json, Uninspectable, Usage, at, put
from gateway.wire.walk import dotted, is_structural

PROSE = "write to anna.kovacs@example.org, please"
SEALED = "EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxBdjrkzLoky3dl1pkiMOYds=="


def found(body: Json) -> tuple[dict[str, tuple[str, str, str]], set[tuple[str, str]]]:
    """By place: channel, scope and whether the text goes on in later events; and what is declared."""
    deltas, unread = parted(read_event(body))
    ends = {True: "whole", False: "goes on"}
    forms = {Form.TEXT: "", Form.JSON: " json", Form.KEY: " key"}
    texts = {dotted(d.place): (dotted(d.channel), d.scope.value, ends[d.closes] + forms[d.form]) for d in deltas}
    return texts, {(part.kind.value, dotted(part.place)) for part in unread}


def delta(**fields: Json) -> Json:
    return {"type": "content_block_delta", "index": 3, "delta": fields}


def begin(**fields: Json) -> Json:
    return {"type": "content_block_start", "index": 3, "content_block": fields}


@pytest.mark.parametrize(
    ("event", "texts", "declared"),
    [
        (delta(type="text_delta", text=PROSE), {"delta.text": ("0.content.3.text", "output", "goes on")}, set()),
        (delta(type="text_delta", text=""), {}, set()),
        (delta(type="thinking_delta", thinking=PROSE, estimated_tokens=5),
         {"delta.thinking": ("0.content.3.thinking", "reasoning", "goes on")}, set()),
        (delta(type="input_json_delta", partial_json='{"a'),
         {"delta.partial_json": ("0.content.3.partial_json", "tool_arguments", "goes on json")}, set()),
        (delta(type="compaction_delta", content=PROSE, encrypted_content=SEALED),
         {"delta.content": ("0.content.3.content", "output", "goes on")}, {("encrypted", "delta.encrypted_content")}),
        (delta(type="signature_delta", signature=SEALED), {}, {("encrypted", "delta.signature")}),
        (delta(type="signature_delta", signature=PROSE), {"delta.signature": ("0.content.3.signature", "reasoning", "whole")},
         {("encrypted", "delta.signature")}),
        (delta(type="citations_delta", citation={"type": "char_location", "cited_text": PROSE, "document_title": PROSE, "file_id": "f"}),
         {"delta.citation.cited_text": ("0.content.3.citation.cited_text", "output", "whole"),
          "delta.citation.document_title": ("0.content.3.citation.document_title", "output", "whole")}, set()),
        (delta(type="text_delta", text=PROSE, more={"deep": PROSE}),
         {"delta.text": ("0.content.3.text", "output", "goes on"), "delta.more.deep": ("0.content.3.more.deep", "output", "whole")}, set()),
        (delta(type="novelty", a=PROSE), {"delta.type": ("0.content.3.type", "output", "whole"),
                                          "delta.a": ("0.content.3.a", "output", "whole")}, {("unknown", "delta")}),
        (begin(type="text", text=PROSE), {"content_block.text": ("0.content.3.text", "output", "goes on")}, set()),
        (begin(type="thinking", thinking=PROSE, signature=""),
         {"content_block.thinking": ("0.content.3.thinking", "reasoning", "goes on")}, set()),
        (begin(type="compaction", content=PROSE), {"content_block.content": ("0.content.3.content", "output", "goes on")}, set()),
        (begin(type="tool_use", id="toolu_01234567", name="send", input={}), {}, set()),
        (begin(type="tool_use", id="toolu_01234567", name=PROSE, input={"a b": PROSE}),
         {"content_block.name": ("0.content.3.name", "tool_arguments", "whole"),
          "content_block.input": ("0.content.3.input", "tool_arguments", "whole json")}, set()),
        (begin(type="web_search_tool_result", tool_use_id="srvtoolu_1", content=[{"type": "web_search_result", "title": PROSE}]),
         {"content_block.content.0.title": ("0.content.3.content.0.title", "tool_results", "whole")}, set()),
        (begin(type="web_fetch_tool_result", content={"type": "web_fetch_result", "content": {
            "type": "document", "source": {"type": "base64", "data": "aaaa"}}}), {}, {("file", "content_block.content.content")}),
        (begin(type="redacted_thinking", data=SEALED), {}, {("encrypted", "content_block.data")}),
        (begin(type="text", text="", **{"a b": 1}), {"content_block.*": ("key.content_block.*", "output", "whole key")}, set()),
        (begin(type="novelty", a=PROSE), {"content_block.a": ("0.content.3.a", "output", "whole")}, {("unknown", "content_block")}),
        ({"type": "message_start", "message": {"id": "msg_01234567", "model": "m", "content": [{"type": "text", "text": PROSE}],
                                               "usage": {"service_tier": "standard", "note": PROSE}}},
         {"message.content.0.text": ("0.content.0.text", "output", "goes on"),
          "message.usage.note": ("0.message.usage.note", "output", "whole")}, set()),
        ({"type": "message_delta", "delta": {"stop_reason": "refusal", "stop_sequence": None, "stop_details": {
            "type": "refusal", "category": "cyber", "explanation": PROSE}, "container": {"id": "c1", "expires_at": "2026-01-01T00:00:00Z"}},
          "usage": {"output_tokens": 5}, "context_management": {"applied_edits": [{"type": "clear", "note": PROSE}]}},
         {"delta.stop_details.type": ("0.message.stop_details.type", "output", "whole"),
          "delta.stop_details.category": ("0.message.stop_details.category", "output", "whole"),
          "delta.stop_details.explanation": ("0.message.stop_details.explanation", "output", "whole"),
          "context_management.applied_edits.0.note": ("0.message.context_management.applied_edits.0.note", "output", "whole")}, set()),
        ({"type": "error", "error": {"type": "api_error", "message": "one"}, "request_id": "req_01234567"},
         {"error.message": ("error.message", "output", "whole")}, set()),
        ({"type": "ping"}, {}, set()),
        ({"type": "ping", "note": PROSE}, {"note": ("event.note", "output", "whole")}, set()),
        ({"type": "message_stop"}, {}, set()),
        ({"type": "content_block_stop", "index": 3}, {}, set()),
        ({"type": "content_block_start", "index": "x", "content_block": {"text": PROSE}},
         {"type": ("event.type", "output", "whole"), "index": ("event.index", "output", "whole"),
          "content_block.text": ("event.content_block.text", "output", "whole")}, {("unknown", "type")}),
    ],
)  # fmt: skip
def test_texts_of_an_event(event: Json, texts: dict[str, tuple[str, str, str]], declared: set[tuple[str, str]]) -> None:
    """Each text has its channel and scope, and says whether later events go on with it."""
    assert found(event) == (texts, declared)


def test_the_input_of_a_whole_tool_call() -> None:
    """It is one JSON text, as in a stream; what the guard makes of that text is an object again."""
    body = {"type": "message", "content": [{"type": "tool_use", "id": "t", "name": "send", "input": {"to whom": [4155550123, "é"]}}]}
    (delta_,), unread = parted(read_message(body, ()))
    assert (delta_.text, delta_.form, unread) == ('{"to whom":[4155550123,"é"]}', Form.JSON, ())
    put(body, delta_.place, '{"to [X]": []}')
    assert body["content"][0]["input"] == {"to [X]": []}


def test_plain_deltas() -> None:
    """The common events are read the short way, and as the long way reads them."""
    said = [("text_delta", "text", "a"), ("thinking_delta", "thinking", "a"), ("input_json_delta", "partial_json", "{")]
    common = [delta(type=kind, **{key: text}) for kind, key, text in said]
    assert [((read_plain_delta(each),), ()) for each in common] == [parted(read_event(each)) for each in common]
    assert read_plain_delta(delta(type="text_delta", text="a", more="b")) is None
    assert read_plain_delta({**common[0], "more": "b"}) is None


def test_usage() -> None:
    """Counts as the API reports them; those that an event leaves out stay as they were."""
    assert read_usage({"usage": {"output_tokens": 7}}, Usage(5, 1)) == Usage(5, 7)
    assert read_usage({"usage": {"input_tokens": -1, "output_tokens": True}}, Usage(5, 1)) == Usage(5, 1)
    assert read_usage({}) is None


def test_usage_of_a_cache():
    """What is read out of a cache and into it, which the API counts apart, is read all the same; again it counts once."""
    first = read_usage({"usage": {"input_tokens": 5, "cache_read_input_tokens": 9, "cache_creation_input_tokens": 3, "output_tokens": 1}})
    assert first == Usage(17, 1, 9, 3)
    assert read_usage({"usage": {"output_tokens": 7}}, first) == Usage(17, 7, 9, 3)
    assert read_usage({"usage": {"input_tokens": 6, "cache_read_input_tokens": 10, "output_tokens": 8}}, first) == Usage(19, 8, 10, 3)
    assert read_usage({"usage": {"cache_read_input_tokens": 10}}) == Usage(None, None, 10, None)


def test_ends_and_names() -> None:
    """A message ends with its reason, and names the container in which its tools' files are kept."""
    assert read_finished({"stop_reason": None}) == read_finished({}) == {}
    assert read_finished({"stop_reason": "end_turn"}) == {0: "end_turn"}
    assert read_finished({"stop_reason": PROSE}) == read_finished({"stop_reason": 5}) == {0: ""}
    assert read_names({"container": {"id": "c1"}}) == ("c1",)
    assert read_names({"container": None}) == read_names({"container": {"id": 5}}) == ()


WORDS = st.sampled_from(["text", "msg_01234567", "", PROSE, "4111111111111111", SEALED, "tool_use", "base64", "end_turn"])
NAMES = st.sampled_from(["id", "type", "text", "content", "data", "input", "signature", "usage", "model", "note", "two words", "source"])
ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), WORDS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)),
    max_leaves=6,
)
TYPES = st.sampled_from(["text", "thinking", "tool_use", "web_search_tool_result", "redacted_thinking", "compaction", "novelty"])
FIELDS = ("text", "thinking", "content", "input", "source", "signature", "data", "citations", "name", "two words", "partial_json")
PIECES = st.fixed_dictionaries({"type": st.one_of(TYPES, WORDS)}, optional=dict.fromkeys(FIELDS, ANYTHING))
DELTAS = st.fixed_dictionaries(
    {"type": st.sampled_from(["text_delta", "thinking_delta", "input_json_delta", "signature_delta", "citations_delta", "novelty"])},
    optional=dict.fromkeys((*FIELDS, "citation"), ANYTHING),
)
EVENTS = st.one_of(
    st.fixed_dictionaries({"type": st.just("content_block_start"), "index": st.integers(-1, 2), "content_block": st.one_of(PIECES, WORDS)}),
    st.fixed_dictionaries({"type": st.just("content_block_delta"), "index": st.integers(-1, 2), "delta": st.one_of(DELTAS, ANYTHING)}),
    st.fixed_dictionaries(
        {"type": st.just("message_start"), "message": st.fixed_dictionaries({"content": st.lists(st.one_of(PIECES, WORDS), max_size=3)})},
        optional={"usage": ANYTHING, "note": ANYTHING},
    ),
    st.fixed_dictionaries(
        {"type": st.sampled_from(["message_delta", "error", "ping", "novelty"])}, optional={"delta": ANYTHING, "error": ANYTHING}
    ),
)
STRUCTURAL_KEYS = {"id", "type", "model", "name", "stop_reason"}


def texts(value: Json, place: tuple = ()):
    if isinstance(value, str):
        yield value, place, False
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from texts(item, (*place, index))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key, (*place, key), True
            yield from texts(item, (*place, key))


def is_read(text: str, place: tuple, *, is_key: bool, deltas: tuple[Delta, ...], unread: tuple[Uninspectable, ...], body: Json) -> bool:
    """A delta (a key is one of its own), a part of one that is JSON, a name at a key that has names, or what is declared."""
    if not text or any(delta.place == place and delta.text == text and (delta.form is Form.KEY) == is_key for delta in deltas):
        return True
    if any(delta.form is Form.JSON and delta.place == place[: len(delta.place)] for delta in deltas):
        return True
    if any(part.place == place for part in unread):
        return True
    if is_key:
        return is_structural(text) or any(part.place == place[: len(part.place)] for part in unread)
    is_bytes = place[-2:] == ("source", "data") and at(body, (*place[:-1], "type")) == "base64"
    if is_bytes and any(part.place == place[:-2] for part in unread):
        return True
    return place[-1] in STRUCTURAL_KEYS and is_structural(text)


@settings(max_examples=300, deadline=None)
@given(EVENTS)
def test_every_text_is_read_or_declared(event: Json) -> None:
    """Whatever an event holds: none of its strings and keys goes on that is neither a delta, nor declared, nor a name at its place."""
    deltas, unread = parted(read_event(event))
    plain = read_plain_delta(event)
    assert plain is None or ((plain,), ()) == (deltas, unread)
    for text, place, is_key in texts(event):
        assert is_read(text, place, is_key=is_key, deltas=deltas, unread=unread, body=event), (json.dumps(event), place)
    for each in deltas:
        value = each.place[-1] if each.form is Form.KEY else at(event, each.place)
        assert value == each.text or json.loads(each.text) == value
    assert len({(each.place, each.form is Form.KEY) for each in deltas}) == len({each.channel for each in deltas}) == len(deltas)


def test_an_envelope() -> None:
    """Ids, kinds and times of the API's own go on unread; any other text is one, and so is a key that is prose."""
    body = {"id": "msg_01234567", "created_at": "2026-01-01T00:00:00Z", "type": PROSE, "display_name": "Claude", "a b": 1}
    deltas, unread = parted(read_envelope(body, ("body",), ()))
    assert [(each.channel, each.text, each.form) for each in deltas] == [
        (("body", "type"), PROSE, Form.TEXT), (("body", "display_name"), "Claude", Form.TEXT), (("key", "a b"), "a b", Form.KEY),
    ]  # fmt: skip
    assert unread == ()
