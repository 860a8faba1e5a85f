"""Runs detectors here and now, for commands: the same findings as on the path, without its pool, memo and deadlines."""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import cast

from detectors.contract import Factory, PooledDetector, Scanner, TextDetector
from detectors.finding import Finding
from detectors.readings import read, scan
from detectors.registry import DetectorError, Options, build
from detectors.text.sentences import sentences
from gateway.guard.plan import options_of
from policies.decide import Outcome
from policies.policy import Rule


def user_cache() -> str:
    """Where commands keep what takes seconds to compile: the user's own cache folder."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return str(Path(base) / "oddgate")


class LocalScan:
    """A ``policies.rehearsal.exchange.Scan``; detectors are built, and models loaded, at their first use. Raises ``DetectorError``."""

    def __init__(self, build: Callable[[str, Options], tuple[TextDetector, ...]] = build) -> None:
        self._build = build
        self._detectors: dict[tuple[str, Options], tuple[TextDetector, ...]] = {}
        self._scanners: dict[str, Scanner] = {}

    def __call__(self, rule: Rule, text: str) -> Outcome:
        return Outcome(tuple(self.scan(rule.detect, options_of(rule), [text])[0]))

    def scan(self, detect: str, options: Options, texts: Sequence[str]) -> list[list[Finding]]:
        """The findings of each text, not merged; a model sees the sentences of all of them together."""
        found: list[list[Finding]] = [[] for _ in texts]
        for detector in self.detectors(detect, options):
            for kept, more in zip(found, self.run(detector, texts), strict=True):
                kept += more
        return found

    def detectors(self, detect: str, options: Options) -> tuple[TextDetector, ...]:
        name = (detect, options)
        if name not in self._detectors:
            self._detectors[name] = self._build(*name)
        return self._detectors[name]

    def run(self, detector: TextDetector, texts: Sequence[str]) -> list[list[Finding]]:
        if isinstance(detector, PooledDetector):
            return self._run_pooled(detector, texts)
        return [scan(detector, text) for text in texts]

    def _run_pooled(self, detector: PooledDetector, texts: Sequence[str]) -> list[list[Finding]]:
        found: list[list[Finding]] = [[] for _ in texts]
        readings = [read(text).deepest for text in texts]
        units = [
            (index, start, seen.text[start:end])
            for index, seen in enumerate(readings)
            for start, end in (sentences(seen.text) if detector.reads == "sentence" else [(0, len(seen.text))])
        ]
        candidates = [place for place in units if detector.is_candidate(place[2])]
        if not candidates:
            return found
        if detector.digest not in self._scanners:
            self._scanners[detector.digest] = _made(detector.factory)
        results = self._scanners[detector.digest]([unit for _, _, unit in candidates])
        for (index, start, _), findings in zip(candidates, results, strict=True):
            moved = (replace(finding, start=finding.start + start, end=finding.end + start) for finding in findings)
            found[index] += readings[index].back(moved)
        return found


def _made(factory: Factory) -> Scanner:
    module, _, function = factory.path.partition(":")
    try:
        return cast("Scanner", getattr(import_module(module), function)(**factory.options))
    except ImportError as error:
        raise DetectorError(f"names need the extra 'ner': {error.name} is not installed") from error
    except OSError as error:
        raise DetectorError(f"the model for names cannot be loaded: {error}") from error
