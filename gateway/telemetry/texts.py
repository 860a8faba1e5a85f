"""What the record of an exchange has of its texts, where the settings ask for them: redacted as they are, or sealed as they came."""

from collections.abc import Callable
from typing import Any

from gateway.guard.kept import Texts
from gateway.guard.outcome import Findings
from gateway.wire.codec import encode
from gateway.wire.model import Json
from gateway.wire.walk import dotted

Seal = Callable[[bytes, str], str]
"""Makes bytes unreadable but for whoever has the key, and of use in the exchange of this id alone."""


def render_texts(request: Findings, response: Findings, request_id: str, seal: Seal | None) -> Json:
    """``texts``, or ``sealed_texts``; nothing where none are kept. What is not redacted stands in no record without being sealed."""
    sides = [side.texts for side in (request, response) if side.texts]
    if not sides:
        return {}
    texts = _rendered(request.texts, response.texts, len(request.unread) + len(response.unread))
    if not any(side.is_raw for side in sides):
        return {"texts": texts}
    return {"sealed_texts": seal(encode(texts), request_id)} if seal else {}


def _rendered(request: Texts | None, response: Texts | None, unread: int) -> Json:
    sides = [side for side in (request, response) if side]
    said: dict[str, Any] = {"input": _side(request), "output": _side(response)}
    if left_out := sum([side.left_out for side in sides]) + unread:
        said["left_out"] = left_out
    if any(side.is_cut for side in sides):
        said["cut"] = True
    return said


def _side(texts: Texts | None) -> Json:
    return [{"place": dotted(place), "scope": scope.value, "text": text} for place, scope, text in texts.kept] if texts else []
