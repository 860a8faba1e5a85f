"""Keys that stand where a name belongs."""

import pytest

from gateway.wire.keylike import looks_like_key


@pytest.mark.parametrize(
    "name",
    [
        "sk-proj-abcdefghijklmnop", "sk-ant-api03-Zm9vYmFyYmF6", "models/sk-abcdefghijklmnop", "AKIAIOSFODNN7EXAMPLE",
        "ghp_16C7e42F292c6912E7710c838347Ae178B4a", "hf_abcdefghijklmnopqrst", "xoxb-1234567890-abcdef", "eyJhbGciOiJIUzI1NiJ9",
    ],
)  # fmt: skip
def test_keys(name: str):
    """Wherever in the name they stand."""
    assert looks_like_key(name)


@pytest.mark.parametrize(
    "name",
    [
        "gpt-4o-2024-08-06", "ft:gpt-4o-mini-2024-07-18:acme::AbC123xY", "6f9619ff-8b86-d011-b42d-00cf4fc964ff", "xai-grok-2-latest",
        "pplx-70b-online", "hf-internal-testing/tiny-random-gpt2", "risk-classifier-large-v2", "",
    ],
)  # fmt: skip
def test_names(name: str):
    """What models and deployments are called, ids too, is no key."""
    assert not looks_like_key(name)
