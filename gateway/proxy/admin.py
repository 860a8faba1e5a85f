"""The admin side: health, readiness, metrics, policies and their rollouts, exchanges to review, and incidents (``incident_api``).

It is bound to this machine, unless the settings give it a token.

What changes something takes JSON only, and without a token only under this machine's own names: no web page that somebody on this machine
looks at can call it.
"""

import hmac
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, get_args

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from gateway.proxy.admin_answers import answer, refusal, sole
from gateway.proxy.incident_api import Incidents, add_incidents
from gateway.proxy.reviewqueue import as_label
from gateway.proxy.rollouts import Act
from gateway.wire.model import Json
from policies.labels import ReviewLabel

_OWN_NAMES = frozenset({"127.0.0.1", "::1", "localhost"})
_MAX_BODY = 10_000
_SHOWN = 100
_LIMIT = re.compile(r"[0-9]{1,4}")


@dataclass(frozen=True, slots=True)
class Health:
    """``not_ready`` says why no traffic should come yet (or any more), ``degraded`` what is not as it should be while traffic is served.
    Both are empty when all is well.
    """

    not_ready: list[str]
    degraded: list[str]


class SilentError(Exception):
    """The worker that knows does not answer."""


class Workers(Protocol):
    """Those that serve the data side, be it one or several. All but ``metrics`` and ``health`` may raise ``SilentError``."""

    async def metrics(self) -> CollectorRegistry: ...

    async def health(self) -> Health: ...

    async def policy_status(self) -> Json: ...

    async def rollouts(self) -> list[Json]: ...

    async def act(self, name: str, act: Act) -> Json:
        """Raises KeyError where nothing of that name is rolled out, OSError where it cannot be kept."""

    async def waiting(self, limit: int) -> list[Json]:
        """Exchanges to review, as many at most."""

    async def label(self, request_id: str, label: ReviewLabel) -> Json:
        """Raises KeyError where no such exchange waits, OSError where it cannot be kept."""


@dataclass(frozen=True, slots=True)
class Admin:
    """What the admin side shows and does."""

    workers: Workers
    page: Callable[[Mapping[str, str]], Awaitable[Json]]
    """Exchanges that are kept, by the query's parameters. Raises ValueError, which says what is allowed, and OSError."""
    exchange: Callable[[str], Awaitable[Json]]
    """None where none of that id is kept. Raises OSError."""
    series: Callable[[Mapping[str, str]], Awaitable[Json]]
    """What other sources' series said last, by the query's parameters. Raises ValueError, which says what is allowed."""
    signals: Callable[[], Awaitable[Json]]
    """What the watch tells policies, and what it knows of each application, model and surface."""
    reports: Callable[[Mapping[str, str]], Awaitable[Json]]
    """What was found of late, by the query's parameters. Raises ValueError, which says what is allowed."""
    incidents: Incidents


def build_admin(admin: Admin, token: str | None) -> web.Application:
    workers = admin.workers

    async def healthz(_: web.Request) -> web.Response:
        return answer(200, {"status": "ok"})

    async def readyz(_: web.Request) -> web.Response:
        health = await workers.health()
        if health.not_ready:
            return answer(503, {"status": "not ready", "reasons": health.not_ready})
        return answer(200, {"status": "ready", **({"degraded": health.degraded} if health.degraded else {})})

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(await workers.metrics()), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def policy_status(_: web.Request) -> web.Response:
        return answer(200, await workers.policy_status())

    async def rollouts(_: web.Request) -> web.Response:
        return answer(200, {"rollouts": await workers.rollouts()})

    async def act(request: web.Request) -> web.Response:
        action = _action(await request.read())
        if action is None:
            return refusal(400, "invalid_action", f"The body must be an object with an action alone: {', '.join(get_args(Act))}.")
        try:
            return answer(200, await workers.act(request.match_info["name"], action))
        except KeyError:
            return refusal(404, "unknown_rollout", "No policy of that name has a rollout.")
        except OSError:
            return refusal(503, "not_kept", "It is done, but could not be written down: a restart would undo it.")

    async def waiting(request: web.Request) -> web.Response:
        limit = request.query.get("limit", str(_SHOWN))
        if not _LIMIT.fullmatch(limit):
            return refusal(400, "invalid_limit", "The limit is a whole number from 0 to 9999.")
        return answer(200, {"review": await workers.waiting(int(limit))})

    async def label(request: web.Request) -> web.Response:
        said = as_label(sole(await request.read(), "label"))
        if said is None:
            return refusal(400, "invalid_label", f"The body must be an object with a label alone: {', '.join(get_args(ReviewLabel))}.")
        try:
            return answer(200, await workers.label(request.match_info["request_id"], said))
        except KeyError:
            return refusal(404, "not_waiting", "No exchange of that id waits for a review.")
        except OSError:
            return refusal(503, "not_kept", "The label could not be written down; the exchange still waits.")

    async def exchanges(request: web.Request) -> web.Response:
        try:
            return answer(200, await admin.page(request.query))
        except ValueError as error:
            return refusal(400, "invalid_query", str(error))
        except OSError:
            return _no_store()

    async def exchange(request: web.Request) -> web.Response:
        try:
            found = await admin.exchange(request.match_info["request_id"])
        except OSError:
            return _no_store()
        return answer(200, found) if found else refusal(404, "unknown_exchange", "No exchange of that id is kept.")

    async def series(request: web.Request) -> web.Response:
        try:
            return answer(200, await admin.series(request.query))
        except ValueError as error:
            return refusal(400, "invalid_query", str(error))

    async def signals(_: web.Request) -> web.Response:
        return answer(200, await admin.signals())

    async def reports(request: web.Request) -> web.Response:
        try:
            return answer(200, await admin.reports(request.query))
        except ValueError as error:
            return refusal(400, "invalid_query", str(error))

    app = web.Application(middlewares=[guarded(token), _silence], client_max_size=_MAX_BODY)
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics)
    app.router.add_get("/api/v1/policy/status", policy_status)
    app.router.add_get("/api/v1/policy/rollouts", rollouts)
    app.router.add_post("/api/v1/policy/rollouts/{name}", act)
    app.router.add_get("/api/v1/exchanges", exchanges)
    app.router.add_get("/api/v1/exchanges/{request_id}", exchange)
    app.router.add_get("/api/v1/series", series)
    app.router.add_get("/api/v1/signals", signals)
    app.router.add_get("/api/v1/reports", reports)
    app.router.add_get("/api/v1/review", waiting)
    app.router.add_post("/api/v1/review/{request_id}", label)
    add_incidents(app, admin.incidents)
    return app


def _action(body: bytes) -> Act | None:
    given = sole(body, "action")
    return next((action for action in get_args(Act) if action == given), None)


def guarded(token: str | None) -> Middleware:
    """Probes need no token; everything else does, where there is one."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if token is not None and request.path not in ("/healthz", "/readyz") and not _has_token(request.headers, token):
            return refusal(401, "invalid_admin_token", "The admin side needs its bearer token.")
        if request.method not in ("GET", "HEAD"):
            if token is None and request.url.host not in _OWN_NAMES:
                return refusal(403, "foreign_host", "Without a token, this is only done under this machine's own names.")
            if request.content_type != "application/json":
                return refusal(415, "not_json", "The body must be JSON, and its content type say so.")
        return await handler(request)

    return check


@web.middleware
async def _silence(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except SilentError:
        return refusal(503, "worker_unavailable", "The worker that knows does not answer now.")


def _no_store() -> web.Response:
    return refusal(503, "store_unavailable", "The store of exchanges cannot be read now.")


def _has_token(headers: Mapping[str, str], token: str) -> bool:
    given = headers.get("Authorization", "").removeprefix("Bearer ").strip()
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), token.encode())
