"""Pictures with text in them for tests, drawn with the font that Pillow brings. Import it within a test: Pillow comes with the extra."""

import base64
import io
from typing import Any

import pytest

from detectors import ocr

needs_ocr = pytest.mark.skipif(not ocr.is_installed(), reason="the extra oddgate[ocr] is not installed")


def drawn(text: str, *, size: int = 24, width: int = 640, height: int = 160, at: tuple[int, int] = (20, 20), **colours: Any) -> Any:
    """``colours``: mode, ground, ink; black on white, else."""
    from PIL import Image, ImageDraw, ImageFont

    picture = Image.new(colours.get("mode", "RGB"), (width, height), colours.get("ground", "white"))
    ImageDraw.Draw(picture).multiline_text(at, text, font=ImageFont.load_default(size), fill=colours.get("ink", "black"))
    return picture


def encoded(picture: Any, form: str = "PNG", **options: Any) -> str:
    """In base64, as requests have it."""
    written = io.BytesIO()
    picture.save(written, form, **options)
    return base64.b64encode(written.getvalue()).decode()


def picture_of(text: str) -> str:
    return encoded(drawn(text))
