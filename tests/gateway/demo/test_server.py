import json
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer

from gateway.demo import DemoSettings, build_demo, running_demo

USER = {"role": "user", "content": "mail ann@example.org"}


@pytest.fixture
async def client() -> AsyncIterator[TestClient]:
    async with TestClient(TestServer(build_demo(DemoSettings(delay_s=0, keep=3), clock=lambda: 1000.0))) as client:
        yield client


async def _chat(client: TestClient, **fields: object):
    return await client.post("/v1/chat/completions", json={"model": "demo", "messages": [USER], **fields})


async def test_a_completion(client: TestClient):
    """An answer has the endpoint's headers besides its body, and equal requests get equal answers."""
    first, second = await _chat(client), await _chat(client)
    assert (await first.json())["choices"][0]["message"]["content"] == "I have sent a note to ann@example.org."
    assert await first.json() == await second.json()
    assert (await first.json())["created"] == 1000
    assert {"x-request-id", "x-ratelimit-limit-requests", "x-ratelimit-remaining-requests"} <= {name.lower() for name in first.headers}


async def test_a_stream(client: TestClient):
    """A stream is one of events and ends with [DONE]."""
    response = await _chat(client, stream=True)
    events = (await response.text()).split("\n\n")
    assert response.content_type == "text/event-stream"
    assert events[-2:] == ["data: [DONE]", ""]
    assert all(json.loads(event.removeprefix("data: "))["object"] == "chat.completion.chunk" for event in events[:-2])


async def test_what_was_received_is_shown(client: TestClient):
    """The last requests are shown as they came, malformed and very long ones by their length; the API key is not."""
    await _chat(client, user="dropped")
    await _chat(client, user="kept")
    await client.post("/v1/chat/completions", data=b"{", headers={"Authorization": "Bearer secret-of-somebody"})
    await _chat(client, user="x" * 300_000)
    response = await client.get("/demo/received")
    shown = await response.json()
    assert shown["count"] == 4
    assert [each["body"] if isinstance(each["body"], str) else each["body"]["user"] for each in shown["received"]] == [
        "kept",
        "(not readable)",
        "(too long to keep)",
    ]
    assert "secret-of-somebody" not in await response.text()


async def test_every_request_is_shown(client: TestClient):
    """By method and path as they came, what is refused as well as what is answered; the page itself is not."""
    await client.get("/v1/models?limit=2")
    await client.post("/openai/deployments/d/embeddings?api-version=1", json={"input": "x"})
    await client.delete("/v1/nothing")
    await client.get("/demo/received")
    shown = (await (await client.get("/demo/received")).json())["received"]
    assert [(each["method"], each["path"], each.get("query"), each["body"]) for each in shown] == [
        ("GET", "/v1/models", {"limit": "2"}, None),
        ("POST", "/openai/deployments/d/embeddings", {"api-version": "1"}, {"input": "x"}),
        ("DELETE", "/v1/nothing", None, None),
    ]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("POST", "/v1/chat/completions", b"{", 400, None),
        ("POST", "/v1/chat/completions", b"[" * 100_000, 400, None),
        ("POST", "/v1/chat/completions", b"{}", 400, "missing_required_parameter"),
        ("POST", "/v1/chat/completions", b'{"model": "demo-busy", "messages": [{"role": "user"}]}', 429, "rate_limit_exceeded"),
        ("POST", "/v1/embeddings", b"{}", 400, "missing_required_parameter"),
        ("POST", "/v1/else", b"{}", 404, None),
        ("POST", "/v1/chat/completions", b"[]", 400, None),
        ("GET", "/v1/chat/completions", None, 405, "method_not_supported"),
    ],
)
async def test_errors_have_the_dialects_shape(
    client: TestClient, method: str, path: str, body: bytes | None, status: int, code: str | None
):
    """Whatever is wrong, the answer is an error object."""
    response = await client.request(method, path, data=body)
    error = (await response.json())["error"]
    assert (response.status, error["code"]) == (status, code)
    assert set(error) == {"message", "type", "param", "code"}


@pytest.mark.parametrize("tool", [{"name": "look", "parameters": 3}, {"name": "look", "parameters": {"properties": [1]}}])
async def test_a_tool_that_is_not_well_formed(client: TestClient, tool: dict):
    """A schema that is none is the caller's mistake, not the demo's failure."""
    response = await _chat(client, tools=[{"type": "function", "function": tool}], tool_choice="required")
    assert (response.status, (await response.json())["error"]["code"]) == (400, "invalid_schema")


@pytest.mark.parametrize(("name", "form"), [("Authorization", "Bearer {}"), ("x-api-key", "{}"), ("api-key", "{}")])
async def test_a_key_is_required_when_one_is_set(name: str, form: str):
    """With a key configured, the API wants it in any dialect's header, and the page of received requests does not."""
    async with running_demo(DemoSettings(key="right")) as url, aiohttp.ClientSession() as session:
        for path, key, status in (("/v1/models", "wrong", 401), ("/v1/models", "right", 200), ("/demo/received", "wrong", 200)):
            async with session.get(url + path, headers={name: form.format(key)}) as response:
                assert response.status == status


async def test_a_body_that_is_too_large():
    """Is refused in the dialect of its path."""
    async with TestClient(TestServer(build_demo(DemoSettings(max_body_bytes=1000)))) as client:
        for path, kind in (("/v1/completions", "invalid_request_error"), ("/v1/messages", "request_too_large")):
            response = await client.post(path, data=b"x" * 2000)
            assert (response.status, (await response.json())["error"]["type"]) == (413, kind)


async def test_a_form_that_is_broken(client: TestClient):
    """Is refused like a form without its fields, and shown as unreadable."""
    response = await client.post("/v1/files", data=b"--x", headers={"Content-Type": "multipart/form-data; boundary=y"})
    assert response.status == 400
    assert (await (await client.get("/demo/received")).json())["received"][0]["body"] == "(not readable)"


async def test_a_socket_elsewhere(client: TestClient):
    """Only the realtime surface converses."""
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await client.ws_connect("/v1/responses")
    assert refused.value.status == 404
