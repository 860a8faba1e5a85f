"""Which model has answered: most APIs say it at the same key, in an answer or in the first of its events."""

from gateway.wire.model import Json
from gateway.wire.walk import is_structural

_MAX_NAME = 128


def answering_model(body: Json) -> str:
    """Empty where it is not said, or where what is said is no name."""
    if not isinstance(body, dict):
        return ""
    for holder in (body, body.get("response"), body.get("message")):
        model = holder.get("model") if isinstance(holder, dict) else None
        if isinstance(model, str) and len(model) <= _MAX_NAME and is_structural(model):
            return model
    return ""
