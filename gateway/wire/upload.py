"""An uploaded file as it arrives: whether it is rows, text or neither, and its bytes cut into lines or decoded."""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from gateway.errors import BadRequest, TooLarge
from gateway.wire.codec import decode
from gateway.wire.lines import LineSplitter
from gateway.wire.multipart import Head

MAX_ROW_BYTES = 8 * 1024 * 1024
MAX_ROWS = 100_000
SNIFFED_BYTES = 4096
"""What must have arrived of a file before it is clear what it is."""

_OF_ROWS = frozenset({"batch", "fine-tune", "evals"})
_ROW_NAMES = (".jsonl", ".ndjson")
# Formats that begin as text and are none.
_FORMATS = (b"%PDF-", b"%!PS", b"{\\rtf", b"PK\x03\x04", b"\x1f\x8b")


@dataclass(frozen=True, slots=True)
class Upload:
    """A form with a file that is read as it arrives. ``is_part``: what it brings is cut from a bigger file, anywhere."""

    boundary: str
    is_part: bool = False


class Reading(Enum):
    """How a file is read."""

    ROWS = auto()
    TEXT = auto()
    NONE = auto()


def refuse(message: str, place: str = "file") -> BadRequest:
    return BadRequest("invalid_file", message, place)


def reading_of(head: Head, purpose: str | None, first: bytes) -> Reading:
    """``first``: the first ``SNIFFED_BYTES``, or all there is. ``purpose`` is None where the form has not said it yet."""
    name = (head.filename or "").lower()
    if name.endswith(_ROW_NAMES) or purpose in _OF_ROWS:
        if not is_text(first):
            raise refuse("A file of rows must be UTF-8 text.")
        return Reading.ROWS
    if not is_text(first):
        return Reading.NONE
    return Reading.ROWS if "." not in name and begins_with_row(first) else Reading.TEXT


def check_purpose(purpose: str, reading: Reading | None) -> None:
    """A purpose that comes behind its file. Raises BadRequest if the file was not read as the endpoint will read it."""
    if purpose in _OF_ROWS and reading in (Reading.TEXT, Reading.NONE):
        raise refuse("A file of rows must be named .jsonl, or come behind its purpose in the form.", "purpose")


def is_text(first: bytes) -> bool:
    """Whether what begins so is UTF-8 text, as far as can be seen."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(first)
    except UnicodeDecodeError:
        return False
    return not first.startswith(_FORMATS) and b"\0" not in first


def begins_with_row(first: bytes) -> bool:
    """Whether the first line is an object, or the beginning of one that is longer than what has arrived."""
    line, end, _ = first.lstrip().partition(b"\n")
    if not line.startswith(b"{"):
        return False
    if not end and len(first) >= SNIFFED_BYTES:
        return True
    try:
        return isinstance(decode(line), dict)
    except BadRequest:
        return False


class Lines:
    """The lines of a file, each with its end. ``number`` is the newest one's, from 1."""

    def __init__(self, max_rows: int = MAX_ROWS) -> None:
        self._max_rows = max_rows
        self._lines = LineSplitter()
        self.number = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Raises BadRequest (``invalid_file``) for a line that outgrows its bound, TooLarge for one line too many."""
        for line in self._lines.feed(data):
            self._count(len(line))
            yield line
        if self._lines.held > MAX_ROW_BYTES:
            self._count(self._lines.held)

    def flush(self) -> Iterator[bytes]:
        """What is left: a last line without an end."""
        if line := self._lines.flush():
            self._count(len(line))
            yield line

    def _count(self, size: int) -> None:
        self.number += 1
        if self.number > self._max_rows:
            raise TooLarge("body_too_large", f"The file has more than the {self._max_rows} lines that the gateway takes.", "file.rows")
        if size > MAX_ROW_BYTES:
            raise BadRequest(
                "invalid_file", f"Line {self.number} of the file has more than {MAX_ROW_BYTES} bytes.", f"file.rows.{self.number}"
            )


class Text:
    """Feed bytes as they arrive; get the text in pieces of a bounded size."""

    def __init__(self, piece_chars: int) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._piece_chars = piece_chars

    def feed(self, data: bytes, *, is_end: bool = False) -> Iterator[str]:
        """Raises BadRequest (``invalid_file``) for what is not UTF-8."""
        try:
            text = self._decoder.decode(data, is_end)
        except UnicodeDecodeError:
            raise refuse("The file begins as text and is not UTF-8 to its end.") from None
        for start in range(0, len(text), self._piece_chars):
            yield text[start : start + self._piece_chars]
