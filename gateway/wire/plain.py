"""An upstream's own error: any JSON, or plain text, all of whose text the client would see."""

from gateway.errors import BadRequest, UpstreamError
from gateway.wire.answer_texts import read_key
from gateway.wire.codec import decode
from gateway.wire.model import Delta, Event, Form
from gateway.wire.walk import is_structural, strings
from policies.vocabulary import Scope


def read_error(raw: bytes, status: int) -> Event:
    """Raises UpstreamError (``upstream_invalid_response``) for a redirect, or for bytes that are not text."""
    if status < 400:
        raise UpstreamError("upstream_invalid_response", "The upstream answered with a redirect, which the gateway does not follow.")
    try:
        body = decode(raw)
        found = list(strings(body, ()))
    except BadRequest as error:
        if error.code != "invalid_json":  # JSON that we do not read as its readers may
            raise UpstreamError("upstream_invalid_response", "The upstream's error is not JSON that the gateway takes.") from None
        body, found = None, []
    if isinstance(body, (dict, list)):
        deltas = tuple(Delta(("error", *place), Scope.OUTPUT, text, place, closes=True) for text, place, form in found if form is Form.TEXT)
        keys = (read_key(key, place, Scope.OUTPUT) for key, place, form in found if form is Form.KEY and not is_structural(key))
        return Event(raw, body, (*deltas, *keys))
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise UpstreamError("upstream_invalid_response", "The upstream's error is not text.") from None
    return Event(raw, text, (Delta(("error",), Scope.OUTPUT, text, (), closes=True),) if text else ())
