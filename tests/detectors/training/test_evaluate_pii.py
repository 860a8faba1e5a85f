"""The figures of ``oddgate eval pii``, on examples small enough to count by hand."""

import pytest

from detectors.finding import Finding
from detectors.training.evaluate_pii import Label, Row, Score, evaluate, is_held_out, total, uncovered

KNOWN = frozenset({"PERSON", "LOCATION", "URL", "PHONE_NUMBER", "ORGANIZATION"})
TEXT = "0123456789" * 4


def found(entity: str, start: int, end: int) -> Finding:
    return Finding("pii", f"pii.{entity}", start, end, 0.9)


@pytest.mark.parametrize(
    ("labels", "findings", "expected"),
    [
        ([], [], {}),
        ([("PERSON", 0, 4)], [("PERSON", 0, 4)], {"PERSON": Score(1, 1, 0, 0)}),
        ([("PERSON", 0, 4)], [], {"PERSON": Score(1, 0, 0, 1)}),
        ([], [("PERSON", 0, 4)], {"PERSON": Score(0, 0, 1, 0)}),
        # IoU: exactly a half is found, less is a miss and a false alarm; a character left over is a leak either way
        ([("PERSON", 0, 8)], [("PERSON", 0, 4)], {"PERSON": Score(1, 1, 0, 1)}),
        ([("PERSON", 0, 8)], [("PERSON", 0, 3)], {"PERSON": Score(1, 0, 1, 1)}),
        ([("PERSON", 2, 4)], [("PERSON", 0, 9)], {"PERSON": Score(1, 0, 1, 0)}),
        # the right place under another name does not leak, and is not found
        ([("PERSON", 0, 4)], [("URL", 0, 4)], {"PERSON": Score(1, 0, 0, 0), "URL": Score(0, 0, 1, 0)}),
        # two findings cover a value together, but only the one that is most of it finds it
        ([("PERSON", 0, 8)], [("PERSON", 0, 5), ("URL", 5, 8)], {"PERSON": Score(1, 1, 0, 0), "URL": Score(0, 0, 1, 0)}),
        # one to one: the best pair first
        ([("PERSON", 0, 4), ("PERSON", 4, 8)], [("PERSON", 0, 8)], {"PERSON": Score(2, 1, 0, 0)}),
        ([("PERSON", 0, 8)], [("PERSON", 0, 4), ("PERSON", 4, 8)], {"PERSON": Score(1, 1, 1, 0)}),
        # other names for the same
        ([("GPE", 0, 4), ("STREET_ADDRESS", 9, 20)], [("LOCATION", 0, 4)], {"LOCATION": Score(2, 1, 0, 1)}),
        ([("DOMAIN_NAME", 0, 4)], [("URL", 0, 4)], {"URL": Score(1, 1, 0, 0)}),
        ([("CALLE", 0, 4), ("HOSPITAL", 9, 20)], [("LOCATION", 0, 4)], {"LOCATION": Score(2, 1, 0, 1)}),
        # what is not scored: labels that nothing claims to find, and findings of no known entity (which still cover)
        ([("TITLE", 0, 4), ("ORGANIZATION", 5, 9)], [("ORGANIZATION", 5, 9)], {}),
        ([("PERSON", 0, 4)], [("OTHER", 0, 4)], {"PERSON": Score(1, 0, 0, 0)}),
    ],
)
def test_evaluate(labels, findings, expected):
    """Spans found, false alarms and leaks are counted by entity."""
    row = Row(TEXT, tuple(Label(start, end, name) for name, start, end in labels))
    assert evaluate([row], [[found(*finding) for finding in findings]], KNOWN) == expected


def test_texts_are_kept_apart():
    """A finding finds nothing in another text."""
    rows = [Row(TEXT, (Label(0, 4, "PERSON"),)), Row(TEXT, ())]
    assert evaluate(rows, [[], [found("PERSON", 0, 4)]], KNOWN) == {"PERSON": Score(1, 0, 1, 1)}


def test_figures():
    """Precision 3/5, recall 3/4, F1 and F2 by their definitions, leaked 1/4."""
    assert Score(labels=4, found=3, false_alarms=2, leaked=1).as_json() == {
        "labels": 4,
        "precision": 0.6,
        "recall": 0.75,
        "f1": 0.6667,
        "f2": 0.7143,
        "false_alarms": 2,
        "leaked": 0.25,
    }


def test_no_figures_of_nothing():
    """Where there is nothing to divide by, a share is 0."""
    assert set(Score(0, 0, 0, 0).as_json().values()) == {0}


def test_total():
    """All entities together count each label once."""
    assert total({"A": Score(1, 1, 2, 0), "B": Score(3, 1, 0, 2)}) == Score(4, 2, 2, 2)


def test_uncovered():
    """Labels that are not scored are told by the data set's own names, the most frequent first."""
    labels = [Label(0, 1, name) for name in ("ID_SUJETO", "AGE", "PERSON", "AGE", "INSTITUCION")]
    assert uncovered([Row(TEXT, tuple(labels))], KNOWN) == {"AGE": 2, "ID_SUJETO": 1, "INSTITUCION": 1}


def test_held_out_is_a_share_of_the_groups():
    """About three in ten groups are held out, always the same ones."""
    held_out = [group for group in map(str, range(1000)) if is_held_out(group)]
    assert 250 < len(held_out) < 350
    assert held_out == [group for group in map(str, range(1000)) if is_held_out(group)]
    assert held_out[:3] == [group for group in map(str, range(20)) if is_held_out(group)][:3]
