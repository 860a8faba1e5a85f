"""Requests that are forms: which of their texts are guarded, and what is written when one is edited."""

import base64

import pytest

from gateway.errors import BadRequest
from gateway.wire.form_request import MAX_FIELD_BYTES, parted_filename, read_form
from gateway.wire.model import Call, Kind, Request, at, put
from gateway.wire.pictures import picture_of
from gateway.wire.walk import dotted
from policies.vocabulary import Scope

TYPE = "multipart/form-data; boundary=b0"
SOUND = b"\xff\xfb\x90sound\r\n--b\x00"


def field(name: str, value: bytes | str, extra: str = "") -> bytes:
    value = value.encode() if isinstance(value, str) else value
    return f'--b0\r\nContent-Disposition: form-data; name="{name}"{extra}\r\n\r\n'.encode() + value + b"\r\n"


def form(*fields: bytes) -> bytes:
    return b"".join(fields) + b"--b0--\r\n"


def read(*fields: bytes) -> Request:
    return read_form("transcriptions", form(*fields), Call(content_type=TYPE), {"file": Kind.AUDIO})


AUDIO = field("file", SOUND, '; filename="call with Anna.mp3"\r\nContent-Type: audio/mpeg')


def test_what_is_read():
    """Fields are texts and so is the file's name without its extension; the file is what its field is for."""
    request = read(AUDIO, field("model", "whisper-1"), field("prompt", "ask Anna"), field("language", "en"), field("stream", "true"))
    found = {(dotted(segment.place), segment.text, segment.scope.value) for segment in request.segments}
    assert found == {("file.0.filename", "call with Anna", "user"), ("prompt.0", "ask Anna", "user")}
    assert [(part.kind, dotted(part.place)) for part in request.uninspectable] == [(Kind.AUDIO, "file.0")]
    assert (request.model, request.stream, request.surface) == ("whisper-1", True, "transcriptions")


@pytest.mark.parametrize(("name", "value"), [("language", "call anna kovacs"), ("temperature", "4111111111111111"), ("novelty", "hello")])
def test_a_field_is_a_text_unless_it_has_no_room_for_one(name: str, value: str):
    """A known field with prose in it is a text, and a field that nobody knows is."""
    assert [segment.text for segment in read(field(name, value)).segments] == [value]


def test_a_file_of_another_field():
    """It is unknown, which is not let through silently."""
    assert [part.kind for part in read(field("novelty", b"x", '; filename="x"')).uninspectable] == [Kind.UNKNOWN]


def test_a_file_in_a_field():
    """Where it is written as a data URL, it is no text either; any other address is."""
    request = read(field("file", "data:audio/wav;base64,AAAA"))
    assert ([part.kind for part in request.uninspectable], request.segments) == ([Kind.AUDIO], ())
    assert [segment.text for segment in read(field("file", "https://example.com/a b")).segments] == ["https://example.com/a b"]


def test_text_in_a_field_of_a_file():
    """A data URL that is text is read, and an edit of it is written back as it stood."""
    request = read(field("file", "data:text/plain;base64,YXNrIEFubmEgYXQgaG9tZQ=="))
    (segment,) = request.segments
    assert (segment.text, segment.leaf is not None, len(request.uninspectable)) == ("ask Anna at home", True, 1)
    assert [each.text for each in read(field("file", "data:,ask Anna")).segments] == ["data:,ask Anna"]


def test_a_file_that_is_text():
    """It is not what its field is for, and nobody would read it as such."""
    assert [part.kind for part in read(field("file", "ask Anna", '; filename="x.mp3"')).uninspectable] == [Kind.UNKNOWN]


def test_the_picture_of_a_file():
    """What stands at the place of a file is the form of a part that pictures are read from."""
    request = read(AUDIO)
    (part,) = request.uninspectable
    assert part.scope is Scope.USER
    assert picture_of(at(request.body, part.place)) == base64.b64encode(SOUND).decode()


def test_untouched():
    """What no edit touches goes on byte for byte."""
    raw = form(AUDIO, field("prompt", "ask Anna"), field("include[]", "a"), field("include[]", "b"))
    assert read_form("s", raw, Call(content_type=TYPE), {}).raw == raw


def test_nothing_passes_between_the_parts():
    """What stands behind the form's first end is not in what goes on."""
    raw = form(field("prompt", "x")) + b"call anna\r\n--b0--\r\n"
    assert read_form("s", raw, Call(content_type=TYPE), {}).raw == form(field("prompt", "x"))


def test_edits():
    """A field and a file's name are rewritten; everything else stays byte for byte, the extension too."""
    request = read(AUDIO, field("prompt", "ask Anna"), field("include[]", "a"), field("include[]", "b c d"))
    put(request.body, ("prompt", 0), "ask <PERSON_a2b>")
    put(request.body, ("file", 0, "filename"), '"><PERSON_a2b>')
    put(request.body, ("include[]", 1), "c")
    assert request.write
    assert request.write(request.body) == form(
        field("file", SOUND, '; filename="%22><PERSON_a2b>.mp3"\r\nContent-Type: audio/mpeg'),
        field("prompt", "ask <PERSON_a2b>"), field("include[]", "a"), field("include[]", "c"),
    )  # fmt: skip


@pytest.mark.parametrize("value", [b"\xff", b"x" * (MAX_FIELD_BYTES + 1)])
def test_fields_that_are_refused(value: bytes):
    """What is no text, or more than a field has room for."""
    with pytest.raises(BadRequest, match="invalid_multipart"):
        read(field("prompt", value))


def test_no_form():
    """JSON where a form is asked for is said to be none."""
    with pytest.raises(BadRequest, match="invalid_multipart"):
        read_form("s", b"{}", Call(content_type="application/json"), {})


@pytest.mark.parametrize(
    ("filename", "stem", "extension"),
    [
        ("a.pdf", "a", ".pdf"), ("a.tar.gz", "a.tar", ".gz"), ("a.mp4", "a", ".mp4"), ("a", "a", ""), ("a.h264", "a", ".h264"),
        ("41111111.11111111", "41111111.11111111", ""), ("a.1x1234", "a.1x1234", ""), ("anna@example.org", "anna@example.org", ""),
    ],
)  # fmt: skip
def test_the_extension_of_a_file(filename: str, stem: str, extension: str):
    """What is left unread of a file's name is short and says what it is: no number, and not the end of an address."""
    assert parted_filename(filename) == (stem, extension)
