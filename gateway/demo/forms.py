"""Reads multipart forms: fields by name, files with their names and types."""

import re

from gateway.demo.errors import RefusedRequestError
from gateway.demo.exchange import Part

_BOUNDARY = re.compile(r'boundary=(?:"([^"]+)"|([^\s;]+))', re.IGNORECASE)
_PARAMETER = re.compile(r';\s*(name|filename)="((?:[^"\\]|\\.)*)"', re.IGNORECASE)
_MOST_PARTS = 1000


def is_form(content_type: str) -> bool:
    return content_type.lower().startswith("multipart/form-data")


def read_form(content_type: str, raw: bytes) -> tuple[Part, ...]:
    found = _BOUNDARY.search(content_type)
    if not found:
        raise RefusedRequestError("The multipart form has no boundary.")
    mark = b"\r\n--" + (found[1] or found[2]).encode(errors="replace")
    opening, *parts = (b"\r\n" + raw).split(mark, _MOST_PARTS + 1)
    if opening.strip() or not parts or not parts[-1].startswith(b"--"):
        raise RefusedRequestError("The multipart form is not well formed.")
    return tuple(_part(part) for part in parts[:-1])


def _part(part: bytes) -> Part:
    head, found, value = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
    headers = [line.partition(":") for line in head.decode(errors="replace").split("\r\n")]
    fields = {name.strip().lower(): value.strip() for name, _, value in headers}
    parameters = {name.lower(): text for name, text in _PARAMETER.findall(fields.get("content-disposition", ""))}
    if not found or "name" not in parameters:
        raise RefusedRequestError("A part of the multipart form has no name.")
    return Part(parameters["name"], value, parameters.get("filename"), fields.get("content-type"))
