"""What tokens say."""

from base64 import b64encode
from urllib.parse import quote

import pytest

from detectors.normalize import TOKEN, escapes_undone, readings, stands_for, telling_tokens

MAIL = "john@example.com"
INVISIBLE = [
    *(0x00, 0x08, 0x0E, 0x1C, 0x1F, 0x7F, 0x80, 0x9F, 0xAD, 0x600, 0x6DD, 0x70F, 0x8E2, 0x2800, 0xE000, 0xF8FF, 0xFDD0),
    *(0xFFF9, 0xFFFA, 0xFFFB, 0xFFFC, 0xFFFE, 0xFFFF, 0x110BD, 0x13430, 0x1FFFE, 0xF0000, 0x10FFFD),
]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("jo\u200bhn@ex\u00adample\u2060.c\ufeffom", MAIL),
        ("\u202ejohn@example.com\u202c", MAIL),
        ("j\ufe0fohn@example.c\U000e0041om", MAIL),
        ("jo\x00hn@example.com", MAIL),
        ("ｊｏｈｎ＠ｅｘａｍｐｌｅ．ｃｏｍ", MAIL),
        ("𝐣𝐨𝐡𝐧@ⓔⓧⓐⓜⓟⓛⓔ.com", MAIL),
        ("j\u0336o\u0336h\u0336n@example.com", MAIL),
        ("jоhn@ехample.com", MAIL),
        ("john@example。com", MAIL),
        ("john\u00a0@\u00a0example\u00a0.com", MAIL),
        ("john%40example%2Ecom", MAIL),
        ("john%2540example.com", MAIL),
        ("john&#64;example&period;com", MAIL),
        ("john&amp;#64;example.com", MAIL),
        (r"john\\u0040example.com", MAIL),
        ("john%E2%80%8B%40example.com", MAIL),
        ("４１１１", "4111"),
        ("٤١١١", "4111"),
        ("4️⃣1️⃣1️⃣", "411"),
        ("415\u2011555–0132", "415-555-0132"),
        ("4111\u00a01111\u202f1111", "4111 1111 1111"),
        ("cafe\u0301", "café"),
        ("j\u0301o\u0301hn@exa\u0301mple.co\u0301m\u0301", MAIL),
        ("4111\u20281111\u20291111\x851111", "4111 1111 1111 1111"),
        ("john\u2028@example.com", MAIL),
    ],
)
def test_folded(written: str, read: str):
    """Every layer of one character after the other is undone, in each other too."""
    assert stands_for(written) == read


@pytest.mark.parametrize("code", INVISIBLE)
def test_invisible(code: int):
    """Formats, control characters, private use, no characters at all and empty ones: in an address, in a number, and alone."""
    char = chr(code)
    assert stands_for(f"john{char}@example.com") == MAIL
    assert stands_for(f"41{char}11") == "4111"
    assert list(telling_tokens(f"415 {char} 555")) == [(4, 5)]


@pytest.mark.parametrize(
    "token",
    ["Größe", "l’été", "mot\u00a0!", "Иван", "👩\u200d👩\u200d👧", "نمی\u200cخواهم", "end…", "word—", "«a»", "日本語。", "50%", "AT&T"],
)
def test_what_is_meant_stays(token: str):
    """Letters, marks and signs of other languages, and lonely signs, are what they are."""
    assert not any(read and read.text != token for read in readings(token, is_json=False) or ())


@pytest.mark.parametrize(("written", "read"), [("\u200b-", "-"), ("\u2060\ufeff", ""), (".\u00ad.", "..")])
def test_what_hides_a_sign_is_left_out(written: str, read: str):
    """A token without a letter or digit may part a number: ``415 - 555``."""
    assert list(telling_tokens(f"5 {written} 5")) == [(2, 2 + len(written))]
    folded = readings(written, is_json=False)
    assert folded
    assert folded.folded
    assert folded.folded.text == read


def test_decoded():
    """What is encoded is a reading of its own, which stands for the whole run; a value stands for its run."""
    run = b64encode(b64encode(quote(MAIL, safe="").encode())).decode()
    read = readings(f"<{run}>", is_json=False)
    assert read
    assert read.folded is None
    assert read.decoded
    assert MAIL in read.decoded.text
    at = read.decoded.text.index(MAIL)
    assert (read.decoded.starts[at], read.decoded.ends[at]) == (1, 1 + len(run))
    assert stands_for(run) == run


def test_depth_is_bounded():
    """What lies too deep is read no further."""
    run = "john.doe@example.com"
    for _ in range(6):
        run = b64encode(run.encode()).decode()
    read = readings(run, is_json=False)
    assert read is not None
    assert read.decoded
    assert "john" not in read.decoded.text


def test_json_is_undone_first():
    """In JSON an escape is an escape, in every reading; elsewhere only the folded one takes it for one."""
    in_json, elsewhere = readings(r"a\nb%40", is_json=True), readings(r"a\nb%40", is_json=False)
    assert in_json
    assert [read and read.text for read in in_json] == ["a\nb%40", "a\nb@", None]
    assert elsewhere
    assert [read and read.text for read in elsewhere] == [None, "a\nb@", None]
    assert escapes_undone(r"a\u0040b%40") == "a@b%40"


def test_tokens():
    """White space parts tokens, and so do ideographs, which hold nothing that other characters could join."""
    assert [token[0] for token in TOKEN.finditer("two words 価格john@x.jpです。Ab")] == ["two", "words", "john@x.jpで", "。Ab"]
