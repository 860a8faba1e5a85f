"""PagerDuty's Events API v2: alerts, and change events beside them."""

import json
import re
from dataclasses import dataclass, field

from gateway.incidents.notice import Call, Change, Link, Notice, NoticeEvent, timestamp

_KEY = re.compile(r"[A-Za-z0-9]{32}")
_ACTIONS: dict[NoticeEvent, str] = {"trigger": "trigger", "update": "trigger", "acknowledge": "acknowledge", "resolve": "resolve"}
_JSON = (("Content-Type", "application/json"),)
MAX_SUMMARY = 1024


@dataclass(frozen=True, slots=True)
class PagerDuty:
    """``source``: how this gateway is called. A key's alerts are acknowledged and resolved by the same routing key alone."""

    routing_key: str = field(repr=False)
    source: str = "oddgate"
    url: str = "https://events.pagerduty.com"

    def __post_init__(self) -> None:
        if not _KEY.fullmatch(self.routing_key):
            raise ValueError("routing_key: 32 letters and digits")

    def call(self, notice: Notice, id_: str, now: float) -> Call | None:
        event: dict[str, object] = {
            "routing_key": self.routing_key,
            "event_action": _ACTIONS[notice.event],
            "dedup_key": notice.dedup_key,
        }
        if event["event_action"] == "trigger":
            event |= {"payload": self._payload(notice), "links": _links(notice.links), "client": "oddgate"}
        return Call(f"{self.url}/v2/enqueue", _JSON, json.dumps(event).encode())

    def change(self, change: Change) -> Call:
        payload = {
            "summary": change.summary[:MAX_SUMMARY],
            "timestamp": timestamp(change.at),
            "source": self.source,
            "custom_details": dict(change.facts),
        }
        event = {"routing_key": self.routing_key, "payload": payload}
        return Call(f"{self.url}/v2/change/enqueue", _JSON, json.dumps(event).encode())

    def _payload(self, notice: Notice) -> dict[str, object]:
        named = dict(notice.dimensions)
        payload: dict[str, object] = {
            "summary": notice.title[:MAX_SUMMARY],
            "source": self.source,
            "severity": notice.severity,
            "timestamp": timestamp(notice.onset),
            "class": notice.kind,
            "custom_details": {"why": notice.reason, "urgency": notice.urgency, **dict(notice.facts)},
        }
        where = {"component": named.get("upstream") or named.get("model"), "group": notice.app}
        return payload | {name: value for name, value in where.items() if value}


def _links(links: tuple[Link, ...]) -> list[dict[str, str]]:
    return [{"href": each.href, "text": each.text} for each in links]
