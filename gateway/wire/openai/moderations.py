"""OpenAI moderations (``POST /v1/moderations``): a text, texts, or the parts of one input; categories and scores back."""

from gateway.wire.input_request import read_request
from gateway.wire.model import Call, Request
from gateway.wire.surface import Surface


class Moderations(Surface):
    """The model may be left out."""

    def __init__(self) -> None:
        super().__init__("moderations")

    def parse_request(self, raw: bytes, call: Call) -> Request:
        return read_request(self.surface, raw, "input", needs_model=False)
