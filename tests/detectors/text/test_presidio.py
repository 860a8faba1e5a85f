"""The forms taken from Presidio give Presidio's results."""

import json

import pytest
from hypothesis import given, settings

from detectors.text.pii import FLOOR, PiiPatterns
from detectors.text.presidio import MENDS, fixed_forms, stock
from tests.detectors.labelled import needs_data, texts
from tests.detectors.text import forms

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

FORMS = fixed_forms()
UNMENDED = sorted(set(FORMS) - set(MENDS))


@pytest.fixture(scope="module")
def presidio() -> dict[str, object]:
    """The installed Presidio's English recognisers, by entity; it must not ask the network for the list of domains."""
    recognizers = pytest.importorskip("presidio_analyzer.recognizer_registry", reason="Presidio is not installed")
    from presidio_analyzer.predefined_recognizers.generic import email_recognizer
    from tldextract import TLDExtract

    class Offline:
        extract = TLDExtract(cache_dir=None, suffix_list_urls=())

    email_recognizer.tldextract = Offline
    registry = recognizers.RecognizerRegistry()
    registry.load_predefined_recognizers(languages=["en"])
    return {recognizer.supported_entities[0]: recognizer for recognizer in registry.recognizers if hasattr(recognizer, "patterns")}


def test_snapshot_is_the_installed_presidio(presidio: dict[str, object]):
    """An upgrade of Presidio asks for a new snapshot (``python -m detectors.training.snapshot_presidio``)."""
    from detectors.training.snapshot_presidio import snapshot

    assert stock() == json.loads(json.dumps(snapshot()))


@pytest.mark.parametrize("entity", [*UNMENDED, "DATE_TIME"])
@settings(max_examples=40, deadline=None)
@given(text=forms.text)
def test_same_as_presidio(presidio: dict[str, object], entity: str, text: str):
    """Span by span and score by score, on texts made of values and of what only looks like them."""
    assert _ours(entity, text) == _theirs(presidio, entity, text)


@needs_data
def test_same_as_presidio_on_real_texts(presidio: dict[str, object]):
    """The same on real texts, and cutting them into stretches loses nothing that needs no context."""
    detector = PiiPatterns(UNMENDED)
    for text in [*texts("pii_presidio_synth", 250), *texts("benign_instructions", 60), *texts("pii_meddocan_es", 6)]:
        raw = {found for entity in UNMENDED for found in _ours(entity, text)}
        assert raw == {found for entity in UNMENDED for found in _theirs(presidio, entity, text)}
        strong = {found[:3] for found in raw if found[3] >= FLOOR}
        assert strong <= {(finding.entity, finding.start, finding.end) for finding in detector.scan(text)}


def _ours(entity: str, text: str) -> set[tuple[str, int, int, float]]:
    best: dict[tuple[str, int, int], float] = {}
    for raw in FORMS[entity].find(text, ""):
        key = (raw.entity, raw.start, raw.end)
        best[key] = max(raw.score, best.get(key, 0.0))
    return {(*key, score) for key, score in best.items()}


def _theirs(presidio: dict[str, object], entity: str, text: str) -> set[tuple[str, int, int, float]]:
    best: dict[tuple[str, int, int], float] = {}
    for pattern in presidio[entity].patterns:
        for found in type(presidio[entity]).analyze(_with(presidio[entity], pattern), text, [entity]):
            key = (found.entity_type, found.start, found.end)
            best[key] = max(found.score, best.get(key, 0.0))
    return {(*key, score) for key, score in best.items()}


def _with(recognizer: object, pattern: object) -> object:
    """The recogniser with one pattern: it drops a match that another of its patterns contains, which our overlaps do later."""
    from copy import copy

    one = copy(recognizer)
    one.patterns = [pattern]
    return one
