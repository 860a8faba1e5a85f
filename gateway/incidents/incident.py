"""What an incident becomes: by a symptom, or by time. Pure; ``now`` is how far the watch has read, so that a backlog is no calm.

opening: confirmed at once where it pages, else after ``HOLD_S``  ──> open
opening: over before anybody was told                             ──> withdrawn
open: calm for ``CALM_S``, or closed by a person                  ──> resolved
resolved, withdrawn: the same again within a day                  ──> opening, but not at once after a person closed it, unless worse
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from detectors.series.anomaly import limited
from gateway.incidents.symptom import MAX_TRACES, Symptom

State: TypeAlias = Literal["opening", "open", "resolved", "withdrawn"]
Urgency: TypeAlias = Literal["record", "ticket", "page"]
Severity: TypeAlias = Literal["info", "warning", "error", "critical"]
EventName: TypeAlias = Literal["opened", "reopened", "escalated", "updated", "acknowledged", "resolved", "withdrawn"]

URGENCIES: tuple[Urgency, ...] = ("record", "ticket", "page")
SEVERITIES: tuple[Severity, ...] = ("info", "warning", "error", "critical")
OPEN_LEVEL, CALM_LEVEL = 1.0, 0.5
HOLD_S = 15.0
AGREE_S = 300.0
"""What was seen within this time is seen now."""
LASTS_S = 180.0
"""What is over sooner wakes nobody, however many see it."""
CALM_S = 15 * 60.0
CLOSED_S = 10 * 60.0
"""So long what a person has closed stays so, though it goes on."""
WORSE = 2.0
"""Unless it has so many times its level."""
FLAP_S = 3600.0
FLAP_OPENS = 3
UPDATE_S = 5 * 60.0
REPEAT_S = 4 * 3600.0
MAX_MEMBERS = 50
_MAX_OPENS = 20
_WIDE, _NARROW = 0.25, 0.05
_MANY_APPS = 3


@dataclass(frozen=True, slots=True)
class Member:
    """A thing that is part of an incident, as it was seen last, since it was seen first. The examples of all are the incident's."""

    symptom: Symptom
    count: int
    high_at: float


@dataclass(frozen=True, slots=True)
class Incident:
    id: str
    fingerprint: str
    """Of the symptom that it began with."""
    state: State
    onset: float
    since: float
    """When it began to open, the last time."""
    high_at: float
    members: tuple[Member, ...]
    urgency: Urgency = "record"
    severity: Severity = "info"
    told_at: float | None = None
    opens: tuple[float, ...] = ()
    """When people were told that it is open."""
    count: int = 0
    muted: int = 0
    """Symptoms that were counted and did nothing else."""
    left_out: int = 0
    """Symptoms of things beyond ``MAX_MEMBERS``."""
    withheld: int = 0
    """Pages of other incidents that are told with this one instead."""
    page_limit: Severity | None = None
    """Up to which it does not page, because there were too many."""
    is_changed: bool = False
    """Whether there is something that people were not told yet."""
    evidence: tuple[str, ...] = ()
    traces: tuple[str, ...] = ()
    acked_by: str = ""
    """Who looks after it."""
    acked_at: float | None = None
    closed_by: str = ""
    """Who has said that it is over."""
    closed_at: float | None = None
    is_quiet: bool = False
    """Whether nobody is told that it goes on, as it is silenced."""

    @property
    def headline(self) -> Symptom:
        """The member that says best what is wrong."""
        return max(self.members, key=_weight).symptom

    @property
    def symptoms(self) -> Sequence[Symptom]:
        """The headline first."""
        return [each.symptom for each in sorted(self.members, key=_weight, reverse=True)]

    @property
    def app(self) -> str:
        return self.headline.dimension("app")

    @property
    def is_active(self) -> bool:
        return self.state in ("opening", "open")

    @property
    def is_flapping(self) -> bool:
        return len(self.opens) >= FLAP_OPENS and self.opens[-1] - self.opens[-FLAP_OPENS] <= FLAP_S


@dataclass(frozen=True, slots=True)
class Tick:
    """``is_blind``: what is not seen is not calm. ``hold_until``: until when what does not page waits. ``is_quiet``: it is silenced."""

    is_blind: bool = False
    hold_until: float = 0.0
    is_quiet: bool = False


@dataclass(frozen=True, slots=True)
class Muted:
    """A known thing goes on, but nobody is to hear of it."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """Somebody looks after it."""

    by: str


@dataclass(frozen=True, slots=True)
class Closed:
    """Somebody says that it is over."""

    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Event:
    """What people are to be told of an incident as it was then, and why."""

    name: EventName
    incident: Incident
    reason: str


Cause: TypeAlias = Symptom | Muted | Tick | Acknowledged | Closed
Advanced: TypeAlias = tuple[Incident, tuple[Event, ...]]


def begin(symptom: Symptom, now: float) -> Advanced:
    """An incident that opens. The same symptom makes the same incident, in whichever watch."""
    return advance(Incident(id_of(symptom), symptom.fingerprint, "opening", symptom.onset, now, now, ()), symptom, now)


def id_of(symptom: Symptom) -> str:
    """Of the incident that begins with it."""
    return "inc-" + hashlib.sha256(f"{symptom.fingerprint} {symptom.onset:.0f}".encode()).hexdigest()[:16]


def shortened(incident: Incident, most: int) -> Incident:
    """With those members alone that say best what was wrong."""
    members = sorted(incident.members, key=_weight, reverse=True)[:most]
    return replace(incident, members=tuple(members), left_out=incident.left_out + len(incident.members) - len(members))


def advance(incident: Incident, cause: Cause, now: float) -> Advanced:
    match cause:
        case Symptom():
            return _taken(incident, cause, now)
        case Muted():
            high_at = max(incident.high_at, now) if incident.is_active else incident.high_at
            return replace(incident, high_at=high_at, count=incident.count + 1, muted=incident.muted + 1), ()
        case Tick():
            return _ticked(incident, cause, now)
        case Acknowledged():
            return _acknowledged(incident, cause, now)
        case Closed():
            return _closed(incident, cause, now)


def is_kept_closed(incident: Incident, symptom: Symptom, now: float) -> bool:
    """Whether it is of what a person has just closed, and no worse than it was."""
    if incident.is_active or incident.closed_at is None or now - incident.closed_at >= CLOSED_S:
        return False
    known = [each.symptom for each in incident.members if _is_same(each.symptom, symptom)]
    if not known or (symptom.is_page and incident.urgency != "page"):
        return False
    return symptom.level < WORSE * max(each.level for each in known)


def urgency_of(members: Sequence[Member], now: float) -> Urgency:
    """A page is for a budget that burns too fast, or for two kinds of evidence while users see it for ``LASTS_S``. The rest can wait.

    A budget that burns slowly is no evidence of what happens now.
    """
    counted = [each for each in members if not each.symptom.is_learning]
    at_level = [each.symptom for each in counted if each.symptom.level >= OPEN_LEVEL and now - each.high_at <= AGREE_S]
    if any(each.is_page for each in at_level):
        return "page"
    evidence = [each for each in at_level if each.modality != "burn"]
    lasts = any(each.is_harm and each.at - each.onset >= LASTS_S for each in evidence)
    if lasts and len({each.modality for each in evidence}) > 1:
        return "page"
    return "ticket" if counted else "record"


def severity_of(members: Sequence[Member], urgency: Urgency) -> Severity:
    """By how many it hits."""
    harmful = [each.symptom for each in members if each.symptom.is_harm]
    share = max((each.share for each in harmful), default=0.0)
    if share >= _WIDE or len({each.dimension("app") for each in harmful}) >= _MANY_APPS:
        return "critical"
    if share >= _NARROW or urgency == "page":
        return "error"
    return "warning" if harmful else "info"


def _taken(incident: Incident, symptom: Symptom, now: float) -> Advanced:
    if symptom.level < CALM_LEVEL or not _is_of(incident, symptom) or is_kept_closed(incident, symptom, now):
        return incident, ()
    if not incident.is_active:
        incident = _anew(incident, symptom, now)
    members, left_out = _with(incident.members, symptom, now)
    is_new = len(members) > len(incident.members)
    current = [each for each in members if now - each.high_at <= CALM_S]
    urgency = max(incident.urgency, urgency_of(current, now), key=URGENCIES.index)
    severity = max(incident.severity, severity_of(current, urgency), key=SEVERITIES.index)
    if urgency == "page" and incident.page_limit and SEVERITIES.index(severity) <= SEVERITIES.index(incident.page_limit):
        urgency = "ticket"
    after = replace(
        incident,
        members=members,
        onset=min(incident.onset, symptom.onset),
        high_at=max(incident.high_at, now),
        urgency=urgency,
        severity=severity,
        count=incident.count + 1,
        left_out=incident.left_out + left_out,
        is_changed=incident.is_changed or is_new,
        evidence=limited((*incident.evidence, *symptom.evidence)),
        traces=tuple(dict.fromkeys((*incident.traces, *symptom.traces)))[:MAX_TRACES],
    )
    if after.state == "opening":
        return _confirmed(after, now) if urgency == "page" else (after, ())
    if (urgency, severity) != (incident.urgency, incident.severity):
        name: EventName = "opened" if incident.urgency == "record" != urgency else "escalated"
        return _told(replace(after, is_quiet=False), name, f"{incident.urgency}, {incident.severity} → {urgency}, {severity}", now)
    return (after, ()) if after.is_quiet else _updated(after, now)


def _anew(incident: Incident, symptom: Symptom, now: float) -> Incident:
    """The same incident, of which what was seen before says nothing of now."""
    return replace(
        incident, state="opening", since=now, onset=symptom.onset, members=(), urgency="record", severity="info", page_limit=None,
        is_changed=False, evidence=(), traces=(), acked_by="", acked_at=None, closed_by="", closed_at=None, is_quiet=False,
    )  # fmt: skip


def _is_of(incident: Incident, symptom: Symptom) -> bool:
    """What is on its way down keeps an incident open; it opens none, and none is opened again by it."""
    if symptom.level >= OPEN_LEVEL:
        return True
    return incident.is_active and any(_is_same(each.symptom, symptom) for each in incident.members)


def _with(members: tuple[Member, ...], seen: Symptom, now: float) -> tuple[tuple[Member, ...], int]:
    symptom = replace(seen, evidence=(), traces=())
    for at, member in enumerate(members):
        if _is_same(member.symptom, symptom):
            goes_on = now - member.high_at <= AGREE_S
            latest = replace(symptom, onset=min(member.symptom.onset, symptom.onset)) if goes_on else symptom
            return (*members[:at], Member(latest, member.count + 1, now), *members[at + 1 :]), 0
    if len(members) < MAX_MEMBERS:
        return (*members, Member(symptom, 1, now)), 0
    least = min(range(len(members)), key=lambda at: _weight(members[at]))
    if _weight(members[least]) >= _weight(Member(symptom, 1, now)):
        return members, 1
    return (*members[:least], Member(symptom, 1, now), *members[least + 1 :]), 1


def _is_same(one: Symptom, other: Symptom) -> bool:
    return (one.series, one.kind, one.about, one.modality, one.dimensions) == (
        other.series, other.kind, other.about, other.modality, other.dimensions,
    )  # fmt: skip


def _weight(member: Member) -> tuple[bool, bool, float, float]:
    symptom = member.symptom
    return symptom.is_page, symptom.is_harm, symptom.level, -symptom.onset


def _ticked(incident: Incident, tick: Tick, now: float) -> Advanced:
    if not incident.is_active:
        return incident, ()
    if tick.is_blind:
        incident = replace(incident, high_at=max(incident.high_at, now))
    if incident.state == "opening":
        return _opening(incident, tick, now)
    calm_s = FLAP_S if incident.is_flapping else CALM_S
    if now - incident.high_at >= calm_s:
        return _told(replace(incident, state="resolved", is_quiet=False), "resolved", f"calm for {calm_s / 60:.0f} min", now)
    if tick.is_quiet:
        return (incident if incident.is_quiet else replace(incident, is_quiet=True)), ()
    if incident.is_quiet:
        return _told(replace(incident, is_quiet=False), "updated", "goes on, and is silenced no longer", now)
    return _updated(incident, now)


def _opening(incident: Incident, tick: Tick, now: float) -> Advanced:
    if tick.is_quiet and now - incident.high_at < UPDATE_S:
        return incident, ()
    if now < max(incident.since + HOLD_S, tick.hold_until):
        return incident, ()
    if now - incident.high_at >= UPDATE_S:
        gone = replace(incident, state="withdrawn")
        return gone, (Event("withdrawn", gone, "over before anybody was told"),)
    return _confirmed(incident, now)


def _confirmed(incident: Incident, now: float) -> Advanced:
    opened = replace(incident, state="open", opens=(*incident.opens, now)[-_MAX_OPENS:])
    if len(opened.opens) == 1:
        return _told(opened, "opened", _why(opened), now)
    if opened.is_flapping:
        return _told(opened, "updated", f"flapping: opened {FLAP_OPENS} times within an hour; open until it is calm for an hour", now)
    return _told(opened, "reopened", "again within a day", now)


def _why(incident: Incident) -> str:
    if incident.urgency != "page":
        return "what is usual there is not known yet" if incident.urgency == "record" else "one kind of evidence, or nothing that users see"
    return "error budget" if incident.headline.is_page else "two kinds of evidence, and users see it"


def _acknowledged(incident: Incident, cause: Acknowledged, now: float) -> Advanced:
    """Who was not told of it yet is not told that somebody looks after it."""
    if not incident.is_active or incident.acked_by == cause.by:
        return incident, ()
    acked = replace(incident, acked_by=cause.by, acked_at=now)
    return (acked, (Event("acknowledged", acked, f"by {cause.by}"),)) if incident.state == "open" else (acked, ())


def _closed(incident: Incident, cause: Closed, now: float) -> Advanced:
    if not incident.is_active:
        return incident, ()
    closed = replace(incident, closed_by=cause.by, closed_at=now)
    reason = f"by {cause.by}: {cause.reason}"
    if incident.state == "opening":
        gone = replace(closed, state="withdrawn")
        return gone, (Event("withdrawn", gone, reason),)
    return _told(replace(closed, state="resolved"), "resolved", reason, now)


def _updated(incident: Incident, now: float) -> Advanced:
    waited_s = now - (incident.told_at or 0.0)
    if incident.is_changed and waited_s >= UPDATE_S:
        return _told(incident, "updated", "more of it", now)
    if waited_s >= REPEAT_S:
        return _told(incident, "updated", "still open", now)
    return incident, ()


def _told(incident: Incident, name: EventName, reason: str, now: float) -> Advanced:
    told = replace(incident, told_at=now, is_changed=False)
    return told, (Event(name, told, reason),)
