"""Where the texts of an answer stand, whole or in a stream, and what cannot be read of it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import BadRequest
from gateway.wire.model import Form, Json, Usage, at
from gateway.wire.openai.chat_answer import read_answer, read_companions, read_usage
from gateway.wire.walk import dotted, is_structural

PROSE = "write to anna.kovacs@example.org, please"
UNSPELLED = {"index": 0, "delta": {"content": "hi"}, "logprobs": {"content": [{"token": "anna@"}]}}


def completion(**message: Json) -> Json:
    return {"id": "c", "object": "chat.completion", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}


def chunk(**delta: Json) -> Json:
    return {"id": "c", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}


def deltas(body: Json, holder: str) -> list[tuple[str, str, str, str, bool]]:
    found, _, uninspectable = read_answer(body, holder)
    assert uninspectable == ()
    for delta in found:
        assert at(body, delta.place) == delta.text
    return [(dotted(d.channel), d.scope.value, d.form.value, dotted(d.place).removeprefix(f"choices.0.{holder}."), d.closes) for d in found]


FIELDS = [
    ({"role": "assistant", "content": PROSE}, [("0.content", "output", "text", "content", False)]),
    ({"refusal": PROSE}, [("0.refusal", "output", "text", "refusal", False)]),
    ({"reasoning": PROSE}, [("0.reasoning", "reasoning", "text", "reasoning", False)]),
    ({"reasoning_content": PROSE}, [("0.reasoning_content", "reasoning", "text", "reasoning_content", False)]),
    ({"thinking": PROSE}, [("0.thinking", "reasoning", "text", "thinking", False)]),
    ({"novelty": PROSE}, [("0.novelty", "output", "text", "novelty", False)]),
    ({"role": PROSE}, [("0.role", "output", "text", "role", False)]),
    ({"content": "", "refusal": None, "tool_calls": None, "function_call": None, "audio": None, "annotations": []}, []),
    ({"content": [{"type": "text", "text": PROSE}]}, [("0.content.0.text", "output", "text", "content.0.text", False)]),
    ({"reasoning_details": [{"type": "reasoning.text", "index": 3, "text": PROSE, "id": "r"}]},
     [("0.reasoning_details.3.text", "reasoning", "text", "reasoning_details.0.text", False)]),
    ({"annotations": [{"type": "url_citation", "url_citation": {"title": PROSE, "start_index": 1}}]},
     [("0.annotations.0.url_citation.title", "output", "text", "annotations.0.url_citation.title", False)]),
    ({"function_call": {"name": "f", "arguments": '{"a"'}},
     [("0.function_call.arguments", "tool_arguments", "json", "function_call.arguments", False)]),
    ({"function_call": {"name": PROSE}}, [("0.function_call.name", "tool_arguments", "text", "function_call.name", True)]),
    ({"tool_calls": [{"index": 0, "id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{"}}]},
     [("0.tool_calls.0.function.arguments", "tool_arguments", "json", "tool_calls.0.function.arguments", False)]),
    ({"tool_calls": [{"index": 0, "type": "custom", "custom": {"name": "f", "input": PROSE}}]},
     [("0.tool_calls.0.custom.input", "tool_arguments", "text", "tool_calls.0.custom.input", False)]),
    ({"tool_calls": [{"index": 0, "id": PROSE}]}, [("0.tool_calls.0.id", "tool_arguments", "text", "tool_calls.0.id", True)]),
    ({"tool_calls": [{"index": 0, "extra": {"note": PROSE}}]},
     [("0.tool_calls.0.extra.note", "tool_arguments", "text", "tool_calls.0.extra.note", True)]),
    ({"tool_calls": [{"index": 0, "function": {"arguments": {"a": PROSE}}}]},
     [("0.tool_calls.0.function.arguments.a", "tool_arguments", "text", "tool_calls.0.function.arguments.a", True)]),
]  # fmt: skip


@pytest.mark.parametrize("holder", ["message", "delta"])
@pytest.mark.parametrize(("fields", "expected"), FIELDS)
def test_texts_of_a_choice(fields: Json, expected: list, holder: str):
    """One reading serves a message and a delta: each text has its channel, scope, form and place."""
    assert deltas(completion(**fields) if holder == "message" else chunk(**fields), holder) == expected


def test_tool_calls_in_parallel():
    """A streamed tool call is known by its index, one of a whole answer by its position."""
    calls = [{"index": 5, "function": {"arguments": "a"}}, {"index": 2, "function": {"arguments": "b"}}]
    streamed = [channel for channel, *_ in deltas(chunk(tool_calls=calls), "delta")]
    assert streamed == ["0.tool_calls.5.function.arguments", "0.tool_calls.2.function.arguments"]
    whole = [channel for channel, *_ in deltas(completion(tool_calls=calls), "message")]
    assert whole == ["0.tool_calls.0.function.arguments", "0.tool_calls.1.function.arguments"]


def test_several_choices():
    """Channels are kept apart by the choice's own index, in whichever order choices come."""
    choices = [{"index": 1, "delta": {"content": "b"}}, {"index": 0, "delta": {"content": "a"}, "finish_reason": "stop"}]
    found, finished, _ = read_answer({"choices": choices}, "delta")
    assert [(delta.channel, delta.text) for delta in found] == [((1, "content"), "b"), ((0, "content"), "a")]
    assert finished == {0: "stop"}


@pytest.mark.parametrize(
    ("choice", "holder", "finished"),
    [
        ({"delta": {}, "finish_reason": None}, "delta", {}),
        ({"delta": {}}, "delta", {}),
        ({"delta": {}, "finish_reason": ""}, "delta", {}),
        ({"delta": {}, "finish_reason": "tool_calls"}, "delta", {0: "tool_calls"}),
        ({"message": {}}, "message", {0: ""}),
        ({"message": {}, "finish_reason": "length"}, "message", {0: "length"}),
        ({"message": {}, "finish_reason": 5}, "message", {0: ""}),
    ],
)
def test_finished(choice: Json, holder: str, finished: dict):
    """A choice ends with its finish reason; in a whole answer all choices end."""
    assert read_answer({"choices": [choice]}, holder)[1] == finished


def test_a_finish_reason_that_is_prose():
    """It is a text like any other, and is not taken for a reason."""
    found, finished, _ = read_answer({"choices": [{"delta": {}, "finish_reason": PROSE}]}, "delta")
    assert ([delta.text for delta in found], finished) == ([PROSE], {0: ""})


@pytest.mark.parametrize(
    ("body", "places"),
    [
        ({"novelty": PROSE}, ["novelty"]),
        ({"error": {"message": PROSE, "code": 5}}, ["error.message"]),
        ({"id": PROSE, "model": PROSE, "system_fingerprint": "fp_1"}, ["id", "model"]),
        ({"usage": {"prompt_tokens": 1, "note": PROSE}}, ["usage.note"]),
        ({"choices": [{"novelty": [PROSE]}]}, ["choices.0.novelty.0"]),
        ({"choices": PROSE}, ["choices"]),
        ({"choices": None}, []),
        ({"x_groq": {"id": "req_1"}}, ["x_groq.id"]),
        ({"prompt_filter_results": [{"content_filter_results": {"hate": {"filtered": False, "severity": "safe"}}}]},
         ["prompt_filter_results.0.content_filter_results.hate.severity"]),
    ],
)  # fmt: skip
def test_texts_beside_the_messages(body: Json, places: list[str]):
    """Every other text is read too, and is complete where it stands."""
    found, _, uninspectable = read_answer(body, "delta")
    assert ([dotted(delta.place) for delta in found], uninspectable) == (places, ())
    assert all(delta.closes for delta in found)


@pytest.mark.parametrize(
    ("body", "kind", "place"),
    [
        (chunk(audio={"id": "a", "data": "AAAA"}), "audio", "choices.0.delta.audio"),
        ({"choices": [UNSPELLED]}, "unknown", "choices.0.logprobs"),
        ({"choices": [PROSE]}, "unknown", "choices.0"),
        ({"choices": [{"index": "0", "delta": {"content": PROSE}}]}, "unknown", "choices.0.index"),
        ({"choices": [{"index": True, "delta": {"content": PROSE}}]}, "unknown", "choices.0.index"),
        ({"choices": [{"index": -1}]}, "unknown", "choices.0.index"),
        ({"choices": [{"index": 10**6}]}, "unknown", "choices.0.index"),
        (chunk(tool_calls=[PROSE]), "unknown", "choices.0.delta.tool_calls.0"),
        (chunk(tool_calls=[{"index": "x", "function": {"arguments": PROSE}}]), "unknown", "choices.0.delta.tool_calls.0.index"),
        ({PROSE: 1}, "unknown", ""),
        ({"choices": [{PROSE: 1}]}, "unknown", "choices.0"),
        (chunk(**{PROSE: 1}), "unknown", "choices.0.delta"),
        (chunk(novelty={PROSE: 1}), "unknown", "choices.0.delta.novelty"),
        (chunk(tool_calls=[{PROSE: 1}]), "unknown", "choices.0.delta.tool_calls.0"),
        (chunk(tool_calls=[{"function": {PROSE: 1}}]), "unknown", "choices.0.delta.tool_calls.0.function"),
        (chunk(tool_calls=[{"custom": {PROSE: 1}}]), "unknown", "choices.0.delta.tool_calls.0.custom"),
        (chunk(function_call={PROSE: 1}), "unknown", "choices.0.delta.function_call"),
    ],
)  # fmt: skip
def test_what_cannot_be_read(body: Json, kind: str, place: str):
    """Shapes that the API does not have, and keys that are prose, are listed for the policy; the texts there are not taken for others'."""
    _, _, uninspectable = read_answer(body, "delta")
    assert [(part.kind.value, dotted(part.place)) for part in uninspectable] == [(kind, place)]


def test_a_key_that_is_prose():
    """Below a field that the API does not have it is a text at its place, which no rule rewrites."""
    (key,), _, uninspectable = read_answer({"novelty": {PROSE: 1}}, "delta")
    assert (key.text, key.place, key.form, key.closes, uninspectable) == (PROSE, ("novelty", PROSE), Form.KEY, True, ())


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"prompt_tokens": 3, "completion_tokens": 4}, Usage(3, 4)),
        ({"prompt_tokens": 3}, Usage(3, None)),
        ({"prompt_tokens": 30, "prompt_tokens_details": {"cached_tokens": 20, "audio_tokens": 0}}, Usage(30, None, 20)),
        ({"prompt_tokens": 30, "prompt_tokens_details": {"cached_tokens": 20, "cache_write_tokens": 8}}, Usage(30, None, 20, 8)),
        ({"prompt_tokens": 30, "prompt_tokens_details": {"cached_tokens": "20"}}, Usage(30)),
        ({"prompt_tokens": 30, "prompt_tokens_details": [20]}, Usage(30)),
        ({"prompt_tokens": "3", "completion_tokens": -1}, Usage(None, None)),
        ({"prompt_tokens": True, "completion_tokens": 2**60}, Usage(None, None)),
        (None, None),
        ([1], None),
    ],
)
def test_usage(usage: Json, expected: Usage | None):
    """Counts are counts, or not known."""
    assert read_usage({"usage": usage}) == expected
    assert read_usage({}) is None


def test_companions():
    """Log probabilities belong to the content and the refusal of their choice."""
    choices = [{"index": 1, "logprobs": {"content": []}}, {"index": 0, "logprobs": None}, "odd", {"index": "odd", "logprobs": {}}]
    (companion,) = read_companions({"choices": choices})
    spelled = [(1, key) for key in ("reasoning", "reasoning_content", "thinking", "content", "refusal")]
    assert (list(companion.channels), companion.place) == (spelled, ("choices", 0, "logprobs"))
    assert read_companions({"choices": "odd"}) == read_companions({}) == ()


NAMES = st.sampled_from(
    ["id", "type", "format", "index", "text", "role", "content", "two words", "usage", "arguments", "name", "finish_reason"]
)
WORDS = st.sampled_from(["", "stop", "call_12345678", PROSE, '{"a": 1'])
ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-2, 5), WORDS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)),
    max_leaves=8,
)
CALLS = st.one_of(
    ANYTHING,
    st.fixed_dictionaries(
        {"index": st.integers(0, 3)}, optional={"id": WORDS, "type": WORDS, "function": ANYTHING, "custom": ANYTHING, "odd": ANYTHING}
    ),
)
HELD = st.one_of(
    ANYTHING,
    st.fixed_dictionaries(
        {},
        optional={
            "role": ANYTHING,
            "content": ANYTHING,
            "refusal": ANYTHING,
            "tool_calls": st.one_of(ANYTHING, st.lists(CALLS, max_size=2)),
            "function_call": ANYTHING,
            "reasoning_details": ANYTHING,
            "audio": ANYTHING,
            "odd key": ANYTHING,
        },
    ),
)
CHOICES = st.one_of(
    ANYTHING,
    st.fixed_dictionaries(
        {"index": st.integers(0, 3)}, optional={"delta": HELD, "message": HELD, "finish_reason": ANYTHING, "odd": ANYTHING}
    ),
)
BODIES = st.fixed_dictionaries(
    {}, optional={"id": ANYTHING, "choices": st.one_of(ANYTHING, st.lists(CHOICES, max_size=3)), "usage": ANYTHING, "odd": ANYTHING}
)


def _texts(value: Json, place: tuple = ()):
    if isinstance(value, str):
        yield value, place, False
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, (*place, index))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key, (*place, key), True
            yield from _texts(item, (*place, key))


def _has_distinct_choices(body: dict) -> bool:
    choices = body.get("choices")
    listed = choices if isinstance(choices, list) else []
    indexes = [choice.get("index", position) if isinstance(choice, dict) else None for position, choice in enumerate(listed)]
    return len({str(index) for index in indexes}) == len(indexes)


STRUCTURAL = {
    "id", "object", "model", "system_fingerprint", "service_tier", "created", "role", "type", "format", "name", "index", "finish_reason",
}  # fmt: skip


@settings(max_examples=150)
@given(BODIES, st.sampled_from(["message", "delta"]))
def test_every_text_is_read_or_listed_or_structural(body: Json, holder: str):
    """Nothing reaches the client unseen: each string is a delta's, or in a part that is listed, or an identifier at a key that has these;
    and each key that is more than an identifier is a delta of its own, or makes its object uninspectable.
    """
    deltas, _, uninspectable = read_answer(body, holder)
    seen = {(delta.place, delta.form is Form.KEY) for delta in deltas}
    assert len(seen) == len(deltas)
    if _has_distinct_choices(body):  # else a later one goes on with the texts of an earlier one
        assert len(deltas) == len({delta.channel for delta in deltas})
    listed = [part.place[:-1] if part.place and part.place[-1] == "index" else part.place for part in uninspectable]
    for text, place, is_key in _texts(body):
        covered = any(place[: len(above)] == above for above in listed)
        if is_key:
            assert covered or (place, True) in seen or is_structural(text), (text, place)
        else:
            assert covered or (place, False) in seen or (place[-1] in STRUCTURAL and is_structural(text)) or not text, (text, place)


@settings(max_examples=100)
@given(BODIES)
def test_an_answer_of_any_shape(body: Json):
    """Whatever an upstream says is read, or a BadRequest that the dialect turns into the upstream's fault."""
    for holder in ("message", "delta"):
        try:
            read_answer(body, holder)
        except BadRequest as error:
            assert error.code == "too_deep"  # noqa: PT017 (most bodies raise nothing)
    read_companions(body)
    read_usage(body)


@pytest.mark.parametrize(("body", "holder"), [(completion, "message"), (chunk, "delta")])
def test_the_transcript_of_sound(body, holder: str):
    """The sound is listed; what is said in it goes on from event to event like other text."""
    said = body(audio={"id": "audio_1", "data": "AAAA", "expires_at": 1, "transcript": PROSE})
    found, _, uninspectable = read_answer(said, holder)
    assert [(dotted(delta.channel), delta.text, delta.closes) for delta in found] == [("0.audio.transcript", PROSE, False)]
    assert [(part.kind.value, dotted(part.place)) for part in uninspectable] == [("audio", f"choices.0.{holder}.audio")]


def test_log_probabilities_with_more_than_tokens():
    """Tokens are left to the text that they spell; whatever else stands among them is read."""
    body = completion(content="hi")
    body["choices"][0]["logprobs"] = {
        "content": [{"token": "hi", "logprob": 0, "note": PROSE, "top_logprobs": [{"token": "4111111111111111"}]}]
    }
    found, _, _ = read_answer(body, "message")
    assert {delta.text for delta in found} == {"hi", PROSE, "4111111111111111"}


@pytest.mark.parametrize("data", ["anna@example.org", "YW5uYUBleGFtcGxlLm9yZw==", "4111111111111111"])
def test_sound_that_is_text(data: str):
    """It is not what it is said to be."""
    _, _, uninspectable = read_answer(completion(audio={"id": "a", "data": data}), "message")
    assert [(part.kind.value, part.place[-1]) for part in uninspectable] == [("audio", "audio"), ("unknown", "data")]
