"""Which way a change of one key goes."""

import pytest

from policies.rehearsal.trends import of_action, of_bound, of_key

TOPICS = {"allow": [{"name": "a"}], "outside": {"action": "block", "max_fpr": 0.05}, "review": 0.1}


@pytest.mark.parametrize(
    ("key", "old", "new", "trend"),
    [
        ("patterns", [{"name": "A"}], [{"name": "A"}, {"name": "B"}], "tighter"),
        ("patterns", [{"name": "A"}], [{"name": "B"}], "other"),
        ("entities", None, ["A"], "other"),
        ("max_fpr", 0.01, 0.02, "tighter"),
        ("max_fpr", None, 0.02, "other"),
        ("min_score", 0.5, 0.6, "looser"),
        ("min_score", 0.5, None, "tighter"),
        ("when", "a", "b", "other"),
        ("when", "a", None, "tighter"),
        ("deadline_ms", 1, 2, "other"),
        ("on_error", "flag", "block", "tighter"),
    ],
)
def test_keys(key, old, new, trend):
    """More is found or less, or the words do not tell."""
    assert of_key(key, old, new) == trend


@pytest.mark.parametrize(
    ("path", "old", "new", "trend"),
    [
        (("languages",), ["en", "de"], ["en"], "tighter"),
        (("groups",), None, ["staff"], "tighter"),
        (("hours",), {"start": "08:00"}, {"start": "09:00"}, "other"),
        (("topics",), TOPICS, {**TOPICS, "outside": {"action": "flag", "max_fpr": 0.05}}, "looser"),
        (("topics",), TOPICS, {**TOPICS, "review": 0.2}, "other"),
        (("request", "temperature"), {"min": 0, "max": 1}, {"min": None, "max": 1}, "looser"),
    ],
)
def test_bounds(path, old, new, trend):
    """Less is allowed or more, or the words do not tell."""
    assert of_bound(path, old, new) == trend


def test_no_action():
    """Where there was no action of its own, the words do not tell."""
    assert of_action(None, "block") == "other"
