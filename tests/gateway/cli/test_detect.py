"""A rule's detectors, run here and now."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from detectors.contract import Disguise, Factory
from detectors.finding import Finding
from detectors.registry import DetectorError, Options
from gateway.cli.detect import LocalScan
from policies.policy import Rule
from policies.verdict import Action

MADE: list[str] = []


def zed_scanner(word: str) -> Callable[[list[str]], list[list[Finding]]]:
    """A pooled detector's scanner: finds one word in each unit."""
    MADE.append(word)
    return lambda units: [
        [Finding("pii", "pii.PERSON", unit.find(word), unit.find(word) + len(word), 0.8)] if word in unit else [] for unit in units
    ]


@dataclass
class Pooled:
    name: str = "pii"
    digest: str = "pooled"
    reads: str = "sentence"
    factory: Factory = field(default_factory=lambda: Factory(f"{__name__}:zed_scanner", {"word": "Zed"}))

    def is_candidate(self, unit: str) -> bool:
        return "Z" in unit


class Inline:
    name = "pii"
    digest = "inline"
    lookbehind = 0
    disguises = frozenset[Disguise]()

    def scan(self, text: str, start: int = 0) -> list[Finding]:
        return [Finding("pii", "pii.AT", i, i + 1, 1.0) for i, c in enumerate(text) if c == "@"]

    def settled(self, text: str, start: int = 0) -> int:
        return len(text)


RULE = Rule(id="r", detect="pii", action=Action.FLAG)


@pytest.fixture
def built() -> list[tuple[str, Options]]:
    return []


@pytest.fixture
def scan(built) -> LocalScan:
    MADE.clear()

    def build(detect: str, options: Options):
        built.append((detect, options))
        return (Inline(), Pooled())

    return LocalScan(build)


def test_findings_are_placed_in_the_text(scan):
    """What is found in a sentence is told where it stands in the whole text."""
    text = "Nothing here. Then @ and Zed came. Zed left."
    places = [(f.kind, text[f.start : f.end]) for f in scan(RULE, text).findings]
    assert places == [("pii.AT", "@"), ("pii.PERSON", "Zed"), ("pii.PERSON", "Zed")]


def test_built_once_and_only_when_needed(scan, built):
    """Equal rules share detectors; a model is loaded when a text first needs it."""
    scan(RULE, "no candidate")
    assert MADE == []
    for rule in (RULE, RULE.model_copy(update={"id": "other"}), RULE.model_copy(update={"entities": ("PERSON",)})):
        scan(rule, "Zed")
    assert MADE == ["Zed"]
    assert [options.entities for _, options in built] == [None, ("PERSON",)]


def test_many_texts_at_once(scan):
    """Texts scanned together have the findings that each has alone, and the model is asked once."""
    texts = ["Zed. @", "", "none", "Nothing. Then Zed."]
    together = scan.scan("pii", Options(), texts)
    assert together == [scan.scan("pii", Options(), [text])[0] for text in texts]
    assert [[text[f.start : f.end] for f in found] for text, found in zip(texts, together, strict=True)] == [["@", "Zed"], [], [], ["Zed"]]
    assert MADE == ["Zed"]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ModuleNotFoundError(name="spacy"), "names need the extra 'ner': spacy is not installed"),
        (OSError("no such model"), "the model for names cannot be loaded: no such model"),
    ],
)
def test_a_model_that_cannot_be_loaded(scan, monkeypatch, error, said):
    """What is missing is a detector's error, in one sentence."""

    def fail(word: str) -> None:
        raise error

    monkeypatch.setattr(f"{__name__}.zed_scanner", fail)
    with pytest.raises(DetectorError, match=said):
        scan(RULE, "Zed")
