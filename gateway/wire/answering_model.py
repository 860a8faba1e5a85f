"""Which model has answered: most APIs say it at the same key, in an answer or in the first of its events."""

from gateway.wire.keylike import looks_like_key
from gateway.wire.model import Json
from gateway.wire.walk import is_structural

_MAX_NAME = 128


def answering_model(body: Json) -> str:
    """Empty where it is not said, or where what is said is no name, or a key that the client asked for and the endpoint repeats."""
    if not isinstance(body, dict):
        return ""
    for holder in (body, body.get("response"), body.get("message")):
        model = holder.get("model") if isinstance(holder, dict) else None
        if isinstance(model, str) and len(model) <= _MAX_NAME and is_structural(model) and not looks_like_key(model):
            return model
    return ""
