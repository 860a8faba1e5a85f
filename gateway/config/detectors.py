"""What detectors may take."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from gateway.config.section import MegaBytes, Section


class PiiDetector(Section):
    ner_model: Path | None = None
    """A folder with a spaCy model; None: the installed one."""
    workers: Annotated[int, Field(ge=1, le=256)] = 1
    queue: Annotated[int, Field(ge=1, le=65_536)] = 64
    """How many texts may wait for a worker before more are refused."""
    cache_dir: Path = Path("var/cache")


class OcrDetector(Section):
    """Text in the pictures of requests and answers. Its workers are started when the first picture comes."""

    enabled: bool | None = None
    """None: where the extra ``ocr`` is installed."""
    workers: Annotated[int, Field(ge=1, le=256)] = 1
    queue: Annotated[int, Field(ge=1, le=65_536)] = 64
    """How many pictures may wait for a worker before more are refused."""
    deadline_ms: Annotated[int, Field(ge=1, le=60_000)] = 20_000
    """For all pictures of a request, a row or an event, which are read side by side."""
    max_pixels: Annotated[int, Field(ge=1, le=100_000_000)] = 9_000_000
    max_picture_mb: MegaBytes = 10
    max_pictures: Annotated[int, Field(ge=1, le=1000)] = 20
    """Of one request, row or event, besides those that are remembered."""


class Detectors(Section):
    pii: PiiDetector = PiiDetector()
    ocr: OcrDetector = OcrDetector()


class Memo(Section):
    """Scan results that are remembered, so that a repeated history is not scanned again."""

    max_mb: MegaBytes = 64
