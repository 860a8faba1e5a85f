"""Which way a change of one key goes."""

import pytest

from policies.trends import of_action, of_bound, of_key


@pytest.mark.parametrize(
    ("key", "old", "new", "trend"),
    [
        ("patterns", [{"name": "A"}], [{"name": "A"}, {"name": "B"}], "tighter"),
        ("patterns", [{"name": "A"}], [{"name": "B"}], "mixed"),
        ("scope", ["user", "output"], ["output", "user"], "other"),
        ("entities", None, ["A"], "other"),
        ("max_fpr", 0.01, 0.02, "tighter"),
        ("max_fpr", None, 0.02, "other"),
        ("min_score", 0.5, 0.6, "looser"),
        ("min_score", 0.5, None, "tighter"),
        ("when", "a", "b", "mixed"),
        ("when", "a", None, "tighter"),
        ("detect", "pii", "secrets", "mixed"),
        ("allow", [{"name": "a"}], [{"name": "a"}, {"name": "b"}], "looser"),
        ("max_tail_entropy", None, 3.0, "tighter"),
        ("max_tail_entropy", 3.0, None, "looser"),
        ("max_entropy", 3.0, 2.0, "tighter"),
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
        (("request", "temperature"), {"min": 0, "max": 1}, {"min": None, "max": 1}, "looser"),
        (("request", "temperature"), {"min": 0, "max": 1}, {"min": 0.5, "max": 2}, "mixed"),
    ],
)
def test_bounds(path, old, new, trend):
    """Less is allowed or more, or the words do not tell."""
    assert of_bound(path, old, new) == trend


def test_no_action():
    """Where there was no action of its own, the words do not tell."""
    assert of_action(None, "block") == "other"
