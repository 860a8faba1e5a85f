"""Which finders an entity needs."""

import pytest

from detectors.text.entities import PATTERN_ENTITIES
from detectors.text.finders import finders


def test_every_entity_has_a_finder():
    """What the catalogue offers can be found."""
    assert {finder.entity for finder in finders(PATTERN_ENTITIES)} == PATTERN_ENTITIES


def test_only_what_is_asked():
    """Other entities cost nothing."""
    assert [finder.entity for finder in finders({"US_SSN"})] == ["US_SSN"]
    assert finders(set()) == ()


@pytest.mark.parametrize(
    ("text", "is_licence"), [("D1234567", True), ("AB1234567", True), ("a4", False), ("S3", False), ("H26", False), ("12ABC34567", True)]
)
def test_licences(text: str, is_licence: bool):
    """One letter with one or two digits is a name of many things, and no licence."""
    (licences,) = finders({"US_DRIVER_LICENSE"})
    assert any(raw.score >= 0.3 for raw in licences.find(text, "")) is is_licence
