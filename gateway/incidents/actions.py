"""What is done about incidents, by what the settings allow, and undone again. Pure; ``now`` is in seconds since 1970.

refused                               nothing is done: what it should be aimed at is not known, or as many as may be are in force
dry                                   nothing is done: it is only written down
waiting ── approved ──> active        in force
dry, waiting, active ──> over         as its incidents are, by its time, by a person's word, or as it is no longer allowed
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from pydantic import TypeAdapter, ValidationError

from gateway.incidents.allowed import ActionSettings, Allowed, Known, concerns, fits
from gateway.incidents.asks import Approve, Reject, Revert
from gateway.incidents.incident import SEVERITIES, Incident
from gateway.incidents.rootcause import Hint
from gateway.incidents.symptom import shown
from policies.measures import Do, Measure, SwitchUpstream, said
from policies.tightening import is_stricter

State: TypeAlias = Literal["refused", "dry", "waiting", "active", "over"]
Answer: TypeAlias = Approve | Reject | Revert
"""What a person says of an intervention, by its id."""

MAX_KEPT = 500
"""More than may be in force or wait."""
MAX_WAITING = 100
_MAX_INCIDENTS = 20
_LIVE: frozenset[State] = frozenset({"dry", "waiting", "active"})


@dataclass(frozen=True, slots=True)
class Intervention:
    """One thing that was to be done about an incident, and what became of it."""

    id: str
    action: str
    """The entry of the settings."""
    incidents: tuple[str, ...]
    """The first is the one that it was for; the others go on by the same cause, and keep it from ending."""
    opened: float
    """When that incident began to open."""
    do: Mapping[str, Any]
    """In the words of the settings; placeholders are filled but where it is refused."""
    asked: Mapping[str, Any]
    """As the settings had it."""
    state: State
    at: float
    since: float
    until: float
    """When it ends at the latest."""
    why: str = ""
    by: str = ""
    """Who rejected or ended it, where a person did."""
    became: str = ""
    ended: float | None = None
    approved_by: str = ""
    approved_at: float | None = None

    @property
    def is_live(self) -> bool:
        return self.state in _LIVE


class Actions:
    """Whatever happens, at most so many are in force as the settings say, and each ends."""

    def __init__(self, settings: ActionSettings, known: Known) -> None:
        self._settings = settings
        self._known = known
        self._entries = {entry.id: entry for entry in settings.allow}
        self._all: dict[str, Intervention] = {}
        self._news: dict[str, Intervention] = {}

    @property
    def interventions(self) -> list[Intervention]:
        """The latest first."""
        return sorted(self._all.values(), key=lambda each: (each.at, each.id), reverse=True)

    def news(self) -> list[Intervention]:
        """What was proposed, or has changed, since this was asked last: to be written down by whoever may."""
        news, self._news = list(self._news.values()), {}
        return news

    def learn(self, known: Known) -> None:
        """What the settings and policies know of now."""
        self._known = known

    def opened(self, incident: Incident, hints: Sequence[Hint], now: float) -> list[Intervention]:
        """What is done about an incident that opened, opened again or got worse; asked again about the same, it does nothing new."""
        if not incident.is_active or incident.urgency == "record":
            return []
        fitting = [entry for entry in self._settings.allow if _is_for(entry, incident, hints)]
        changed = [self._proposed(entry, incident, hints, now) for entry in fitting]
        self._make_room()
        return [each for each in changed if each]

    def tick(self, incidents: Iterable[Incident], now: float) -> list[Intervention]:
        """What time makes of them. ``incidents``: at least all that are active; what is said of none of them is over."""
        active = {each.id for each in incidents if each.is_active}
        room = self._settings.max_active
        changed = []
        for each in sorted(self._all.values(), key=lambda each: (each.since, each.id)):
            if not each.is_live:
                continue
            ending = self._ending(each, active, now)
            if not ending and each.state == "active":
                room -= 1
                ending = "too many" if room < 0 else ""
            if ending:
                changed.append(self._over(each, ending, now))
        return changed

    def answered(self, answer: Answer) -> list[Intervention]:
        """Nothing where there is nothing of that name that this could be said of."""
        each = self._all.get(answer.action)
        if each is None:
            return []
        if isinstance(answer, Approve):
            return self._approved(each, answer)
        if not each.is_live:
            return []
        return [self._over(replace(each, by=shown(answer.by)), "rejected" if each.state == "waiting" else "reverted", answer.at)]

    def _approved(self, each: Intervention, answer: Approve) -> list[Intervention]:
        entry = self._entries.get(each.action)
        if each.state != "waiting" or entry is None or answer.at >= each.until:
            return []
        if self._active() >= self._settings.max_active:
            return [self._put(replace(each, why=_FULL))]
        until = answer.at + entry.ttl_s
        approved = replace(each, state="active", since=answer.at, until=until, why="", approved_by=shown(answer.by), approved_at=answer.at)
        return [self._put(approved)]

    def in_force(self, now: float) -> tuple[Measure, ...]:
        return tuple(
            Measure(each.id, each.action, Do.model_validate_json(_words(each.do)), each.since, each.until)
            for each in sorted(self._all.values(), key=lambda each: (each.since, each.id))
            if each.state == "active" and now < each.until
        )[: self._settings.max_active]

    def snapshot(self) -> bytes:
        return _ADAPTER.dump_json(list(self._all.values()))

    def restore(self, data: bytes) -> None:
        """Raises ValueError where that is no snapshot. What is allowed no longer ends with the next tick."""
        try:
            kept = _ADAPTER.validate_json(data)
            for each in kept:
                Do.model_validate_json(_words(each.do))
        except ValidationError:
            raise ValueError("no snapshot of actions") from None
        self._all = {each.id: each for each in kept[-MAX_KEPT:]}

    def _proposed(self, entry: Allowed, incident: Incident, hints: Sequence[Hint], now: float) -> Intervention | None:
        do, why = self._filled(entry.do, incident, hints)
        words = said(do)
        known = [each for each in self._all.values() if each.action == entry.id]
        if any(incident.id in each.incidents and each.opened >= incident.since and each.state != "refused" for each in known):
            return None
        same = next((each for each in known if each.do == words and (each.is_live or now < each.until) and each.state != "refused"), None)
        if same:
            self._share(same, incident)
            return None
        if not why and not (self._settings.dry_run or entry.dry_run):
            why = self._full(entry)
        state: State = "refused" if why else self._begins(entry)
        before = next((each for each in known if each.state == "refused" and incident.id in each.incidents), None)
        if before and (state, why) == ("refused", before.why):
            return None
        name = before.id if before else self._free(f"{entry.id}:{incident.id}")
        return self._put(
            Intervention(
                name, entry.id, (incident.id,), incident.since, words, said(entry.do), state, now, now, now + entry.ttl_s, why,
                ended=now if why else None,
            )
        )  # fmt: skip

    def _begins(self, entry: Allowed) -> State:
        if self._settings.dry_run or entry.dry_run:
            return "dry"
        return "waiting" if entry.approval else "active"

    def _share(self, same: Intervention, incident: Incident) -> None:
        """It is done already: as long as this one goes on, too."""
        if same.is_live and incident.id not in same.incidents and len(same.incidents) < _MAX_INCIDENTS:
            self._all[same.id] = replace(same, incidents=(*same.incidents, incident.id))

    def _filled(self, do: Do, incident: Incident, hints: Sequence[Hint]) -> tuple[Do, str]:
        """With names of the settings alone; else as it is, and why it cannot be done. Of names in what others sent (such a symptom has a
        ``source``) nothing is taken: they are what the sender says.
        """
        conditions = dict(hints[0].conditions) if hints else {}
        of_ours = {} if incident.headline.dimension("source") else dict(incident.headline.dimensions)
        values = {}
        for name in do.placeholders:
            values[name] = of_ours.get(name) or conditions.get(name, "")
            if not self._known.has(name, values[name]):
                return do, f"it is not of one {name} that the settings know"
        words = {key: values.get(value[1:-1], value) if isinstance(value, str) else value for key, value in said(do)[do.kind].items()}
        filled = Do.model_validate_json(_words({do.kind: words}))
        return filled, self._unfit(filled)

    def _unfit(self, do: Do) -> str:
        if isinstance(do.deed, SwitchUpstream) and not fits(do.deed, self._known):
            return "the other upstream cannot stand for this one"
        if do.kind in ("tighten", "force_redaction") and not is_stricter(self._known.policies, Measure("", "", do, 0.0, 0.0)):
            return "no policy would be stricter for it"
        return ""

    def _full(self, entry: Allowed) -> str:
        if entry.approval:
            return _FULL if sum(each.state == "waiting" for each in self._all.values()) >= MAX_WAITING else ""
        return _FULL if self._active() >= self._settings.max_active else ""

    def _active(self) -> int:
        return sum(each.state == "active" for each in self._all.values())

    def _ending(self, each: Intervention, active: set[str], now: float) -> str:
        entry = self._entries.get(each.action)
        if entry is None or said(entry.do) != each.asked or (each.state != "dry" and (entry.dry_run or self._settings.dry_run)):
            return "no longer allowed"
        if active.isdisjoint(each.incidents):
            return "recovered"
        return "expired" if now >= min(each.until, each.since + entry.ttl_s) else ""

    def _over(self, each: Intervention, became: str, now: float) -> Intervention:
        return self._put(replace(each, state="over", became=became, ended=now))

    def _put(self, each: Intervention) -> Intervention:
        self._all[each.id] = self._news[each.id] = each
        if len(self._news) > MAX_KEPT:
            del self._news[next(iter(self._news))]
        return each

    def _free(self, name: str) -> str:
        if name not in self._all:
            return name
        return next(each for number in range(2, MAX_KEPT + 3) if (each := f"{name}:{number}") not in self._all)

    def _make_room(self) -> None:
        """What was refused goes first, then what is over, then what is only written down; the oldest of it."""
        while len(self._all) > MAX_KEPT:
            oldest = min(self._all.values(), key=lambda each: (_GOES.index(each.state), each.at, each.id))
            del self._all[oldest.id]


_GOES: tuple[State, ...] = ("refused", "over", "dry", "waiting", "active")
_FULL = "as many as may be are in force, or wait"
_ADAPTER = TypeAdapter(list[Intervention])
_WORDS = TypeAdapter(dict[str, Any])


def _words(do: Mapping[str, Any]) -> bytes:
    return _WORDS.dump_json(dict(do))


def line(each: Intervention) -> str:
    """For people, in one line."""
    kind, deed = next(iter(each.do.items()))
    of = ", ".join(f"{key} {value}" for key, value in deed.items()) or "all traffic"
    said_of = {
        "refused": f"not done: {each.why}",
        "dry": "dry run, nothing was done",
        "waiting": "waits for approval",
        "active": "in force",
    }
    by = f" by {each.by}" if each.by else ""
    approved = f", approved by {each.approved_by}" if each.approved_by else ""
    return f"{kind} ({of}): {said_of.get(each.state, f'over: {each.became}')}{by}{approved} [{each.id}]"


def _is_for(entry: Allowed, incident: Incident, hints: Sequence[Hint]) -> bool:
    when = entry.when
    if SEVERITIES.index(incident.severity) < SEVERITIES.index(when.severity):
        return False
    if when.cause and not (hints and when.cause in dict(hints[0].conditions)):
        return False
    return concerns(when, [member.symptom.about for member in incident.members], incident.app)
