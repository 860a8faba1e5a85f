"""What a finder promises the prefilter."""

import re

import pytest
from hypothesis import given, settings

from detectors.text.entities import PATTERN_ENTITIES
from detectors.text.finders import finders
from detectors.text.raw import Finder
from tests.detectors.text import forms


@pytest.mark.parametrize("finder", finders(PATTERN_ENTITIES), ids=lambda finder: f"{type(finder).__name__}-{finder.entity}")
@settings(max_examples=40, deadline=None)
@given(text=forms.text.map(lambda text: text[:400]))
def test_coarse_expressions_see_every_match(finder: Finder, text: str):
    """Wherever a finder finds something, one of its coarse expressions matches within it."""
    for raw in finder.find(text, ""):
        ends = [match.end() for coarse in finder.coarse for match in re.finditer(coarse, text)]
        assert any(raw.start < end <= raw.end + 1 for end in ends)
