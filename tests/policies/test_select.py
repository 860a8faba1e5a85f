"""Whose exchange it is decides the policy."""

import pytest

from policies.select import choose
from policies.subject import Subject

FILES = {
    "default": "apps: ['*']",
    "observe": "apps: ['*']",
    "bots": "apps: [support-*]",
    "support": "apps: [support-bot]",
    "gpt": "models: [gpt-*]",
    "gpt4": "models: [gpt-4*]",
    "chat": "surfaces: [chat]",
    "two": "apps: [other, support-bot2]\n  models: [gpt-4o]",
    "twin": "apps: [other]\n  models: [gpt-4o]",
}


@pytest.mark.parametrize(
    ("app", "model", "surface", "name"),
    [
        ("shop", "llama", "embeddings", "default"),
        ("shop", "llama", "chat", "chat"),
        ("shop", "gpt-3", "embeddings", "gpt"),
        ("shop", "gpt-4o", "chat", "gpt4"),
        ("shop", "GPT-4o", "chat", "gpt4"),
        ("support-x", "gpt-4o", "chat", "bots"),
        ("support-bot", "gpt-4o", "chat", "support"),
        ("other", "gpt-4o", "chat", "twin"),
        ("support-bot2", "gpt-4o", "chat", "two"),
        ("support-bot2", "gpt-4", "chat", "bots"),
    ],
)
def test_most_specific(loaded, app, model, surface, name):
    """App before model before surface, exact before glob, longer before shorter, then by name; else the default."""
    policies = {key: loaded(f"name: {key}\napplies_to:\n  {applies}") for key, applies in FILES.items()}
    assert choose(policies, Subject(app, model, surface), None, "default").policy.name == name


def test_named_policy_wins(loaded):
    """The settings' word for an app is last."""
    policies = {key: loaded(f"name: {key}\napplies_to: {{apps: [a]}}") for key in ("default", "mine", "other")}
    assert choose(policies, Subject("a", "m", "chat"), "other", "default").policy.name == "other"


def test_named_policy_that_is_gone(loaded):
    """A policy that is named and not there is never replaced by a milder one in silence."""
    with pytest.raises(KeyError):
        choose({"default": loaded("name: default")}, Subject("a", "m", "chat"), "mine", "default")
