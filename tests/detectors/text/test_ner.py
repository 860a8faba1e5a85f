"""Names from a model."""

from importlib import import_module

import pytest

from detectors.contract import PooledDetector, Scanner
from detectors.text.entities import POOLED_ENTITIES
from detectors.text.ner import ModelMissingError, PiiNames, build, can_hold_name, default_model

MODEL = default_model()
needs_model = pytest.mark.skipif(MODEL is None, reason="no spaCy model: install requirements/ner-model.txt")


@pytest.mark.parametrize(
    "text", ["Anna called", "I met Bob", "my name is bob", "Why is Samantha so?", "München ist schön", "He said Maybe"[3:]]
)
def test_candidates(text: str):
    """A capital that nothing explains, or none at all."""
    assert can_hold_name(text) is (text != "said Maybe")


@pytest.mark.parametrize("text", ["What are my options?", "I think I can.", "123 - 456", "", "Please tell me more", "“How do I do it?”"])
def test_no_candidates(text: str):
    """Capitals that the first word or "I" explain."""
    assert not can_hold_name(text)


def test_without_a_model(monkeypatch: pytest.MonkeyPatch):
    """It is said at once, not at the first text."""
    monkeypatch.setattr("detectors.text.ner.PACKAGES", {})
    with pytest.raises(ModelMissingError):
        PiiNames({"PERSON"})


def test_digest_and_factory():
    """What can change a result is in both; the factory holds plain values only."""
    one = PiiNames({"PERSON", "URL"}, ["Acme"], model="some/where")
    assert isinstance(one, PooledDetector)
    assert one.factory.options == {"model": "some/where", "entities": ("PERSON",), "allow_list": ("acme",)}
    others = [
        PiiNames({"NRP"}, ["Acme"], "some/where"),
        PiiNames({"PERSON"}, [], "some/where"),
        PiiNames({"PERSON"}, ["Acme"], "else/where"),
    ]
    assert len({one.digest, *(other.digest for other in others)}) == 4


@pytest.fixture(scope="module")
def scan() -> Scanner:
    detector = PiiNames(POOLED_ENTITIES - {"ORGANIZATION"}, ["Barack Obama"])
    module, _, function = detector.factory.path.partition(":")
    return getattr(import_module(module), function)(**detector.factory.options)


@needs_model
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning")
class TestModel:
    def test_units_are_judged_one_by_one(self, scan: Scanner):
        """Each unit has its own findings, in its own offsets."""
        units = ["What are my options?", "Angela Merkel visited Paris.", "It's Barack Obama.", "My name is Rubija"]
        found = [[(f.entity, unit[f.start : f.end]) for f in findings] for unit, findings in zip(units, scan(units), strict=True)]
        assert found == [[], [("PERSON", "Angela Merkel"), ("LOCATION", "Paris")], [], [("PERSON", "Rubija")]]

    def test_any_text_is_read(self, scan: Scanner):
        """Lone surrogates and control characters are no reason to fail."""
        assert len(scan(["\ud800 Anna \x00", "日本 Anna", "\n"])) == 3

    def test_entities_that_are_not_asked_are_not_found(self):
        """Organisations neither."""
        assert MODEL is not None
        found = build(MODEL, ("PERSON",))(["Angela Merkel left Google in Paris."])
        assert {finding.entity for finding in found[0]} == {"PERSON"}
