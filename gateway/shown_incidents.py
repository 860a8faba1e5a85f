"""What a watch shows of incidents: a document that it writes whole, and what the gateway reads in it; its numbers, without any name that a
client may choose.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import orjson
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from gateway.config import Config
from gateway.incidents.incident import SEVERITIES, Incident, Member
from gateway.incidents.outbox import NOT_FOR, Delivery, Past
from gateway.incidents.rootcause import Change
from gateway.incidents.stages import Silence
from gateway.incidents.symptom import dimensions, shown
from gateway.incidents.titles import title
from gateway.storage.incident_log import FileLog, SharedLog

Json = dict[str, Any]

MAX_BYTES = 4 << 20
MAX_SHOWN = 500
MAX_MEMBERS = 20
MAX_DELIVERIES = 1000
MAX_DEAD = 100
_HOUR_S = 3600.0


def render(
    ts: float,
    incidents: Iterable[Incident],
    hints: Mapping[str, Sequence[tuple[str, str]]],
    similar: Mapping[str, Sequence[tuple[str, float]]],
    deliveries: Sequence[Past],
    dead: Sequence[Delivery],
    silences: Iterable[Silence],
    actions: Sequence[Mapping[str, Any]],
    changes: Sequence[Change],
    figures: Mapping[str, float],
) -> bytes:
    """All that is to be seen: what goes on before what is over, the newest first; and how much there was no room for.

    ``figures`` has ``opened`` and ``waiting``: incidents since the start, and notices on their way.
    """
    ordered = sorted(incidents, key=lambda each: (each.is_active, each.since), reverse=True)
    head = {
        "ts": ts,
        "figures": dict(figures),
        "open": Counter(each.severity for each in ordered if each.state == "open" and each.urgency != "record"),
        "silences": [_silence(each) for each in silences],
        "actions": [dict(each) for each in actions],
        "changes": [_change(each) for each in changes],
        "dead": [_dead(each) for each in list(dead)[-MAX_DEAD:]],
        "deliveries": [asdict(each) for each in list(deliveries)[-MAX_DELIVERIES:]],
    }
    left = MAX_BYTES - len(orjson.dumps(head)) - 100
    told: list[orjson.Fragment] = []
    for incident in ordered[:MAX_SHOWN]:
        made = orjson.dumps(_incident(incident, hints.get(incident.id, ()), similar.get(incident.id, ())))
        left -= len(made) + 1
        if left < 0:
            break
        told.append(orjson.Fragment(made))
    return orjson.dumps({**head, "incidents": told, "left_out": len(ordered) - len(told)})


def _incident(incident: Incident, hints: Sequence[tuple[str, str]], similar: Sequence[tuple[str, float]]) -> Json:
    members = sorted(incident.members, key=lambda each: each.symptom.level, reverse=True)
    head = incident.headline if incident.members else None
    return {
        "id": incident.id,
        "state": incident.state,
        "urgency": incident.urgency,
        "severity": incident.severity,
        "title": title(head) if head else "",
        "about": head.about if head else "",
        "app": incident.app if head else "",
        "dimensions": dict(head.dimensions) if head else {},
        "onset": incident.onset,
        "since": incident.since,
        "high_at": incident.high_at,
        "told_at": incident.told_at,
        "opens": list(incident.opens),
        "flapping": incident.is_flapping,
        "acked_by": incident.acked_by,
        "acked_at": incident.acked_at,
        "closed_by": incident.closed_by,
        "closed_at": incident.closed_at,
        "count": incident.count,
        "muted": incident.muted,
        "withheld": incident.withheld,
        "members": [_member(each) for each in members[:MAX_MEMBERS]],
        "members_left_out": incident.left_out + max(0, len(members) - MAX_MEMBERS),
        "hints": [{"label": label, "value": value} for label, value in hints],
        "similar": [{"id": id_, "likeness": likeness} for id_, likeness in similar],
        "evidence": list(incident.evidence),
        "traces": list(incident.traces),
    }


def _member(member: Member) -> Json:
    symptom = member.symptom
    return {
        "modality": symptom.modality,
        "about": symptom.about,
        "kind": symptom.kind,
        "series": symptom.series,
        "dimensions": dict(symptom.dimensions),
        "onset": symptom.onset,
        "at": symptom.at,
        "level": symptom.level,
        "value": symptom.value,
        "baseline": symptom.baseline,
        "n": symptom.n,
        "share": symptom.share,
        "harm": symptom.is_harm,
        "learning": symptom.is_learning,
        "note": symptom.note,
        "count": member.count,
    }


def _silence(silence: Silence) -> Json:
    return {**asdict(silence), "dimensions": dict(silence.dimensions)}


def _change(change: Change) -> Json:
    return {
        "at": change.at,
        "what": change.what,
        "name": shown(change.name),
        "version": shown(change.version),
        "dimensions": dict(dimensions(dict(change.dimensions))),
    }


def _dead(delivery: Delivery) -> Json:
    """Without what it would have said."""
    notice = delivery.notice
    return {
        "id": delivery.id,
        "channel": delivery.channel,
        "incident": notice.incident,
        "event": notice.event,
        "urgency": notice.urgency,
        "at": notice.at,
        "attempts": delivery.attempts,
    }


def parse(content: bytes | None) -> Json:
    """Nothing where nothing was said that can be read."""
    try:
        said = orjson.loads(content or b"{}")
    except orjson.JSONDecodeError:
        return {}
    return said if isinstance(said, dict) else {}


def reader(config: Config) -> Callable[[], bytes | None]:
    """What reads the document; it may raise OSError. Raises RuntimeError where what the settings ask for is not installed."""
    if config.watch.shared:
        return SharedLog(config.state.url.get_secret_value()).shown
    return FileLog(config.watch.dir).shown


class IncidentFigures(Collector):
    """``known`` gives the document, or nothing; ``channels`` are those of the settings, by their kinds. ``wall``: seconds since 1970."""

    def __init__(self, known: Callable[[], Json], channels: Mapping[str, str], wall: Callable[[], float]) -> None:
        self._known = known
        self._channels = channels
        self._wall = wall
        self._labels = ("channel", "result")

    def collect(self) -> Iterator[Metric]:
        said = self._known()
        open_, figures = said.get("open", {}), said.get("figures", {})
        family = GaugeMetricFamily("oddgate_incidents_open", "Incidents that people were told of and that go on.", labels=["severity"])
        for severity in SEVERITIES:
            family.add_metric([severity], open_.get(severity, 0))
        yield family
        yield CounterMetricFamily("oddgate_incidents_opened", "Incidents that people were told of.", figures.get("opened", 0))
        age = max(0.0, self._wall() - said["ts"]) if "ts" in said else math.nan
        yield GaugeMetricFamily("oddgate_incidents_age_seconds", "How long ago the watch said which incidents there are.", age)
        yield GaugeMetricFamily("oddgate_notices_waiting", "Notices of incidents that are on their way.", figures.get("waiting", 0))
        yield self._notices(said)

    def _notices(self, said: Json) -> Metric:
        """By kinds of channels; there are some of each, also where none was told of anything."""
        text = "Notices of incidents of the last hour, by what became of them."
        counts: Counter[tuple[str, str]] = Counter()
        for each in said.get("deliveries", ()):
            if self._wall() - each["at"] <= _HOUR_S and each["became"] != NOT_FOR:
                kind = self._channels.get(each["channel"], "other")
                counts[kind, "delivered" if each["became"] == "delivered" else "failed"] += 1
        family = GaugeMetricFamily("oddgate_notices_last_hour", text, labels=self._labels)
        for kind in sorted({*self._channels.values()}):
            for result in ("delivered", "failed"):
                family.add_metric([kind, result], counts[kind, result])
        return family
