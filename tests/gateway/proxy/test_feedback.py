"""What an application may say of an exchange."""

import json
from typing import Any

import pytest

from gateway.errors import GatewayError
from gateway.proxy.feedback import event

ID = "req_0123456789abcdef01234567"
GOOD = {"request_id": ID, "label": "false_positive"}


@pytest.mark.parametrize("more", [{}, {"score": -1}, {"score": None}, {"comment": "it was about cards"}])
def test_an_event(more: dict[str, Any]):
    """It names the exchange, the app and the label; a comment is dropped."""
    said = event(json.dumps({**GOOD, **more}).encode(), "bot", 12.5)
    score = {key: value for key, value in more.items() if key == "score" and value is not None}
    assert said == {"v": 1, "kind": "feedback", "ts": 12.5, "request_id": ID, "app": "bot", "label": "false_positive", **score}


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ({**GOOD, "label": "fine"}, "invalid_body", "label"),
        ({**GOOD, "label": ["good"]}, "invalid_body", "label"),
        ({**GOOD, "request_id": "what was said"}, "invalid_body", "request_id"),
        ({**GOOD, "request_id": 1}, "invalid_body", "request_id"),
        ({"label": "good"}, "invalid_body", "request_id"),
        ({**GOOD, "comment": 1}, "invalid_body", "comment"),
        ({**GOOD, "score": True}, "invalid_body", "score"),
        ({**GOOD, "score": 1e300}, "invalid_body", "score"),
        ({**GOOD, "rule": "r"}, "invalid_body", None),
        ([GOOD], "invalid_body", None),
        ({**GOOD, "comment": "x" * 20_000}, "body_too_large", None),
    ],
)
def test_what_is_none(body: Any, code: str, param: str | None):
    """It is refused with the place, and without its words."""
    with pytest.raises(GatewayError) as caught:
        event(json.dumps(body).encode(), "bot", 0)
    assert (caught.value.code, caught.value.param) == (code, param)
    assert "what was said" not in caught.value.message
