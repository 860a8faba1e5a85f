"""The paths for people on call, over HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from gateway.proxy.admin import guarded
from gateway.proxy.incident_api import add_incidents
from tests.gateway.proxy.incidents import SomeIncidents

JSON = {"Content-Type": "application/json"}
ASKS = [
    ("POST", "/api/v1/incidents/inc-1/ack", "acknowledge", {"incident": "inc-1"}),
    ("POST", "/api/v1/incidents/inc-1/resolve", "resolve", {"incident": "inc-1"}),
    ("POST", "/api/v1/silences", "silence", {}),
    ("DELETE", "/api/v1/silences/sil-1", "lift", {"silence": "sil-1"}),
    ("POST", "/api/v1/deploys", "deploy", {}),
    ("POST", "/api/v1/actions/act-1/approve", "approve", {"action": "act-1"}),
    ("POST", "/api/v1/actions/act-1/reject", "reject", {"action": "act-1"}),
    ("POST", "/api/v1/actions/act-1/revert", "revert", {"action": "act-1"}),
]


@asynccontextmanager
async def serving(incidents: SomeIncidents, token: str | None = None) -> AsyncIterator[TestClient]:
    app = web.Application(middlewares=[guarded(token)])
    add_incidents(app, incidents)
    async with TestClient(TestServer(app)) as client:
        yield client


async def test_what_is_shown():
    """Incidents, one of them, and silences; of what is not understood or not there, what is allowed."""
    async with serving(SomeIncidents()) as client:
        for path, status in (
            ("/api/v1/incidents", 200), ("/api/v1/incidents?limit=x", 400), ("/api/v1/incidents/inc-1", 200),
            ("/api/v1/incidents/inc-2", 404), ("/api/v1/silences", 200),
        ):  # fmt: skip
            assert (await client.get(path)).status == status, path


@pytest.mark.parametrize(("method", "path", "kind", "named"), ASKS)
async def test_asks(method: str, path: str, kind: str, named: dict[str, str]):
    """Each is passed on with what its path says and what its body says."""
    incidents = SomeIncidents()
    async with serving(incidents) as client:
        answer = await client.request(method, path, json={"by": "anna"})
        assert (answer.status, await answer.json()) == (202, {"asked": kind, "watch": "alive"})
        for body in ({}, {"by": ""}, [1], {"by": "anna", "incident": "inc-1", "silence": "sil-1", "action": "act-1"} if named else []):
            assert (await client.request(method, path, json=body)).status == 400
        if named:
            assert (await client.request(method, path.replace("-1", "-2"), json={"by": "anna"})).status == 404
    assert incidents.asked == [(kind, {"by": "anna", **named})]


@pytest.mark.parametrize(("method", "path"), [each[:2] for each in ASKS])
async def test_no_page_asks(method: str, path: str):
    """What a form or a page of a browser can send asks for nothing, nor does who has no token."""
    incidents = SomeIncidents()
    async with serving(incidents) as client:
        assert (await client.request(method, path, data=b'{"by": "anna"}', headers={"Content-Type": "text/plain"})).status == 415
        assert (await client.request(method, path, json={"by": "anna"}, headers={"Host": "evil.example"})).status == 403
    async with serving(incidents, "a token") as client:
        assert (await client.request(method, path, json={"by": "anna"})).status == 401
    assert incidents.asked == []


async def test_what_is_broken():
    """Where nothing can be read or asked, it says so."""
    incidents = SomeIncidents()
    incidents.is_broken = True
    async with serving(incidents) as client:
        for path in ("/api/v1/incidents", "/api/v1/incidents/inc-1", "/api/v1/silences"):
            assert (await client.get(path)).status == 503, path
        for method, path, *_ in ASKS:
            assert (await client.request(method, path, json={"by": "anna"})).status == 503, path
