"""What the admin side takes for an object."""

import pytest

from gateway.proxy.admin_answers import refusal, said, sole


@pytest.mark.parametrize(
    ("body", "object_", "label"),
    [
        (b'{"label": "a"}', {"label": "a"}, "a"),
        (b'{"label": "a", "b": 1}', {"label": "a", "b": 1}, None),
        (b"{}", {}, None),
        (b"[1]", None, None),
        (b"", None, None),
        (b"{", None, None),
        (b'{"label": "a", "label": "b"}', None, None),
    ],
)
def test_what_is_said(body: bytes, object_: object, label: object):
    """An object, or nothing; and what it says where it says one thing alone."""
    assert said(body) == object_
    assert sole(body, "label") == label


def test_a_refusal():
    """It has a code and a message."""
    assert refusal(400, "a_code", "Why.").body == b'{"error":{"code":"a_code","message":"Why."}}'
