"""One gateway for the whole of these tests, which each test gives its own upstream. Its timeouts are short only where they are waited for:
nothing else fails where the machine is busy.
"""

from collections.abc import AsyncIterator, Iterator

import pytest

from bench.processes import free_port
from gateway.demo import DemoSettings, running_demo
from policies.load import library
from tests.support.faulty_upstream import FaultyUpstream
from tests.support.gateway import Gateway, running_gateway

GUARDED = """
name: guarded
description: Values in answers are redacted too.
applies_to: {models: ["guarded-*"]}
rules:
  - {id: answers, detect: pii, scope: [output, reasoning, tool_arguments], entities: [EMAIL_ADDRESS], action: redact}
"""
STRICT = """
name: strict
description: A value that a user sends stops the request, and one that the endpoint says stops the answer.
applies_to: {models: ["*strict*"]}
rules:
  - {id: sent, detect: pii, scope: [user], entities: [EMAIL_ADDRESS], action: block}
  - {id: said, detect: pii, scope: [output, reasoning, tool_arguments], entities: [CREDIT_CARD], action: block}
"""
UNPUNCTUAL = ("stall-*", "never-*", "slow-*")
"""The models whose answers do not come in time."""


@pytest.fixture(scope="session")
def faulty_port() -> int:
    return free_port()


@pytest.fixture(scope="session")
def demo_port() -> int:
    return free_port()


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory, faulty_port: int, demo_port: int) -> Iterator[Gateway]:
    endpoint = {"base_url": f"http://127.0.0.1:{faulty_port}", "max_response_mb": 8}
    upstreams = {
        "demo*": f"http://127.0.0.1:{demo_port}",
        **{models: {**endpoint, "idle_timeout_s": 1, "timeout_s": 2} for models in UNPUNCTUAL},
        "*": endpoint,
    }
    listen = {"header_timeout_s": 3, "body_timeout_s": 3, "write_timeout_s": 20, "max_body_mb": 8}
    policies = {"default": (library() / "default.yaml").read_text(), "guarded": GUARDED}
    with running_gateway(tmp_path_factory.mktemp("gateway"), upstreams, policies=policies, listen=listen) as running:
        yield running


@pytest.fixture(scope="session")
def demo_gateway(tmp_path_factory: pytest.TempPathFactory, demo_port: int) -> Iterator[Gateway]:
    """A gateway that has no endpoint but the demo, which then gets also what names no model."""
    policies = {"default": (library() / "default.yaml").read_text(), "strict": STRICT}
    with running_gateway(tmp_path_factory.mktemp("gateway"), {"*": f"http://127.0.0.1:{demo_port}"}, policies=policies) as running:
        yield running


@pytest.fixture
async def faulty(faulty_port: int) -> AsyncIterator[FaultyUpstream]:
    async with FaultyUpstream(port=faulty_port).running() as upstream:
        yield upstream


@pytest.fixture
async def demo(demo_port: int) -> AsyncIterator[str]:
    async with running_demo(DemoSettings(delay_s=0.002), port=demo_port) as url:
        yield url
