"""From symptoms to what people hear."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from gateway.incidents.asks import Acknowledge, Approve, Deploy, Lift, Resolve, Silence
from gateway.incidents.deliver import Answer
from gateway.incidents.incident import CALM_S, HOLD_S, Incident
from gateway.incidents.notice import Link
from gateway.incidents.outbox import Delivery
from gateway.incidents.pipeline import MAX_CHANGED, MAX_TOLD_CHANGES, Line, Pipeline, State, Told, parse_state
from gateway.incidents.resending import RESEND_S
from gateway.incidents.rootcause import Change, Hint
from gateway.incidents.routing import Route, Router
from gateway.incidents.stages import Deploy as Settling
from gateway.incidents.symptom import Dimensions
from tests.gateway.incidents.symptoms import T0, burn, lasting, log_symptom, symptom

WHY = Hint("slice", "upstream=u", 0.97, {"hits": 12.0}, (("upstream", "u"),))
LEARNING_S = 3600.0


class Explains:
    """Whose hint is always the same."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.changes: list[Change] = []
        self.is_ignorant = False

    def hints(self, incident: Incident, now: float) -> Sequence[Hint]:
        self.asked.append(incident.id)
        return [] if self.is_ignorant else [WHY]

    def said(self, hint: Hint) -> Line:
        return "likely cause", hint.name

    def changed(self, change: Change) -> None:
        self.changes.append(change)


def share(dimensions: Dimensions, now: float) -> float:
    return 0.4


def told(state: State | None = None, **fields: object) -> Told:
    router = Router([Route(("pager", "am"))], ["pager"], dict(state.told) if state else None)
    return Told(**{"router": router, "resends": frozenset({"am"}), **fields})


def pipeline(state: State | None = None, why: Explains | None = None, **fields: object) -> Pipeline:
    made = Pipeline(told(state, **fields), why or Explains(), share, LEARNING_S, state=state)
    if state is None:
        for app in ("shop", ""):
            made.seen(app, T0 - 2 * LEARNING_S)
    return made


def sent(made: Pipeline, now: float) -> list[tuple[str, str]]:
    """All that is due, delivered."""
    done: list[Delivery] = []
    while due := made.outbox.due(now, 10):
        for each in due:
            made.outbox.settle(each, Answer(200), now, 0.5)
        done += due
    return [(each.channel, each.notice.event) for each in done]


def test_silenced_while_open():
    """Nobody hears of it again, nor does what hears of everything again and again, until the silence is over."""
    made = pipeline()
    made.take([burn()], T0)
    made.tick(T0 + 20)
    assert ("am", "trigger") in sent(made, T0 + 20)
    made.apply(Silence("sil-1", {"app": "shop"}, "known", "ann", T0 + 20, T0 + 1220), T0 + 20)
    for second in range(30, 1200, 30):
        made.take([burn(T0 + second)], T0 + second)
        made.tick(T0 + second)
        assert sent(made, T0 + second) == []
    made.take([burn(T0 + 1230)], T0 + 1230)
    made.tick(T0 + 1230)
    assert sorted(sent(made, T0 + 1230)) == [("am", "update"), ("pager", "update")]


def test_one_incident():
    """It is told once, with its cause, to whom the routes name, and its end too; what wants to hear of it again and again does."""
    why = Explains()
    made = pipeline(why=why, link=lambda id_: [Link(f"https://example.org/{id_}", "incident")])
    events = made.take([lasting(), log_symptom(onset=T0 - 300)], T0)
    assert [each.name for each in events] == ["opened"]
    incident = events[0].incident
    assert (incident.urgency, incident.severity, why.asked) == ("page", "critical", [incident.id])
    notice = made.outbox.waiting[0].notice
    assert ("likely cause", "upstream=u") in notice.facts
    assert notice.links == (Link(f"https://example.org/{incident.id}", "incident"),)
    assert sorted(sent(made, T0)) == [("am", "trigger"), ("pager", "trigger")]
    made.tick(T0 + RESEND_S)
    assert sent(made, T0 + RESEND_S) == [("am", "trigger")]
    assert made.worst == (4, 1)
    assert [each.name for each in made.tick(T0 + CALM_S + 1)] == ["resolved"]
    assert sorted(sent(made, T0 + CALM_S + 1)) == [("am", "resolve"), ("pager", "resolve")]
    made.tick(T0 + CALM_S + RESEND_S + 2)
    assert sent(made, T0 + CALM_S + RESEND_S + 2) == [("am", "resolve")]
    assert (made.worst, made.opened) == ((0, 0), 1)


def test_a_cause_that_is_seen_later():
    """It is told once it is seen."""
    why = Explains()
    why.is_ignorant = True
    made = pipeline(why=why)
    (opened,) = made.take([burn()], T0)
    assert sent(made, T0) == [("pager", "trigger"), ("am", "trigger")]
    assert made.tick(T0 + 15) == []
    why.is_ignorant = False
    assert made.tick(T0 + 20) == []
    assert [(each.name, each.reason) for each in made.tick(T0 + 30)] == [("updated", "why it may be")]
    assert ("likely cause", "upstream=u") in made.outbox.waiting[0].notice.facts
    assert made.tick(T0 + 45) == []
    assert why.asked == [opened.incident.id] * 3


def test_what_people_ask():
    """Who looks after it, what is over, what nobody is to hear of, what was changed: all of it does what it says, and is told."""
    why = Explains()
    made = pipeline(why=why)
    (opened,) = made.take([burn()], T0)
    id_ = opened.incident.id
    assert [each.name for each in made.apply(Acknowledge(id_, "ann", T0 + 5), T0 + 5)] == ["acknowledged"]
    assert [each.name for each in made.apply(Resolve(id_, "rolled back", "ann", T0 + 9), T0 + 9)] == ["resolved"]
    assert made.apply(Resolve("inc-none", "x", "ann", T0), T0 + 9) == []
    made.apply(Silence("s1", {"app": "shop"}, "known", "ann", T0, T0 + 3600), T0)
    assert made.take([burn(T0 + 900)], T0 + 900) == []
    made.apply(Lift("s1", "ann", T0 + 901), T0 + 901)
    assert [each.name for each in made.take([burn(T0 + 902)], T0 + 902)] == ["reopened"]
    made.apply(Deploy("d1", "deploy", "web", T0, "ci", T0), T0)
    assert [each.name for each in why.changes] == ["web"]
    made.apply(Approve("none", "ann", T0), T0)
    with pytest.raises(ValueError):
        made.apply(Silence("s2", {"app": "shop"}, "known", "ann", T0, T0 + 10**9), T0)


def test_a_restart_in_the_middle():
    """Who goes on with what was saved tells nobody a second time, and knows whom to tell of the end; what waited still waits."""
    before = pipeline()
    before.take([burn()], T0)
    assert len(before.outbox.waiting) == 2
    after = pipeline(parse_state(before.snapshot()))
    assert sorted(sent(after, T0)) == [("am", "trigger"), ("pager", "trigger")]
    again = pipeline(parse_state(after.snapshot()))
    assert again.take([burn(T0 + 60)], T0 + 60) == []
    assert sent(again, T0 + 30) == []
    assert [each.name for each in again.tick(T0 + 60 + CALM_S)] == ["resolved"]
    assert ("pager", "resolve") in sent(again, T0 + 60 + CALM_S)
    assert parse_state(again.snapshot()) == parse_state(pipeline(parse_state(again.snapshot())).snapshot())


def test_no_snapshot():
    """What is none is refused."""
    with pytest.raises(ValueError):
        parse_state(b'{"known": 5}')


def test_what_is_new():
    """Of an application that was not there before nobody hears what is unusual; but its budget, and what is down, they do."""
    made = pipeline()
    assert made.take([symptom(where={"app": "young"})], T0) == []
    made.tick(T0 + HOLD_S)
    assert sent(made, T0 + HOLD_S) == []
    assert made.triage.incidents[0].urgency == "record"
    assert [each.incident.urgency for each in made.take([burn(app="new")], T0 + 60)] == ["page"]


def test_what_is_alike():
    """An incident like one that was before says so."""
    made = pipeline()
    (first,) = made.take([burn()], T0)
    made.tick(T0 + CALM_S)
    later = T0 + 2 * 86_400
    made.tick(later)
    (second,) = made.take([burn(later)], later)
    assert second.incident.id != first.incident.id
    assert [id_ for id_, _ in made.similar(second.incident)] == [first.incident.id]
    assert ("like", f"{first.incident.id} (100% alike)") in made.outbox.waiting[-1].notice.facts


def test_nobody_to_tell():
    """Without channels incidents are known all the same."""
    made = Pipeline(Told(), Explains(), share, LEARNING_S)
    assert [each.name for each in made.take([burn()], T0)] == ["opened"]
    assert (made.outbox.waiting, made.worst) == ((), (4, 1))
    assert parse_state(made.snapshot()).known.incidents == made.triage.incidents


def test_nothing_is_kept_of_what_is_gone():
    """Of incidents that are a day old nothing is left but what they are known again by."""
    made = pipeline()
    made.take([burn()], T0)
    made.tick(T0 + CALM_S)
    made.take([burn(T0 + 3 * 86_400, app="other")], T0 + 3 * 86_400)
    made.tick(T0 + 3 * 86_400 + CALM_S)
    made.tick(T0 + 6 * 86_400)
    made.take([burn(T0 + 6 * 86_400)], T0 + 6 * 86_400)
    state = parse_state(made.snapshot())
    assert (len(state.hints), len(state.firing), len(state.told), len(state.past)) == (1, 1, 1, 2)


def test_the_whole_gateway_is_known_as_long_as_any_application():
    """A symptom that names no application is learned about from the first exchange on, and not from the first time that it is seen."""
    made = Pipeline(told(), Explains(), share, LEARNING_S)
    made.seen("shop", T0 - 2 * LEARNING_S)
    made.take([lasting(where={"upstream": "east"}), log_symptom(onset=T0 - 300, where={"upstream": "east"})], T0)
    assert made.worst != (0, 0)


def test_a_cause_that_cannot_be_looked_for(monkeypatch: pytest.MonkeyPatch):
    """A fault there costs the cause, not the page."""

    def broken(incident: Incident, now: float) -> Sequence[Hint]:
        raise ZeroDivisionError

    why = Explains()
    monkeypatch.setattr(why, "hints", broken)
    made = pipeline(why=why)
    made.take([burn()], T0)
    made.tick(T0 + 30)
    assert sent(made, T0 + 30) == [("pager", "trigger"), ("am", "trigger")]
    assert made.faults == 2


SEEN = Change(T0, "policy", "default", "a → b", (("policy", "default@b"),))


def settles(change: Change) -> Settling:
    return Settling(f"{change.name} {change.at:.0f}", change.at)


def test_changes_are_told():
    """What exchanges show to have changed, and what people say, goes to the channels that have a word for it, once, and pages nobody."""
    made = pipeline(changes=frozenset({"pager"}))
    made.changed(SEEN, settles(SEEN), T0)
    made.apply(Deploy("dep-1", "deploy", "shop", T0, "ann", T0, "v7", {"app": "shop"}), T0)
    one, two = (each.notice for each in made.outbox.waiting)
    assert (one.summary, one.at, one.urgency) == ("policy default a → b", T0, "record")
    assert (two.id, two.summary, two.facts) == ("dep-1", "deploy shop v7", (("by", "ann"), ("app", "shop")))
    again = pipeline(parse_state(made.snapshot()), changes=frozenset({"pager"}))
    assert again.outbox.waiting == made.outbox.waiting
    late = replace(SEEN, at=T0 + 5)
    again.changed(late, settles(late), T0 + 5)
    assert sent(again, T0 + 5) == [("pager", "change"), ("pager", "change")]
    back = replace(SEEN, at=T0 + 600)
    again.changed(back, settles(back), T0 + 600)
    assert sent(again, T0 + 600) == [("pager", "change")]


def test_a_flood_of_changes():
    """Of many in an hour the first are told; all are causes."""
    why = Explains()
    made = pipeline(why=why, changes=frozenset({"pager"}))
    for each in range(MAX_CHANGED + 50):
        change = replace(SEEN, name=f"p-{each}")
        made.changed(change, settles(change), T0)
    assert (len(made.outbox.waiting), len(why.changes)) == (MAX_TOLD_CHANGES, MAX_CHANGED + 50)


def test_no_channel_for_changes():
    """Where none has a word for them nothing waits."""
    made = pipeline()
    made.changed(SEEN, settles(SEEN), T0)
    assert made.outbox.waiting == ()


def test_a_name_that_is_too_long():
    """An application is known by the name that its symptoms show, however long the one that it made up."""
    made = pipeline()
    made.seen("x" * 5000, T0 - 2 * LEARNING_S)
    (known,) = made.take([burn(), symptom(where={"app": "x" * 5000}, is_page=True)], T0)[1:]
    assert known.incident.urgency == "page"
