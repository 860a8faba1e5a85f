"""Whose word on an exchange counts, and for what."""

import pytest

from policies.labels import Labels, is_event, is_of_the_chain

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
        ([{**FEEDBACK, "label": "false_positive"}, {**FEEDBACK, "label": "false_negative", "app": "another"}], True, "inside"),
        ([{**REVIEW, "label": "inside"}, {**REVIEW, "label": "outside", "app": "another"}], True, "inside"),
        ([{**REVIEW, "label": "inside", "app": "another"}], True, None),
        ([{**REVIEW, "label": "outside"}, {**FEEDBACK, "label": "false_positive"}], True, "outside"),
        ([{**FEEDBACK, "label": "false_positive", "request_id": "s"}], True, None),
    ],
)
def test_the_last_word(events, is_stopped, label):
    """A reviewer's, on the rule that was shown; else the app's own, where it contradicts what the rule did; of the same app's alone."""
    labels = Labels()
    for event in events:
        assert is_event(event)
        labels.note(event)
    assert labels.of("r", "bot", "domain.topics", is_stopped=is_stopped) == label


def test_a_record_is_no_event():
    """It has no kind."""
    assert not is_event({"request_id": "r", "label": "inside"})
    assert not is_of_the_chain({"request_id": "r", "chain": {"n": 1}})


@pytest.mark.parametrize("kind", ["segment", "checkpoint", "pruned"])
def test_what_the_journal_says_of_itself(kind: str):
    """It is an event, and changes nothing of what people said."""
    labels = Labels()
    labels.note({"kind": "review", "request_id": "r", "app": "bot", "rule": "d", "label": "inside"})
    labels.note({"v": 1, "kind": kind, "ts": 1, "segment": "a.jsonl"})
    assert (is_event({"kind": kind}), is_of_the_chain({"kind": kind}), is_of_the_chain({"kind": "review"})) == (True, True, False)
    assert labels.of("r", "bot", "d", is_stopped=True) == "inside"


def test_good_and_bad():
    """What an app says last of its own answer counts, and says nothing of inside and outside."""
    labels = Labels()
    for app, label in (("bot", "good"), ("bot", "bad"), ("other", "good"), ("bot", "false_positive")):
        labels.note({"kind": "feedback", "request_id": "r", "app": app, "label": label})
    assert (labels.quality("r", "bot"), labels.quality("r", "other"), labels.quality("s", "bot")) == ("bad", "good", None)
    assert labels.of("r", "bot", "domain.topics", is_stopped=True) == "inside"
    assert labels.of("r", "other", "domain.topics", is_stopped=True) is None
