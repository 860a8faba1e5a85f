"""Registered domains."""

import pytest

from detectors.text.domains import Domains


@pytest.mark.parametrize(
    ("value", "registered"), [("a@example.com", True), ("a@b.co.uk", True), ("a@localhost", False), ("a@b.invalidtld", False)]
)
def test_registered(value: str, registered: bool):
    """Known from the list that comes with the package; nothing is fetched."""
    assert Domains().has_registered_domain(value) is registered
