"""Figures of grouped lines and of sessions."""

import pytest

from detectors.training.evaluate_logs import Told, accuracy, averaged, grouping, merged, sessions


@pytest.mark.parametrize(
    ("found", "true", "expected"),
    [
        ("aabb", "xxyy", 1.0),
        ("aabc", "xxyy", 0.5),
        ("aaaa", "xxyy", 0.0),
        ("", "", 0.0),
    ],
)
def test_accuracy(found: str, true: str, expected: float):
    """A line counts where its group is exactly the one that is wanted."""
    assert accuracy(found, true) == expected


def test_what_prints_the_same_line_is_one():
    """By way of any line that they share."""
    assert merged(["a", "a", "b", "b", "c"], ["x", "y", "y", "z", "w"]) == ["x"] * 4 + ["w"]


def test_grouping():
    """Of lines by what printed them."""
    lines = [f"user {name} has logged in" for name in ("alice", "bob")] + ["disk is full"] * 2
    assert grouping(lines, ["login", "login", "disk", "check"]) == {
        "lines": 4,
        "statements": 3,
        "templates": 2,
        "accuracy": 0.5,
        "told_apart": 1.0,
    }


def test_sessions():
    """What never follows is told, and what does is not; the abnormal ones are not learned."""
    normal = [["a", "b", "c"] if at % 2 else ["a", "c"] for at in range(300)]
    assert sessions(normal, [["a", "b", "b"], ["c"]], 200, seed=1) == Told(1.0, 0.0, 1.0)
    assert sessions(normal, [["a", "c"]], 200, seed=1).tpr == 0


def test_averaged():
    """Of several runs, the mean of each figure."""
    assert averaged([Told(1.0, 0.0, 1.0), Told(0.5, 0.1, 0.0)]).as_json() == {"auroc": 0.75, "fpr": 0.05, "tpr": 0.5}
