"""Where a part of a request has its picture in base64: the forms that the APIs have for it, and no other.

A form that leaves open which picture a reader takes is none of them: two pictures in one part, a picture beside an address.
"""

from gateway.wire.model import Json

_BESIDE = frozenset({"type", "detail", "cache_control", "id"})
_SOURCE = frozenset({"type", "media_type", "data"})


def picture_of(part: Json) -> str | None:
    """None where the picture lies elsewhere, behind an address or an id, or cannot be told."""
    if isinstance(part, str):  # what a model has drawn
        return part if part and ":" not in part else None
    if not isinstance(part, dict):
        return None
    said = {key: value for key, value in part.items() if value is not None and key not in _BESIDE}
    match said:
        case {"image_url": {"url": str(url), **rest}} if len(said) == 1 and rest.keys() <= _BESIDE:
            return _inline(url)
        case {"image_url": str(url)} | {"url": str(url)} if len(said) == 1:
            return _inline(url)
        case {"source": {"type": "base64", "data": str(data), **rest}} if len(said) == 1 and rest.keys() <= _SOURCE:
            return data
    return None


def _inline(url: str) -> str | None:
    head, _, data = url.partition(",")
    return data if head.startswith("data:image/") and head.endswith(";base64") else None
