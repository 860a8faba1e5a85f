"""The demo, running, and the official SDKs pointed at it. They hold every answer to their own types."""

from collections.abc import AsyncIterator, Callable

import aiohttp
import anthropic
import openai
import pytest

from gateway.demo import DemoSettings, running_demo
from gateway.demo.dispatch import perform
from gateway.demo.state import State


@pytest.fixture
async def url() -> AsyncIterator[str]:
    async with running_demo(DemoSettings(delay_s=0)) as url:
        yield url


@pytest.fixture
async def client(url: str) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0, _strict_response_validation=True) as client:
        yield client


@pytest.fixture
async def lenient(url: str) -> AsyncIterator[openai.AsyncOpenAI]:
    """As it is delivered. Some of its types do not allow for what its own endpoint sends."""
    async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0) as client:
        yield client


@pytest.fixture
async def claude(url: str) -> AsyncIterator[anthropic.AsyncAnthropic]:
    async with anthropic.AsyncAnthropic(base_url=url, api_key="any", max_retries=0, _strict_response_validation=True) as client:
        yield client


@pytest.fixture
def received(url: str) -> Callable:
    async def read() -> list[dict]:
        async with aiohttp.ClientSession() as session, session.get(f"{url}/demo/received") as response:
            return (await response.json())["received"]

    return read


@pytest.fixture
def state() -> State:
    return State(("demo",), lambda: 1000.0, perform)
