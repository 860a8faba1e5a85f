"""What measures may be aimed at."""

from detectors.registry import Catalog
from gateway.acting import known_to, known_with_policies
from gateway.config import Config
from gateway.incidents.allowed import Endpoint


def config(**keys: object) -> Config:
    return Config.model_validate(keys, context={"env": {}}, strict=False)


def test_names_of_the_settings():
    """Applications, upstreams and models are known as far as the settings name them, and not by what a glob lets in."""
    known = known_to(
        config(
            apps=[{"name": "shop", "key": "sk-shop"}],
            upstreams=[
                {"name": "one", "dialect": "openai", "base_url": "http://one", "api_key": "sk", "models": ["gpt-*", "o1", "m[x]"]},
                {"name": "two", "base_url": "http://two"},
            ],
            routes=[{"models": ["gpt-4o"], "to": ["one"]}],
            prices=[{"models": ["llama-3", "llama-*"], "input": 1, "output": 1}],
        )
    )
    assert known.apps == {"shop"}
    assert known.upstreams == {"one": Endpoint("openai", has_key=True), "two": Endpoint("any", has_key=False)}
    assert known.models == {"o1", "gpt-4o", "llama-3"}
    assert known.rules == frozenset()
    assert (known.has("model", "o1"), known.has("model", "gpt-4"), known.has("app", "")) == (True, False, False)


def test_the_demo():
    """Where no upstream is configured, there is the demo's."""
    assert list(known_to(config()).upstreams) == ["demo"]


def test_rules_of_the_policies():
    """Rules are known that the policies have."""
    known = known_with_policies(config(), Catalog())
    assert known.policies
    assert known.has("rule", known.policies[0].rules[0].id)
