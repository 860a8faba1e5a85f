"""The admin side: probes for everybody, everything else for those with the token."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry, Gauge

from gateway.proxy.admin import Admin, Health, SilentError, build_admin
from tests.gateway.proxy.incidents import SomeIncidents

STATUS = {"workers": [{"pid": 1, "policies": []}]}
ROLLOUT = "/api/v1/policy/rollouts/next"


@dataclass
class Served:
    """The admin side and what was done by it."""

    client: TestClient
    done: list[tuple[str, str]]


class Some:
    """Workers that do what they are asked."""

    def __init__(self, done: list[tuple[str, str]], health: Health) -> None:
        self._done = done
        self._health = health
        self._registry = CollectorRegistry()
        Gauge("oddgate_things", "Things.", registry=self._registry).set(3)

    async def metrics(self) -> CollectorRegistry:
        return self._registry

    async def health(self) -> Health:
        return self._health

    async def policy_status(self) -> dict:
        return STATUS

    async def rollouts(self) -> list[dict]:
        return [{"name": "next"}]

    async def act(self, name: str, act: str) -> dict[str, str]:
        if name == "silent":
            raise SilentError
        if name == "full-disk":
            raise OSError("no space")
        if name != "next":
            raise KeyError(name)
        self._done.append((name, act))
        return {"name": name, "state": "rolled_back"}

    async def waiting(self, limit: int) -> list[dict]:
        return [{"request_id": "req_1", "limit": limit}]

    async def label(self, request_id: str, label: str) -> dict[str, str]:
        if request_id == "req_full":
            raise OSError("no space")
        if request_id != "req_1":
            raise KeyError(request_id)
        self._done.append((request_id, label))
        return {"label": label}


@asynccontextmanager
async def acting(token: str | None = None, not_ready: tuple[str, ...] = (), degraded: tuple[str, ...] = ()) -> AsyncIterator[Served]:
    done: list[tuple[str, str]] = []

    async def page(params: Mapping[str, str]) -> dict[str, object]:
        if "no-store" in params:
            raise OSError("locked")
        if "limit" in params:
            raise ValueError("limit: allowed: 1 to 1000")
        return {"exchanges": [dict(params)], "next": None}

    async def exchange(request_id: str) -> dict[str, str] | None:
        if request_id == "req_full":
            raise OSError("locked")
        return {"request_id": request_id} if request_id == "req_1" else None

    async def series(params: Mapping[str, str]) -> dict[str, object]:
        if "limit" in params:
            raise ValueError("limit: allowed: 1 to 1000")
        return {"sources": [], "series": [dict(params)], "left_out": 0}

    async def signals() -> dict[str, object]:
        return {"levels": []}

    async def reports(params: Mapping[str, str]) -> dict[str, object]:
        if params.get("kind") != "drift":
            raise ValueError("kind: allowed: drift")
        return {"kind": "drift", "episodes": []}

    workers = Some(done, Health(list(not_ready), list(degraded)))
    admin = Admin(workers, page, exchange, series, signals, reports, SomeIncidents())
    async with TestClient(TestServer(build_admin(admin, token))) as client:
        yield Served(client, done)


@asynccontextmanager
async def serving(**keys: Any) -> AsyncIterator[TestClient]:
    async with acting(**keys) as served:
        yield served.client


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


async def test_degraded():
    """Traffic may come, and what is amiss is said; where none should come, only that is."""
    async with serving(degraded=("policies",)) as client:
        answer = await client.get("/readyz")
        assert (answer.status, await answer.json()) == (200, {"status": "ready", "degraded": ["policies"]})
        assert (await client.get("/healthz")).status == 200
    async with serving(not_ready=("starting",), degraded=("policies",)) as client:
        assert (await client.get("/readyz")).status == 503


async def test_rollouts():
    """They are shown, and promoted, rolled back and reset by their names."""
    async with acting() as served:
        assert await (await served.client.get("/api/v1/policy/rollouts")).json() == {"rollouts": [{"name": "next"}]}
        for action in ("promote", "rollback", "reset"):
            answer = await served.client.post(ROLLOUT, json={"action": action})
            assert (answer.status, await answer.json()) == (200, {"name": "next", "state": "rolled_back"})
    assert served.done == [("next", "promote"), ("next", "rollback"), ("next", "reset")]


@pytest.mark.parametrize(
    ("name", "body", "status", "code"),
    [
        ("other", '{"action": "promote"}', 404, "unknown_rollout"),
        ("full-disk", '{"action": "promote"}', 503, "not_kept"),
        ("silent", '{"action": "promote"}', 503, "worker_unavailable"),
        ("next", '{"action": "Promote"}', 400, "invalid_action"),
        ("next", '{"action": ["promote"]}', 400, "invalid_action"),
        ("next", '{"action": "promote", "percent": 5}', 400, "invalid_action"),
        ("next", '{"action": "promote", "action": "reset"}', 400, "invalid_action"),
        ("next", '["promote"]', 400, "invalid_action"),
        ("next", "promote", 400, "invalid_action"),
        ("next", "", 400, "invalid_action"),
    ],
)
async def test_what_cannot_be_done(name: str, body: str, status: int, code: str):
    """It is said why, and nothing is done."""
    async with acting() as served:
        headers = {"Content-Type": "application/json"}
        answer = await served.client.post(f"/api/v1/policy/rollouts/{name}", data=body, headers=headers)
        assert (answer.status, (await answer.json())["error"]["code"]) == (status, code)
        assert (await served.client.post(ROLLOUT, data=b"x" * 20_000, headers=headers)).status == 413
    assert served.done == []


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("exchanges?app=shop", 200, {"exchanges": [{"app": "shop"}], "next": None}),
        ("exchanges?limit=0", 400, {"error": {"code": "invalid_query", "message": "limit: allowed: 1 to 1000"}}),
        ("series?name=up", 200, {"sources": [], "series": [{"name": "up"}], "left_out": 0}),
        ("series?limit=0", 400, {"error": {"code": "invalid_query", "message": "limit: allowed: 1 to 1000"}}),
        ("exchanges/req_1", 200, {"request_id": "req_1"}),
        ("exchanges/req_2", 404, {"error": {"code": "unknown_exchange", "message": "No exchange of that id is kept."}}),
        ("exchanges/req_full", 503, {"error": {"code": "store_unavailable", "message": "The store of exchanges cannot be read now."}}),
        ("exchanges?no-store=1", 503, {"error": {"code": "store_unavailable", "message": "The store of exchanges cannot be read now."}}),
    ],
)
async def test_exchanges(path: str, status: int, said: dict):
    """Pages by a query, also of series, or one by its id; without them, why not."""
    async with serving() as client:
        answer = await client.get(f"/api/v1/{path}")
        assert (answer.status, await answer.json()) == (status, said)


@pytest.mark.parametrize(
    ("query", "limit"), [("", 100), ("?limit=7", 7), ("?limit=0", 0), ("?limit=-1", None), ("?limit=x", None), ("?limit=99999", None)]
)
async def test_what_waits_for_a_review(query: str, limit: int | None):
    """As many as are asked for."""
    async with serving() as client:
        answer = await client.get(f"/api/v1/review{query}")
        assert answer.status == (400 if limit is None else 200)
        if limit is not None:
            assert await answer.json() == {"review": [{"request_id": "req_1", "limit": limit}]}


@pytest.mark.parametrize(
    ("name", "body", "status", "code"),
    [
        ("req_1", '{"label": "inside"}', 200, None),
        ("req_1", '{"label": "skip"}', 200, None),
        ("req_2", '{"label": "inside"}', 404, "not_waiting"),
        ("req_full", '{"label": "inside"}', 503, "not_kept"),
        ("req_1", '{"label": "good"}', 400, "invalid_label"),
        ("req_1", '{"label": ["inside"]}', 400, "invalid_label"),
        ("req_1", '{"label": "inside", "rule": "r"}', 400, "invalid_label"),
        ("req_1", "inside", 400, "invalid_label"),
    ],
)
async def test_a_label(name: str, body: str, status: int, code: str | None):
    """A person's word is taken, or it is said why not; no web page may say it."""
    async with acting() as served:
        place, headers = f"/api/v1/review/{name}", {"Content-Type": "application/json"}
        answer = await served.client.post(place, data=body, headers=headers)
        assert (answer.status, (await answer.json()).get("error", {}).get("code")) == (status, code)
        assert (await served.client.post(place, data=body)).status == 415
        assert (await served.client.post(place, data=body, headers={**headers, "Host": "attacker.example"})).status == 403
        assert len(served.done) == (status == 200)
    async with acting(token="token") as served:
        assert (await served.client.post(place, data=body, headers=headers)).status == 401
        assert (await served.client.get("/api/v1/review")).status == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content-Type": "application/json", "Host": "attacker.example"}, 403),
        ({"Content-Type": "application/json", "Host": "attacker.example:8081"}, 403),
        ({"Content-Type": "application/json", "Host": "127.0.0.1.attacker.example"}, 403),
        ({"Content-Type": "application/json", "Host": "localhost:8081"}, 200),
        ({"Content-Type": "application/json; charset=utf-8", "Host": "[::1]:8081"}, 200),
    ],
)
async def test_what_web_pages_may_not_do(headers: dict[str, str], status: int):
    """A page that somebody on this machine looks at can send forms, and give its own name this machine's address."""
    async with acting() as served:
        answer = await served.client.post(ROLLOUT, data='{"action": "promote"}', headers=headers)
        assert answer.status == status
        assert len(served.done) == (status == 200)
    async with acting(token="token") as served:
        known = {**headers, "Host": "oddgate.internal", "Authorization": "Bearer token"}
        answer = await served.client.post(ROLLOUT, data='{"action": "promote"}', headers=known)
        assert answer.status == (415 if status == 415 else 200)


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
        assert (await client.post(ROLLOUT, json={"action": "reset"})).status == 401
        assert (await client.post(ROLLOUT, json={"action": "reset"}, headers=headers)).status == 200
        assert (await client.post("/metrics", json={}, headers=headers)).status == 405


async def test_signals_and_reports():
    """What the watch tells, and what it has found; a kind of report that there is none of says which there are."""
    async with serving() as client:
        assert await (await client.get("/api/v1/signals")).json() == {"levels": []}
        assert await (await client.get("/api/v1/reports?kind=drift")).json() == {"kind": "drift", "episodes": []}
        answer = await client.get("/api/v1/reports?kind=weather")
        assert (answer.status, (await answer.json())["error"]) == (400, {"code": "invalid_query", "message": "kind: allowed: drift"})
