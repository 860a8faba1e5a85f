"""Names of models that may be told, and those that may not."""

import pytest

from gateway.watch.otel.models import MAX_COUNTED, OTHER, ModelNames, looks_secret

REAL = [
    "gpt-4o", "gpt-4o-2024-08-06", "o4-mini", "chatgpt-4o-latest", "text-embedding-3-large", "ft:gpt-4o-mini-2024-07-18:acme::AbC123xY",
    "claude-3-5-sonnet-20241022", "claude-opus-4-1@20250805", "anthropic.claude-3-5-sonnet-20241022-v2:0", "gemini-2.5-pro",
    "meta-llama/Meta-Llama-3.1-405B-Instruct-Turbo", "accounts/fireworks/models/llama-v3p1-405b-instruct",
    "qwen2.5-coder:32b-instruct-q4_K_M",
    "mistralai/Mixtral-8x22B-Instruct-v0.1", "deepseek-ai/DeepSeek-R1-Distill-Llama-70B", "hf-internal-testing/tiny-random-gpt2",
    "demo", "",
]  # fmt: skip
KEYS = [
    "sk-proj-abcdefghijklmnop", "sk-ant-api03-Zm9vYmFyYmF6", "AKIAIOSFODNN7EXAMPLE", "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "gsk_abcdefghij",
    "AIzaSyA1234567890abcdefg", "eyJhbGciOiJIUzI1NiJ9", "models/sk-abcdefghijklmnop", "hf_abcdefghijklmnopqrst", "glpat-abcdefgh12345678",
    "6f9619ff-8b86-d011-b42d-00cf4fc964ff", "a3f5c0d1e2b4968770fadcbe", "xoxb-1234567890-abcdef",
]  # fmt: skip


@pytest.mark.parametrize("name", REAL)
def test_names_of_models(name: str):
    """What models are called looks like no key."""
    assert not looks_secret(name)
    assert ModelNames().told(name, is_answered=True) == name


@pytest.mark.parametrize("name", KEYS)
def test_keys(name: str):
    """A key that somebody put there is not told, whatever the endpoint answered; a name that the settings have is."""
    assert ModelNames(["*"]).told(name, is_answered=True) == ""
    assert ModelNames([name]).told(name, is_answered=False) == name


def test_what_no_endpoint_has_answered_to():
    """It is told only if the settings have it, as it is."""
    names = ModelNames(["gpt-4o", "claude-*"])
    assert [names.told(name, is_answered=False) for name in ("gpt-4o", "claude-*", "claude-3")] == ["gpt-4o", "", ""]


def test_labels_are_bounded():
    """An endpoint that answers to anything makes no more series than there may be; names of the settings are beside them."""
    names = ModelNames(["gpt-4o"])
    counted = [names.counted(f"m{number}", is_answered=True) for number in range(MAX_COUNTED + 5)]
    assert counted == [*(f"m{number}" for number in range(MAX_COUNTED)), *[OTHER] * 5]
    assert [names.counted(name, is_answered=True) for name in ("gpt-4o", "m0", "new", "sk-abcdefghijkl")] == ["gpt-4o", "m0", OTHER, ""]
