"""What an application says of an exchange that it had: the one path of the data side that is the gateway's own.

It becomes an event in the journal. A comment is taken, since clients send one, and dropped: the journal holds no text.
"""

import math
import re
from typing import get_args

from gateway.errors import BadRequest, TooLarge
from gateway.wire.codec import decode
from gateway.wire.model import Json
from policies.labels import FEEDBACK, FeedbackLabel

PATH = "/v1/feedback"
SURFACE = "feedback"
_MAX_BYTES = 16_384
_REQUEST_ID = re.compile(r"req_[0-9a-f]{24}")
_KEYS = frozenset({"request_id", "label", "comment", "score"})


def event(raw: bytes, app: str, ts: float) -> Json:
    """What is written down. Raises BadRequest and TooLarge."""
    if len(raw) > _MAX_BYTES:
        raise TooLarge("body_too_large", f"Feedback takes no more than {_MAX_BYTES} bytes.")
    said = decode(raw)
    if not isinstance(said, dict) or not said.keys() <= _KEYS:
        raise BadRequest("invalid_body", f"Feedback is an object with {', '.join(sorted(_KEYS))}.")
    request_id, label, score = said.get("request_id"), said.get("label"), said.get("score")
    if not isinstance(request_id, str) or not _REQUEST_ID.fullmatch(request_id):
        raise BadRequest("invalid_body", "The request_id is the one of the header x-oddgate-request-id.", "request_id")
    if label not in get_args(FeedbackLabel):
        raise BadRequest("invalid_body", f"The label is one of {', '.join(get_args(FeedbackLabel))}.", "label")
    if not isinstance(said.get("comment", ""), str):
        raise BadRequest("invalid_body", "The comment is a string.", "comment")
    if score is not None and not _is_number(score):
        raise BadRequest("invalid_body", "The score is a number.", "score")
    scored = {} if score is None else {"score": score}
    return {"v": 1, "kind": FEEDBACK, "ts": round(ts, 6), "request_id": request_id, "app": app, "label": label, **scored}


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15 and math.isfinite(value)
