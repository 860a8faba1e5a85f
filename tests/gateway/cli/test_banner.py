"""What is said once the gateway is up."""

import json

import pytest

from gateway.addresses import Addresses
from gateway.cli.banner import banner
from gateway.config import Config

DATA, ADMIN, DEMO = "http://127.0.0.1:8080", "http://127.0.0.1:8081", "http://127.0.0.1:9000"
OWN = {"name": "main", "base_url": "https://llm.example.org", "api_key": "sk-secret"}
CLIENTS = {"name": "main", "base_url": "https://llm.example.org"}
CLAUDE = {"name": "claude", "dialect": "anthropic", "base_url": "https://claude.example.org"}
APP = {"name": "shop", "key": "k-secret-" * 4}


def said(demo: str | None = None, **settings: object) -> str:
    return banner(Config.model_validate_json(json.dumps(settings)), Addresses(DATA, ADMIN, demo))


def test_the_demo():
    """It is named where there is one, and asked for its model with any key."""
    text = said(DEMO)
    assert f"demo upstream {DEMO} (what it received: {DEMO}/demo/received)" in text
    assert '"model": "demo"' in text
    assert 'api_key="any"' in text
    assert "authorization" not in text


@pytest.mark.parametrize(
    ("settings", "model", "key", "path"),
    [
        ({"upstreams": [OWN]}, "YOUR_MODEL", None, "/v1/chat/completions"),
        ({"upstreams": [{**OWN, "models": ["gpt-*", "gpt-4o"]}]}, "gpt-4o", None, "/v1/chat/completions"),
        ({"upstreams": [OWN], "routes": [{"models": ["best"], "to": ["main"]}]}, "best", None, "/v1/chat/completions"),
        ({"upstreams": [CLIENTS]}, "YOUR_MODEL", "authorization: Bearer YOUR_KEY", "/v1/chat/completions"),
        ({"upstreams": [OWN], "apps": [APP]}, "YOUR_MODEL", "authorization: Bearer YOUR_APPS_KEY", "/v1/chat/completions"),
        ({"upstreams": [CLAUDE]}, "YOUR_MODEL", "x-api-key: YOUR_KEY", "/v1/messages"),
        ({"upstreams": [CLAUDE, OWN]}, "YOUR_MODEL", "authorization: Bearer YOUR_KEY", "/v1/chat/completions"),
    ],
)
def test_real_upstreams(settings: dict, model: str, key: str | None, path: str):
    """No word of the demo: what to try has a model, a key and an API as the settings have them, and shows no secret."""
    text = said(**settings)
    assert "demo" not in text
    assert f'"model": "{model}"' in text
    assert f"curl -s {DATA}{path} " in text
    assert ("YOUR_" in text.replace("YOUR_MODEL", "")) is (key is not None)
    assert key is None or f"-H '{key}'" in text
    assert "secret" not in text
