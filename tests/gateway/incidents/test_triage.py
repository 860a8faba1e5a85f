"""All incidents of a watch, from symptoms to what people are told: storms, restarts, silences, caps, floods."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.incidents.incident import CALM_S, CLOSED_S, HOLD_S, Acknowledged, Closed, Event
from gateway.incidents.paging import SHIFT_S
from gateway.incidents.stages import AGAIN_S, DEPLOY_S, Deploy, Dropped, Silence
from gateway.incidents.symptom import UPSTREAM_DOWN, Symptom, dimensions
from gateway.incidents.triage import MAX_PAST_MEMBERS, MAX_SILENCES, State, Triage
from tests.gateway.incidents.symptoms import MINUTE, T0, burn, lasting, log_symptom, symptom


def names(told: list[Event | Dropped]) -> list[str]:
    return [each.name if isinstance(each, Event) else f"dropped: {each.reason}" for each in told]


def down(at: float = T0) -> Symptom:
    return symptom(at, modality="state", about="upstream", kind=UPSTREAM_DOWN, series="up", is_harm=False, where={"upstream": "u"})


def slow(at: float = T0) -> Symptom:
    return symptom(at, about="latency", series="latency", where={"upstream": "u", "model": "m"})


def silence(**fields: object) -> Silence:
    made = {"id": "s", "dimensions": dimensions({"app": "shop"}), "reason": "test", "by": "ops", "starts": T0, "ends": T0 + 3600, **fields}
    return Silence(**made)


def pages(told: list[Event | Dropped]) -> list[str]:
    """Incidents that page with these events."""
    return [each.incident.id for each in told if isinstance(each, Event) and each.incident.urgency == "page" and each.name != "resolved"]


def test_one_incident_of_all_kinds():
    """What a broken upstream shows in metrics, logs, traces and budgets within minutes is one incident, and one page."""
    triage = Triage()
    told = triage.take(symptom(), T0)
    told += triage.take(log_symptom(T0 + 20, onset=T0), T0 + 20)
    told += triage.take(symptom(T0 + 60, modality="trace", about="latency", kind="slow path", series="upstream"), T0 + 60)
    told += triage.take(burn(T0 + 240, onset=T0), T0 + 240)
    told += triage.tick(T0 + 300)
    assert names(told) == ["opened"]
    assert pages(told) == [triage.incidents[0].id]
    assert {each.symptom.modality for each in triage.incidents[0].members} == {"metric", "log", "trace", "burn"}


def test_a_storm_of_violations():
    """Ten thousand of the same are one page, and a count."""
    triage = Triage()
    told = [each for number in range(10_000) for each in triage.take(burn(T0 + number / 100), T0 + number / 100)]
    assert names(told) == ["opened"]
    assert triage.incidents[0].count == 10_000


def test_all_series_at_once():
    """Two thousand different series that break at once are a few incidents, each bounded, and are told of a few times."""
    triage = Triage()
    told = []
    for number in range(2000):
        told += triage.take(symptom(where={"app": f"app-{number}"}, series=f"s-{number}"), T0 + number / 100)
    told += triage.tick(T0 + 60)
    assert len(triage.incidents) <= 11
    assert len(told) <= 40
    assert sum(each.count for each in triage.incidents) == 2000


def test_an_upstream_that_is_down_mutes_its_symptoms():
    """They are dropped with the reason; what they do not explain, as errors, is part of the incident."""
    triage = Triage()
    triage.take(down(), T0)
    assert names(triage.take(slow(T0 + 11), T0 + 11)) == ["dropped: inhibited"]
    assert names(triage.take(lasting(T0 + 12, where={"upstream": "u"}), T0 + 12)) == ["opened"]
    assert [each.symptom.about for each in triage.incidents[0].members] == ["upstream", "errors"]
    assert triage.dropped == {"inhibited": 1}


def test_opening_and_then_explained():
    """What waits to be told, and is explained by another incident by then, is never told."""
    triage = Triage()
    triage.take(slow(), T0)
    first = triage.incidents[0]
    triage.take(replace(down(T0 + 5), onset=T0 - 3600), T0 + 5)
    assert names(triage.tick(T0 + HOLD_S)) == ["dropped: inhibited"]
    assert next(each for each in triage.incidents if each.id == first.id).state == "withdrawn"


def test_silence():
    """What is silenced opens nothing while the silence lasts, is dropped with that reason, and is told of as soon as it ends."""
    triage = Triage()
    triage.silence(silence(), T0)
    assert names(triage.take(burn(), T0)) == ["dropped: silenced"]
    assert triage.incidents == ()
    assert names(triage.take(burn(T0 + 3600), T0 + 3600)) == ["opened"]
    triage.silence(silence(), T0)
    assert triage.lift("s")
    assert not triage.lift("s")


def test_silence_of_what_is_open():
    """A silenced incident that goes on is not taken for over."""
    triage = Triage()
    triage.take(burn(), T0)
    triage.silence(silence(), T0)
    for minute in range(60):
        assert names(triage.take(burn(T0 + minute * MINUTE), T0 + minute * MINUTE)) == ["dropped: silenced"]
        assert triage.tick(T0 + minute * MINUTE) == []
    assert triage.incidents[0].state == "open"


def goes_on(triage: Triage, seen: Symptom, since: float, until: float) -> list[tuple[float, str, str]]:
    """What is told of it, when and why, while it is seen every minute."""
    told = []
    for minute in range(int(since // MINUTE), int(until // MINUTE)):
        now = minute * MINUTE
        found = [*triage.take(replace(seen, at=now), now), *triage.tick(now)]
        told += [(now, each.name, each.reason) for each in found if isinstance(each, Event)]
    return told


def test_what_is_silenced_while_open_is_quiet():
    """At once, for as long as the silence lasts, and not for ever: what still goes on then is told of once; its end is told in any case."""
    triage = Triage()
    triage.take(burn(), T0)
    triage.take(log_symptom(), T0 + 10)
    start = T0 // MINUTE * MINUTE + MINUTE
    triage.silence(silence(starts=start, ends=start + 8 * 3600), start)
    assert goes_on(triage, burn(), start, start + 8 * 3600) == []
    assert triage.incidents[0].is_quiet
    told = goes_on(triage, burn(), start + 8 * 3600, start + 9 * 3600)
    assert told == [(start + 8 * 3600, "updated", "goes on, and is silenced no longer")]
    triage.silence(silence(starts=start + 9 * 3600, ends=start + 12 * 3600), start + 9 * 3600)
    triage.tick(start + 9 * 3600)
    assert names(triage.tick(start + 10 * 3600)) == ["resolved"]


def test_what_a_silence_is_not_of_is_told():
    """An incident of which a part is silenced goes on being told, also of what gets worse."""
    triage = Triage()
    other = symptom(where={"model": "m-1"})
    triage.take(symptom(), T0)
    triage.take(other, T0 + 1)
    triage.tick(T0 + HOLD_S)
    triage.silence(silence(starts=T0, ends=T0 + 8 * 3600), T0 + 20)
    told = goes_on(triage, other, T0 + 60, T0 + 5 * 3600)
    assert [name for _, name, _ in told] == ["updated"]


def test_what_is_silenced_before_it_opens():
    """Nobody is told of it, unless it outlasts the silence."""
    triage = Triage()
    triage.take(symptom(), T0)
    triage.silence(silence(starts=T0, ends=T0 + 1800), T0 + 1)
    assert goes_on(triage, symptom(), T0 + 60, T0 + 1740) == []
    assert [name for _, name, _ in goes_on(triage, symptom(), T0 + 1800, T0 + 2400)] == ["opened"]


def test_silences_are_bounded():
    """Those that are over make room."""
    triage = Triage()
    for each in range(MAX_SILENCES):
        triage.silence(silence(id=f"s-{each}"), T0)
    with pytest.raises(ValueError):
        triage.silence(silence(id="one more"), T0)
    triage.silence(silence(id="one more", ends=T0 + 7200), T0 + 3601)


def test_a_deploy():
    """What does not page waits until the deploy has settled; what pages does not."""
    triage = Triage()
    triage.deployed(Deploy("d", T0 - 60))
    triage.take(symptom(), T0)
    assert triage.tick(T0 + 60) == []
    triage.take(symptom(T0 + 8 * MINUTE), T0 + 8 * MINUTE)
    assert names(triage.tick(T0 + DEPLOY_S - 60)) == ["opened"]
    assert names(triage.take(burn(app="other"), T0 + 60)) == ["opened"]


def test_killed_in_the_middle():
    """A watch that comes back pages nobody again, goes on where it was, and closes what is over."""
    triage = Triage()
    triage.silence(silence(dimensions=dimensions({"app": "other"})), T0)
    assert len(pages(triage.take(burn(), T0))) == 1
    again = Triage.restore(triage.snapshot())
    assert again.snapshot() == triage.snapshot()
    assert again.take(burn(T0 + 60), T0 + 60) == []
    assert names(again.take(burn(app="other"), T0 + 60)) == ["dropped: silenced"]
    assert names(again.tick(T0 + 60 + CALM_S)) == ["resolved"]


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"incidents": [{}]}', b'{"silences": [{"id": "s"}]}'])
def test_no_snapshot(data):
    """What is no snapshot is refused."""
    with pytest.raises(ValueError):
        Triage.restore(data)


def test_again_is_the_same_incident():
    """Within a day the same is opened again, and is no new incident; after a day it is one."""
    triage = Triage()
    triage.take(burn(), T0)
    triage.tick(T0 + CALM_S)
    assert names(triage.take(burn(T0 + 7200), T0 + 7200)) == ["reopened"]
    triage.tick(T0 + 7200 + CALM_S)
    later = T0 + 7200 + AGAIN_S + 1
    triage.tick(later)
    assert triage.incidents == ()
    assert names(triage.take(burn(later), later)) == ["opened"]


def outage(triage: Triage, number: int, now: float, **fields: object) -> list[Event | Dropped]:
    """One of its own, each time."""
    return triage.take(burn(now, series=f"budget {number}", **fields), now)


def test_two_pages_a_shift():
    """The third of an app is a ticket that names the first, of which a loud count is told; the next shift's is a page again."""
    triage = Triage()
    first, second, third = (outage(triage, each, T0 + each * 1200) for each in range(3))
    assert (len(pages(first)), len(pages(second))) == (1, 1)
    assert third[0].incident.urgency == "ticket"
    assert first[0].incident.id in third[0].reason
    assert len(pages(outage(triage, 3, T0 + SHIFT_S + 2400))) == 1


def test_the_count_is_told_with_the_first():
    """While that is open."""
    triage = Triage()
    told = []
    for each in range(4):
        now = T0 + each * 601
        told.append(outage(triage, each, now))
    assert names(told[2]) == names(told[3]) == ["opened", "updated"]
    assert told[3][1].incident.id == told[0][0].incident.id
    assert "2 MORE PAGES" in told[3][1].reason
    assert triage.take(burn(T0 + 1900, series="budget 3"), T0 + 1900) == []


def test_a_withheld_page_that_gets_worse():
    """A critical one is told though there were two others, also where it was less when it began."""
    triage = Triage()
    for each in range(3):
        outage(triage, each, T0 + each * 601)
    told = outage(triage, 2, T0 + 1300, share=0.5)
    assert names(told) == ["escalated"]
    assert len(pages(told)) == 1


def test_low_and_unsound():
    """What is below its level, or says no time, opens nothing, and says so."""
    triage = Triage()
    assert names(triage.take(symptom(level=0.9), T0)) == ["dropped: below its level"]
    assert names(triage.take(symptom(level=float("nan")), T0)) == ["dropped: no time or level"]
    assert triage.dropped == {"below its level": 1, "no time or level": 1}


def test_no_incident_takes_anothers_place():
    """Where what an incident began with is forgotten, and comes again as it was, it is that incident's."""
    triage = Triage()
    triage.take(burn(), T0)
    opened = triage.incidents[0]
    forgotten = replace(opened, members=(replace(opened.members[0], symptom=symptom(T0 - 3600, series="other")),))
    again = Triage(State(incidents=(forgotten,)))
    assert again.take(burn(), T0 + 1) == []
    assert [(each.id, len(each.members)) for each in again.incidents] == [(opened.id, 2)]


def test_a_clock_ahead():
    """What says that it began tomorrow began now."""
    triage = Triage()
    triage.take(symptom(T0 + 86400), T0)
    assert triage.incidents[0].onset == T0


SYMPTOMS = st.builds(
    lambda at, app, series, level, modality, page: symptom(
        T0 + at, where={"app": app} if app else {}, series=series, level=level, modality=modality, is_page=page and modality == "burn"
    ),
    st.floats(0, 6 * 3600), st.sampled_from(["", "a", "b"]), st.sampled_from("xyz"), st.floats(0, 3),
    st.sampled_from(["metric", "log", "burn"]), st.booleans(),
)  # fmt: skip


@settings(max_examples=60)
@given(st.lists(SYMPTOMS, max_size=80), st.integers(0, 80))
def test_restored_is_as_before(seen, cut):
    """However a watch is cut off, what people are told is the same, once."""
    whole, parts = Triage(), Triage()
    for number, each in enumerate(sorted(seen, key=lambda each: each.at)):
        if number == cut:
            parts = Triage.restore(parts.snapshot())
        assert parts.take(each, each.at) == whole.take(each, each.at)
        assert parts.tick(each.at) == whole.tick(each.at)
    assert parts.snapshot() == whole.snapshot()


@settings(max_examples=60)
@given(st.lists(SYMPTOMS, max_size=80))
def test_never_more_than_the_cap(seen):
    """Whatever comes within a shift, an app has at most two pages of each severity."""
    triage = Triage()
    told = []
    for each in sorted(seen, key=lambda each: each.at):
        told += triage.take(each, each.at) + triage.tick(each.at)
    by_app: dict[tuple[str, str], set[tuple[str, int]]] = {}
    for event in told:
        if isinstance(event, Event) and event.incident.urgency == "page" and event.name in ("opened", "reopened", "escalated"):
            page = (event.incident.id, len(event.incident.opens))
            by_app.setdefault((event.incident.app, event.incident.severity), set()).add(page)
    assert all(len(each) <= 2 for each in by_app.values())


def test_bounds(monkeypatch: pytest.MonkeyPatch):
    """What is remembered is bounded: of what is over the oldest goes first, and what goes on is known all along."""
    monkeypatch.setattr("gateway.incidents.triage.MAX_INCIDENTS", 3)
    monkeypatch.setattr("gateway.incidents.triage.MAX_KNOWN", 2)
    triage = Triage()
    triage.take(burn(app="lasts"), T0)
    for each in range(5):
        now = T0 + each * 20 * MINUTE
        triage.take(burn(now, app=f"app-{each}"), now)
        triage.take(burn(now + CALM_S, app="lasts"), now + CALM_S)
        triage.tick(now + CALM_S)
    assert [each.app for each in triage.incidents] == ["lasts", "app-3", "app-4"]
    assert triage.incidents[0].count == 6


def test_closed_by_a_person():
    """None of what an incident was made of opens another one for ten minutes, nor pages; after that it is the same incident again."""
    triage = Triage()
    triage.take(symptom(), T0)
    triage.take(log_symptom(T0 + 1), T0 + 1)
    triage.tick(T0 + HOLD_S)
    (id_,) = (each.id for each in triage.incidents)
    assert names(triage.answered(id_, Acknowledged("anna"), T0 + 40)) == ["acknowledged"]
    assert names(triage.answered(id_, Closed("anna", "known"), T0 + 60)) == ["resolved"]
    for second in range(60, 60 + int(CLOSED_S), 10):
        told = triage.take(symptom(T0 + second), T0 + second) + triage.take(log_symptom(T0 + second), T0 + second)
        assert names(told + triage.tick(T0 + second)) == 2 * ["dropped: closed by a person"]
    later = T0 + 60 + CLOSED_S
    triage.take(symptom(later), later)
    assert [(each.id, each.state) for each in triage.incidents] == [(id_, "opening")]


def test_answers_to_nothing():
    """Of an incident that is not known nobody is told anything."""
    assert Triage().answered("inc-none", Acknowledged("anna"), T0) == []


def test_what_is_over_is_short():
    """Of what has been over for a while the members that say best what was wrong are kept, and what it would open again by."""
    triage = Triage()
    for each in range(20):
        triage.take(symptom(series=f"s-{each}", level=1.0 + each), T0)
    triage.tick(T0 + HOLD_S)
    triage.tick(T0 + CALM_S + 1)
    assert [len(each.members) for each in triage.incidents] == [20]
    triage.tick(T0 + 2 * CALM_S)
    (over,) = triage.incidents
    assert (len(over.members), over.left_out, over.headline.series) == (MAX_PAST_MEMBERS, 10, "s-19")
    triage.take(symptom(T0 + 3000, series="s-0"), T0 + 3000)
    assert [each.id for each in triage.incidents] == [over.id]


def test_examples_are_kept_once():
    """Those of all symptoms are the incident's: a state does not grow with each that names fifty."""
    triage = Triage()
    triage.take(symptom(evidence=("e",), traces=("t",)), T0)
    (incident,) = triage.incidents
    assert (incident.evidence, incident.traces) == (("e",), ("t",))
    assert [(each.symptom.evidence, each.symptom.traces) for each in incident.members] == [((), ())]
