"""Parts that are media (pictures, sound, files), and what of their data is text after all.

A medium's own data is sealed if it is base64 of bytes that are no text: only then it is left to what is listed for the policy. All else,
a ``data:`` URL of text among it, is read: base64 as the text that it holds, in which an edit is written back as base64; anything else as
it stands.
"""

import binascii
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from gateway.wire.jsontext import Leaf
from gateway.wire.model import Form, Json, Kind
from gateway.wire.walk import is_name

MEDIA: Mapping[str, Kind] = MappingProxyType({
    "image_url": Kind.IMAGE, "image_file": Kind.IMAGE, "input_image": Kind.IMAGE, "computer_screenshot": Kind.IMAGE, "image": Kind.IMAGE,
    "input_audio": Kind.AUDIO, "file": Kind.FILE, "input_file": Kind.FILE,
})  # fmt: skip
"""OpenAI's parts, by their type."""
_DATA = frozenset({"data", "file_data"})
_ADDRESSES = frozenset({"url", "image_url", "file_url"})

_URL = re.compile(r"data:(?P<type>[a-z0-9.+/-]{0,128})(?:;charset=[a-z0-9-]{1,16})?;base64,", re.IGNORECASE)
_BASE64 = re.compile(r"[A-Za-z0-9+/]{32,}={0,2}|[A-Za-z0-9+/]{0,8}={0,2}")
"""Bytes in base64: enough of them, or fewer characters than anybody's number has."""
_EITHER_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{32,}={0,2}")
_NOTHING = 8
_NUMBER = re.compile(r"(?<![A-Za-z0-9])[0-9](?:[+/_-]?[0-9]){8,}(?![A-Za-z0-9])")
_LONGEST_PROSE = 1 << 16
"""Nobody writes so much without a space."""
_TEXT_TYPE = re.compile(
    r"text/|[a-z]+/(?:[^/;]*[+.-])?(?:jsonl?|ndjson|xml|yaml|csv|javascript|typescript|html|sql|toml|sh)(?:;|$)", re.IGNORECASE
)
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_BYTE_ORDERS = ("\ufeff".encode("utf-16-le"), "\ufeff".encode("utf-16-be"))
_HEAD = 1024
_LINE = 60
_URL_SAFE = str.maketrans("-_", "+/")


@dataclass(frozen=True, slots=True)
class Payload(Leaf):
    """Text in base64."""

    def written(self, text: str) -> str:
        return b64encode(text.encode("utf-8", "replace")).decode()


class Readable(NamedTuple):
    """What of a medium's data is text: ``leaf`` is where in the data, if not all of it."""

    text: str
    form: Form = Form.TEXT
    leaf: Leaf | None = None


def medium_of(part: dict[str, Json]) -> Kind | None:
    """What a part says that it is; a picture's address says so too."""
    kind = part.get("type", "image_url" if isinstance(part.get("image_url"), str) else None)
    return MEDIA.get(kind) if isinstance(kind, str) else None


def is_data(key: str | int, value: Json) -> bool:
    """Whether a value in a part that is a medium is the medium's own data, by its key."""
    return isinstance(value, str) and (key in _DATA or (key in _ADDRESSES and value[:5].lower() == "data:"))


def readable(data: str, media_type: str = "") -> Readable | None:
    """What there is to read in a medium's data; None: it is sealed. ``media_type`` is that of the bytes, if it is said beside them."""
    url = _URL.match(data)
    start = url.end() if url else 0
    payload = _unwrapped(data[start:])
    if (url and not is_name(url["type"])) or _has_number(payload):
        return Readable(data)
    if text := _text_in(payload, is_said=bool(_TEXT_TYPE.match(url["type"] if url else media_type))):
        return Readable(text, Form.BASE64, Payload(text, start, len(data), is_string=False))
    return None if _BASE64.fullmatch(payload) else Readable(data)


def is_sealed(text: str) -> bool:
    """Whether a text looks like what a provider has sealed for itself: bytes in base64 that are no text."""
    return bool(_EITHER_BASE64.fullmatch(text)) and not _has_number(text) and _text_in(text, is_said=False) is None


def text_of(data: bytes, *, is_said: bool = False) -> str | None:
    """What bytes say, if they are text. ``is_said``: they are said to be; then they are read as such, whatever they are."""
    if data.startswith(_BYTE_ORDERS):
        return data.decode("utf-16", "replace")
    if not is_said and _CONTROL.search(data):
        return None
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1") if is_said else None


def _text_in(payload: str, *, is_said: bool) -> str | None:
    """The text in base64, if there is any; its beginning tells, unless it is said."""
    head = _bytes(payload[:_HEAD]) if len(payload) > _NOTHING else b""
    if not head or not (is_said or len(payload) <= _HEAD or _may_be_text(head)):
        return None
    data = _bytes(payload)
    return text_of(data, is_said=is_said) if data else None


def _may_be_text(head: bytes) -> bool:
    return head.startswith(_BYTE_ORDERS) or not _CONTROL.search(head)


def _unwrapped(payload: str) -> str:
    """Base64 may be wrapped, in lines of one length."""
    if "\n" not in payload:
        return payload
    lines = payload.splitlines()
    if len(lines[0]) >= _LINE and {len(line) for line in lines[:-1]} <= {len(lines[0])}:
        return "".join(lines)
    return payload


def _bytes(payload: str) -> bytes:
    """What base64 of either alphabet holds, padded or not; nothing where it is none."""
    digits = payload.rstrip("=").translate(_URL_SAFE)
    try:
        return b64decode(digits + "=" * (-len(digits) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _has_number(text: str) -> bool:
    return len(text) <= _LONGEST_PROSE and bool(_NUMBER.search(text))
