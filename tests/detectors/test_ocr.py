"""The real engine: what stands in a picture is read, however it is drawn and encoded; what cannot be read is said to be so."""

import base64
import struct
import zlib
from collections.abc import Callable

import pytest

from detectors import ocr
from detectors.contract import Reading
from tests.support.drawing import drawn, encoded, needs_ocr

EMAIL, CARD, SSN = "anna.lindqvist@example.com", "4111 1111 1111 1111", "536-22-1845"
MAX_PIXELS = 4_000_000


@pytest.fixture(scope="module")
def read():
    run = ocr.build(MAX_PIXELS)
    return lambda picture: run([picture])[0]


def png(width: int, height: int, data: bytes = b"") -> str:
    """A picture that says that it is so large, with these bytes for its pixels."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")).decode()


def test_is_installed():
    """Asking imports nothing of the engine's, and says the truth."""
    pytest.importorskip("rapidocr")
    assert ocr.is_installed()


@needs_ocr
@pytest.mark.slow
@pytest.mark.parametrize(
    ("size", "turn", "colours"),
    [
        (12, 0, {}),
        (40, 0, {}),
        (24, 0, {"ground": "black", "ink": "white"}),
        (24, 0, {"ground": "#bbbbbb", "ink": "#888888"}),
        (24, 0, {"mode": "L", "ground": 255, "ink": 0}),
        (24, 0, {"mode": "CMYK", "ground": (0, 0, 0, 0), "ink": (0, 0, 0, 255)}),
        (24, 8, {}),
        (24, 90, {}),
        (24, 180, {}),
        (24, 270, {}),
    ],
)
def test_an_address_a_card_and_a_number(read, size: int, turn: int, colours: dict):
    """In small letters and large ones, light and dark, level and turned; where a space stands, turned ones do not always tell."""
    picture = drawn(f"Mail {EMAIL}\nCard {CARD}\nSSN {SSN}", size=size, width=320 + size * 20, height=80 + 4 * size, **colours)
    turned = picture.rotate(turn, expand=True, fillcolor="white") if turn else picture
    reading = read(encoded(turned, "JPEG" if picture.mode == "CMYK" else "PNG"))
    assert reading.why == ""
    text = reading.text.replace(" ", "")
    assert [value for value in (EMAIL, CARD, SSN) if value.replace(" ", "") not in text] == []


@needs_ocr
@pytest.mark.slow
@pytest.mark.parametrize("form", ocr.FORMATS)
def test_every_format(read, form: str):
    """Each format that endpoints take; line breaks in the base64 are none of ours."""
    whole = encoded(drawn(EMAIL), form)
    assert EMAIL in read("\r\n".join(whole[at : at + 76] for at in range(0, len(whole), 76))).text


@needs_ocr
@pytest.mark.slow
@pytest.mark.parametrize(
    ("ground", "ink"), [("white", "#fefefe"), ("white", "#fafafa"), ("black", "#060606"), ("#fcfcfc", "#f4f4f4"), ("white", "#fffffa")]
)
def test_faint_letters(read, ground: str, ink: str):
    """What hardly differs from its ground is read, also beside what does; in large letters too."""
    from PIL import ImageDraw

    picture = drawn(EMAIL, ground=ground, ink=ink)
    ImageDraw.Draw(picture).rectangle((560, 110, 620, 150), fill="#808080")
    assert EMAIL in read(encoded(picture)).text
    assert "Anna" in read(encoded(drawn("Anna", size=200, width=700, height=320, ground=ground, ink=ink))).text


@needs_ocr
@pytest.mark.slow
def test_a_large_picture_is_not_made_smaller(read):
    """Small letters in a large picture are read, wherever they stand, and so are letters that fill it."""
    assert EMAIL in read(encoded(drawn(EMAIL, size=14, width=2400, height=1500, at=(1150, 1300)))).text
    assert "Anna" in read(encoded(drawn("Anna", size=900, width=2400, height=1500, at=(20, 100)))).text


@needs_ocr
@pytest.mark.slow
@pytest.mark.parametrize("ink", [(255, 255, 255, 255), (0, 0, 0, 255), (90, 90, 90, 0)])
def test_transparency_hides_nothing(read, ink: tuple):
    """Whatever the picture is shown before: white, black, or without its transparency."""
    assert EMAIL in read(encoded(drawn(EMAIL, mode="RGBA", ground=(200, 200, 200, 0), ink=ink))).text


@needs_ocr
@pytest.mark.slow
def test_more_than_eight_bits(read):
    """Deep greys are not cut off."""
    from PIL import Image

    deep = drawn(EMAIL, mode="L", ground=200, ink=60).convert("I").point(lambda value: value * 250)
    assert EMAIL in read(encoded(deep.convert("I;16"))).text
    assert read(encoded(Image.new("I;16", (64, 64), 700))) == Reading("")


@needs_ocr
@pytest.mark.slow
def test_every_frame(read):
    """Of a picture that moves a little; one with many frames is not read."""
    from PIL import Image

    blank = Image.new("RGB", (640, 160), "white")
    assert EMAIL in read(encoded(blank, "GIF", save_all=True, append_images=[drawn(EMAIL)])).text
    many = [Image.new("RGB", (16, 16), (shade, 0, 0)) for shade in range(0, 90, 10)]
    assert read(encoded(many[0], "WEBP", save_all=True, append_images=many[1:])) == Reading("", "animated")


def captioned(picture, text: str) -> str:
    """A JPEG with a caption as press agencies write it."""
    entry = b"\x1c\x02\x78" + struct.pack(">H", len(text)) + text.encode()
    block = b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0" + struct.pack(">I", len(entry)) + entry + b"\0" * (len(entry) % 2)
    whole = base64.b64decode(encoded(picture, "JPEG"))
    return base64.b64encode(whole[:2] + b"\xff\xed" + struct.pack(">H", len(block) + 2) + block + whole[2:]).decode()


@needs_ocr
def test_comments(read):
    """What is written beside the pixels goes out with them."""
    from PIL import Image, PngImagePlugin

    blank = Image.new("RGB", (8, 8), "white")
    note, exif = PngImagePlugin.PngInfo(), Image.Exif()
    note.add_itxt("Author", EMAIL, zip=True)
    exif[ocr._ARTIST] = EMAIL
    exif[ocr._EXPLORER[0]] = EMAIL.encode("utf-16-le")
    exif.get_ifd(ocr._EXIF)[ocr._USER_COMMENT] = b"ASCII\0\0\0" + SSN.encode()
    assert read(encoded(blank, "PNG", pnginfo=note)) == Reading(EMAIL)
    assert read(encoded(blank, "JPEG", comment=EMAIL.encode())) == Reading(EMAIL)
    assert read(encoded(blank, "WEBP", exif=exif)) == Reading("\n".join((EMAIL, EMAIL, SSN)))
    assert read(captioned(blank, EMAIL)) == Reading(EMAIL)
    assert read(encoded(blank, "JPEG", xmp=f"<dc:creator>{EMAIL}</dc:creator>".encode())).text == f"<dc:creator>{EMAIL}</dc:creator>"


@needs_ocr
@pytest.mark.slow
def test_nothing_to_read(read):
    """An empty picture has an empty text, which is not the same as none."""
    from PIL import Image

    assert read(encoded(Image.new("RGB", (1, 1)))) == Reading("")
    assert read(encoded(Image.new("RGB", (2000, 1), "red"))) == Reading("")


@needs_ocr
@pytest.mark.parametrize(
    ("picture", "why"),
    [
        (png(2**31 - 1, 2**31 - 1), "too_large"),
        (png(20_000, 20_000, zlib.compress(bytes(1000))), "too_large"),
        (png(2001, 2000), "too_large"),
        (png(400_000, 10), "too_large"),  # in too many pieces
        (png(100, 100, zlib.compress(bytes(1000))), "unreadable"),  # too few pixels
        (png(100, 100, b"no zlib"), "unreadable"),
        (png(0, 10), "unreadable"),
        (png(100, 100)[:-60], "unreadable"),
        ("", "unreadable"),
        ("A", "unreadable"),
        ("no base64!", "unreadable"),
        ("AAAA", "unreadable"),
        ("\ud800", "unreadable"),
        (base64.b64encode(b"<svg xmlns='http://www.w3.org/2000/svg'/>").decode(), "unreadable"),
        (base64.b64encode(b"%PDF-1.7").decode(), "unreadable"),
        (base64.b64encode(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n").decode(), "unreadable"),
    ],
)
def test_not_read(read, picture: str, why: str):
    """Bombs, broken pictures and what is none, each with the reason; what says that it is large is not unpacked to see."""
    assert read(picture) == Reading("", why)


def rewritten(form: str, change: Callable[[bytes], bytes]) -> str:
    """A small picture with a change in its bytes."""
    from PIL import Image

    return base64.b64encode(change(base64.b64decode(encoded(Image.new("L", (16, 16)), form)))).decode()


def sized(mark: bytes, size: bytes) -> Callable[[bytes], bytes]:
    """Says that it has this size, some bytes behind a mark."""
    return lambda data: data[: data.index(mark) + 5] + size + data[data.index(mark) + 5 + len(size) :]


def many_scans(data: bytes) -> bytes:
    """The last scan a thousand times."""
    at = data.rindex(b"\xff\xda")
    return data[:at] + data[at:-2] * 1000 + data[-2:]


@needs_ocr
@pytest.mark.parametrize(
    ("form", "change"),
    [
        ("JPEG", sized(b"\xff\xc0", struct.pack(">HH", 60_000, 60_000))),
        ("GIF", sized(b",\0\0\0\0", struct.pack("<HH", 60_000, 60_000))),  # a frame that is larger than its picture
        ("JPEG", many_scans),
        ("WEBP", lambda data: canvas(data[12:])),
    ],
)
def test_bombs(read, form: str, change: Callable[[bytes], bytes]):
    """What would be large when it is unpacked, or be unpacked again and again, is not unpacked."""
    assert read(rewritten(form, change)) == Reading("", "too_large")


def canvas(frame: bytes) -> bytes:
    """A WebP that is 16384 pixels wide and high, with a small frame on it."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return name + struct.pack("<I", len(content)) + content

    head = bytes([2, 0, 0, 0]) + (16_383).to_bytes(3, "little") * 2
    shown = bytes(6) + (15).to_bytes(3, "little") * 2 + bytes(4) + frame
    return chunk(b"RIFF", b"WEBP" + chunk(b"VP8X", head) + chunk(b"ANIM", bytes(6)) + chunk(b"ANMF", shown))


@needs_ocr
def test_comments_that_would_be_large(read):
    """They are not unpacked either."""

    def with_chunk(name: bytes) -> Callable[[bytes], bytes]:
        content = b"c\0\0" + zlib.compress(bytes(100_000_000), 9)
        chunk = struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        return lambda data: data[:33] + chunk + data[33:]

    for name in (b"zTXt", b"iCCP"):
        assert read(rewritten("PNG", with_chunk(name))) == Reading("", "unreadable")


@needs_ocr
@pytest.mark.slow
def test_a_picture_full_of_letters(read, monkeypatch: pytest.MonkeyPatch):
    """What would take minutes to read is not read at all, rather than in part."""
    picture = encoded(drawn("one\ntwo\nthree\nfour", height=200))
    assert read(picture).why == ""
    monkeypatch.setattr(ocr, "_MAX_STRETCHES", 3)
    assert read(picture) == Reading("", "too_dense")


@needs_ocr
def test_cut_pictures(read):
    """A picture that ends early is broken, in whatever format: half of it might hide the rest."""
    for form in ocr.FORMATS:
        whole = base64.b64decode(encoded(drawn(EMAIL), form))
        assert read(base64.b64encode(whole[: len(whole) * 2 // 3]).decode()) == Reading("", "unreadable"), form


@needs_ocr
@pytest.mark.parametrize("form", ["BMP", "TIFF", "PPM"])
def test_other_formats(read, form: str):
    """No other decoder runs, for endpoints take no other format."""
    assert read(encoded(drawn(EMAIL), form)) == Reading("", "unreadable")
