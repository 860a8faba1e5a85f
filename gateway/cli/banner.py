"""What ``oddgate serve`` says once it is up: where it is, and what to try next, with a model and a key as the settings have them."""

from gateway.addresses import Addresses
from gateway.config import Config

_DEMO = "demo"
_SOME_MODEL, _APP_KEY, _OWN_KEY, _ANY_KEY = "YOUR_MODEL", "YOUR_APPS_KEY", "YOUR_KEY", "any"
_HEAD = "\n  oddgate is up.   data {data}   admin {admin}   policy {policy}\n"
_DEMO_LINE = "  demo upstream {demo} (what it received: {demo}/demo/received)\n"
_OPENAI = """
  Try it:
    curl -s {data}/v1/chat/completions -H 'content-type: application/json' {auth}\\
      -d '{{"model": "{model}", "messages": [{{"role": "user", "content": "Write to anna.kovacs@example.com, please."}}]}}'

  From Python, with the OpenAI SDK:
    from openai import OpenAI
    client = OpenAI(base_url="{data}/v1", api_key="{key}")
    answer = client.chat.completions.create(model="{model}", messages=[{{"role": "user", "content": "I am Anna Kovacs."}}])
    print(answer.choices[0].message.content)
"""
_ANTHROPIC = """
  Try it:
    curl -s {data}/v1/messages -H 'content-type: application/json' -H 'anthropic-version: 2023-06-01' {auth}\\
      -d '{{"model": "{model}", "max_tokens": 99, "messages": [{{"role": "user", "content": "Write to anna.kovacs@example.com, now"}}]}}'

  From Python, with the Anthropic SDK:
    from anthropic import Anthropic
    client = Anthropic(base_url="{data}/anthropic", api_key="{key}")
    answer = client.messages.create(model="{model}", max_tokens=99, messages=[{{"role": "user", "content": "I am Anna Kovacs."}}])
    print(answer.content[0].text)
"""
_TAIL = """
  Health, metrics and policy status: {admin}/readyz  {admin}/metrics  {admin}/api/v1/policy/status
  Records, as they come:             oddgate tail
"""


def banner(config: Config, addresses: Addresses) -> str:
    is_anthropic = bool(config.upstreams) and all(each.dialect == "anthropic" for each in config.upstreams)
    key = _key(config, addresses)
    auth = "" if key == _ANY_KEY else f"-H '{'x-api-key: ' if is_anthropic else 'authorization: Bearer '}{key}' "
    demo = _DEMO_LINE if addresses.demo else ""
    return (_HEAD + demo + (_ANTHROPIC if is_anthropic else _OPENAI) + _TAIL).format(
        data=addresses.data, admin=addresses.admin, policy=config.policies.default, demo=addresses.demo, auth=auth, key=key,
        model=_model(config, addresses),
    )  # fmt: skip


def _model(config: Config, addresses: Addresses) -> str:
    """One that the settings name, if they name any, and not only a pattern."""
    if addresses.demo:
        return _DEMO
    named = [glob for models in (*(each.models for each in config.routes), *(each.models for each in config.upstreams)) for glob in models]
    return next((name for name in named if not set(name) & set("*?[]")), _SOME_MODEL)


def _key(config: Config, addresses: Addresses) -> str:
    """A word for the one that is needed; no key is ever shown."""
    if config.apps:
        return _APP_KEY
    return _OWN_KEY if not addresses.demo and any(each.api_key is None for each in config.upstreams) else _ANY_KEY
