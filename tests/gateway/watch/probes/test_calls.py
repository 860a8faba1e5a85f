"""How endpoints are asked, and what they say."""

import orjson
import pytest

from gateway.watch.probes.calls import AnswerError, Said, answer, body, most_input_tokens

USER = {"role": "user", "content": "Why?"}


@pytest.mark.parametrize(
    ("surface", "system", "temperature", "sent"),
    [
        ("chat", "", None, {"model": "m", "messages": [USER], "max_tokens": 50}),
        (
            "chat", "Be brief.", 0.0,
            {"model": "m", "temperature": 0.0, "messages": [{"role": "system", "content": "Be brief."}, USER], "max_tokens": 50},
        ),
        ("messages", "Be brief.", None, {"model": "m", "system": "Be brief.", "messages": [USER], "max_tokens": 50}),
        (
            "responses", "Be brief.", None,
            {"model": "m", "instructions": "Be brief.", "input": [USER], "max_output_tokens": 50, "store": False},
        ),
    ],
)  # fmt: skip
def test_bodies(surface: str, system: str, temperature: float | None, sent: dict):
    """Each dialect in its own form, with a bound on what an answer may have, and nothing is kept by the provider."""
    assert orjson.loads(body(surface, "m", system, "Why?", 50, temperature)) == sent


def chat(content: str | None, finish: str = "stop", **message: object) -> dict:
    return {"choices": [{"message": {"content": content, **message}, "finish_reason": finish}]}


@pytest.mark.parametrize(
    ("surface", "said", "expected"),
    [
        ("chat", {**chat("Since."), "usage": {"prompt_tokens": 3, "completion_tokens": 2}}, Said("Since.", False, 3, 2)),
        ("chat", chat("I'm sorry, but I can't help with that."), Said("I'm sorry, but I can't help with that.", True, None, None)),
        ("chat", chat(None, refusal="No."), Said("No.", True, None, None)),
        ("chat", chat("", "content_filter"), Said("", True, None, None)),
        (
            "messages",
            {"content": [{"type": "text", "text": "Since."}], "stop_reason": "end_turn", "usage": {"input_tokens": 3, "output_tokens": 2}},
            Said("Since.", False, 3, 2),
        ),
        ("messages", {"content": [], "stop_reason": "refusal"}, Said("", True, None, None)),
        (
            "responses",
            {"output": [{"type": "reasoning"}, {"type": "message", "content": [{"type": "output_text", "text": "Since."}]}], "usage": None},
            Said("Since.", False, None, None),
        ),
        (
            "responses",
            {"output": [{"type": "message", "content": [{"type": "refusal", "refusal": "No."}]}]},
            Said("No.", True, None, None),
        ),
    ],
)
def test_answers(surface: str, said: dict, expected: Said):
    """The text, whether it is a refusal by its words or by the API's, and the tokens where they are told."""
    assert answer(surface, orjson.dumps(said)) == expected


@pytest.mark.parametrize("surface", ["chat", "messages", "responses"])
@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b'{"choices": []}', b'{"content": 1, "output": 1}', b'{"choices": [{"message": {"content": 5}}]}']
)
def test_no_answer(surface: str, content: bytes):
    """Whatever an endpoint says, it is an answer or is none."""
    with pytest.raises(AnswerError):
        answer(surface, content)


def test_most_tokens():
    """No tokenizer makes more of a text than it has bytes."""
    assert most_input_tokens("ä", "日本") >= 2 + 6
