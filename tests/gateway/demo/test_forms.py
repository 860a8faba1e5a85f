import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.demo.errors import RefusedRequestError
from gateway.demo.exchange import Part
from gateway.demo.forms import is_form, read_form

FORM = "multipart/form-data; boundary=xyz"


def _form(*parts: tuple[str, bytes]) -> bytes:
    return (
        b"".join(b"--xyz\r\nContent-Disposition: form-data; " + head.encode() + b"\r\n\r\n" + value + b"\r\n" for head, value in parts)
        + b"--xyz--\r\n"
    )


@given(st.binary())
def test_values_come_through(value: bytes):
    """Byte by byte, unless they contain the boundary."""
    if b"--xyz" not in value:
        assert read_form(FORM, _form(('name="file"; filename="ü.txt"\r\nContent-Type: text/plain', value), ('name="model"', b"demo"))) == (
            Part("file", value, "ü.txt", "text/plain"),
            Part("model", b"demo"),
        )


def test_quoted_boundaries():
    """The boundary may stand in quotes, and the type in capitals."""
    assert is_form("Multipart/Form-Data; boundary=x")
    assert read_form('multipart/form-data; charset=utf-8; boundary="xyz"', _form(('name="a"', b"1"))) == (Part("a", b"1"),)


@pytest.mark.parametrize(
    ("content_type", "raw"),
    [
        ("multipart/form-data", b""),
        (FORM, b""),
        (FORM, b"hello"),
        (FORM, b"--xyz\r\n"),
        (FORM, _form(('name="a"', b"1")).removesuffix(b"--\r\n")),
        (FORM, _form(("filename=x", b"1"))),
        (FORM, b'--xyz\r\nContent-Disposition: form-data; name="a"\r\n--xyz--'),
        (FORM, _form(*[('name="a"', b"")] * 1001)),
    ],
)
def test_what_is_not_well_formed(content_type: str, raw: bytes):
    """Is refused."""
    with pytest.raises(RefusedRequestError):
        read_form(content_type, raw)
