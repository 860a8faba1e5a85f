"""Which model has answered, and under which id: most APIs say both at the same keys, in an answer or in the first of its events."""

import re
from typing import NamedTuple

from gateway.wire.keylike import looks_like_key
from gateway.wire.model import Json
from gateway.wire.walk import is_structural

_MAX_NAME = 128
_ID = re.compile(r"(?:[a-z]{1,16}[-_])?(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9A-Za-z]{16,80})")
"""Of what is made by chance: some endpoints let a client choose a part of it, which may be of words."""


class Origin(NamedTuple):
    """Empty where it is not said, or where what is said is no name, or a key that the client asked for and the endpoint repeats."""

    model: str = ""
    id: str = ""


NOBODY = Origin()


def origin(body: Json) -> Origin:
    """``NOBODY`` where no model is said."""
    if not isinstance(body, dict):
        return NOBODY
    for holder in (body, body.get("response"), body.get("message")):
        if isinstance(holder, dict) and (model := _name(holder.get("model"))):
            id_ = _name(holder.get("id"))
            return Origin(model, id_ if _ID.fullmatch(id_) else "")
    return NOBODY


def _name(value: Json) -> str:
    is_name = isinstance(value, str) and len(value) <= _MAX_NAME and is_structural(value) and not looks_like_key(value)
    return value if is_name else ""
