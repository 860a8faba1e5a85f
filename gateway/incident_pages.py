"""What the admin side shows of incidents, and passes on to the watch."""

import asyncio
import logging
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from gateway.config import Config
from gateway.incidents.asks import Ask, made
from gateway.incidents.incident import SEVERITIES
from gateway.incidents.symptom import shown
from gateway.keyfile import secret_key
from gateway.shown import Shown
from gateway.shown_incidents import parse, reader
from gateway.storage.ask_box import AskBox, SharedAskBox

Json = dict[str, Any]

_STATES = ("opening", "open", "resolved", "withdrawn")
_LIMIT, _MAX_LIMIT = 50, 500
_DETAILS = frozenset({"members", "members_left_out", "hints", "similar", "evidence", "traces", "opens"})
_HOURS, _MAX_HOURS = 2.0, 720.0
_NAMED = {"acknowledge": "incident", "resolve": "incident", "lift": "silence", "approve": "action", "reject": "action", "revert": "action"}

log = logging.getLogger("oddgate.audit")


class IncidentPages:
    """See ``incident_api.Incidents``. ``wall`` gives seconds since 1970."""

    def __init__(self, config: Config, shown_watch: Shown, wall: Callable[[], float]) -> None:
        self._read = reader(config)
        key = secret_key(config)
        self._box = SharedAskBox(config.state.url.get_secret_value(), key) if config.watch.shared else AskBox(config.watch.dir, key)
        self._watch = shown_watch
        self._wall = wall

    def known(self) -> Json:
        """The document of the watch. Raises OSError."""
        return parse(self._read())

    def last_known(self) -> Json:
        """Nothing where it cannot be read."""
        try:
            return self.known()
        except OSError:
            return {}

    async def page(self, params: Mapping[str, str]) -> Json:
        said = await asyncio.to_thread(self.known)
        found, limit = _asked(said.get("incidents", []), params)
        listed = [{name: value for name, value in each.items() if name not in _DETAILS} for each in found[:limit]]
        return {"ts": said.get("ts"), "incidents": listed, "left_out": len(found) - len(listed) + said.get("left_out", 0)}

    async def incident(self, id_: str) -> Json | None:
        said = await asyncio.to_thread(self.known)
        found = _of(said, "incidents", id_)
        if found is None:
            return None
        return {
            **found,
            "exchanges": [f"/api/v1/exchanges/{each}" for each in found["evidence"]],
            "deliveries": [each for each in said.get("deliveries", ()) if each["incident"] == id_],
            "actions": [each for each in said.get("actions", ()) if id_ in each.get("incidents", ())],
        }

    async def silences(self) -> Json:
        said = await asyncio.to_thread(self.known)
        return {"ts": said.get("ts"), "silences": said.get("silences", [])}

    async def ask(self, kind: str, body: Mapping[str, Any]) -> Json:
        return await asyncio.to_thread(self._ask, kind, body)

    def _ask(self, kind: str, body: Mapping[str, Any]) -> Json:
        id_, now = secrets.token_hex(8), self._wall()
        ask = made(_filled(kind, body, id_, now))
        named = _NAMED.get(kind)
        if named and _of(self.known(), f"{named}s", getattr(ask, named)) is None:
            raise KeyError(named)
        self._box.put(ask, id_)
        log.info("asked: %s %s, by %s", kind, shown(_about(ask)), shown(ask.by))
        return {"asked": kind, "id": _about(ask), "watch": "alive" if self._watch.status().is_alive(now) else "silent"}


def _filled(kind: str, body: Mapping[str, Any], id_: str, now: float) -> Json:
    """What somebody says, with what they need not. Raises ValueError."""
    if body.keys() & {"ask", "at", "id"}:
        raise ValueError("ask, at, id: these are not for who asks")
    said: Json = {**body, "ask": kind, "at": now}
    if kind == "silence":
        hours = said.pop("hours", _HOURS)
        if not isinstance(hours, int | float) or isinstance(hours, bool) or not 0 < hours <= _MAX_HOURS or "ends" in said:
            raise ValueError(f"hours: how long it lasts; allowed: more than 0, to {_MAX_HOURS:g}")
        said |= {"id": f"sil-{id_}", "ends": now + hours * 3600}
    if kind == "deploy":
        said = {"happened_at": now, "what": "deploy", **said, "id": f"dep-{id_}"}
    return said


def _about(ask: Ask) -> str:
    """The id of what it is about."""
    return next(str(getattr(ask, name)) for name in ("incident", "silence", "action", "id") if isinstance(getattr(ask, name, None), str))


def _of(said: Json, group: str, id_: str) -> Json | None:
    return next((each for each in said.get(group, ()) if each.get("id") == id_), None)


def _asked(incidents: list[Json], params: Mapping[str, str]) -> tuple[list[Json], int]:
    """``state``, ``severity`` (at least), ``app``, ``limit``. Raises ValueError."""
    allowed = {"state", "severity", "app", "limit"}
    if unknown := sorted(params.keys() - allowed):
        raise ValueError(f"{shown(unknown[0])!r} is not understood; allowed: {', '.join(sorted(allowed))}")
    state, severity, limit = params.get("state"), params.get("severity", "info"), params.get("limit", str(_LIMIT))
    if state not in (None, *_STATES):
        raise ValueError(f"state: allowed: {', '.join(_STATES)}")
    if severity not in SEVERITIES:
        raise ValueError(f"severity: allowed: {', '.join(SEVERITIES)}")
    if not (limit.isascii() and limit.isdecimal() and 1 <= int(limit[:9]) <= _MAX_LIMIT):
        raise ValueError(f"limit: allowed: 1 to {_MAX_LIMIT}")
    wanted = SEVERITIES[SEVERITIES.index(severity) :]
    found = [
        each
        for each in incidents
        if each["severity"] in wanted and state in (None, each["state"]) and params.get("app", each["app"]) == each["app"]
    ]
    return sorted(found, key=lambda each: float(each["since"]), reverse=True), int(limit)
