"""Texts at rest: whoever has the key reads them, as the texts of their own exchange."""

import base64
import json
import os

import pytest

from gateway.telemetry.sealing import Sealer, SealError

KEY = b"k" * 32
TEXTS = {"input": [{"place": "messages.0.content", "scope": "user", "text": "hello"}], "output": []}
SEALED = Sealer(KEY, os.urandom).seal(json.dumps(TEXTS).encode(), "req_1")


def test_there_and_back():
    """What is sealed is not what is said, never the same twice, and opened with the key alone."""
    assert b"hello" not in base64.b64decode(SEALED)
    assert Sealer(KEY, os.urandom).seal(json.dumps(TEXTS).encode(), "req_1") != SEALED
    assert Sealer(KEY, os.urandom).open(SEALED, "req_1") == TEXTS


@pytest.mark.parametrize(
    ("key", "sealed", "request_id"),
    [
        (b"x" * 32, SEALED, "req_1"),
        (KEY, SEALED, "req_2"),
        (KEY, ("A" if SEALED[0] != "A" else "B") + SEALED[1:], "req_1"),
        (KEY, SEALED[:-8], "req_1"),
        (KEY, SEALED[:8], "req_1"),
        (KEY, "", "req_1"),
        (KEY, "not base64!", "req_1"),
        (KEY, "ä", "req_1"),
        (KEY, None, "req_1"),
    ],
    ids=range(9),
)
def test_what_cannot_be_opened(key: bytes, sealed: str, request_id: str):
    """Another key, another exchange, or a change is an error that says nothing of it."""
    with pytest.raises(SealError, match="sealed with another key, or changed since") as caught:
        Sealer(key, os.urandom).open(sealed, request_id)
    assert caught.value.__cause__ is None


def test_no_json():
    """What the key was used for otherwise is no text."""
    with pytest.raises(SealError):
        Sealer(KEY, os.urandom).open(Sealer(KEY, os.urandom).seal(b"{", "req_1"), "req_1")
