"""Which model has answered, and under which id, by what an endpoint says."""

import pytest

from gateway.wire.model import Json
from gateway.wire.origin import NOBODY, Origin, origin


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            {"object": "chat.completion", "id": "chatcmpl-0123456789abcdef01", "model": "gpt-4o-2024-08-06"},
            Origin("gpt-4o-2024-08-06", "chatcmpl-0123456789abcdef01"),
        ),
        (
            {"type": "response.created", "response": {"id": "resp_0123456789abcdef01", "model": "gpt-4o"}},
            Origin("gpt-4o", "resp_0123456789abcdef01"),
        ),
        (
            {"type": "message_start", "message": {"id": "msg_0123456789abcdef01", "model": "claude-3-5-sonnet"}},
            Origin("claude-3-5-sonnet", "msg_0123456789abcdef01"),
        ),
        ({"model": "text-embedding-3-small"}, Origin("text-embedding-3-small")),
        ({"model": "gpt-4o", "id": "written for anna kovacs"}, Origin("gpt-4o")),
        ({"model": "gpt-4o", "id": "m" * 129}, Origin("gpt-4o")),
        ({"model": "gpt-4o", "id": 7}, Origin("gpt-4o")),
        ({"model": "gpt-4o", "id": "chatcmpl-Maria_Mueller_has_cancer"}, Origin("gpt-4o")),
        ({"model": "m", "id": "cmpl-1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed"}, Origin("m", "cmpl-1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed")),
        ({"id": "file-7"}, NOBODY),
        ({"model": "anna kovacs, 5 Elm Street"}, NOBODY),
        ({"model": "m" * 129}, NOBODY),
        ({"model": "sk-proj-abcdefghijklmnop1234"}, NOBODY),
        ({"model": 7, "response": "x", "message": None}, NOBODY),
        ({}, NOBODY),
        ([], NOBODY),
        (None, NOBODY),
    ],
)
def test_origin(body: Json, said: Origin):
    """It is said at one of three places; what is no name is as if nothing had been said."""
    assert origin(body) == said
