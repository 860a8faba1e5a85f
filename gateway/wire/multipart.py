"""Multipart forms (RFC 7578): bytes in any pieces to parts, strictly, and parts back to bytes.

What goes on to the endpoint is always written anew from what was read here: the bytes of each part as they came, under headers of which
only those that were understood are kept. So nothing passes in a preamble, an epilogue or a header, and no other reader of the form can
find parts in it that were not seen here.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from multipart import MultipartError, MultipartSegment, PushMultipartParser

from gateway.errors import BadRequest
from gateway.wire.walk import has_number, is_name, is_structural

MAX_PARTS = 256
_MAX_HEADER_BYTES = 4096
_MAX_HEADERS = 4

# RFC 2046, 5.1.1, without the space.
_BOUNDARY = re.compile(r"""boundary=(?:"([0-9A-Za-z'()+_,./:=?-]{1,70})"|([0-9A-Za-z'()+_,./:=?-]{1,70}))""", re.IGNORECASE)
_PARAMETER = r'; *(name|filename)=("[^"\\\r\n]*"|[A-Za-z0-9!#$%&\'*+.^_`|~-]+) *'
_DISPOSITION = re.compile(rf"form-data *(?:{_PARAMETER}){{1,2}}", re.IGNORECASE)
_PARAMETERS = re.compile(_PARAMETER, re.IGNORECASE)
_TOP = "(?:application|audio|chemical|font|image|message|model|text|video)"
_CHARSET = r"(?:; *charset=\"?(?:utf-?8|us-ascii)\"?)?"
_CONTENT_TYPE = re.compile(rf"({_TOP}/[A-Za-z0-9._+-]{{1,100}}){_CHARSET}", re.IGNORECASE)
_LONG_NUMBER = re.compile(r"(?:[0-9][.+-]*){9}")
_PLAIN_CODINGS = frozenset({"binary", "8bit", "7bit"})


@dataclass(frozen=True, slots=True)
class Head:
    """What a part's headers say: its name, and of a file its name and type."""

    name: str
    filename: str | None = None
    content_type: str | None = None

    @property
    def is_list(self) -> bool:
        """Whether the API takes several parts of this name."""
        return self.name.endswith("[]")


def refuse(what: str) -> BadRequest:
    return BadRequest("invalid_multipart", f"The form cannot be read: {what}.")


def is_form(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() == "multipart/form-data"


def boundary_of(content_type: str) -> str:
    """Raises BadRequest (``invalid_multipart``) for what is no form."""
    kind, *parameters = (part.strip() for part in content_type.split(";"))
    found = _BOUNDARY.fullmatch(parameters[0]) if len(parameters) == 1 else None
    if kind.lower() != "multipart/form-data" or not found:
        raise refuse("its content type is not multipart/form-data with a boundary and nothing else")
    boundary = found[1] or found[2]
    if has_number(boundary):
        raise refuse("its boundary has a number in it that could be somebody's")
    return boundary


class FormReader:
    """Feed bytes as they arrive; get for each part its ``Head``, its bytes in pieces, and None at its end."""

    def __init__(self, boundary: str) -> None:
        self._parser = PushMultipartParser(
            boundary, max_header_size=_MAX_HEADER_BYTES, max_header_count=_MAX_HEADERS, max_segment_count=MAX_PARTS
        )
        self._opening = f"--{boundary}".encode()
        self._closing = f"--{boundary}--".encode()
        self._start: bytes | None = b""  # until it is known to be the first boundary
        self._end = b""
        self._names: set[str] = set()

    def feed(self, data: bytes) -> Iterator[Head | bytes | None]:
        """Raises BadRequest (``invalid_multipart``)."""
        self._end = (self._end + data)[-len(self._closing) - 2 :]
        if self._start is not None:
            data = self._start = self._start + data
            if len(data) < len(self._opening):
                return
            self._start = None
            if not data.startswith(self._opening):
                raise refuse("it does not begin with its boundary")
        try:
            for found in self._parser.parse(data) if data else ():
                yield self._head(found) if isinstance(found, MultipartSegment) else found
        except MultipartError:
            raise refuse("a boundary or a header is malformed, too long, or one too many") from None

    def close(self) -> None:
        """The bytes are over. Raises BadRequest if the form is not."""
        try:
            self._parser.close()
        except MultipartError:
            raise refuse("it ends before its last boundary") from None
        if not self._end.removesuffix(b"\r\n").endswith(self._closing):
            raise refuse("there is more behind its last boundary")

    def _head(self, part: MultipartSegment) -> Head:
        headers = dict(part.headerlist)
        disposition = headers.pop("Content-Disposition", "")
        content_type = headers.pop("Content-Type", None)
        coding = headers.pop("Content-Transfer-Encoding", "binary")
        headers.pop("Content-Length", None)
        if headers or len({name for name, _ in part.headerlist}) < len(part.headerlist):
            raise refuse("a part has a header that forms do not have, or one twice")
        if coding.lower() not in _PLAIN_CODINGS or not (content_type is None or _is_type(content_type)):
            raise refuse("a part is in a coding, of a type, or in letters that the gateway does not read")
        head = Head(content_type=content_type, **_names(disposition))
        if head.name in self._names and not head.is_list:
            raise refuse("it has two parts of the same name")
        self._names.add(head.name)
        return head


def _is_type(content_type: str) -> bool:
    """No type of file has a number in its name that could be somebody's, nor text."""
    found = _CONTENT_TYPE.fullmatch(content_type)
    return found is not None and is_structural(found[1]) and not _LONG_NUMBER.search(found[1])


def _names(disposition: str) -> dict[str, str]:
    """``name`` and perhaps ``filename``, as they are written."""
    pairs = [(key.lower(), value.strip('"')) for key, value in _PARAMETERS.findall(disposition)]
    names = dict(pairs)
    if not _DISPOSITION.fullmatch(disposition) or len(names) < len(pairs) or not is_name(re.sub(r"[\[\]]", "", names.get("name") or " ")):
        raise refuse("a part has no plain name, or says more of itself than its name and its file's")
    return names


PART_END = b"\r\n"
"""What stands behind a part's bytes."""


def opening(boundary: str, head: Head) -> bytes:
    """What stands before a part's bytes."""
    lines = [f'--{boundary}\r\nContent-Disposition: form-data; name="{head.name}"']
    if head.filename is not None:
        lines.append(f'; filename="{_quoted(head.filename)}"')
    if head.content_type is not None:
        lines.append(f"\r\nContent-Type: {head.content_type}")
    return "".join((*lines, "\r\n\r\n")).encode("utf-8", "replace")


def closing(boundary: str) -> bytes:
    """What stands behind the last part."""
    return f"--{boundary}--\r\n".encode()


def _quoted(filename: str) -> str:
    """As browsers write it; what a rule put into it may hold anything."""
    return filename.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22").replace("\\", "_")
