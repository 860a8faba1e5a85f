"""What a channel is told of an incident: numbers, names and ids in bounded lines, made once for all channels. Never a text of traffic."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, Protocol, TypeAlias, runtime_checkable

from gateway.incidents.incident import Event, Incident, Severity, Urgency
from gateway.incidents.symptom import Dimensions, Symptom
from gateway.incidents.titles import title

NoticeEvent: TypeAlias = Literal["trigger", "update", "acknowledge", "resolve"]

MAX_TITLE = 250
MAX_FACT = 400
MAX_FACTS = 16
MAX_LINKS = 5
_LAST = 253_402_300_799.0
"""The last second of the year 9999, where calendars end."""
_OTHERS = 5
_EXAMPLES = 3
_EVENTS: dict[str, NoticeEvent] = {
    "opened": "trigger", "reopened": "trigger", "escalated": "update", "updated": "update",
    "acknowledged": "acknowledge", "resolved": "resolve",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Link:
    """``href``: https or http, out of the settings."""

    href: str
    text: str


@dataclass(frozen=True, slots=True)
class Notice:
    incident: str
    event: NoticeEvent
    urgency: Urgency
    severity: Severity
    title: str
    reason: str
    app: str
    dimensions: Dimensions
    kind: str
    onset: float
    at: float
    facts: tuple[tuple[str, str], ...] = ()
    links: tuple[Link, ...] = ()

    @property
    def dedup_key(self) -> str:
        """The same for whatever is told of one incident."""
        return f"oddgate-{self.incident}"


@dataclass(frozen=True, slots=True)
class Change:
    """Something that people did, and may be the cause of what comes after: a policy, the settings, a deploy. It pages nobody."""

    id: str
    summary: str
    at: float
    facts: tuple[tuple[str, str], ...] = ()

    @property
    def incident(self) -> str:
        """It is of none, and is told by itself."""
        return self.id

    @property
    def event(self) -> Literal["change"]:
        return "change"

    @property
    def urgency(self) -> Urgency:
        return "record"


@dataclass(frozen=True, slots=True)
class Call:
    """A POST."""

    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Channel(Protocol):
    """``id_`` is the delivery's, and the same for every attempt. None: it has no word for such an event."""

    def call(self, notice: Notice, id_: str, now: float) -> Call | None: ...


@runtime_checkable
class ChangeChannel(Protocol):
    """One that has a word for changes."""

    def change(self, change: Change) -> Call: ...


def notice_of(event: Event, at: float, hints: Iterable[tuple[str, str]] = (), links: Iterable[Link] = ()) -> Notice | None:
    """``hints``: what may be the cause, and what to do. None: nobody was told of the incident, and so nobody is of its end."""
    name = _EVENTS.get(event.name)
    if name is None or event.incident.urgency == "record":
        return None
    incident, head = event.incident, event.incident.headline
    facts = [*_facts(incident, head), *hints]
    return Notice(
        incident=incident.id,
        event=name,
        urgency=incident.urgency,
        severity=incident.severity,
        title=line(title(head), MAX_TITLE),
        reason=line(event.reason, MAX_FACT),
        app=head.dimension("app"),
        dimensions=head.dimensions,
        kind=line(head.kind, MAX_TITLE),
        onset=incident.onset,
        at=at,
        facts=tuple((line(label, 60), line(value, MAX_FACT)) for label, value in facts[:MAX_FACTS]),
        links=tuple(Link(each.href, line(each.text, 60)) for each in links if each.href.startswith(("https://", "http://")))[:MAX_LINKS],
    )


def line(text: str, limit: int) -> str:
    """One line, of printable characters, cut where it is too long. It is never empty: some channels take no empty text."""
    flat = "".join(char if char.isprintable() else " " for char in text).strip() or "-"
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"


def timestamp(at: float) -> str:
    return datetime.fromtimestamp(min(at, _LAST), UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _facts(incident: Incident, head: Symptom) -> Iterable[tuple[str, str]]:
    yield "since", timestamp(incident.onset)
    if head.value is not None:
        usual = "" if head.baseline is None else f", usually {head.baseline:.4g}"
        yield "seen", f"{head.value:.4g}{usual} (n={head.n})"
    if head.note:
        yield "that is", head.note
    yield "how many times", str(incident.count)
    yield "kinds of evidence", ", ".join(sorted({each.symptom.modality for each in incident.members}))
    others = [title(each.symptom) for each in incident.members if each.symptom is not head]
    if others:
        more = len(others) + incident.left_out - _OTHERS
        yield "also", "; ".join(others[:_OTHERS]) + (f"; and {more} more" if more > 0 else "")
    if incident.traces or incident.evidence:
        yield "examples", ", ".join((incident.traces or incident.evidence)[:_EXAMPLES])
    if incident.withheld:
        yield "pages withheld", str(incident.withheld)
    if incident.is_flapping:
        yield "flapping", f"opened {len(incident.opens)} times"
