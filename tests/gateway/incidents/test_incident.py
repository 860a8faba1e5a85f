"""What an incident becomes, as transcripts: a symptom or a tick goes in, the state and the events come out."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.incidents.incident import (
    AGREE_S,
    CALM_S,
    CLOSED_S,
    FLAP_S,
    HOLD_S,
    MAX_MEMBERS,
    REPEAT_S,
    UPDATE_S,
    WORSE,
    Acknowledged,
    Closed,
    Event,
    Incident,
    Muted,
    Tick,
    advance,
    begin,
    severity_of,
)
from tests.gateway.incidents.symptoms import MINUTE, T0, burn, incident, lasting, log_symptom, symptom


class Transcript:
    """``>>`` (cause, now) and what is told of it."""

    def __init__(self, first: object = None, now: float = T0) -> None:
        self.incident, self.events = begin(first or symptom(), now)

    def then(self, cause: object, now: float) -> list[str]:
        self.incident, self.events = advance(self.incident, cause, now)
        return [each.name for each in self.events]


def opened(first: object = None) -> Transcript:
    transcript = Transcript(first)
    if transcript.incident.state == "opening":
        transcript.then(Tick(), T0 + HOLD_S)
    assert transcript.incident.state == "open"
    return transcript


def test_same_symptom_same_incident():
    """Two watches give one incident one id; another onset or slice is another incident."""
    assert incident(symptom(value=1.0)).id == incident(symptom(value=2.0), T0 + 9).id
    assert len({incident(each).id for each in (symptom(), symptom(T0 - 60), symptom(where={"app": "other"}), symptom(series="x"))}) == 4


def test_a_ticket_is_told_after_a_while():
    """One kind of evidence, though users see it, waits to be confirmed, and is a ticket."""
    transcript = Transcript()
    assert transcript.then(Tick(), T0 + HOLD_S - 1) == []
    assert transcript.then(Tick(), T0 + HOLD_S) == ["opened"]
    assert (transcript.incident.urgency, transcript.incident.severity) == ("ticket", "warning")


def test_a_burning_budget_pages_at_once():
    """It alone does."""
    _, events = begin(burn(), T0)
    assert [(each.name, each.incident.urgency, each.reason) for each in events] == [("opened", "page", "error budget")]


@pytest.mark.parametrize(
    ("first", "second", "urgency"),
    [
        (lasting(), log_symptom(), "page"),
        (lasting(), lasting(series="latency"), "ticket"),
        (symptom(onset=T0 - 179), log_symptom(), "ticket"),
        (lasting(), log_symptom(onset=T0), "page"),
        (lasting(), burn(is_page=False), "ticket"),
        (log_symptom(), lasting(is_harm=False, about="cost"), "ticket"),
        (lasting(), log_symptom(is_learning=True), "ticket"),
        (lasting(is_learning=True), log_symptom(is_learning=True), "record"),
        (lasting(is_learning=True), log_symptom(), "ticket"),
        (lasting(), log_symptom(level=0.9), "ticket"),
        (burn(is_page=False), burn(is_page=False, series="other"), "ticket"),
    ],
)
def test_what_pages(first, second, urgency):
    """Two kinds of evidence that have both reached their level, of things that are known, one of which users see for minutes; no less."""
    transcript = Transcript(first)
    transcript.then(second, T0 + 1)
    transcript.then(Tick(), T0 + HOLD_S)
    assert transcript.incident.urgency == urgency


def test_evidence_must_agree_in_time():
    """What was seen some minutes ago is no second kind of evidence, though the incident goes on."""
    transcript = opened(lasting())
    transcript.then(symptom(T0 + CALM_S), T0 + CALM_S)
    transcript.then(log_symptom(T0), T0 + CALM_S + AGREE_S + 1)
    assert transcript.incident.urgency == "ticket"
    transcript.then(lasting(T0 + CALM_S + AGREE_S), T0 + CALM_S + AGREE_S + 2)
    assert transcript.incident.urgency == "page"


def test_escalation_is_told_at_once():
    """A ticket that becomes a page does not wait, and does not become a ticket again."""
    transcript = opened(lasting())
    assert transcript.then(log_symptom(T0), T0 + HOLD_S + 1) == ["escalated"]
    assert transcript.incident.urgency == "page"
    transcript.then(Tick(), T0 + 10 * MINUTE)
    assert transcript.incident.urgency == "page"


def test_what_was_only_written_down():
    """Where nobody heard of it while what is usual was learned, what comes of it is news."""
    transcript = opened(symptom(is_learning=True))
    assert transcript.incident.urgency == "record"
    assert transcript.then(symptom(), T0 + 60) == ["opened"]
    assert transcript.then(burn(), T0 + 61) == ["escalated"]


def test_hysteresis():
    """Above a half of its level it goes on; it is over a quarter of an hour after it was above that last, and not a second sooner."""
    transcript = opened()
    for minute in range(1, 41):
        transcript.then(symptom(T0 + minute * MINUTE, level=0.5), T0 + minute * MINUTE)
    assert transcript.incident.state == "open"
    transcript.then(symptom(T0 + 41 * MINUTE, level=0.49), T0 + 41 * MINUTE)
    assert transcript.then(Tick(), T0 + 40 * MINUTE + CALM_S - 1) == []
    assert transcript.then(Tick(), T0 + 40 * MINUTE + CALM_S) == ["resolved"]


def test_low_levels_open_nothing():
    """What is on its way down neither joins an incident nor opens it again."""
    transcript = opened()
    transcript.then(log_symptom(level=0.8), T0 + 60)
    assert len(transcript.incident.members) == 1
    transcript.then(Tick(), T0 + HOLD_S + CALM_S)
    assert transcript.then(symptom(level=0.9), T0 + HOLD_S + CALM_S + 1) == []
    assert transcript.incident.state == "resolved"


def test_blindness_is_no_calm():
    """While nothing can be seen, nothing is taken for over."""
    transcript = opened()
    transcript.then(Tick(is_blind=True), T0 + 3 * CALM_S)
    assert transcript.incident.state == "open"
    assert transcript.then(Tick(), T0 + 4 * CALM_S - 1) == []
    assert transcript.then(Tick(), T0 + 4 * CALM_S) == ["resolved"]


def test_a_deploy_delays_what_does_not_page():
    """What passes with the deploy is not told of at all; what pages is told in the middle of it."""
    hold = Tick(hold_until=T0 + 10 * MINUTE)
    passing = Transcript()
    assert passing.then(hold, T0 + 9 * MINUTE) == []
    assert passing.then(hold, T0 + 10 * MINUTE) == ["withdrawn"]
    lasting = Transcript()
    lasting.then(symptom(T0 + 6 * MINUTE), T0 + 6 * MINUTE)
    assert lasting.then(hold, T0 + 10 * MINUTE) == ["opened"]
    assert Transcript(burn()).incident.state == "open"


def test_a_storm_is_one_page():
    """Of ten thousand of the same, people hear once at once, and then of the count, in hours."""
    transcript = Transcript(burn())
    told = ["opened"]
    for each in range(10_000):
        told += transcript.then(burn(T0 + each / 10), T0 + each / 10)
    assert told == ["opened"]
    assert transcript.incident.count == 10_001
    transcript.then(burn(T0 + REPEAT_S - 1), T0 + REPEAT_S - 1)
    assert transcript.then(Tick(), T0 + REPEAT_S) == ["updated"]


def test_more_of_it_is_told_together():
    """New things that join are told as one update, five minutes after what was told last."""
    transcript = opened()
    for each in range(5):
        assert transcript.then(symptom(series=f"s-{each}"), T0 + HOLD_S + 1) == []
    assert transcript.then(Tick(), T0 + HOLD_S + UPDATE_S) == ["updated"]
    assert transcript.then(Tick(), T0 + HOLD_S + 2 * UPDATE_S) == []


def test_again_within_a_day():
    """The same opens the same incident again: once more it is told of, with what it needs for a page judged anew."""
    transcript = opened(burn())
    transcript.then(Tick(), T0 + CALM_S)
    assert transcript.incident.state == "resolved"
    assert transcript.then(burn(T0 + CALM_S + 1), T0 + CALM_S + 1) == ["reopened"]
    assert len(transcript.incident.opens) == 2


def test_two_blips_do_not_last():
    """What comes and goes is not what lasts: it counts from where it came last."""
    transcript = opened()
    later = T0 + AGREE_S + 1
    transcript.then(symptom(later), later)
    transcript.then(log_symptom(later), later)
    assert transcript.incident.urgency == "ticket"
    transcript.then(symptom(later + 180), later + 180)
    assert transcript.incident.urgency == "page"


def test_again_is_judged_anew():
    """Of an incident that opens again, what was seen before is no evidence, and says nothing of how long it lasts."""
    transcript = opened(lasting())
    transcript.then(log_symptom(T0), T0 + 60)
    assert transcript.incident.urgency == "page"
    later = T0 + 60 + CALM_S
    transcript.then(Tick(), later)
    transcript.then(symptom(later + 60, onset=later), later + 60)
    transcript.then(log_symptom(later + 60), later + 60)
    transcript.then(Tick(), later + 60 + HOLD_S)
    assert (transcript.incident.urgency, transcript.incident.onset) == ("ticket", later)


def test_flapping():
    """Three times open within an hour, it is told of as flapping, and stays open until it is calm for an hour."""
    transcript = opened(burn())
    now = T0
    names = []
    for _ in range(2):
        now += CALM_S
        transcript.then(Tick(), now)
        names += transcript.then(burn(now), now)
    assert names == ["reopened", "updated"]
    assert transcript.incident.is_flapping
    assert "flapping" in transcript.events[0].reason
    assert transcript.then(Tick(), now + FLAP_S - 1) == []
    assert transcript.then(Tick(), now + FLAP_S) == ["resolved"]


def test_muted_goes_on_and_tells_nothing():
    """What goes on but is muted keeps an open incident open, and wakes none."""
    transcript = opened()
    transcript.then(Muted(), T0 + CALM_S)
    assert transcript.then(Tick(), T0 + CALM_S + HOLD_S) == []
    transcript.then(Tick(), T0 + 2 * CALM_S)
    assert transcript.incident.state == "resolved"
    assert transcript.then(Muted(), T0 + 3 * CALM_S) == []
    assert (transcript.incident.state, transcript.incident.muted) == ("resolved", 2)


@pytest.mark.parametrize(
    ("symptoms", "urgency", "severity"),
    [
        ([symptom(is_harm=False, share=1.0)], "ticket", "info"),
        ([symptom()], "ticket", "warning"),
        ([symptom()], "page", "error"),
        ([symptom(share=0.05)], "ticket", "error"),
        ([symptom(share=0.25)], "ticket", "critical"),
        ([symptom(where={"app": app}) for app in "ab"], "ticket", "warning"),
        ([symptom(where={"app": app}) for app in "abc"], "ticket", "critical"),
    ],
)
def test_severity(symptoms, urgency, severity):
    """By the share of exchanges and the number of applications that are hit, of what users see."""
    members = [incident(each).members[0] for each in symptoms]
    assert severity_of(members, urgency) == severity


def test_members_are_bounded():
    """What weighs least goes, and is counted; the headline never does."""
    transcript = opened(burn())
    for each in range(3 * MAX_MEMBERS):
        transcript.then(symptom(series=f"s-{each}", evidence=(f"e-{each}",), traces=(f"t-{each}",)), T0 + 60)
    after = transcript.incident
    assert (len(after.members), after.left_out) == (MAX_MEMBERS, 2 * MAX_MEMBERS + 1)
    assert after.headline.is_page
    assert (len(after.evidence), len(after.traces)) == (20, 50)


CAUSES = st.one_of(
    st.builds(
        lambda level, series, kind, harm: replace(symptom(level=level, series=series, is_harm=harm), modality=kind),
        st.floats(0, 5), st.sampled_from("ab"), st.sampled_from(["metric", "log", "burn"]), st.booleans(),
    ),
    st.builds(Tick, is_blind=st.booleans(), hold_until=st.floats(T0, T0 + 1e4)),
    st.just(Muted()),
)  # fmt: skip


@given(st.lists(st.tuples(CAUSES, st.floats(0, 3000)), max_size=60))
def test_what_is_told_is_in_order(steps):
    """Whatever comes: people hear of an end only after a beginning, and after an end of nothing but another beginning."""
    now, is_open = T0, False
    current: Incident = incident()
    for cause, step in steps:
        now += step
        current, events = advance(current, cause, now)
        for event in events:
            assert isinstance(event, Event)
            if event.name in ("opened", "reopened"):
                assert not is_open
            if event.name in ("escalated", "resolved"):
                assert is_open
            if event.name == "updated":
                assert is_open or event.incident.is_flapping
            is_open = event.incident.state == "open"
        assert is_open == (current.state == "open")
        assert len(current.opens) <= 20


def test_somebody_looks_after_it():
    """It is told once who does, and it stays open; who takes over is told again."""
    transcript = opened()
    assert transcript.then(Acknowledged("anna"), T0 + 60) == ["acknowledged"]
    assert (transcript.incident.state, transcript.incident.acked_by, transcript.incident.acked_at) == ("open", "anna", T0 + 60)
    assert transcript.then(Acknowledged("anna"), T0 + 61) == []
    assert transcript.then(Acknowledged("ben"), T0 + 62) == ["acknowledged"]
    assert transcript.events[0].reason == "by ben"


def test_nobody_was_told_yet():
    """Who looks after what is not open yet is written down; what is closed then is withdrawn; what is over cannot be either."""
    transcript = Transcript()
    assert transcript.then(Acknowledged("anna"), T0 + 1) == []
    assert transcript.incident.acked_by == "anna"
    assert transcript.then(Closed("anna", "a test"), T0 + 2) == ["withdrawn"]
    before = transcript.incident
    assert transcript.then(Acknowledged("ben"), T0 + 3) == transcript.then(Closed("ben", "x"), T0 + 3) == []
    assert transcript.incident is before


def test_closed_by_a_person():
    """It is over at once; the same does not open it again for ten minutes, and then it does, with nobody's name on it."""
    transcript = opened()
    assert transcript.then(Closed("anna", "known"), T0 + 60) == ["resolved"]
    assert (transcript.incident.state, transcript.incident.closed_by, transcript.events[0].reason) == ("resolved", "anna", "by anna: known")
    for second in range(70, 60 + int(CLOSED_S), 10):
        assert transcript.then(symptom(T0 + second), T0 + second) == []
    assert transcript.incident.state == "resolved"
    transcript.then(symptom(T0 + 60 + CLOSED_S), T0 + 60 + CLOSED_S)
    assert (transcript.incident.state, transcript.incident.closed_by, transcript.incident.acked_by) == ("opening", "", "")


@pytest.mark.parametrize(
    ("worse", "state"),
    [
        (symptom(level=WORSE - 0.01), "resolved"),
        (symptom(level=WORSE), "opening"),
        (log_symptom(), "opening"),
        (symptom(is_page=True), "open"),
    ],
)
def test_worse_than_what_was_closed(worse: object, state: str):
    """What has twice its level, pages where it did not, or is another thing opens it again at once."""
    transcript = opened()
    transcript.then(Closed("anna", "known"), T0 + 60)
    transcript.then(worse, T0 + 70)
    assert transcript.incident.state == state
