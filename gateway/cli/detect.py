"""Runs a rule's detectors here and now, for commands: the same findings as on the path, without its pool, memo and deadlines."""

from collections.abc import Callable
from importlib import import_module
from typing import cast

from detectors.contract import Factory, PooledDetector, Scanner, TextDetector
from detectors.finding import Finding
from detectors.registry import Options, build
from detectors.text.custom import CustomPattern
from detectors.text.sentences import sentences
from policies.decide import Outcome
from policies.policy import PatternSpec, Rule


def options_of(rule: Rule, ner_model: str | None = None, cache_dir: str | None = None) -> Options:
    """What a rule asks of its detector."""
    return Options(rule.entities, tuple(map(_pattern, rule.patterns)), rule.allow_list, ner_model, cache_dir)


def _pattern(spec: PatternSpec) -> CustomPattern:
    return CustomPattern(spec.name, spec.regex, spec.score, spec.validator, spec.context)


class LocalScan:
    """A ``policies.cases.Scan``; detectors are built, and models loaded, at their first use. Raises ``DetectorError``."""

    def __init__(self, build: Callable[[str, Options], tuple[TextDetector, ...]] = build) -> None:
        self._build = build
        self._detectors: dict[tuple[str, Options], tuple[TextDetector, ...]] = {}
        self._scanners: dict[str, Scanner] = {}

    def __call__(self, rule: Rule, text: str) -> Outcome:
        name = (rule.detect, options_of(rule))
        if name not in self._detectors:
            self._detectors[name] = self._build(*name)
        return Outcome(tuple(finding for detector in self._detectors[name] for finding in self._run(detector, text)))

    def _run(self, detector: TextDetector, text: str) -> list[Finding]:
        if isinstance(detector, PooledDetector):
            return self._run_pooled(detector, text)
        return detector.scan(text)

    def _run_pooled(self, detector: PooledDetector, text: str) -> list[Finding]:
        places = [(start, text[start:end]) for start, end in sentences(text)]
        candidates = [(start, unit) for start, unit in places if detector.is_candidate(unit)]
        if not candidates:
            return []
        if detector.digest not in self._scanners:
            self._scanners[detector.digest] = _made(detector.factory)
        found = self._scanners[detector.digest]([unit for _, unit in candidates])
        return [_shifted(finding, start) for (start, _), findings in zip(candidates, found, strict=True) for finding in findings]


def _made(factory: Factory) -> Scanner:
    module, _, function = factory.path.partition(":")
    return cast("Scanner", getattr(import_module(module), function)(**factory.options))


def _shifted(finding: Finding, by: int) -> Finding:
    return Finding(finding.detector, finding.kind, finding.start + by, finding.end + by, finding.score, finding.evidence)
