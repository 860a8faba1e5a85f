"""What Anthropic's surfaces have in common: JSON in, JSON out, Anthropic's errors. As it stands: its models, where nobody speaks."""

from gateway.errors import UpstreamError
from gateway.wire.answer_texts import parted
from gateway.wire.anthropic import errors as anthropic_errors
from gateway.wire.anthropic.messages_answer import read_envelope
from gateway.wire.model import Event, Json
from gateway.wire.surface import Surface, read_answer, reading_answer


class AnthropicSurface(Surface):
    render_error = staticmethod(anthropic_errors.render_error)
    render_error_event = staticmethod(anthropic_errors.render_error_event)

    def parse_completion(self, raw: bytes, content_type: str) -> Event:
        body = read_object(raw)
        with reading_answer():
            deltas, uninspectable = parted(read_envelope(body, ("body",), ()))
        return Event(raw, body, deltas, uninspectable=uninspectable)


def read_object(raw: bytes) -> dict[str, Json]:
    """An answer that is a JSON object. Raises UpstreamError (``upstream_invalid_response``)."""
    body = read_answer(raw)
    if not isinstance(body, dict):
        raise UpstreamError("upstream_invalid_response", "The upstream's answer is not the JSON object that this API promises.")
    return body
