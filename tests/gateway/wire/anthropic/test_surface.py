"""Anthropic's surfaces on which nobody speaks."""

import json

import pytest

from gateway.errors import BadRequest, UpstreamError
from gateway.wire.anthropic.surface import AnthropicSurface
from gateway.wire.model import Call
from gateway.wire.routes import routes

MODELS = AnthropicSurface("models")


def test_models() -> None:
    """Of a list of models the names that people read are texts; nobody refuses in it, and it is never a stream."""
    listed = {"data": [{"type": "model", "id": "claude-x-20250929", "display_name": "Claude X", "created_at": "2025-09-29T00:00:00Z"}]}
    event = MODELS.parse_completion(json.dumps({**listed, "has_more": False, "first_id": "a"}).encode(), "application/json")
    assert [(delta.text, delta.place) for delta in event.deltas] == [("Claude X", ("data", 0, "display_name"))]
    assert event.uninspectable == ()
    assert MODELS.parse_request(b"", Call("GET")).body is None
    with pytest.raises(BadRequest):
        MODELS.parse_request(b"{}", Call("GET"))
    with pytest.raises(UpstreamError):
        MODELS.parse_completion(b"[]", "application/json")


@pytest.mark.parametrize(
    ("method", "path", "surface", "to"),
    [
        ("POST", "/v1/messages", "messages", "/v1/messages"),
        ("POST", "/anthropic/v1/messages", "messages", "/v1/messages"),
        ("POST", "/anthropic/v1/messages/count_tokens", "count_tokens", "/v1/messages/count_tokens"),
        ("POST", "/v1/messages/batches", "message_batches", "/v1/messages/batches"),
        ("GET", "/anthropic/v1/messages/batches", "message_batches", "/v1/messages/batches"),
        ("GET", "/v1/messages/batches/msgbatch_1", "message_batches", "/v1/messages/batches/msgbatch_1"),
        ("DELETE", "/v1/messages/batches/msgbatch_1", "message_batches", "/v1/messages/batches/msgbatch_1"),
        ("POST", "/anthropic/v1/messages/batches/b/cancel", "message_batches", "/v1/messages/batches/b/cancel"),
        ("GET", "/v1/messages/batches/b/results", "message_batches", "/v1/messages/batches/b/results"),
        ("GET", "/anthropic/v1/models", "models", "/v1/models"),
        ("GET", "/anthropic/v1/models/claude-x", "models", "/v1/models/claude-x"),
    ],
)
def test_routes(method: str, path: str, surface: str, to: str) -> None:
    """Anthropic's paths are served as they are and below a prefix of ours, and speak its errors."""
    match = routes().find(method, path)
    assert (match.dialect.surface, match.family, match.path) == (surface, "anthropic", to)
    error = BadRequest("invalid_body", "m")
    assert json.loads(match.dialect.render_error(error, "r", "p"))["type"] == "error"


@pytest.mark.parametrize(
    ("path", "is_anthropic"),
    [
        ("/v1/messages", True), ("/v1/messages/other", True), ("/anthropic/v1/complete", True), ("/anthropic/", True),
        ("/v1/messages2", False), ("/v1/complete", False), ("/anthropical", False), ("/v1/chat/completions", False),
    ],
)  # fmt: skip
def test_errors_of_paths_that_are_not_served(path: str, is_anthropic: bool) -> None:
    """A path below Anthropic's is refused in its words, any other in OpenAI's."""
    body = json.loads(routes().error_shape(path).render_error(BadRequest("unsupported_path", "m"), "r", "p"))
    assert ("type" in body) is is_anthropic
