"""Reads the text in a picture, with RapidOCR and the models that come with it. Runs in a worker of the pool; nothing is fetched.

A picture is read at its full size or not at all: what is too large, broken, of another format or moving is said to be so. Large ones are
read piece by piece and once as a whole, transparent ones before every background. What is written in a picture's comments counts too.
"""

import base64
import binascii
import ctypes
import sys
import warnings
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any, TypeAlias

from detectors.contract import Factory, Reader, Reading
from detectors.layout import SIDE, Box, lines, mended, merged, piece_count, pieces

FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
"""What the endpoints take; no other decoder is run."""

_MAX_PIECES = 32
_MAX_FRAMES = 8
_MAX_STRETCHES = 2000  # of text; each takes some milliseconds
_MAX_SCANS = 100  # in which a JPEG says its pixels, each all of them anew
_LEVEL = 0.25
_SURE = 0.85
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # glibc's names for them
_KEPT_BYTES = 1 << 20
_MIN_SIDE = 480  # narrow pieces are framed to this, for the engine scales by the shorter side
_THREADS = 2
_FAINT = 16  # of 255: what differs from its ground by less is read in a view of its own
_FAINT_PIXELS = 40  # fewer are no text
_GROUND_STEP, _GROUND_SIDE = 4, 31  # of every so many pixels the commonest of a square is their ground
_STRONG_SIDE = 13  # what lies so near to strong differences belongs to them
_MID, _SWING = 128, 96
_COMMENTS = ("comment", "xmp")  # bytes that are text
_JPEG, _SCAN = b"\xff\xd8", b"\xff\xda"
_DESCRIPTION, _ARTIST, _COPYRIGHT, _EXIF, _USER_COMMENT = 270, 315, 33432, 34665, 37510
_EXPLORER = range(40091, 40096)  # title, comment, author, keywords and subject, in UTF-16


# Types of libraries that need not be installed: RapidOCR, Pillow's image, numpy's array.
_Engine: TypeAlias = Any
_Image: TypeAlias = Any
_Pixels: TypeAlias = Any


class _Unread(Exception):
    """Carries why."""


def is_installed() -> bool:
    return find_spec("rapidocr") is not None and find_spec("onnxruntime") is not None


def reader(max_pixels: int) -> Factory:
    """``max_pixels``: of all frames of a picture together."""
    return Factory("detectors.ocr:build", {"max_pixels": max_pixels})


def build(max_pixels: int) -> Reader:
    """Raises ImportError where the extra is not installed."""
    warnings.simplefilter("ignore")
    _give_memory_back()
    engine = _engine()

    def read(pictures: Sequence[str]) -> list[Reading]:
        return [_read(picture, engine, max_pixels) for picture in pictures]

    return read


def _give_memory_back() -> None:
    """What is larger than a small picture goes back to the system at once, or a worker would grow with each new shape of picture."""
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "mallopt"):
        libc.mallopt(_TRIM_THRESHOLD, _KEPT_BYTES)
        libc.mallopt(_MMAP_THRESHOLD, _KEPT_BYTES)


def _engine() -> _Engine:
    import rapidocr

    models = Path(rapidocr.__file__).parent / "models"  # named, so that none is fetched
    return rapidocr.RapidOCR(
        params={
            "Global.log_level": "critical",
            "Global.text_score": 0.0,
            "Global.max_side_len": 100_000,
            "Det.model_path": str(models / "PP-OCRv6_det_small.onnx"),
            "Det.max_candidates": 1_000_000,  # whatever is found is read; a picture strewn with dots takes long, and no more
            "Det.box_thresh": 0.2,
            "Global.use_cls": False,
            "Rec.model_path": str(models / "PP-OCRv6_rec_small.onnx"),
            "EngineConfig.onnxruntime.intra_op_num_threads": _THREADS,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )


def _read(picture: str, engine: _Engine, max_pixels: int) -> Reading:
    try:
        frames, comments = _decode(picture, max_pixels)
        found = dict.fromkeys(line for frame in frames for view in _views(frame) for line in _lines(view, engine))
    except _Unread as unread:
        return Reading("", str(unread))
    doubtful = (other for line in found if (other := mended(line)) not in found)
    return Reading("\n".join((*found, *doubtful, *comments)))


def _decode(picture: str, max_pixels: int) -> tuple[list[_Image], list[str]]:
    """The frames of a picture, and its comments. Its size is looked at before it is decoded."""
    from PIL import Image

    try:
        data = base64.b64decode(picture.replace("\r", "").replace("\n", ""), validate=True)
        image = Image.open(BytesIO(data), formats=FORMATS)
        if image.width * image.height > max_pixels or (data.startswith(_JPEG) and data.count(_SCAN) > _MAX_SCANS):
            raise _Unread("too_large")
        return list(_frames(image, max_pixels)), list(_comments(image))
    except Image.DecompressionBombError:
        raise _Unread("too_large") from None
    except (binascii.Error, OSError, ValueError, SyntaxError, TypeError, KeyError, IndexError, OverflowError, EOFError):
        raise _Unread("unreadable") from None


def _frames(image: _Image, max_pixels: int) -> Iterator[_Image]:
    from PIL import ImageOps, ImageSequence

    pixels = 0
    for number, frame in enumerate(ImageSequence.Iterator(image)):
        pixels += frame.width * frame.height
        if number >= _MAX_FRAMES:
            raise _Unread("animated")
        if pixels > max_pixels or piece_count(frame.width, frame.height) > _MAX_PIECES:
            raise _Unread("too_large")
        frame.load()
        yield ImageOps.exif_transpose(frame)


def _comments(image: _Image) -> Iterator[str]:
    """The texts beside the pixels."""
    from PIL import IptcImagePlugin

    exif = image.getexif()
    beside = [value for value in image.info.values() if isinstance(value, str)]
    beside += [image.info[name].decode("utf-8", "replace") for name in _COMMENTS if isinstance(image.info.get(name), bytes)]
    beside += [exif[tag] for tag in (_DESCRIPTION, _ARTIST, _COPYRIGHT) if isinstance(exif.get(tag), str)]
    beside += [bytes(exif[tag]).decode("utf-16-le", "replace") for tag in _EXPLORER if isinstance(exif.get(tag), (bytes, tuple))]
    captions = (IptcImagePlugin.getiptcinfo(image) or {}).values()
    beside += [each.decode("utf-8", "replace") for said in captions for each in (said if isinstance(said, list) else [said])]
    if isinstance(said := exif.get_ifd(_EXIF).get(_USER_COMMENT), bytes):
        beside.append(said[8:].decode("utf-16" if said.startswith(b"UNICODE") else "utf-8", "replace"))
    return (text for each in beside if (text := each.replace("\0", "").strip()))


def _views(frame: _Image) -> Iterator[_Pixels]:
    """The pixels as they may be seen, and what is faint in them, made strong."""
    for view in _seen(frame):
        yield view
        if (faint := _faint(view)) is not None:
            yield faint


def _faint(view: _Pixels) -> _Pixels | None:
    """What differs from its ground by too little to be found, and nothing else."""
    import cv2
    import numpy as np

    view = np.ascontiguousarray(view)
    grounds = cv2.medianBlur(np.ascontiguousarray(view[::_GROUND_STEP, ::_GROUND_STEP]), _GROUND_SIDE)
    ground = cv2.resize(grounds, (view.shape[1], view.shape[0]), interpolation=cv2.INTER_LINEAR)
    steps = cv2.absdiff(view, ground).max(axis=2)
    strong = cv2.dilate((steps > _FAINT).astype(np.uint8), np.ones((_STRONG_SIDE, _STRONG_SIDE), np.uint8)) > 0
    weak = steps[(steps > 0) & ~strong]
    if weak.size < _FAINT_PIXELS:
        return None
    gain = _SWING / float(np.percentile(weak, 95))
    faint = cv2.addWeighted(view, gain, ground, -gain, _MID)
    faint[strong] = _MID
    return faint


def _seen(frame: _Image) -> list[_Pixels]:
    """A transparent picture before white, before black, and with what its transparency hides."""
    import numpy as np
    from PIL import Image

    if frame.mode.startswith(("I", "F")):  # more than 8 bits a pixel
        deep = np.asarray(frame, dtype=np.float64)
        low, high = deep.min(), deep.max()
        grey = np.rint((deep - low) * (255 / max(high - low, 1e-9))).astype(np.uint8)
        return [np.stack((grey, grey, grey), axis=-1)]
    if not frame.has_transparency_data:
        return [_blue_first(np.asarray(frame.convert("RGB")))]
    seen = frame.convert("RGBA")
    before = (Image.alpha_composite(Image.new("RGBA", seen.size, ground), seen) for ground in ("white", "black"))
    views: list[_Pixels] = []
    for view in (*before, seen):
        pixels = _blue_first(np.asarray(view)[:, :, :3])
        if not any(np.array_equal(pixels, known) for known in views):
            views.append(pixels)
    return views


def _blue_first(pixels: _Pixels) -> _Pixels:
    """The order of colours that the engine takes."""
    return pixels[:, :, ::-1]


def _lines(view: _Pixels, engine: _Engine) -> list[str]:
    """What is found anywhere, each line of it read once."""
    height, width = view.shape[:2]
    found: list[_Pixels] = []
    if max(width, height) > SIDE:
        small, scale = _fitted(view)
        found += [quad / scale for quad in _quads(small, engine)]
    for left, top, right, bottom in pieces(width, height):
        found += [quad - (-left, -top) for quad in _quads(view[top:bottom, left:right], engine)]
        if len(found) > _MAX_STRETCHES:
            raise _Unread("too_dense")
    level = merged([_box(quad) for quad in found if _is_level(quad)])
    words = [(box, _text(_cut(view, box), engine)) for box in level]
    words += [(_box(quad), _text(_turned(view, quad), engine)) for quad in found if not _is_level(quad)]
    return lines([(box, text) for box, text in words if text])


def _fitted(view: _Pixels) -> tuple[_Pixels, float]:
    """Made small enough to be one piece, for letters that are too large for theirs; and how small."""
    import cv2

    height, width = view.shape[:2]
    scale = SIDE / max(width, height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(view, size, interpolation=cv2.INTER_AREA), scale


def _quads(piece: _Pixels, engine: _Engine) -> list[_Pixels]:
    """The corners of each stretch of text: above left, above right, below right, below left."""
    if (piece == piece[0, 0]).all():  # of one colour
        return []
    framed, margin = _framed(piece)
    found = engine(framed, use_det=True, use_cls=False, use_rec=False)
    return [] if found.boxes is None else [quad - margin for quad in found.boxes]


def _framed(piece: _Pixels) -> tuple[_Pixels, tuple[int, int]]:
    """With a margin where it is narrow; and the margin to the left and above."""
    import cv2
    import numpy as np

    height, width = piece.shape[:2]
    right, bottom = max(0, _MIN_SIDE - width), max(0, _MIN_SIDE - height)
    if not right and not bottom:
        return np.ascontiguousarray(piece), (0, 0)
    ground = [int(value) for value in piece[0, 0]]
    x, y = right // 2, bottom // 2
    framed = cv2.copyMakeBorder(np.ascontiguousarray(piece), y, bottom - y, x, right - x, cv2.BORDER_CONSTANT, value=ground)
    return framed, (x, y)


def _is_level(quad: _Pixels) -> bool:
    """Whether its edges rise by no more than a little of its height, or width."""
    rise = abs(quad[1][1] - quad[0][1]), abs(quad[3][0] - quad[0][0])
    box = _box(quad)
    return bool(max(rise) <= _LEVEL * min(box.right - box.left, box.bottom - box.top))


def _cut(view: _Pixels, box: Box) -> _Pixels:
    cut = view[max(0, round(box.top)) : round(box.bottom), max(0, round(box.left)) : round(box.right)]
    return _lying(cut)


def _turned(view: _Pixels, quad: _Pixels) -> _Pixels:
    """A stretch of text that stands askew, made level."""
    import cv2
    import numpy as np

    width = max(1, round(float(np.linalg.norm(quad[0] - quad[1]))))
    height = max(1, round(float(np.linalg.norm(quad[0] - quad[3]))))
    level = np.array([(0, 0), (width, 0), (width, height), (0, height)], dtype=np.float32)
    change = cv2.getPerspectiveTransform(np.asarray(quad, dtype=np.float32), level)
    return _lying(cv2.warpPerspective(view, change, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE))


def _lying(stretch: _Pixels) -> _Pixels:
    """One that is much higher than wide goes up or down."""
    import numpy as np

    height, width = stretch.shape[:2]
    return np.rot90(stretch) if height >= 1.5 * width else stretch


def _text(stretch: _Pixels, engine: _Engine) -> str:
    """What makes no good sense is turned upside down: the engine's own guess at what stands on its head is worse than its reading."""
    if not stretch.size:
        return ""
    text, score = _recognized(stretch, engine)
    if score < _SURE:
        text, _ = max((text, score), _recognized(stretch[::-1, ::-1], engine), key=lambda read: read[1])
    return text


def _recognized(stretch: _Pixels, engine: _Engine) -> tuple[str, float]:
    import numpy as np

    found = engine(np.ascontiguousarray(stretch), use_det=False, use_cls=False, use_rec=True)
    return " ".join(found.txts or ()).strip(), min(found.scores or (0.0,))


def _box(quad: _Pixels) -> Box:
    xs, ys = [float(x) for x, _ in quad], [float(y) for _, y in quad]
    return Box(min(xs), min(ys), max(xs), max(ys))
