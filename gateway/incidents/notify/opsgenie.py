"""Opsgenie's alerts. Legacy: Opsgenie ends on 5 April 2027."""

import json
from dataclasses import dataclass, field

from gateway.incidents.incident import Severity
from gateway.incidents.notice import Call, Notice, line

MAX_MESSAGE, MAX_DESCRIPTION, MAX_DETAILS, MAX_ENTITY = 130, 15_000, 8000, 512
_PRIORITIES: dict[Severity, str] = {"critical": "P1", "error": "P2", "warning": "P3", "info": "P5"}


@dataclass(frozen=True, slots=True)
class Opsgenie:
    """``url``: of the region."""

    api_key: str = field(repr=False)
    source: str = "oddgate"
    url: str = "https://api.opsgenie.com"

    def call(self, notice: Notice, id_: str, now: float) -> Call | None:
        headers = (("Content-Type", "application/json"), ("Authorization", f"GenieKey {self.api_key}"))
        path, body = "/v2/alerts", self._alert(notice)
        if notice.event in ("acknowledge", "resolve"):
            verb = "acknowledge" if notice.event == "acknowledge" else "close"
            path = f"/v2/alerts/{notice.dedup_key}/{verb}?identifierType=alias"
            body = {"source": self.source[:100], "note": notice.reason}
        return Call(self.url + path, headers, json.dumps(body).encode())

    def _alert(self, notice: Notice) -> dict[str, object]:
        return {
            "message": line(notice.title, MAX_MESSAGE),
            "alias": notice.dedup_key,
            "description": "\n".join((notice.title, notice.reason, *(each.href for each in notice.links)))[:MAX_DESCRIPTION],
            "details": _bounded(notice.facts),
            "entity": (notice.app or "gateway")[:MAX_ENTITY],
            "source": self.source[:100],
            "tags": ["oddgate", notice.urgency],
            "priority": _PRIORITIES[notice.severity],
        }


def _bounded(facts: tuple[tuple[str, str], ...]) -> dict[str, str]:
    kept: dict[str, str] = {}
    left = MAX_DETAILS
    for name, value in facts:
        left -= len(name) + len(value)
        if left < 0:
            break
        kept[name] = value
    return kept
