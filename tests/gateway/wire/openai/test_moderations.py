"""Moderations: a text, texts, or the parts of one input."""

import json

import pytest

from gateway.guard.seams import runs
from gateway.wire.model import Call, Json
from gateway.wire.openai.moderations import Moderations
from gateway.wire.walk import dotted

MODERATIONS = Moderations()


@pytest.mark.parametrize(
    ("given", "expected", "unread"),
    [
        ("a", ["input"], []),
        (["a", "b"], ["input.0", "input.1"], []),
        (
            [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}],
            ["input.0.text"],
            [("image", "input.1")],
        ),
        ([{"type": "image_url", "image_url": {"url": "https://example.org"}}], ["input.0.image_url.url"], [("image", "input.0")]),
    ],
)
def test_inputs(given: Json, expected: list[str], unread: list):
    """Texts are read and pictures listed; the model may be left out."""
    read = MODERATIONS.parse_request(json.dumps({"input": given}).encode(), Call())
    assert [dotted(segment.place) for segment in read.segments] == expected
    assert [(part.kind.value, dotted(part.place)) for part in read.uninspectable] == unread
    assert (read.surface, read.model, read.stream) == ("moderations", "", False)


def test_other_fields():
    """They are read too."""
    read = MODERATIONS.parse_request(b'{"input": "", "model": "omni-moderation-2024-09-26", "novelty": "a", "two words": 1}', Call())
    assert [(dotted(segment.place), segment.form.value) for segment in read.segments] == [("novelty", "text"), ("*", "key")]
    assert read.model == "omni-moderation-2024-09-26"


def test_an_answer():
    """Categories are keys of the API's, and say nothing."""
    body = {
        "id": "modr-1234567", "model": "omni-moderation-latest",
        "results": [{
            "flagged": True, "categories": {"self-harm/intent": True}, "category_scores": {"self-harm/intent": 0.5},
            "category_applied_input_types": {"self-harm/intent": ["text"]},
        }],
    }  # fmt: skip
    event = MODERATIONS.parse_completion(json.dumps(body).encode(), "application/json")
    assert ([delta.text for delta in event.deltas], event.uninspectable) == (["text"], ())


def test_what_is_read_as_one_text():
    """The parts of one input, with a picture between them; texts have nothing to do with each other."""
    picture = {"type": "image_url", "image_url": {"url": "https://x.com/y.png"}}
    parts = [{"type": "text", "text": "a"}, picture, {"type": "text", "text": "b"}]
    for given, expected in ((parts, ["ab"]), (["a", "b"], [])):
        read = MODERATIONS.parse_request(json.dumps({"input": given}).encode(), Call())
        assert [run.text for run in runs(read.segments)] == expected
