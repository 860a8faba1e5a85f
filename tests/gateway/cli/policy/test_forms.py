"""Texts are of a form as the gateway's parsers say."""

import pytest

from gateway.cli.policy.forms import conforms


@pytest.mark.parametrize(
    ("kind", "form", "text", "expected"),
    [
        ("regex", "[0-9]+", "12", True),
        ("regex", "[0-9]+", "12a", False),
        ("regex", "[0-9]+", "", False),
        ("grammar", 'start: "a" "b"', "ab", True),
        ("grammar", 'start: "a" "b"', "a", False),
        ("json_schema", {"type": "object", "required": ["a"]}, '{"a": 1}', True),
        ("json_schema", {"type": "object", "required": ["a"]}, "{}", False),
        ("arguments", {"type": "object"}, "[", False),
    ],
)
def test_forms(kind, form, text, expected):
    """The whole text, from its beginning to its end."""
    is_of_form = conforms(kind, form)
    assert (is_of_form(text), is_of_form(text)) == (expected, expected)
