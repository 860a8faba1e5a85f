"""What metrics call what clients ask for."""

import pytest

from gateway.telemetry.names import Names

NAMES = Names({"gpt-4o": "gpt-4o", "gpt-4o-2024": "gpt-4o"}.get, {"east": "openai", "own": "own"}, ["shop"])


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (("gpt-4o-2024", "east", "shop"), ("gpt-4o", "openai", "shop")),
        (("", None, ""), ("", "", "")),
        (("anna@example.org", "own", "anna"), ("other", "own", "other")),
        (("gpt-4o", "west", "Shop"), ("gpt-4o", "other", "other")),
    ],
)
def test_names(asked: tuple, expected: tuple):
    """The settings' names, or ``other``; what there was none of is empty."""
    assert NAMES.of(*asked) == expected


def test_without_settings():
    """Nothing that a client says is a name."""
    assert Names().of("gpt-4o", "east", "shop") == ("other", "other", "other")
