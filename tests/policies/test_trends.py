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
        ("max_entropy", None, 20.0, "mixed"),
        ("max_entropy", 20.0, None, "mixed"),
        ("deadline_ms", 1, 2, "other"),
        ("on_error", "flag", "block", "tighter"),
    ],
)
def test_keys(key, old, new, trend):
    """More is found or less, or the words do not tell."""
    assert of_key(key, old, new) == trend


SCHEMA = ("output", "json_schema")
CLOSED = {"additionalProperties": False}


def hours(start="08:00", end="18:00", days=("mon", "tue"), timezone="UTC"):
    return {"start": start, "end": end, "days": list(days), "timezone": timezone}


@pytest.mark.parametrize(
    ("path", "old", "new", "trend"),
    [
        (("languages",), ["en", "de"], ["en"], "tighter"),
        (("groups",), None, ["staff"], "tighter"),
        (("hours",), hours(), hours("09:00"), "tighter"),
        (("hours",), hours(), hours("00:00", "23:59"), "looser"),
        (("hours",), hours(), hours("07:00", "17:00"), "mixed"),
        (("hours",), hours(), hours(days=["tue", "mon"]), "other"),
        (("hours",), hours(), hours(days=["mon", "tue", "wed"]), "looser"),
        (("hours",), hours(), hours(timezone="Asia/Tokyo"), "mixed"),
        (("hours",), hours("22:00", "06:00"), hours("21:00", "06:00"), "looser"),
        (("hours",), hours("22:00", "06:00"), hours("05:00", "06:00"), "mixed"),
        (("hours",), hours("22:00", "06:00", days=["mon"]), hours("00:00", "06:00", days=["tue"]), "tighter"),
        (SCHEMA, {"type": "object"}, {}, "looser"),
        (SCHEMA, {}, {"type": "object"}, "tighter"),
        (SCHEMA, {"type": "object", "required": ["a"]}, {"type": "object"}, "looser"),
        (SCHEMA, {"type": "object", "required": ["a", "b"]}, {"type": "object", "required": ["a"]}, "looser"),
        (SCHEMA, {"type": "object", "required": ["a"]}, {"type": "object", "maxProperties": 2}, "mixed"),
        (SCHEMA, {"type": "string", "maxLength": 5}, {"type": "string", "maxLength": 9}, "other"),
        (SCHEMA, {"type": "string", "maxLength": 5, "pattern": "a"}, {"type": "string", "maxLength": 9}, "mixed"),
        (SCHEMA, {"type": "string", "title": "a"}, {"type": "string"}, "other"),
        (SCHEMA, {"type": "object"}, {"type": ["object", "null"]}, "looser"),
        (SCHEMA, {"enum": ["a"]}, {"enum": ["a", "b"]}, "looser"),
        (SCHEMA, {"properties": {"q": {"maxLength": 5}}}, {"properties": {"q": {}}}, "looser"),
        (SCHEMA, {"properties": {"q": True}}, {"properties": {"q": False}}, "other"),
        (SCHEMA, {"properties": {"q": {"maxLength": 5}}}, {"properties": {}}, "looser"),
        (SCHEMA, {"properties": {"q": {}}, **CLOSED}, {"properties": {"q": {}, "r": {}}, **CLOSED}, "mixed"),
        (SCHEMA, {"properties": {"q": {}}, **CLOSED}, CLOSED, "mixed"),
        (SCHEMA, {"properties": {"q": {}}, **CLOSED}, {"properties": {"q": {}}}, "looser"),
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
