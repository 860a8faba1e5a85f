"""The admin side's paths for people on call: incidents, silences, deploys, and what is done by itself.

What somebody asks is passed on to the watch, which does it within seconds: the answer is 202, and says whether a watch is there.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from aiohttp import web

from gateway.proxy.admin_answers import answer, refusal, said
from gateway.wire.model import Json

_ASKS = {
    ("POST", "/api/v1/incidents/{incident}/ack"): "acknowledge",
    ("POST", "/api/v1/incidents/{incident}/resolve"): "resolve",
    ("POST", "/api/v1/silences"): "silence",
    ("DELETE", "/api/v1/silences/{silence}"): "lift",
    ("POST", "/api/v1/deploys"): "deploy",
    ("POST", "/api/v1/actions/{action}/approve"): "approve",
    ("POST", "/api/v1/actions/{action}/reject"): "reject",
    ("POST", "/api/v1/actions/{action}/revert"): "revert",
}


class Incidents(Protocol):
    """All of it may raise OSError where what the watch says cannot be read, or nothing be asked of it."""

    async def page(self, params: Mapping[str, str]) -> Json:
        """Incidents, by the query's parameters. Raises ValueError, which says what is allowed."""

    async def incident(self, id_: str) -> Json:
        """One with all that is known of it; None where none of that id is shown."""

    async def silences(self) -> Json: ...

    async def ask(self, kind: str, body: Mapping[str, Json]) -> Json:
        """Raises ValueError, which says what is allowed, and KeyError where there is no such incident, silence or action."""


def add_incidents(app: web.Application, incidents: Incidents) -> None:
    async def page(request: web.Request) -> web.Response:
        try:
            return answer(200, await incidents.page(request.query))
        except ValueError as error:
            return refusal(400, "invalid_query", str(error))
        except OSError:
            return _unavailable()

    async def one(request: web.Request) -> web.Response:
        try:
            found = await incidents.incident(request.match_info["incident"])
        except OSError:
            return _unavailable()
        return answer(200, found) if found else refusal(404, "unknown_incident", "No incident of that id is shown.")

    async def silences(_: web.Request) -> web.Response:
        try:
            return answer(200, await incidents.silences())
        except OSError:
            return _unavailable()

    app.router.add_get("/api/v1/incidents", page)
    app.router.add_get("/api/v1/incidents/{incident}", one)
    app.router.add_get("/api/v1/silences", silences)
    for (method, path), kind in _ASKS.items():
        app.router.add_route(method, path, _asking(incidents, kind))


def _asking(incidents: Incidents, kind: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def ask(request: web.Request) -> web.Response:
        body = said(await request.read())
        if body is None or body.keys() & request.match_info.keys():
            return refusal(400, "invalid_ask", "The body must be a JSON object, and says nothing that the path says.")
        try:
            return answer(202, await incidents.ask(kind, {**body, **request.match_info}))
        except ValueError as error:
            return refusal(400, "invalid_ask", str(error))
        except KeyError as error:
            return refusal(404, f"unknown_{error.args[0]}", f"There is no {error.args[0]} of that id.")
        except OSError:
            return refusal(503, "not_asked", "It could not be passed on to the watch.")

    return ask


def _unavailable() -> web.Response:
    return refusal(503, "incidents_unavailable", "What the watch says of incidents cannot be read now.")
