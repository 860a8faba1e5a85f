"""Whose exchange it is decides the policy."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.select import choosable, choose
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


def test_what_can_be_chosen(loaded):
    """The default, what is named, what singles something out, and new versions of these; nothing else decides any exchange."""
    texts = {
        "default": "applies_to: {apps: ['*']}", "mine": "mode: shadow", "idle": "applies_to: {apps: ['*'], models: ['?*']}",
        "bots": "applies_to: {surfaces: [chat]}", "next": "rollout: {of: mine, percent: 1}", "lost": "rollout: {of: idle, percent: 1}",
        "late": "rollout: {of: idle, percent: 1}\napplies_to: {apps: [a]}",
    }  # fmt: skip
    policies = {name: loaded(f"name: {name}\n{text}") for name, text in texts.items()}
    assert choosable(policies, "default", ["mine"]) == {"default", "mine", "bots", "next"}
    assert choosable(policies, "idle", []) == {"idle", "bots", "lost", "late"}


@given(st.lists(st.sampled_from(["", "apps: ['*']", "apps: [a*]", "models: ['[m]']", "surfaces: ['?', chat]"]), min_size=1, max_size=5))
def test_what_is_chosen_can_be(loaded, applies):
    """Whatever is chosen was among what can be, for any set of policies."""
    policies = {f"p{at}": loaded(f"name: p{at}\napplies_to: {{{each}}}") for at, each in enumerate(applies)}
    for app, model, surface in itertools.product(["a1", "*", ""], ["m", "[m]"], ["chat", "x"]):
        for named in (None, "p0"):
            chosen = choose(policies, Subject(app, model, surface), named, f"p{len(applies) - 1}")
            assert chosen.policy.name in choosable(policies, f"p{len(applies) - 1}", [named] if named else [])
