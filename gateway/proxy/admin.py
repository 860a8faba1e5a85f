"""The admin side: health, readiness, metrics, policy status. Bound to this machine, unless the settings give it a token."""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from gateway.wire.codec import encode
from gateway.wire.model import Json


@dataclass(frozen=True, slots=True)
class Admin:
    """What the admin side shows. ``not_ready`` says why no traffic should come yet (or any more); empty when all is well."""

    registry: CollectorRegistry
    not_ready: Callable[[], list[str]]
    policy_status: Callable[[], Json]


def build_admin(admin: Admin, token: str | None) -> web.Application:
    async def healthz(_: web.Request) -> web.Response:
        return _json(200, {"status": "ok"})

    async def readyz(_: web.Request) -> web.Response:
        reasons = admin.not_ready()
        return _json(503, {"status": "not ready", "reasons": reasons}) if reasons else _json(200, {"status": "ready"})

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(admin.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def policy_status(_: web.Request) -> web.Response:
        return _json(200, admin.policy_status())

    app = web.Application(middlewares=[_guard(token)])
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics)
    app.router.add_get("/api/v1/policy/status", policy_status)
    return app


def _guard(token: str | None) -> Middleware:
    """Probes need no token; everything else does, where there is one."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if token is not None and request.path not in ("/healthz", "/readyz") and not _has_token(request.headers, token):
            return _json(401, {"error": {"code": "invalid_admin_token", "message": "The admin side needs its bearer token."}})
        return await handler(request)

    return check


def _has_token(headers: Mapping[str, str], token: str) -> bool:
    given = headers.get("Authorization", "").removeprefix("Bearer ").strip()
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), token.encode())


def _json(status: int, value: Json) -> web.Response:
    return web.Response(status=status, body=encode(value), content_type="application/json")
