"""The admin side: probes for everybody, everything else for those with the token."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry, Gauge

from gateway.proxy.admin import Admin, build_admin

STATUS = {"workers": [{"pid": 1, "policies": []}]}


@asynccontextmanager
async def serving(token: str | None = None, not_ready: tuple[str, ...] = ()) -> AsyncIterator[TestClient]:
    registry = CollectorRegistry()
    Gauge("oddgate_things", "Things.", registry=registry).set(3)
    admin = Admin(registry, lambda: list(not_ready), lambda: STATUS)
    async with TestClient(TestServer(build_admin(admin, token))) as client:
        yield client


async def test_health_and_readiness():
    """Healthy is who answers; ready is who should get traffic, with the reason if not."""
    async with serving() as client:
        assert (await client.get("/healthz")).status == 200
        answer = await client.get("/readyz")
        assert (answer.status, await answer.json()) == (200, {"status": "ready"})
    async with serving(not_ready=("starting",)) as client:
        assert (await client.get("/healthz")).status == 200
        answer = await client.get("/readyz")
        assert (answer.status, await answer.json()) == (503, {"status": "not ready", "reasons": ["starting"]})


async def test_metrics():
    """In Prometheus' text format."""
    async with serving() as client:
        answer = await client.get("/metrics")
        assert answer.status == 200
        assert answer.headers["Content-Type"].startswith("text/plain; version=")
        assert "oddgate_things 3.0" in await answer.text()


async def test_policy_status():
    """As the owner of the policies tells it."""
    async with serving() as client:
        assert await (await client.get("/api/v1/policy/status")).json() == STATUS


@pytest.mark.parametrize("path", ["/metrics", "/api/v1/policy/status", "/", "/no/such/path", "/healthz/", "/metrics?/healthz"])
@pytest.mark.parametrize(
    "given", [None, "", "Bearer", "Bearer ", "Bearer wrong", "Bearer token2", "Basic token", "bearer  TOKEN", "Bearer é"]
)
async def test_without_the_token(path: str, given: str | None):
    """Everything but the probes needs the token, and says only that."""
    async with serving(token="token") as client:
        answer = await client.get(path, headers={} if given is None else {"Authorization": given}, allow_redirects=False)
        assert answer.status == 401
        assert (await answer.json())["error"]["code"] == "invalid_admin_token"
        assert (await client.get("/healthz")).status == (await client.get("/readyz")).status == 200


async def test_with_the_token():
    """It opens everything that there is, and nothing else."""
    async with serving(token="token") as client:
        headers = {"Authorization": "Bearer token"}
        assert (await client.get("/metrics", headers=headers)).status == 200
        assert (await client.get("/no/such/path", headers=headers)).status == 404
        assert (await client.post("/metrics", headers=headers)).status == 405
