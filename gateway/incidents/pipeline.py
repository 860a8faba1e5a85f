"""From symptoms to what people hear: which incident it is, why it may be, who is told. Pure; ``now`` is how far the watch has read.

symptom ─ learning, share ─ triage ─> events ─ hints ─ actions ─ notice ─ router ─> outbox, resending
what people ask ─────────────┘           └─> past incidents, by which the next one is known again
"""

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeAlias

from pydantic import TypeAdapter

from gateway.incidents.actions import Actions, line
from gateway.incidents.allowed import ActionSettings
from gateway.incidents.allowed import Known as Named
from gateway.incidents.asks import Acknowledge, Approve, Ask, Deploy, Lift, Reject, Resolve, Revert, Silence
from gateway.incidents.incident import SEVERITIES, Acknowledged, Closed, Event, Incident
from gateway.incidents.learning import Learning
from gateway.incidents.notice import MAX_FACT, MAX_TITLE, Link, Notice, notice_of
from gateway.incidents.notice import Change as ChangeNotice
from gateway.incidents.notice import line as one_line
from gateway.incidents.outbox import Outbox
from gateway.incidents.outbox import State as Waiting
from gateway.incidents.resending import Resending
from gateway.incidents.rootcause import Change, Hint, Traits, similar
from gateway.incidents.routing import Router
from gateway.incidents.stages import Deploy as Settling
from gateway.incidents.stages import Dropped, Share
from gateway.incidents.symptom import Modality, Symptom, shown
from gateway.incidents.triage import State as Known
from gateway.incidents.triage import Triage

Line: TypeAlias = tuple[str, str]
"""What it is, and what is said of it."""

MAX_PAST = 500
MAX_CHANGED = 200
MAX_TOLD_CHANGES = 30
"""In an hour: who changes more has no use for being told of each."""
_HOUR_S, _SAME_CHANGE_S = 3600.0, 120.0
_EXPLAIN_S, _AGAIN_S = 300.0, 15.0
"""For so long after it has opened a cause is looked for, now and then."""
_EXPLAINED = frozenset({"opened", "reopened", "escalated"})
_ABSOLUTE: frozenset[Modality] = frozenset({"burn", "state"})
"""What needs no knowledge of what is usual."""


class Why(Protocol):
    """Who may know why something happens, and how it is said."""

    def hints(self, incident: Incident, now: float) -> Sequence[Hint]: ...

    def said(self, hint: Hint) -> Line: ...

    def changed(self, change: Change) -> None:
        """Somebody has said so."""


class IncidentLog(Protocol):
    """Where what is known of incidents outlives the process. Each of them may raise OSError."""

    def load(self) -> bytes | None: ...

    def save(self, state: bytes) -> None: ...

    def show(self, view: bytes) -> None:
        """To whoever looks on from outside."""

    def leads(self) -> bool:
        """Whether this watch is the one that tells people, of all that share the log."""


@dataclass(frozen=True, slots=True)
class Told:
    """How people are told: ``resends`` are channels that want to hear again what goes on, ``link`` is where an incident is shown."""

    router: Router | None = None
    resends: frozenset[str] = frozenset()
    link: Callable[[str], Sequence[Link]] = lambda _: ()
    changes: frozenset[str] = frozenset()
    """Channels that hear of what people have changed, too."""


@dataclass(frozen=True, slots=True)
class State:
    """What outlives a restart."""

    known: Known = field(default_factory=Known)
    waiting: Waiting = field(default_factory=Waiting)
    told: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    firing: tuple[Notice, ...] = ()
    learned: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    hints: Mapping[str, tuple[Hint, ...]] = field(default_factory=dict)
    past: tuple[Traits, ...] = ()
    actions: str = ""
    """As ``Actions`` has it."""
    changed: tuple[Change, ...] = ()
    """What people were told was changed."""


class Pipeline:
    """``share`` says which part of the traffic has some dimensions. ``router`` of ``told`` begins with what ``state`` says."""

    def __init__(
        self,
        told: Told,
        why: Why,
        share: Share,
        learning_s: float,
        actions: Actions | None = None,
        state: State | None = None,
    ) -> None:
        kept = state or State()
        self.triage = Triage(kept.known, share)
        self.outbox = Outbox(kept.waiting)
        self.hints = {each: tuple(hints) for each, hints in kept.hints.items()}
        """By incident."""
        self.past = list(kept.past)
        self.actions = actions or Actions(ActionSettings(), Named())
        if kept.actions:
            self.actions.restore(kept.actions.encode())
        self._told, self._why, self._share = told, why, share
        self._learning = Learning(learning_s, dict(kept.learned))
        self._firing = {each.incident: each for each in kept.firing}
        self._resending = Resending(kept.firing)
        self._heard_by = {each: tuple(channels) for each, channels in kept.told.items()}
        self._explained_at = -math.inf
        self._changed = deque(kept.changed, MAX_CHANGED)
        self.faults = 0
        """How often a cause was looked for in vain by a fault of ours."""
        self.opened = 0
        """Incidents that people were told of, since the start."""

    def seen(self, app: str, now: float) -> None:
        """An exchange of this application, and of the whole gateway, of which there are symptoms too."""
        self._learning.is_new(shown(app), now)
        self._learning.is_new("", now)

    def take(self, found: Iterable[Symptom], now: float) -> list[Event]:
        return [event for symptom in found for event in self._heard(self.triage.take(self._filled(symptom, now), now), now)]

    def apply(self, ask: Ask, now: float) -> list[Event]:
        """What people ask for. Raises ValueError where that cannot be."""
        match ask:
            case Acknowledge():
                return self._heard(self.triage.answered(ask.incident, Acknowledged(ask.by), now), now)
            case Resolve():
                return self._heard(self.triage.answered(ask.incident, Closed(ask.by, ask.reason), now), now)
            case Silence():
                self.triage.silence(ask.silence, now)
            case Lift():
                self.triage.lift(ask.silence)
            case Deploy():
                self.changed(ask.change, ask.settling, now, ask.by)
            case Approve() | Reject() | Revert():
                self.actions.answered(ask)
        return []

    def changed(self, change: Change, settling: Settling, now: float, by: str = "") -> None:
        """Something of ours was changed: what opens by it waits, so far as it does not page. Channels that have a word for it hear of it,
        once, though a watch that begins again sees it again.
        """
        self._why.changed(change)
        if any(_is_same(change, each) for each in self._changed):
            return
        self._changed.append(change)
        self.triage.deployed(settling)
        if sum(now - each.at < _HOUR_S for each in self._changed) <= MAX_TOLD_CHANGES:
            for channel in sorted(self._told.changes):
                self.outbox.put(channel, _told_of(change, settling.id, by), now)

    def tick(self, now: float, *, is_blind: bool = False) -> list[Event]:
        """What time makes of them. ``is_blind``: nothing is seen at the moment, so that nothing is taken for calm."""
        events = self._heard([*self.triage.tick(now, is_blind=is_blind), *self._explained(now)], now)
        self.actions.tick(self.triage.incidents, now)
        quiet = {each.id for each in self.triage.incidents if each.is_quiet}
        for notice in self._resending.due(now):
            for channel in () if notice.incident in quiet else self._heard_by.get(notice.incident, ()):
                if channel in self._told.resends:
                    self.outbox.put(channel, notice, now)
        return events

    def similar(self, incident: Incident) -> list[tuple[str, float]]:
        return [(each.incident_id, each.likeness) for each in similar(_traits(incident), self.past)]

    @property
    def worst(self) -> tuple[int, int]:
        """Of what is open: how bad it is, from 1 (info) to 4 (critical), 0 where nothing is; and how many there are."""
        is_open = [each for each in self.triage.incidents if each.state == "open" and each.urgency != "record"]
        return max((SEVERITIES.index(each.severity) + 1 for each in is_open), default=0), len(is_open)

    def snapshot(self) -> bytes:
        routed = dict(self._told.router.told) if self._told.router else {}
        firing, done = tuple(self._firing.values()), self.actions.snapshot().decode()
        past, changed = tuple(self.past), tuple(self._changed)
        return _ADAPTER.dump_json(
            State(self.triage.state, self.outbox.state, routed, firing, self._learning.seen, self.hints, past, done, changed)
        )

    def _explained(self, now: float) -> Iterator[Event]:
        """Incidents of which a cause is seen only by now: when one opens, little has happened yet."""
        if now - self._explained_at < _AGAIN_S:
            return
        self._explained_at = now
        for incident in self.triage.incidents:
            is_new = incident.state == "open" and not incident.is_quiet and now - incident.opens[-1] <= _EXPLAIN_S
            if is_new and not self.hints.get(incident.id):
                self.hints[incident.id] = self._hints(incident, now)
                if self.hints[incident.id]:
                    yield Event("updated", incident, "why it may be")
                    self.actions.opened(incident, self.hints[incident.id], now)

    def _filled(self, symptom: Symptom, now: float) -> Symptom:
        """With how many it hits, and whether what is usual there is not known yet."""
        app = symptom.dimension("app")
        is_learning = symptom.is_learning or (symptom.modality not in _ABSOLUTE and self._learning.is_new(app, now))
        return replace(symptom, share=symptom.share or self._share(symptom.dimensions, now), is_learning=is_learning)

    def _heard(self, told: Iterable[Event | Dropped], now: float) -> list[Event]:
        events = [each for each in told if isinstance(each, Event)]
        for event in events:
            self._tell(event, now)
        if events:
            self._forget()
        return events

    def _tell(self, event: Event, now: float) -> None:
        incident = event.incident
        if event.name in _EXPLAINED:
            self.hints[incident.id] = self._hints(incident, now)
            self.opened += event.name == "opened"
            self.actions.opened(incident, self.hints[incident.id], now)
        if event.name == "resolved":
            self.past = [*[each for each in self.past if each.incident_id != incident.id], _traits(incident)][-MAX_PAST:]
        notice = notice_of(event, now, self._lines(incident), self._told.link(incident.id))
        if notice is None or self._told.router is None:
            return
        self._heard_by[incident.id] = self._told.router.channels(notice, now)
        for channel in self._heard_by[incident.id]:
            self.outbox.put(channel, notice, now)
        self._resending.told(notice, now)
        if notice.event == "resolve":
            self._firing.pop(incident.id, None)
        else:
            self._firing[incident.id] = notice

    def _hints(self, incident: Incident, now: float) -> tuple[Hint, ...]:
        """People are told of it, though it cannot be said why it may be."""
        try:
            return tuple(self._why.hints(incident, now))
        except Exception:  # noqa: BLE001 of one incident
            self.faults += 1
            return ()

    def _lines(self, incident: Incident) -> list[Line]:
        said = [self._why.said(hint) for hint in self.hints.get(incident.id, ())[:_TOLD_HINTS]]
        done = [("action", line(each)) for each in self.actions.interventions if incident.id in each.incidents][:_TOLD_ACTIONS]
        alike = [("like", f"{id_} ({likeness:.0%} alike)") for id_, likeness in self.similar(incident)[:1]]
        return [*said, *done, *alike]

    def _forget(self) -> None:
        """What is no longer known of at all."""
        known = {each.id for each in self.triage.incidents}
        self.hints = {each: hints for each, hints in self.hints.items() if each in known}
        self._firing = {each: notice for each, notice in self._firing.items() if each in known}
        self._heard_by = {each: channels for each, channels in self._heard_by.items() if each in known}


_TOLD_HINTS, _TOLD_ACTIONS = 3, 3
_ADAPTER = TypeAdapter(State)


def parse_state(data: bytes) -> State:
    """Raises ValueError where that is no snapshot."""
    return _ADAPTER.validate_json(data)


def _is_same(one: Change, other: Change) -> bool:
    named = (one.what, one.name, one.version, one.dimensions) == (other.what, other.name, other.version, other.dimensions)
    return named and abs(one.at - other.at) <= _SAME_CHANGE_S


def _told_of(change: Change, id_: str, by: str) -> ChangeNotice:
    summary = one_line(f"{change.what} {change.name} {change.version}", MAX_TITLE)
    facts = [("by", by), *change.dimensions] if by else change.dimensions
    said = tuple((one_line(name, 60), one_line(value, MAX_FACT)) for name, value in facts)
    return ChangeNotice(one_line(id_, MAX_TITLE), summary, change.at, said)


def _traits(incident: Incident) -> Traits:
    symptoms = [each.symptom for each in incident.members]
    return Traits(
        incident.id,
        incident.fingerprint,
        frozenset(each.kind for each in symptoms),
        frozenset(each.series for each in symptoms),
        frozenset(pair for each in symptoms for pair in each.dimensions),
    )
