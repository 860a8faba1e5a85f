"""Texts that were kept, as the conventions have messages."""

import opentelemetry.semconv._incubating.attributes.gen_ai_attributes as gen_ai
import pytest

from gateway.watch.otel.contents import contents

TEXTS = {
    "input": [
        {"place": "messages.0.content", "scope": "system", "text": "Be kind."},
        {"place": "messages.1.content.0.text", "scope": "user", "text": "I am <PERSON>."},
        {"place": "messages.1.content.2.text", "scope": "user", "text": "Weather?"},
        {"place": "messages.2.tool_calls.0.function.arguments", "scope": "tool_arguments", "text": '{"city": "Oslo"}'},
        {"place": "messages.3.content", "scope": "tool_results", "text": "rain"},
        {"place": "tools.0.function.description", "scope": "tool_definitions", "text": "Tells the weather"},
        {"place": "messages.4.content", "scope": "user", "text": "Thanks"},
    ],
    "output": [
        {"place": "choices.0.reasoning", "scope": "reasoning", "text": "hm"},
        {"place": "choices.0.content", "scope": "output", "text": "Rain."},
        {"place": "choices.1.content", "scope": "output", "text": "Wet."},
    ],
}


def record(**fields) -> dict:
    return {"outcome": "completed", "texts": TEXTS, **fields}


def test_messages():
    """Instructions by themselves; texts of one message are its parts, in order, by who has said them."""
    said = contents(record(answer={"finish": ["length"]}))
    assert said.keys() == {gen_ai.GEN_AI_SYSTEM_INSTRUCTIONS, gen_ai.GEN_AI_INPUT_MESSAGES, gen_ai.GEN_AI_OUTPUT_MESSAGES}
    assert said == {
        "gen_ai.system_instructions": [{"type": "text", "content": "Be kind."}],
        "gen_ai.input.messages": [
            {"role": "user", "parts": [{"type": "text", "content": "I am <PERSON>."}, {"type": "text", "content": "Weather?"}]},
            {"role": "assistant", "parts": [{"type": "tool_arguments", "content": '{"city": "Oslo"}'}]},
            {"role": "tool", "parts": [{"type": "tool_call_response", "response": "rain"}]},
            {"role": "user", "parts": [{"type": "text", "content": "Thanks"}]},
        ],
        "gen_ai.output.messages": [
            {
                "role": "assistant",
                "parts": [{"type": "reasoning", "content": "hm"}, {"type": "text", "content": "Rain."}],
                "finish_reason": "length",
            },
            {"role": "assistant", "parts": [{"type": "text", "content": "Wet."}], "finish_reason": "length"},
        ],
    }


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, "stop"),
        ({"answer": {"finish": []}}, "stop"),
        ({"answer": {"finish": ["tool_use"]}}, "tool_call"),
        ({"answer": {"finish": ["stop"]}, "outcome": "content_filter"}, "content_filter"),
        ({"outcome": "upstream_reset"}, "error"),
    ],
)
def test_why_it_ended(fields: dict, reason: str):
    """In the conventions' words, for whatever dialect; what became of the exchange counts before what the endpoint said."""
    assert {each["finish_reason"] for each in contents(record(**fields))["gen_ai.output.messages"]} == {reason}


@pytest.mark.parametrize(
    "fields", [{"texts": None}, {"texts": {}}, {"texts": None, "sealed_texts": "c2VjcmV0"}, {"texts": {"input": [], "output": []}}]
)
def test_no_texts(fields: dict):
    """Where none are kept, or sealed ones, nothing is said."""
    assert contents(record(**fields)) == {}
