"""Where the labelled data sets are, for tests that need real texts; they are skipped, with the reason shown, where there are none."""

import json
import os
from pathlib import Path

import pytest

FOLDER = Path(os.environ.get("ODDGATE_DATA") or Path(__file__).parents[3] / "shared" / "data")

needs_data = pytest.mark.skipif(not (FOLDER / "pii_presidio_synth").is_dir(), reason="no labelled data: set ODDGATE_DATA")


def rows(name: str, limit: int | None = None) -> list[dict[str, object]]:
    lines = (FOLDER / name / "data.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines[:limit]]


def texts(name: str, limit: int | None = None) -> list[str]:
    """The texts of one set, of whatever columns it has."""
    found = [row[column] for row in rows(name) for column in ("text", "prompt", "response") if column in row]
    return [text for text in found if isinstance(text, str)][:limit]
