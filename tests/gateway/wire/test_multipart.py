"""Forms: the same parts however the bytes arrive, and no form that two readers could read differently."""

import mimetypes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import BadRequest
from gateway.wire.multipart import PART_END, FormReader, Head, boundary_of, closing, is_form, opening
from tests.support.guards import cut

FORM = (
    b'--b0\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'
    b'--b0\r\nContent-Disposition: form-data; name="file"; filename="x.jsonl"\r\nContent-Type: application/jsonl\r\n\r\n'
    b"one\r\n--b\r\ntwo\r\n--b0--\r\n"
)
PARTS = [(Head("purpose"), b"batch"), (Head("file", "x.jsonl", "application/jsonl"), b"one\r\n--b\r\ntwo")]


def read(*pieces: bytes, boundary: str = "b0") -> list[tuple[Head, bytes]]:
    reader = FormReader(boundary)
    parts: list[tuple[Head, bytes]] = []
    for piece in pieces:
        for found in reader.feed(piece):
            if isinstance(found, Head):
                parts.append((found, b""))
            elif found is not None:
                parts[-1] = (parts[-1][0], parts[-1][1] + found)
    reader.close()
    return parts


def part(headers: str, value: bytes = b"x") -> bytes:
    return b"--b0\r\n" + headers.encode() + b"\r\n\r\n" + value + b"\r\n"


def form(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--b0--\r\n"


def test_parts():
    """Each with its head and its bytes, in which something like a boundary may stand."""
    assert read(FORM) == PARTS


@given(st.lists(st.integers(0, 1000)))
def test_however_it_is_cut(places: list[int]):
    """The pieces in which a form arrives do not matter."""
    pieces = [piece.encode("latin-1") for piece in cut(FORM.decode("latin-1"), places)]
    assert read(*pieces) == PARTS


def test_byte_by_byte_without_its_last_line_end():
    """A form may end with its last boundary."""
    assert read(*(FORM[:-2][index : index + 1] for index in range(len(FORM) - 2))) == PARTS


def test_written_as_it_came():
    """What parts are written as is what they came as."""
    written = b"".join(opening("b0", head) + value + PART_END for head, value in PARTS) + closing("b0")
    assert written == FORM


@given(st.text(max_size=40))
def test_a_file_name_that_a_rule_wrote(name: str):
    """Whatever it holds, it stays inside of its quotes."""
    name = name.encode("utf-8", "replace").decode()
    head = Head("file", name.replace("%", ""), None)
    found = read(opening("b0", head) + PART_END + closing("b0"))
    assert [each.name for each, _ in found] == ["file"]


NAME = 'Content-Disposition: form-data; name="a"'
ODD = {
    "wrong boundary": FORM.replace(b"b0", b"b1"),
    "no end": FORM[:-8],
    "nothing": b"",
    "a preamble": b"hello\r\n" + FORM,
    "an epilogue": FORM + b"my card is 4111 1111 1111 1111",
    "bare line feeds": FORM.replace(b"\r\n", b"\n"),
    "a second part of the same name": form(part(NAME), part(NAME)),
    "a part without a name": form(part("Content-Disposition: form-data")),
    "a part with an empty name": form(part('Content-Disposition: form-data; name=""')),
    "a part without headers": form(part("X: y")),
    "an attachment": form(part('Content-Disposition: attachment; name="a"')),
    "two names": form(part('Content-Disposition: form-data; name="a"; name="b"')),
    "a second file name": form(part('Content-Disposition: form-data; name="a"; filename="b"; filename*=UTF-8\'\'c')),
    "an unknown parameter": form(part(NAME + '; note="call anna"')),
    "an escaped name": form(part('Content-Disposition: form-data; name="a\\"b"')),
    "prose for a name": form(part('Content-Disposition: form-data; name="anna kovacs"')),
    "a number for a name": form(part('Content-Disposition: form-data; name="4111111111111111"')),
    "an unknown header": form(part(NAME + "\r\nX-Note: call anna")),
    "a header twice": form(part(NAME + "\r\nContent-Type: text/plain\r\nContent-Type: text/html")),
    "a continued header": form(part(NAME + ";\r\n filename=x\r\n y")),
    "a nested form": form(part(NAME + "\r\nContent-Type: multipart/mixed; boundary=c")),
    "base64": form(part(NAME + "\r\nContent-Transfer-Encoding: base64")),
    "quoted-printable": form(part(NAME + "\r\nContent-Transfer-Encoding: quoted-printable")),
    "other letters": form(part(NAME + "\r\nContent-Type: text/plain; charset=utf-7")),
    "a length that is wrong": form(part(NAME + "\r\nContent-Length: 2")),
    "headers of 100 kB": form(part(NAME + "\r\nContent-Type: text/plain" + "n" * 100_000)),
    "a header without end": b"--b0\r\n" + b"n" * 100_000,
    "many headers": form(part(NAME + "".join(f"\r\nX-{n}: y" for n in range(100)))),
    "10,000 parts": form(*(part(f'Content-Disposition: form-data; name="a{n % 9}[]"') for n in range(10_000))),
}


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("size", [1 << 20, 7])
def test_odd_forms(odd: str, size: int):
    """What one reader takes so and another otherwise is refused, in any pieces, without a word of it."""
    raw = ODD[odd]
    with pytest.raises(BadRequest) as caught:
        read(*(raw[at : at + size] for at in range(0, min(len(raw), 20_000 if size == 7 else len(raw)), size)))
    assert caught.value.code == "invalid_multipart"
    assert "anna" not in str(caught.value)


def test_lists():
    """Several parts of one name are taken where the API has a list."""
    image = 'Content-Disposition: form-data; name="image[]"; filename="a.png"'
    assert [head.filename for head, _ in read(form(part(image), part(image)))] == ["a.png", "a.png"]


TYPES = [
    ("multipart/form-data; boundary=b0", "b0"),
    ('Multipart/Form-Data; Boundary="b0"', "b0"),
    ("multipart/form-data;boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW", "----WebKitFormBoundary7MA4YWxkTrZu0gW"),
    ("multipart/form-data", None),
    ("multipart/form-data; boundary=", None),
    ("multipart/form-data; boundary=b0; boundary=b1", None),
    ("multipart/form-data; boundary=b0; charset=utf-7", None),
    ("multipart/form-data; boundary=" + "b" * 71, None),
    ('multipart/form-data; boundary="a b"', None),
    ("multipart/mixed; boundary=b0", None),
    ("application/json", None),
    ("", None),
]


@pytest.mark.parametrize(("content_type", "boundary"), TYPES)
def test_boundary(content_type: str, boundary: str | None):
    """A form has one boundary and its type says nothing more."""
    if boundary:
        assert is_form(content_type)
        assert boundary_of(content_type) == boundary
    else:
        with pytest.raises(BadRequest, match="invalid_multipart"):
            boundary_of(content_type)


@pytest.mark.parametrize("number", ["4111111111111111", "card-4111-1111-1111-1111", "536-90-4399"])
def test_numbers_in_heads(number: str):
    """Neither a boundary nor a part's type has room for somebody's number; a boundary of mere digits, as clients draw them, is fine."""
    with pytest.raises(BadRequest):
        boundary_of(f"multipart/form-data; boundary={number}")
    head = f'Content-Disposition: form-data; name="file"; filename="a"\r\nContent-Type: application/{number}'
    form = f"--b\r\n{head}\r\n\r\nx\r\n--b--\r\n".encode()
    with pytest.raises(BadRequest):
        list(FormReader("b").feed(form))
    assert boundary_of(f"multipart/form-data; boundary={'-' * 26}735323031399963166993862") == "-" * 26 + "735323031399963166993862"


def test_types():
    """Every type of file that is registered is one that a part may have, but a form within the form."""
    for kind in mimetypes.types_map.values():
        if kind.startswith("multipart/"):
            continue
        form = f'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\nContent-Type: {kind}\r\n\r\nx\r\n--b--\r\n'
        (head, *_) = FormReader("b").feed(form.encode())
        assert isinstance(head, Head)
        assert head.content_type == kind
