"""The yardstick: Microsoft Presidio as it comes, with the same spaCy model, and nothing of ours but the choice among overlaps."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, cast

from tldextract import TLDExtract

from detectors.finding import Evidence, Finding
from detectors.training.evaluate_pii import Detect

_THRESHOLD = 0.35


def plain_presidio(model: str) -> Detect:
    """The default engine for English; ``model`` is a model's directory. Overlaps: the highest score wins, as its anonymiser has it."""
    engine = _engine(model)

    def detect(texts: Sequence[str]) -> list[list[Finding]]:
        return [_disjoint(engine.analyze(text=text, language="en", score_threshold=_THRESHOLD)) for text in texts]

    return detect


class _Result(Protocol):
    entity_type: str
    start: int
    end: int
    score: float


class _Engine(Protocol):
    def analyze(self, *, text: str, language: str, score_threshold: float) -> list[_Result]: ...


def _engine(model: str) -> _Engine:
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import SpacyNlpEngine
    from presidio_analyzer.predefined_recognizers.generic import email_recognizer

    class Offline:
        """It would ask the network for the list of domain suffixes."""

        extract = TLDExtract(cache_dir=None, suffix_list_urls=())

    email_recognizer.tldextract = Offline
    engine = SpacyNlpEngine(models=[{"lang_code": "en", "model_name": str(Path(model))}])
    return cast("_Engine", AnalyzerEngine(nlp_engine=engine, supported_languages=["en"]))


def _disjoint(results: Sequence[_Result]) -> list[Finding]:
    chosen: list[Finding] = []
    for result in sorted(results, key=lambda r: (-r.score, -(r.end - r.start), r.start)):
        if all(result.end <= other.start or other.end <= result.start for other in chosen):
            chosen.append(Finding("presidio", f"pii.{result.entity_type}", result.start, result.end, result.score, Evidence.PATTERN))
    return sorted(chosen, key=lambda finding: finding.start)
