"""Alertmanager's API v2. An alert is its labels, and is over when it is not sent again: see ``gateway.incidents.resending``."""

import json
from dataclasses import dataclass, field

from gateway.incidents.notice import Call, Notice, timestamp

FIRING_S = 300.0
"""So long after it was sent last an alert fires: an Alertmanager that hears no more of it takes it for resolved."""


@dataclass(frozen=True, slots=True)
class Alertmanager:
    """``headers``: of the settings, as for a token. Group by ``incident_id``. What somebody looks after fires all the same."""

    url: str
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    def call(self, notice: Notice, id_: str, now: float) -> Call | None:
        labels = {
            "alertname": "OddgateIncident",
            "incident_id": notice.incident,
            "app": notice.app,
            "severity": notice.severity,
            "urgency": notice.urgency,
        }
        alert: dict[str, object] = {
            "labels": {name: value for name, value in labels.items() if value},
            "annotations": {
                "summary": notice.title,
                "description": "\n".join((notice.reason, *(f"{name}: {value}" for name, value in notice.facts))),
            },
            "startsAt": timestamp(notice.onset),
            "endsAt": timestamp(notice.at if notice.event == "resolve" else now + FIRING_S),
        }
        if notice.links:
            alert["generatorURL"] = notice.links[0].href
        headers = (("Content-Type", "application/json"), *self.headers)
        return Call(f"{self.url}/api/v2/alerts", headers, json.dumps([alert]).encode())
