"""What is known of incidents after the clock was set: as long ago as before, and as long still to come.

Nothing is calm, learned or over because a clock says so, and nothing waits for a time that is a day away. What people were told already
says what it said.
"""

from dataclasses import replace

from pydantic import TypeAdapter

from gateway.incidents.actions import Intervention
from gateway.incidents.incident import Incident, Member
from gateway.incidents.outbox import Delivery
from gateway.incidents.outbox import State as Waiting
from gateway.incidents.pipeline import State
from gateway.incidents.triage import State as Known

_DIFFER_S = 120.0
"""Clocks may."""
_ACTIONS = TypeAdapter(list[Intervention])


def moved(state: State, by_s: float) -> State:
    """``by_s``: how much later it is by the clock than it was. Raises ValueError where ``state`` has actions that are none."""
    actions = [_of_action(each, by_s) for each in _ACTIONS.validate_json(state.actions)] if state.actions else []
    return replace(
        state,
        known=_of_triage(state.known, by_s),
        waiting=_of_outbox(state.waiting, by_s),
        learned={key: (_at(first, by_s), _at(last, by_s)) for key, (first, last) in state.learned.items()},
        actions=_ACTIONS.dump_json(actions).decode() if state.actions else "",
        changed=tuple(replace(each, at=_at(each.at, by_s)) for each in state.changed),
    )


def not_ahead(state: State, now: float) -> State:
    """What is of a time to come, since the clock was set back while nobody looked, is moved until nothing of it is. Raises ValueError."""
    seen = [each.high_at for each in state.known.incidents] + [last for _, last in state.learned.values()]
    ahead_s = max(seen, default=0.0) - now
    return moved(state, -ahead_s) if ahead_s > _DIFFER_S else state


def _at(at: float, by_s: float) -> float:
    return max(0.0, at + by_s)


def _if_at(at: float | None, by_s: float) -> float | None:
    return None if at is None else _at(at, by_s)


def _of_triage(known: Known, by_s: float) -> Known:
    pages = known.pages or {}
    return Known(
        tuple(_of_incident(each, by_s) for each in known.incidents),
        tuple(replace(each, starts=each.starts + by_s, ends=each.ends + by_s) for each in known.silences),
        tuple(replace(each, at=_at(each.at, by_s)) for each in known.deploys),
        {app: tuple(replace(each, at=_at(each.at, by_s)) for each in told) for app, told in pages.items()},
    )


def _of_incident(incident: Incident, by_s: float) -> Incident:
    return replace(
        incident,
        onset=_at(incident.onset, by_s),
        since=_at(incident.since, by_s),
        high_at=_at(incident.high_at, by_s),
        members=tuple(_of_member(each, by_s) for each in incident.members),
        told_at=_if_at(incident.told_at, by_s),
        opens=tuple(_at(each, by_s) for each in incident.opens),
        acked_at=_if_at(incident.acked_at, by_s),
        closed_at=_if_at(incident.closed_at, by_s),
    )


def _of_member(member: Member, by_s: float) -> Member:
    symptom = replace(member.symptom, onset=_at(member.symptom.onset, by_s), at=_at(member.symptom.at, by_s))
    return replace(member, symptom=symptom, high_at=_at(member.high_at, by_s))


def _of_outbox(waiting: Waiting, by_s: float) -> Waiting:
    """What is over stays in the past, by which nobody is told anything."""
    return replace(waiting, waiting=tuple(_of_delivery(each, by_s) for each in waiting.waiting))


def _of_delivery(delivery: Delivery, by_s: float) -> Delivery:
    return replace(delivery, not_before=_at(delivery.not_before, by_s), first_at=_if_at(delivery.first_at, by_s))


def _of_action(each: Intervention, by_s: float) -> Intervention:
    return replace(
        each,
        opened=_at(each.opened, by_s),
        at=_at(each.at, by_s),
        since=_at(each.since, by_s),
        until=_at(each.until, by_s),
        ended=_if_at(each.ended, by_s),
        approved_at=_if_at(each.approved_at, by_s),
    )
