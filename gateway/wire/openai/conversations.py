"""OpenAI's Conversations API (``/v1/conversations`` and below it): items that the endpoint keeps, and that responses read and add to."""

from dataclasses import replace

from gateway.wire.model import Call, Request
from gateway.wire.openai.responses import Items


class Conversations(Items):
    """Conversations and their items, put in and taken out."""

    def __init__(self) -> None:
        super().__init__("conversations", "conversation_id")

    def parse_request(self, raw: bytes, call: Call) -> Request:
        """Whoever deletes an item is not done with its conversation: what was put into that stays known."""
        request = super().parse_request(raw, call)
        if call.method == "DELETE" and "item_id" in call.names:
            return replace(request, refers=())
        return replace(request, keeps=request.refers) if call.method == "POST" else request
