"""An uploaded file as it arrives: what it is taken for, its lines, and its text."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import BadRequest, TooLarge
from gateway.wire.multipart import Head
from gateway.wire.upload import MAX_ROW_BYTES, Lines, Reading, Text, check_purpose, reading_of

ROW = b'{"messages": []}\n'
READINGS = [
    ("x.jsonl", None, ROW, Reading.ROWS),
    ("x.JSONL", None, ROW, Reading.ROWS),
    ("x.ndjson", None, ROW, Reading.ROWS),
    ("x.jsonl", None, b"no row", Reading.ROWS),
    ("x.txt", "batch", ROW, Reading.ROWS),
    ("x", "fine-tune", b"", Reading.ROWS),
    ("x", None, ROW, Reading.ROWS),
    ("x", "user_data", b'{"a": "' + b"x" * 5000, Reading.ROWS),
    ("x", "user_data", b'{\n"a": 1}', Reading.TEXT),
    ("x", "user_data", b"hello", Reading.TEXT),
    ("x.json", "user_data", ROW, Reading.TEXT),
    ("x.csv", None, "név,születés\n".encode(), Reading.TEXT),
    ("x.txt", None, b"", Reading.TEXT),
    ("x.txt", None, "kovács".encode()[:4], Reading.TEXT),  # cut in the middle of a letter
    ("x.pdf", None, b"%PDF-1.7\n", Reading.NONE),
    ("x.txt", None, b"%PDF-1.7\n", Reading.NONE),
    ("x.jsonl.gz", None, gzip.compress(ROW, mtime=0), Reading.NONE),
    ("x.zip", None, b"PK\x03\x04", Reading.NONE),
    ("x.txt", None, "hello".encode("utf-16"), Reading.NONE),
    ("x.txt", None, b"hello\0", Reading.NONE),
    ("x.png", "vision", b"\x89PNG", Reading.NONE),
]


@pytest.mark.parametrize(("name", "purpose", "first", "reading"), READINGS)
def test_readings(name: str, purpose: str | None, first: bytes, reading: Reading):
    """By its name, by what it is for as far as that is said, and by how it begins."""
    assert reading_of(Head("file", name), purpose, first) is reading


@pytest.mark.parametrize("first", [b"\xff", gzip.compress(ROW, mtime=0), b"%PDF-"])
def test_rows_must_be_text(first: bytes):
    """A file that the endpoint will read as rows is not let through as something else."""
    with pytest.raises(BadRequest, match="invalid_file"):
        reading_of(Head("file", "x.jsonl"), "batch", first)


@pytest.mark.parametrize("reading", [Reading.TEXT, Reading.NONE])
def test_a_purpose_that_comes_late(reading: Reading):
    """A file that was read as something else cannot become a file of rows."""
    with pytest.raises(BadRequest, match="invalid_file"):
        check_purpose("batch", reading)
    check_purpose("user_data", reading)
    check_purpose("batch", Reading.ROWS)
    check_purpose("batch", None)


@given(st.lists(st.sampled_from([b"", b"\n", b"a", b"bc\r\n", b"\n\n", b"d"])))
def test_lines(pieces: list[bytes]):
    """Each line with its end, and all of them together what came."""
    lines = Lines()
    got = [line for piece in pieces for line in lines.feed(piece)] + list(lines.flush())
    assert got == b"".join(pieces).splitlines(keepends=True)
    assert lines.number == len(got)


def test_a_line_that_is_too_long():
    """It is refused with its number, before much more than the bound is kept."""
    lines, sent = Lines(), 0
    list(lines.feed(b"{}\n"))
    message = ""
    while not message:
        try:
            sent += 65_536
            list(lines.feed(b"x" * 65_536))
        except BadRequest as error:
            message = error.message
    assert message.startswith("Line 2 of the file has more than")
    assert sent <= MAX_ROW_BYTES + 65_536


@pytest.mark.parametrize("line", [b"{}\n", b"\n", b"x"])
def test_too_many_lines(line: bytes):
    """As many as are allowed are given; one more, also an empty one or one without its end, is refused."""
    lines = Lines(3)
    assert len(list(lines.feed(b"{}\n" * 3))) == 3
    with pytest.raises(TooLarge) as caught:
        list(lines.feed(line) if line.endswith(b"\n") else [*lines.feed(line), *lines.flush()])
    assert (caught.value.code, caught.value.param) == ("body_too_large", "file.rows")


@given(st.text(), st.integers(1, 5))
def test_text(text: str, size: int):
    """Letters are not torn, wherever the bytes are cut; no piece is larger than asked for."""
    raw = text.encode("utf-8", "ignore")
    decoder = Text(3)
    pieces = [piece for at in range(0, len(raw), size) for piece in decoder.feed(raw[at : at + size])] + list(
        decoder.feed(b"", is_end=True)
    )
    assert "".join(pieces) == raw.decode()
    assert all(len(piece) <= 3 for piece in pieces)


@pytest.mark.parametrize("raw", [b"hello \xff", "kovács".encode()[:4], b"\xed\xa0\x80"])
def test_text_that_turns_out_to_be_none(raw: bytes):
    """It is refused, as late as that is."""
    decoder = Text(100)
    with pytest.raises(BadRequest, match="invalid_file"):
        list(decoder.feed(raw) if raw.endswith((b"\xff", b"\x80")) else decoder.feed(raw, is_end=True))
