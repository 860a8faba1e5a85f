"""Requests that are forms: each field is a text, each file is what its field is for, and its name is a text too."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.errors import BadRequest
from gateway.wire.media import is_data, readable, text_of
from gateway.wire.model import Call, Json, Kind, Place, Request, Segment, Uninspectable
from gateway.wire.multipart import PART_END, FormReader, Head, boundary_of, closing, opening, refuse
from gateway.wire.request_texts import Found, parted, read_field
from gateway.wire.walk import is_name
from policies.vocabulary import Scope

MAX_FIELD_BYTES = 4 * 1024 * 1024

_NAMES = frozenset({
    "purpose", "response_format", "language", "temperature", "stream", "n", "size", "quality", "background", "output_format", "moderation",
    "input_fidelity", "output_compression", "partial_images", "chunking_strategy", "include", "timestamp_granularities",
})  # fmt: skip
"""Fields whose values are mere names and numbers."""

_SIZE = re.compile(r"\d{1,4}x\d{1,4}")
_EXTENSION = re.compile(r"\.(?=[0-9]*[A-Za-z])(?!(?:[A-Za-z]*[0-9]){4})[A-Za-z0-9]{1,8}$")
"""What a file is, by its name: endpoints go by it, so no edit touches it. Digits alone, or more than three, are none."""


def decode_field(value: bytes) -> str:
    """Raises BadRequest (``invalid_multipart``)."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise refuse("a field is not UTF-8") from None


def read_value(name: str, text: str, place: Place) -> Found:
    """The text of a field."""
    key = name.removesuffix("[]")
    if text and not (key in _NAMES and (is_name(text) or _SIZE.fullmatch(text))):
        yield from read_field(key, text, place, "user", Scope.USER)


def read_filename(filename: str, place: Place) -> Found:
    """The text of a file's name, which is all of it but its extension."""
    stem = parted_filename(filename)[0]
    if stem:
        yield Segment(stem, "user", Scope.USER, place)


def parted_filename(filename: str) -> tuple[str, str]:
    """What the file is called, and its extension with the dot. An address may end like one."""
    found = None if "@" in filename else _EXTENSION.search(filename)
    return (filename[: found.start()], found.group()) if found else (filename, "")


@dataclass(frozen=True, slots=True)
class _Form:
    """The parts of a form as they came, and how an edited body is written among them."""

    boundary: str
    parts: tuple[tuple[Head, bytes], ...]

    def write(self, body: dict[str, list[Json]] | None) -> bytes:
        """``body``: what a field is to say, and a file to be called; None: as they came. The bytes of a file are always those that came."""
        at: dict[str, int] = {}
        written: list[bytes] = []
        for head, value in self.parts:
            position = at[head.name] = at.get(head.name, -1) + 1
            said = body[head.name][position] if body else None
            if isinstance(said, str):
                value = said.encode("utf-8", "replace")
            elif said is not None:
                head = Head(head.name, said["filename"] + parted_filename(head.filename or "")[1], head.content_type)
            written += (opening(self.boundary, head), value, PART_END)
        return b"".join((*written, closing(self.boundary)))


def read_form(surface: str, raw: bytes, call: Call, files: Mapping[str, Kind]) -> Request:
    """``files``: what the files of a field are, also where the field has them as a data URL. Raises BadRequest.

    The body has of each field a list: texts, and for a file its name without the extension and its bytes. ``raw`` of the request is written
    anew from the parts, for there may be more between them than any reader should see.
    """
    form = _parts(raw, boundary_of(call.content_type))
    body: dict[str, list[Json]] = {}
    for head, value in form.parts:
        said = decode_field(value) if head.filename is None else {"filename": parted_filename(head.filename)[0], "file": value}
        body.setdefault(head.name, []).append(said)
    segments, uninspectable = parted(_read(form, files))
    is_stream = _said(body, "stream").lower() == "true"
    return Request(surface, _said(body, "model"), is_stream, body, form.write(None), segments, uninspectable, write=form.write)


def _said(body: dict[str, list[Json]], name: str) -> str:
    said = body.get(name, [""])[0]
    return said if isinstance(said, str) else ""


def _read(form: _Form, files: Mapping[str, Kind]) -> Found:
    """A file that is text is not what its field is for, and unknown."""
    at: dict[str, int] = {}
    for head, value in form.parts:
        position = at[head.name] = at.get(head.name, -1) + 1
        place = (head.name, position)
        kind = files.get(head.name.removesuffix("[]"))
        if head.filename is not None:
            yield Uninspectable(Kind.UNKNOWN if kind is None or text_of(value) else kind, place, Scope.USER)
            yield from read_filename(head.filename, (*place, "filename"))
        elif kind and is_data("url", said := value.decode()):
            yield Uninspectable(kind, place, Scope.USER)
            if read := readable(said):
                yield Segment(read.text, "user", Scope.USER, place, read.form, read.leaf)
        else:
            yield from read_value(head.name, value.decode(), place)


def _parts(raw: bytes, boundary: str) -> _Form:
    reader = FormReader(boundary)
    parts: list[tuple[Head, bytes]] = []
    head: Head | None = None
    value: list[bytes] = []
    for found in reader.feed(raw):
        if isinstance(found, Head):
            head, value = found, []
        elif found is not None:
            value.append(found)
        elif head:
            parts.append((head, _checked(head, b"".join(value))))
    reader.close()
    return _Form(boundary, tuple(parts))


def _checked(head: Head, value: bytes) -> bytes:
    if head.filename is None and len(value) > MAX_FIELD_BYTES:
        raise BadRequest("invalid_multipart", f"The form cannot be read: a field has more than {MAX_FIELD_BYTES} bytes.", head.name)
    return value
