"""What the events of a streamed response have in common."""

import pytest

from gateway.wire.answer_texts import parted
from gateway.wire.model import Form, Json
from gateway.wire.openai.responses_event import ResponsesEvent, channel_of, indexes_of, read_rest, rest, unknown

PROSE = "write to anna.kovacs@example.org, please"


@pytest.mark.parametrize(
    ("body", "indexes"),
    [
        ({"output_index": 1, "content_index": 2}, (1, 2)),
        ({}, (0, 0)),
        ({"output_index": -1}, None),
        ({"output_index": True}, None),
        ({"output_index": 0, "content_index": "0"}, None),
        ({"output_index": 0, "content_index": 5000}, None),
        ({"output_index": [1]}, None),
    ],
)
def test_indexes(body: Json, indexes: tuple[int, int] | None):
    """Numbers within bounds; a number that is left out is the first."""
    assert indexes_of(body, "content_index") == indexes
    assert indexes_of({"output_index": 3}, None) == (3,)
    assert channel_of((3, 1), "refusal") == ("output", 3, "refusal", 1)


def test_what_an_event_says_besides():
    """Its own ids and numbers are none of it, so long as they are ids and numbers; everything else is a text that is whole."""
    body = {
        "type": "response.x",
        "item_id": "msg_12345678",
        "sequence_number": 7,
        "obfuscation": "x9Ks",
        "delta": PROSE,
        "more": {"a": [PROSE]},
    }
    deltas, uninspectable = parted(rest(body, frozenset({"delta"})))
    assert [(delta.place, delta.text, delta.closes) for delta in deltas] == [(("more", "a", 0), PROSE, True)]
    assert uninspectable == ()
    deltas, _ = parted(rest({"item_id": PROSE, "content_index": PROSE, "obfuscation": {"a": PROSE}}, frozenset()))
    assert len(deltas) == 3


def test_keys_that_are_prose():
    """They are listed among an event's own; below these they are texts."""
    deltas, uninspectable = parted(read_rest(ResponsesEvent(b"", {PROSE: 1})))
    assert ([part.kind.value for part in uninspectable], deltas) == (["unknown"], ())
    deltas, uninspectable = parted(read_rest(ResponsesEvent(b"", {"more": {PROSE: 1}})))
    assert [(delta.text, delta.place, delta.form, delta.closes) for delta in deltas] == [(PROSE, ("more", PROSE), Form.KEY, True)]
    assert uninspectable == ()


def test_an_event_that_is_unknown():
    """It is listed, and its texts are read all the same."""
    deltas, uninspectable = parted(unknown({"type": "response.novelty", "a": PROSE}))
    assert [(part.kind.value, part.place) for part in uninspectable] == [("unknown", ("type",))]
    assert [delta.text for delta in deltas if delta.place == ("a",)] == [PROSE]
