"""Where a part of a request has its picture: the forms that the APIs have for it, and no other.

A form that leaves open which picture a reader takes is none of them: two pictures in one part, a picture beside an address.
"""

from base64 import b64encode

from gateway.wire.model import Json

_BESIDE = frozenset({"type", "detail", "cache_control", "id"})
_SOURCE = frozenset({"type", "media_type", "data"})
_DRAWN = frozenset({
    "b64_json", "revised_prompt", "created_at", "background", "output_format", "quality", "size", "usage", "partial_image_index",
    "sequence_number",
})  # fmt: skip
"""What an answer says of a picture that a model has drawn."""


def picture_of(part: Json) -> str | None:
    """In base64. None where the picture lies elsewhere, behind an address or an id, or cannot be told."""
    if isinstance(part, str):  # what a model has drawn, or a field of a form
        return _inline(part) if ":" in part else part or None
    if not isinstance(part, dict):
        return None
    said = {key: value for key, value in part.items() if value is not None and key not in _BESIDE}
    match said:
        case {"file": bytes(data), "filename": str()} if len(said) == 2:  # of a form
            return b64encode(data).decode()
        case {"image_url": {"url": str(url), **rest}} if len(said) == 1 and rest.keys() <= _BESIDE:
            return _inline(url)
        case {"image_url": str(url)} | {"url": str(url)} if len(said) == 1:
            return _inline(url)
        case {"source": {"type": "base64", "data": str(data), **rest}} if len(said) == 1 and rest.keys() <= _SOURCE:
            return data
        case {"b64_json": str(data)} if said.keys() <= _DRAWN and data:
            return data
    return None


def _inline(url: str) -> str | None:
    head, _, data = url.partition(",")
    return data if head.startswith("data:image/") and head.endswith(";base64") else None
