import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.demo.script import Call, Reply
from gateway.demo.surfaces.responses_answer import response
from gateway.demo.surfaces.responses_request import read_request
from gateway.demo.surfaces.responses_stream import events


def _events(reply: Reply, **fields: object) -> list[dict]:
    request = read_request({"model": "demo", "input": "hello", **fields})
    return list(events(response(request, (), reply, "resp_1", 1000)))


@given(st.text(), st.text())
def test_joined_the_deltas_are_the_text(text: str, reasoning: str):
    """Of the message and of the summary, as they are told when they are done."""
    streamed = _events(Reply(text, reasoning=reasoning))
    for kind, whole in (("output_text", text), ("reasoning_summary_text", reasoning)):
        assert "".join(event["delta"] for event in streamed if event["type"] == f"response.{kind}.delta") == whole
        assert all(event["text"] == whole for event in streamed if event["type"] == f"response.{kind}.done")


@pytest.mark.parametrize(
    ("reply", "types"),
    [
        (Reply(refusal="No."), ["content_part.added", "refusal.delta", "refusal.done", "content_part.done"]),
        (Reply("Hi."), ["content_part.added", "output_text.delta", "output_text.done", "content_part.done"]),
        (Reply(calls=(Call("look", {}),)), ["function_call_arguments.delta", "function_call_arguments.done"]),
        (Reply(calls=(Call("patch", {"input": "x"}),)), ["custom_tool_call_input.delta", "custom_tool_call_input.done"]),
    ],
)
def test_the_order_of_events(reply: Reply, types: list[str]):
    """An item is added empty, grows, and is done."""
    streamed = _events(reply, tools=[{"type": "custom", "name": "patch"}])
    assert [event["type"].removeprefix("response.") for event in streamed] == [
        "created", "in_progress", "output_item.added", *types, "output_item.done", "completed",
    ]  # fmt: skip
    assert [event["sequence_number"] for event in streamed] == list(range(len(streamed)))
