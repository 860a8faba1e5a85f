import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.demo.script import Call, Reply
from gateway.demo.surfaces.realtime_answer import events, output_items

RESPONSE = {"id": "resp_1", "status": "in_progress", "output": [], "conversation_id": "conv_1"}


def _events(reply: Reply, modality: str) -> list[dict]:
    return list(events(RESPONSE, output_items(reply, modality, "1_"), "item_before"))


@given(st.text(), st.sampled_from([("text", "output_text", "text"), ("audio", "output_audio_transcript", "transcript")]))
def test_joined_the_deltas_are_the_text(text: str, form: tuple[str, str, str]):
    """Written or spoken, as it is told when it is done."""
    modality, kind, field = form
    streamed = _events(Reply(text), modality)
    assert "".join(event["delta"] for event in streamed if event["type"] == f"response.{kind}.delta") == text
    assert [event[field] for event in streamed if event["type"] == f"response.{kind}.done"] == [text]
    assert streamed[-2]["response"]["output"][0]["content"][0][field] == text


@pytest.mark.parametrize("modality", ["text", "audio"])
def test_items_follow_each_other(modality: str):
    """Each names the one before it, and its calls are JSON."""
    streamed = _events(Reply(calls=(Call("look", {"a": 1}), Call("find", {}))), modality)
    added = [event for event in streamed if event["type"] == "conversation.item.added"]
    assert [event["previous_item_id"] for event in added] == ["item_before", added[0]["item"]["id"]]
    done = [event for event in streamed if event["type"] == "response.function_call_arguments.done"]
    assert [json.loads(event["arguments"]) for event in done] == [{"a": 1}, {}]
    assert [event["output_index"] for event in done] == [0, 1]
