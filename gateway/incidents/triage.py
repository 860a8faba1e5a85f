"""All incidents of a watch: each symptom goes to one of them, or is dropped with a reason. Bounded, whatever comes; pure."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from pydantic import TypeAdapter

from gateway.incidents.incident import (
    AGREE_S,
    CALM_S,
    CLOSED_S,
    OPEN_LEVEL,
    SEVERITIES,
    Acknowledged,
    Closed,
    Event,
    Incident,
    Muted,
    Tick,
    advance,
    begin,
    id_of,
    is_kept_closed,
    shortened,
)
from gateway.incidents.paging import Page, PageBook
from gateway.incidents.stages import (
    AGAIN_S,
    DEPLOY_S,
    Deploy,
    Dropped,
    Share,
    Silence,
    group,
    hold_until,
    inhibited_by,
    is_explained,
    same_before,
    silenced_by,
    unknown,
)
from gateway.incidents.symptom import Symptom, sound

MAX_INCIDENTS = 1000
MAX_PAST_MEMBERS = 10
"""Of what has been over for a while."""
MAX_SILENCES = 500
MAX_DEPLOYS = 100
MAX_KNOWN = 20_000


@dataclass(frozen=True, slots=True)
class State:
    """What outlives a restart."""

    incidents: tuple[Incident, ...] = ()
    silences: tuple[Silence, ...] = ()
    deploys: tuple[Deploy, ...] = ()
    pages: dict[str, tuple[Page, ...]] | None = None


class Triage:
    """``now`` is how far the watch has read, and does not go back."""

    def __init__(self, state: State | None = None, share: Share = unknown) -> None:
        """``share`` is of the traffic."""
        kept = state or State()
        self._share = share
        self._incidents = {each.id: each for each in kept.incidents}
        self._silences = {each.id: each for each in kept.silences}
        self._deploys = list(kept.deploys)
        self._pages = PageBook(kept.pages)
        self._known = self._prints()
        """Which incident a symptom is part of already, by its fingerprint."""
        self.dropped: dict[str, int] = {}
        """Symptoms by why they were dropped, of a few reasons."""

    @property
    def incidents(self) -> tuple[Incident, ...]:
        return tuple(self._incidents.values())

    def silence(self, silence: Silence, now: float) -> None:
        """Raises ValueError where there are too many."""
        self._silences = {each.id: each for each in self._silences.values() if each.ends > now}
        if len(self._silences) >= MAX_SILENCES and silence.id not in self._silences:
            raise ValueError(f"there are {MAX_SILENCES} silences already")
        self._silences[silence.id] = silence

    def lift(self, id_: str) -> bool:
        """Whether there was such a silence."""
        return self._silences.pop(id_, None) is not None

    def deployed(self, deploy: Deploy) -> None:
        self._deploys = [*self._deploys, deploy][-MAX_DEPLOYS:]

    def take(self, seen: Symptom, now: float) -> list[Event | Dropped]:
        """What people are to be told because of it."""
        symptom = sound(seen, now)
        if symptom is None:
            return [self._drop(seen, "no time or level")]
        if any(is_kept_closed(each, symptom, now) for each in self._over()):
            return [self._drop(symptom, "closed by a person")]
        known = self._known_of(symptom)
        muted = self._muted(symptom, known, now)
        if muted is not None:
            if known:
                self._put(*advance(known, Muted(), now), known)
            return [muted]
        if known is None and symptom.level < OPEN_LEVEL:
            return [self._drop(symptom, "below its level")]
        incident = known or group(symptom, list(self._active()), now, self._share) or same_before(symptom, self._over(), now)
        incident = incident or self._incidents.get(id_of(symptom))
        after, events = advance(incident, symptom, now) if incident else begin(symptom, now)
        told = self._put(after, events, incident)
        if len(self._known) >= MAX_KNOWN:
            self._known = self._prints()
        self._known[symptom.fingerprint] = after.id
        return told

    def answered(self, id_: str, cause: Acknowledged | Closed, now: float) -> list[Event | Dropped]:
        """What people are to be told of what one of them has said. Of what is over, or is none, nothing is."""
        known = self._incidents.get(id_)
        return self._put(*advance(known, cause, now), known) if known else []

    def tick(self, now: float, *, is_blind: bool = False) -> list[Event | Dropped]:
        """What time makes of them: to be called every few seconds. ``is_blind``: nothing can be seen, so that nothing is taken for calm."""
        told: list[Event | Dropped] = []
        self._deploys = [each for each in self._deploys if now - each.at <= 2 * DEPLOY_S]
        for incident in list(self._active()):
            if incident.state == "opening" and is_explained(incident, list(self._active()), now):
                self._forget(replace(incident, state="withdrawn"))
                told += [self._drop(each.symptom, "inhibited") for each in incident.members]
                continue
            tick = Tick(is_blind, hold_until(incident, self._deploys), self._is_quiet(incident, now))
            told += self._put(*advance(incident, tick, now), incident)
        for incident in list(self._over()):
            if now - incident.high_at > AGAIN_S:
                del self._incidents[incident.id]
            elif len(incident.members) > MAX_PAST_MEMBERS and now - max(incident.high_at, incident.closed_at or 0.0) > CALM_S + CLOSED_S:
                self._incidents[incident.id] = shortened(incident, MAX_PAST_MEMBERS)
        return told

    @property
    def state(self) -> State:
        return State(self.incidents, tuple(self._silences.values()), tuple(self._deploys), self._pages.pages)

    def snapshot(self) -> bytes:
        return _ADAPTER.dump_json(self.state)

    @classmethod
    def restore(cls, data: bytes) -> "Triage":
        """Raises ValueError where that is no snapshot."""
        return cls(_ADAPTER.validate_json(data))

    def _active(self) -> Iterator[Incident]:
        return (each for each in self._incidents.values() if each.is_active)

    def _over(self) -> Iterator[Incident]:
        return (each for each in self._incidents.values() if not each.is_active)

    def _known_of(self, symptom: Symptom) -> Incident | None:
        known = self._incidents.get(self._known.get(symptom.fingerprint, ""))
        return known if known and known.is_active else None

    def _muted(self, symptom: Symptom, known: Incident | None, now: float) -> Dropped | None:
        source = inhibited_by(symptom, (each for each in self._active() if each is not known), now)
        if source:
            return self._drop(symptom, "inhibited")
        silence = silenced_by(symptom, self._silences.values(), now)
        return self._drop(symptom, "silenced") if silence else None

    def _is_quiet(self, incident: Incident, now: float) -> bool:
        """Whether of all that it is made of, nothing but what is silenced was seen of late."""
        if not self._silences:
            return False
        loud = [each for each in incident.members if not silenced_by(each.symptom, self._silences.values(), now)]
        return len(loud) < len(incident.members) and not any(now - each.high_at <= AGREE_S for each in loud)

    def _drop(self, symptom: Symptom, reason: str) -> Dropped:
        self.dropped[reason] = self.dropped.get(reason, 0) + 1
        return Dropped(symptom, reason)

    def _put(self, after: Incident, events: tuple[Event, ...], before: Incident | None) -> list[Event | Dropped]:
        told: list[Event | Dropped] = list(events)
        was_paged = before is not None and before.state == "open" and before.urgency == "page"
        if after.state == "open" and after.urgency == "page" and not was_paged:
            after, told = self._paged(after, events)
        if not after.is_active:
            self._forget(after)
            return told
        self._incidents[after.id] = after
        self._make_room()
        return told

    def _paged(self, after: Incident, events: tuple[Event, ...]) -> tuple[Incident, list[Event | Dropped]]:
        instead = self._pages.admit(after.app, Page(after.id, after.told_at or after.since, after.severity))
        if instead is None:
            return after, list(events)
        withheld = replace(after, urgency="ticket", page_limit=after.severity)
        told: list[Event | Dropped] = [
            replace(each, incident=withheld, reason=f"{each.reason}; not paged: too many pages in this shift, see {instead.incident}")
            for each in events
        ]
        first = self._incidents.get(instead.incident)
        if first and first.id != after.id and first.state == "open":
            counted = replace(first, withheld=first.withheld + 1)
            self._incidents[first.id] = counted
            told.append(
                Event("updated", counted, f"{counted.withheld} MORE PAGES of this app in this shift are told here, last {after.id}")
            )
        return withheld, told

    def _forget(self, over: Incident) -> None:
        """Until it is a day old it may open again."""
        self._incidents[over.id] = over
        self._make_room()

    def _make_room(self) -> None:
        """What is over goes first, the oldest of it; of what is not, ``stages.group`` sees to it that there is never so much."""
        if len(self._incidents) > MAX_INCIDENTS:
            oldest = min(self._incidents.values(), key=lambda each: (each.is_active, each.high_at, SEVERITIES.index(each.severity)))
            del self._incidents[oldest.id]

    def _prints(self) -> dict[str, str]:
        return {member.symptom.fingerprint: each.id for each in self._active() for member in each.members}


_ADAPTER = TypeAdapter(State)
