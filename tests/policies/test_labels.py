"""Whose word on an exchange counts, and for what."""

import pytest

from policies.labels import Labels, is_event, is_of_answer, is_of_no_exchange

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
    assert labels.of("r", "bot", "domain.topics", is_stopped=is_stopped, is_blocked=False) == (label, False)


@pytest.mark.parametrize(
    ("events", "is_stopped", "said"),
    [
        ([{**FEEDBACK, "label": "false_positive"}], True, (None, True)),
        ([{**FEEDBACK, "label": "false_negative"}], True, (None, False)),
        ([{**FEEDBACK, "label": "false_negative"}], False, ("outside", False)),
        ([{**FEEDBACK, "label": "false_positive"}, {**REVIEW, "label": "inside"}], True, ("inside", False)),
        ([{**FEEDBACK, "label": "false_positive"}, {**REVIEW, "label": "skip"}], True, (None, True)),
        ([{**FEEDBACK, "label": "good"}], True, (None, False)),
    ],
)
def test_of_what_was_blocked(events, is_stopped, said):
    """That it should have passed is a reviewer's word alone; an app's is set aside."""
    labels = Labels()
    for event in events:
        labels.note(event)
    assert labels.of("r", "bot", "domain.topics", is_stopped=is_stopped, is_blocked=True) == said


@pytest.mark.parametrize(
    ("events", "is_blocked", "said"),
    [
        ([{**FEEDBACK, "label": "good"}], False, ("good", False)),
        ([{**FEEDBACK, "label": "good"}], True, (None, True)),
        ([{**FEEDBACK, "label": "bad"}], True, (None, True)),
        ([], True, (None, False)),
        ([{**FEEDBACK, "label": "good"}, {**REVIEW, "rule": "domain.output.uncertainty", "label": "outside"}], True, ("bad", False)),
        ([{**REVIEW, "rule": "domain.output.uncertainty", "label": "inside"}], True, ("good", False)),
        ([{**REVIEW, "label": "inside"}], True, (None, False)),
    ],
)
def test_quality_of_what_was_blocked(events, is_blocked, said):
    """An app has never seen an answer that was blocked, so what it says of it is set aside."""
    labels = Labels()
    for event in events:
        labels.note(event)
    assert labels.quality("r", "bot", "domain.output.uncertainty", is_blocked=is_blocked) == said


def test_a_record_is_no_event():
    """It has no kind."""
    assert not is_event({"request_id": "r", "label": "inside"})
    assert not is_of_no_exchange({"request_id": "r", "chain": {"n": 1}})


@pytest.mark.parametrize("kind", ["segment", "checkpoint", "pruned", "measure"])
def test_what_the_journal_says_of_itself(kind: str):
    """It is an event, and changes nothing of what people said."""
    labels = Labels()
    labels.note({"kind": "review", "request_id": "r", "app": "bot", "rule": "d", "label": "inside"})
    labels.note({"v": 1, "kind": kind, "ts": 1, "segment": "a.jsonl"})
    assert (is_event({"kind": kind}), is_of_no_exchange({"kind": kind}), is_of_no_exchange({"kind": "review"})) == (True, True, False)
    assert labels.of("r", "bot", "d", is_stopped=True, is_blocked=True) == ("inside", False)


def test_good_and_bad():
    """What an app says last of its own answer counts, and says nothing of inside and outside."""
    labels = Labels()
    for app, label in (("bot", "good"), ("bot", "bad"), ("other", "good"), ("bot", "false_positive")):
        labels.note({"kind": "feedback", "request_id": "r", "app": app, "label": label})
    said = [labels.quality(name, app, "d", is_blocked=False)[0] for name, app in (("r", "bot"), ("r", "other"), ("s", "bot"))]
    assert said == ["bad", "good", None]
    said = [labels.of("r", app, "domain.topics", is_stopped=True, is_blocked=False)[0] for app in ("bot", "other")]
    assert said == ["inside", None]


@pytest.mark.parametrize(
    ("event", "is_one"),
    [
        ({**FEEDBACK, "label": "good"}, True),
        ({**FEEDBACK, "label": "bad"}, True),
        ({**FEEDBACK, "label": "false_positive"}, False),
        ({**REVIEW, "label": "inside"}, False),
        ({"label": "good"}, False),
    ],
)
def test_words_on_answers(event, is_one):
    """An app's good and bad are on the answer; its other words and reviews are on what was found."""
    assert is_of_answer(event) is is_one
