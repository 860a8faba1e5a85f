"""The length and the form of answers as endpoints give them: where a text stands decides whether it is one."""

import json
from typing import Any

import pytest

from gateway.guard.answer_bounds import AnswerWatch, Heard, compile_bounds
from gateway.guard.answer_form import compile_form
from gateway.guard.broken import Broken
from gateway.wire.model import Event
from policies.policy import Policy
from policies.verdict import Action
from policies.vocabulary import Scope
from tests.support.answers import events, stream_of, whole

FORMS = [
    {"json_schema": {"type": "object", "required": ["price"], "additionalProperties": False, "properties": {"price": {"type": "number"}}}},
    {"regex": r'\{"price": [0-9]+\}'},
    {"grammar": r'start: "{\"price\": " /[0-9]+/ "}"'},
]
GOOD, BAD = '{"price": 3}', "whatever I like"
CHAT, RESPONSES, MESSAGES = "/v1/chat/completions", "/v1/responses", "/v1/messages"


def policy(**output: Any) -> Policy:
    return Policy.model_validate({"name": "test", "domain": {"output": output}}, strict=False)


def judged(answer: list[Event], **output: Any) -> list[Broken]:
    """What is broken by an answer, whose last event ends it."""
    bounds = compile_bounds(policy(**output))
    assert bounds
    watch, found = AnswerWatch(bounds), []
    for event in answer:
        out: dict[Any, str] = {}
        for delta in event.deltas:
            out[delta.channel] = out.get(delta.channel, "") + delta.text
        heard = [Heard(channel, delta.scope, delta.form, delta.closes) for delta in event.deltas for channel in [delta.channel]]
        found += watch.judge(event, out, dict.fromkeys(heard), is_over=event is answer[-1])
    return found


def rules(answer: list[Event], **output: Any) -> set[str]:
    return {broken.fired.rule.removeprefix("domain.output.") for broken in judged(answer, **output)}


def chat(content: Any = None, finish: str = "stop", **more: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "message": {"role": "assistant", "content": content, **more}, "finish_reason": finish}]}


def response(*output: Any, **more: Any) -> dict[str, Any]:
    return {"object": "response", "status": "completed", "output": list(output), **more}


def message(*parts: Any) -> dict[str, Any]:
    return {"type": "message", "role": "assistant", "content": list(parts)}


def text(said: str, kind: str = "output_text") -> dict[str, Any]:
    return {"type": kind, "text": said, "annotations": []} if kind == "output_text" else {"type": kind, "text": said}


ASTRAY = [
    (CHAT, {"choices": [], "text": BAD}),
    (CHAT, {"choices": {"0": {"message": {"content": BAD}}}}),
    (CHAT, {"error": {"message": BAD}}),
    (CHAT, {"choices": []}),
    (CHAT, {}),
    (CHAT, {"choices": [{"index": 0, "delta": {"content": BAD}, "finish_reason": "stop"}]}),
    (CHAT, {**chat(GOOD), "text": BAD}),
    (CHAT, {"choices": [{**chat(GOOD)["choices"][0], "text": BAD}]}),
    (CHAT, {**chat(GOOD), "output_text": BAD}),
    ("/v1/completions", {"choices": [], "text": BAD}),
    ("/v1/completions", {"choices": [{"index": 0, "message": {"content": BAD}, "text": GOOD, "finish_reason": "stop"}]}),
    (RESPONSES, response(text=BAD, output_text=BAD)),
    (RESPONSES, response(message(text(GOOD)), output_text=BAD)),
    (RESPONSES, response(message(text(GOOD)), choices=[{"message": {"content": BAD}}])),
    (RESPONSES, {"error": {"message": BAD}}),
    (RESPONSES, {"choices": [{"message": {"content": BAD}}]}),
    (MESSAGES, {"type": "message", "content": BAD, "stop_reason": "end_turn"}),
    (MESSAGES, {"type": "message", "content": [text(GOOD, "text")], "completion": BAD, "stop_reason": "end_turn"}),
    (MESSAGES, {"type": "error", "error": {"type": "x", "message": BAD}}),
]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: next(iter(form)))
@pytest.mark.parametrize(("path", "body"), ASTRAY)
def test_a_text_elsewhere(path: str, body: Any, form: dict[str, Any]):
    """An answer that says what it says where no choice says it is not of the form, and nor is one that says nothing."""
    assert rules([whole(path, body)], **form) == set(form)


@pytest.mark.parametrize(
    "chunks",
    [
        [{"choices": [{"index": 0, "message": {"content": BAD}, "finish_reason": "stop"}]}],
        [{"choices": [{"index": 0, "text": BAD, "finish_reason": "stop"}]}],
        [{"choices": [{"index": 0, "delta": {"content": GOOD}}]}, {"choices": [{"index": 0, "message": {"content": BAD}}]}],
        [{"choices": [{"index": 0, "delta": {"content": GOOD}}]}, {"choices": [], "text": BAD}],
        [{"choices": []}],
        [{"error": {"message": BAD}}],
        [],
    ],
)
def test_a_chunk_elsewhere(chunks: list[Any]):
    """A chunk of a stream that says something in another place than chunks do breaks the form, as does a stream that says nothing."""
    stream = stream_of(CHAT)
    assert rules(events(stream, *chunks, "DONE"), **FORMS[0]) == {"json_schema"}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (CHAT, chat(GOOD)),
        (CHAT, {**chat(GOOD), "provider": "Some One", "citations": ["https://a.example"], "error": None}),
        (CHAT, chat(None, "content_filter")),
        (CHAT, chat(refusal=BAD)),
        (CHAT, chat([{"type": "refusal", "refusal": BAD}])),
        (CHAT, chat(finish="tool_calls", tool_calls=[{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}])),
        (RESPONSES, response(message(text(GOOD)), output_text=GOOD, instructions=BAD)),
        (RESPONSES, response(message({"type": "refusal", "refusal": BAD}))),
        (RESPONSES, {**response(), "status": "queued"}),
        (RESPONSES, {"object": "response", "id": "r", "deleted": True}),
        (RESPONSES, {"object": "response.input_tokens", "input_tokens": 5}),
        (MESSAGES, {"type": "message", "content": [text(GOOD, "text")], "stop_reason": "end_turn"}),
        (MESSAGES, {"type": "message", "content": [], "stop_reason": "refusal", "stop_details": {"explanation": "no, no"}}),
    ],
)
def test_what_is_in_its_place(path: str, body: Any):
    """Nothing is held against an answer of the form, nor against one that owes none, whatever its endpoint says beside it."""
    assert not judged([whole(path, body)], **FORMS[0])


def test_an_error_in_a_stream():
    """A stream that ends with an error of the API's own says nothing, and is none that is not of the form."""
    for path in (MESSAGES, RESPONSES):
        assert not judged(events(stream_of(path), {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}), **FORMS[0])


REFUSED = [
    [whole(CHAT, chat(refusal="x" * 61))],
    [whole(CHAT, chat("x" * 30, refusal="x" * 31))],
    [whole(RESPONSES, response(message({"type": "refusal", "refusal": "x" * 61})))],
    events(stream_of(CHAT), *({"choices": [{"index": 0, "delta": {"refusal": "x" * 31}}]} for _ in range(2)), "DONE"),
    [whole(CHAT, {"choices": [], "text": "x" * 61})],
    [whole(CHAT, chat("x" * 61))],
]


@pytest.mark.parametrize("answer", REFUSED, ids=["refusal", "both", "responses", "streamed", "elsewhere", "content"])
def test_all_that_is_said_has_a_length(answer: list[Event]):
    """Refusals and texts elsewhere count as the answer does; up to the limit they pass, and those said over again count once."""
    assert rules(answer, max_chars=60) == {"max_chars"}
    assert not judged(answer, max_chars=62)


def test_a_refusal_said_again_counts_once():
    """The last event of a streamed response says over again what was said: that makes it no longer."""
    refusal = {"type": "refusal", "refusal": "x" * 50}
    stream = [
        {
            "type": "response.output_item.added",
            "output_index": 0,
            "item": {"id": "m", "type": "message", "role": "assistant", "content": []},
        },
        {"type": "response.refusal.delta", "item_id": "m", "output_index": 0, "content_index": 0, "delta": "x" * 50},
        {"type": "response.refusal.done", "item_id": "m", "output_index": 0, "content_index": 0, "refusal": "x" * 50},
        {"type": "response.completed", "response": response({"id": "m", **message(refusal)})},
    ]
    assert not judged(events(stream_of(RESPONSES), *stream), max_chars=60, **FORMS[0])
    assert rules(events(stream_of(RESPONSES), *stream), max_chars=49) == {"max_chars"}


def test_a_refusal_is_of_the_answers_scope():
    """So its language is judged as that of any other text of the answer."""
    for path, body in ((CHAT, chat(refusal=BAD)), (RESPONSES, response(message({"type": "refusal", "refusal": BAD})))):
        assert {delta.scope for delta in whole(path, body).deltas if delta.text == BAD} == {Scope.OUTPUT}


@pytest.mark.parametrize("body", [chat(refusal=BAD), {**chat(GOOD), "text": BAD}, chat(BAD)])
def test_no_form_no_place(body: Any):
    """Without a form there is nothing that a text in another place could break, and nothing that must be said."""
    assert not judged([whole(CHAT, body)], max_chars=500)


def test_a_fence_is_not_of_the_form():
    """A document in a code fence is none, and the model that is asked again is told so."""
    (broken,) = judged([whole(CHAT, chat(f"```json\n{GOOD}\n```"))], **FORMS[0], action="reask")
    assert "without a code fence" in broken.reason
    assert BAD not in broken.reason


def test_uncertainty_of_a_text_elsewhere():
    """A text that no choice says has no log probabilities: how unsure it is cannot be known."""
    (broken,) = judged([whole(CHAT, {"choices": [], "text": BAD})], uncertainty={"max_entropy": 1.0, "action": "block"})
    assert (broken.fired.why, broken.fired.action) == ("unavailable", Action.BLOCK)
    assert not judged([whole(CHAT, chat(refusal=BAD))], uncertainty={"max_entropy": 1.0, "action": "block"})


@pytest.mark.parametrize(("allow", "is_broken"), [(["pay"], True), (["pay", "steal"], True), (["pay", "steal", "stealpay"], False)])
def test_two_names_in_one_chunk(allow: list[str], is_broken: bool):
    """Whichever of the names of a call counts, and both as one, must be allowed."""
    pieces = [{"index": 0, "id": "c", "type": "function", "function": {"name": name, "arguments": ""}} for name in ("steal", "pay")]
    chunk = {"choices": [{"index": 0, "delta": {"tool_calls": pieces}, "finish_reason": "tool_calls"}]}
    bounds = compile_bounds(Policy.model_validate({"name": "test", "domain": {"tools": {"allow": allow}}}, strict=False))
    (event,) = events(stream_of(CHAT), chunk)
    assert bool(AnswerWatch(bounds).judge(event, {}, (), is_over=False)) == is_broken


def test_nothing_to_hold_to():
    """A policy that bounds neither length nor form has nothing here."""
    assert compile_form(policy()) is None
    assert compile_form(policy(max_chars=5)).form is None


def test_json_of_the_forms():
    """The example is of each form, so that it is the place alone that the tests above hang on."""
    assert json.loads(GOOD) == {"price": 3}
    for form in FORMS:
        assert not judged([whole(CHAT, chat(GOOD))], **form)
        assert rules([whole(CHAT, chat(BAD))], **form) == set(form)
