"""Whose word on an exchange counts, and for what."""

import pytest

from policies.labels import Labels, is_event

REVIEW = {"kind": "review", "request_id": "r", "app": "bot", "rule": "domain.topics"}
FEEDBACK = {"kind": "feedback", "request_id": "r", "app": "bot"}


@pytest.mark.parametrize(
    ("events", "is_stopped", "label"),
    [
        ([], True, None),
        ([{**REVIEW, "label": "inside"}], False, "inside"),
        ([{**REVIEW, "label": "outside"}], False, "outside"),
        ([{**REVIEW, "label": "skip"}], True, None),
        ([{**REVIEW, "label": "inside"}, {**REVIEW, "label": "outside"}], True, "outside"),
        ([{**REVIEW, "label": "inside", "rule": "domain.languages"}], True, None),
        ([{**FEEDBACK, "label": "false_positive"}], True, "inside"),
        ([{**FEEDBACK, "label": "false_positive"}], False, None),
        ([{**FEEDBACK, "label": "false_negative"}], False, "outside"),
        ([{**FEEDBACK, "label": "false_negative"}], True, None),
        ([{**FEEDBACK, "label": "good"}], True, None),
        ([{**FEEDBACK, "label": "false_positive", "app": "another"}], True, None),
        ([{**REVIEW, "label": "outside"}, {**FEEDBACK, "label": "false_positive"}], True, "outside"),
        ([{**FEEDBACK, "label": "false_positive", "request_id": "s"}], True, None),
    ],
)
def test_the_last_word(events, is_stopped, label):
    """A reviewer's, on the rule that was shown; else the app's own, where it contradicts what the rule did."""
    labels = Labels()
    for event in events:
        assert is_event(event)
        labels.note(event)
    assert labels.of("r", "bot", "domain.topics", is_stopped=is_stopped) == label


def test_a_record_is_no_event():
    """It has no kind."""
    assert not is_event({"request_id": "r", "label": "inside"})
