"""What can be asked for, and what is built for it."""

import subprocess
import sys

import pytest

from detectors.contract import Disguise, PooledDetector
from detectors.registry import Catalog, DetectorError, Options, build
from detectors.text.custom import CustomPattern
from detectors.text.ner import default_model

CATALOG = Catalog()
needs_model = pytest.mark.skipif(default_model() is None, reason="no spaCy model: install requirements/ner-model.txt")


def test_catalog():
    """Every pooled entity is an entity; an unknown detector has none."""
    assert CATALOG.names() == {"pii", "language", "topics"}
    assert CATALOG.pooled_entities("pii") < CATALOG.entities("pii")
    assert CATALOG.entities("none") == CATALOG.pooled_entities("none") == frozenset()
    assert CATALOG.pattern_problem("EMP", r"E-\d{4}", None) is None
    assert CATALOG.pattern_problem("EMP", r"E-\d+", None)


def test_detectors_of_domains():
    """They are calibrated, configured by a domain alone, and judged by a model of the pool."""
    for detect in ("language", "topics"):
        assert CATALOG.is_calibrated(detect)
        assert CATALOG.is_of_domains(detect)
        assert CATALOG.pooled_entities(detect)
    assert not CATALOG.is_calibrated("pii")
    assert {"en", "de", "ja"} <= CATALOG.languages()


@pytest.mark.parametrize(
    ("kind", "form", "problem"),
    [
        ("json_schema", {"type": "object"}, ""),
        ("json_schema", {"type": "objct"}, "type"),
        ("json_schema", {"requierd": ["a"]}, "requierd"),
        ("regex", "[a-z]+", ""),
        ("regex", "[a-z", "regex"),
        ("grammar", 'start: "yes" | "no"', ""),
        ("grammar", "start: unknown", "unknown"),
    ],
)
def test_forms(kind: str, form: object, problem: str):
    """A form that an answer cannot be held to is refused with its reason."""
    found = CATALOG.form_problem(kind, form)
    assert (found is None) is (problem == "")


def test_languages_and_topics():
    """Each is built from what the domain says, and equal domains have equal digests."""
    (language,) = build("language", Options(languages=("en", "de")))
    assert isinstance(language, PooledDetector)
    assert language.digest == build("language", Options(languages=("de", "en")))[0].digest
    topics = (("cards", ("I lost my card", "my card was stolen")),)
    assert build("topics", Options(topics=topics))[0].digest == build("topics", Options(topics=topics))[0].digest


def test_catalog_imports_nothing_heavy():
    """Checking a policy does not load what runs it."""
    heavy = "spacy presidio_analyzer hyperscan phonenumbers tldextract numpy onnxruntime py3langid llguidance"
    code = f"import sys, detectors.registry as r; r.Catalog().entities('pii'); print([m for m in '{heavy}'.split() if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


@pytest.mark.parametrize("entities", [("EMAIL_ADDRESS",), ("CREDIT_CARD", "DATE_TIME")])
def test_patterns_need_no_model(entities: tuple[str, ...]):
    """Only the detectors that the entities need."""
    (detector,) = build("pii", Options(entities=entities))
    assert not isinstance(detector, PooledDetector)
    assert detector.name == "pii"


@needs_model
def test_locations_come_from_both():
    """An address by its form, a named place from the model."""
    assert [isinstance(detector, PooledDetector) for detector in build("pii", Options(entities=("LOCATION",)))] == [False, True]
    assert [isinstance(detector, PooledDetector) for detector in build("pii", Options(entities=("PERSON",)))] == [True]


def test_own_patterns():
    """A rule may name its own patterns among its entities."""
    pattern = CustomPattern("EMPLOYEE", r"E-\d{4}")
    built = build("pii", Options(entities=("EMPLOYEE", "URL"), patterns=(pattern,)))
    assert [finding.kind for detector in built for finding in detector.scan("E-1234")] == ["pii.EMPLOYEE"]


def test_a_detector_is_shown_only_what_its_patterns_ask_for():
    """Patterns that ask for the same disguises are looked for together, and no others."""
    asked = [("A1", frozenset[Disguise]({"leet"})), ("A2", frozenset[Disguise]()), ("A3", frozenset[Disguise]({"leet"}))]
    patterns = tuple(CustomPattern(name, name, disguises=disguises) for name, disguises in asked)
    built = build("pii", Options(entities=("A1", "A2", "A3"), patterns=patterns))
    shown = [(d.disguises, [f.entity for f in d.scan("A1 A2 A3")]) for d in built if not isinstance(d, PooledDetector)]
    assert shown == [(frozenset({"leet"}), ["A1", "A3"]), (frozenset(), ["A2"])]


@pytest.mark.parametrize(
    ("detect", "options", "why"),
    [
        ("nothing", Options(), "no detector 'nothing'"),
        ("pii", Options(entities=("SHOE_SIZE",)), "no entity SHOE_SIZE"),
        ("pii", Options(entities=("URL",), patterns=(CustomPattern("EMP", "a+"),)), "pattern EMP: it has no upper bound"),
    ],
)
def test_refused(detect: str, options: Options, why: str):
    """What cannot be built says why."""
    with pytest.raises(DetectorError, match=why):
        build(detect, options)
