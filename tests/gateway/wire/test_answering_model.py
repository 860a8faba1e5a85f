"""Which model has answered, by what an endpoint says."""

import pytest

from gateway.wire.answering_model import answering_model
from gateway.wire.model import Json


@pytest.mark.parametrize(
    ("body", "model"),
    [
        ({"object": "chat.completion", "model": "gpt-4o-2024-08-06"}, "gpt-4o-2024-08-06"),
        ({"type": "response.created", "response": {"model": "gpt-4o"}}, "gpt-4o"),
        ({"type": "message_start", "message": {"model": "claude-3-5-sonnet-20241022"}}, "claude-3-5-sonnet-20241022"),
        ({"model": "anna kovacs, 5 Elm Street"}, ""),
        ({"model": "m" * 129}, ""),
        ({"model": "sk-proj-abcdefghijklmnop1234"}, ""),
        ({"model": 7, "response": "x", "message": None}, ""),
        ({}, ""),
        ([], ""),
        (None, ""),
    ],
)
def test_answering_model(body: Json, model: str):
    """It is said at one of three places; what is no name is as if nothing had been said."""
    assert answering_model(body) == model
