"""Writes ``models/presidio.json``: what Presidio's English default looks for, as data.

The path needs Presidio's patterns, scores and context words, but not its engine (which brings spaCy, seconds of start-up and 75 MB);
so they are taken down once for each release, and a test says when the installed Presidio has moved on.
Run ``python -m detectors.training.snapshot_presidio`` after an upgrade.
"""

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

TARGET = Path(__file__).parents[1] / "models" / "presidio.json"


class _Pattern(Protocol):
    name: str
    regex: str
    score: float


class _Recognizer(Protocol):
    supported_entities: list[str]
    context: list[str]


def snapshot() -> dict[str, Any]:
    from presidio_analyzer.predefined_recognizers.generic.iban_patterns import regex_per_country
    from presidio_analyzer.recognizer_registry import RecognizerRegistry

    registry = RecognizerRegistry()
    registry.load_predefined_recognizers(languages=["en"])
    rows = [_row(recognizer) for recognizer in registry.recognizers if type(recognizer).__name__ != "SpacyRecognizer"]
    return {
        "source": f"presidio-analyzer {version('presidio-analyzer')} (MIT, Copyright (c) Microsoft Corporation)",
        "recognizers": sorted(rows, key=lambda row: str(row["entity"])),
        "iban_formats": dict(sorted(regex_per_country.items())),
    }


def _row(recognizer: _Recognizer) -> dict[str, Any]:
    patterns: list[_Pattern] = getattr(recognizer, "patterns", [])
    return {
        "entity": recognizer.supported_entities[0],
        "flags": int(getattr(recognizer, "global_regex_flags", 0)),
        "context": list(recognizer.context),
        "patterns": [{"name": p.name, "regex": p.regex, "score": p.score} for p in patterns],
    }


def main() -> None:
    TARGET.write_text(json.dumps(snapshot(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
