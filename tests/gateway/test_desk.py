"""What a watch knows of incidents, for its threads."""

import logging
from collections.abc import Sequence

import orjson
import pytest

from gateway.desk import Desk
from gateway.incidents.deliver import Answer
from gateway.incidents.pipeline import Pipeline, State, Told, parse_state
from gateway.incidents.rootcause import Change
from gateway.incidents.routing import Router
from gateway.incidents.stages import Deploy as Settling
from gateway.incidents.symptom import Symptom
from policies.signals import Level
from tests.gateway.incidents.symptoms import T0, burn, symptom


class Nobody:
    """Knows no reasons."""

    def hints(self, incident: object, now: float) -> Sequence[object]:
        return ()

    def said(self, hint: object) -> tuple[str, str]:
        raise AssertionError

    def changed(self, change: object) -> None: ...


class Shared:
    """A log that watches share, and what they hand over."""

    def __init__(self) -> None:
        self.leader = ""
        self.state: bytes | None = None
        self.view = b""
        self.handed_over: list[bytes] = []
        self.is_gone = False


class Records:
    """What one of them sees of it."""

    def __init__(self, shared: Shared, name: str) -> None:
        self._shared = shared
        self._name = name

    def _there(self) -> Shared:
        if self._shared.is_gone:
            raise OSError(5, "gone")
        return self._shared

    def load(self) -> bytes | None:
        return self._there().state

    def save(self, state: bytes) -> None:
        self._there().state = state

    def show(self, view: bytes) -> None:
        self._there().view = view

    def leads(self) -> bool:
        shared = self._there()
        shared.leader = shared.leader or self._name
        return shared.leader == self._name

    def hand_over(self, symptoms: Sequence[bytes]) -> None:
        self._there().handed_over += symptoms

    def handed(self, most: int) -> list[bytes]:
        shared = self._there()
        taken, shared.handed_over = shared.handed_over[:most], shared.handed_over[most:]
        return taken


class World:
    """Watches that share a log, on one clock."""

    def __init__(self) -> None:
        self.clock = 0.0
        self.shared = Shared()
        self.wishes: list[str] = []

    def desk(self, name: str = "one") -> Desk:
        records = Records(self.shared, name)
        return Desk(records, self._make, self._render, self._wish, lambda: self.clock, records)

    def beat(self, *desks: Desk, now: float = T0, after_s: float = 10.0) -> None:
        self.clock += after_s
        for each in desks:
            each.beat(now)

    def _make(self, state: State) -> Pipeline:
        return Pipeline(
            Told(Router([], ["pager"], dict(state.told)), changes=frozenset({"pager"})), Nobody(), lambda *_: 0.5, 0.0, state=state
        )

    def _render(self, pipeline: Pipeline, now: float) -> bytes:
        return orjson.dumps([each.id for each in pipeline.triage.incidents])

    def _wish(self, pipeline: Pipeline, now: float) -> bool:
        return bool(self.wishes)


@pytest.fixture
def world() -> World:
    return World()


def test_written_before_sent(world: World):
    """What people are to be told is in the log before anybody can send it; who dies before it was sent sends it then, under the same id."""
    desk = world.desk()
    world.beat(desk)
    desk.take([burn()], T0)
    again = world.desk()
    world.beat(again)
    (first,), (second,) = desk.due(T0, 2), again.due(T0, 2)
    assert (first.id, first.notice) == (second.id, second.notice)


def test_sent_is_written(world: World):
    """What a channel has taken, and what it has no word for, is not sent by the next watch."""
    desk = world.desk()
    world.beat(desk)
    desk.take([burn(), burn(app="other", at=T0 - 3600)], T0)
    one, two = desk.due(T0, 2)
    desk.settle(one, Answer(202), T0, 0.5)
    desk.skip(two, T0)
    again = world.desk()
    world.beat(again)
    again.take([burn(T0 + 5)], T0 + 5)
    assert again.due(T0 + 5, 2) == []


def test_one_leads(world: World):
    """Who does not lead tells nobody, and hands over what it finds; when it comes to lead it knows what the other knew."""
    one, two = world.desk("one"), world.desk("two")
    world.beat(one, two)
    two.take([burn()], T0)
    assert (two.due(T0, 2), two.told(T0, T0), len(world.shared.handed_over)) == ([], None, 1)
    world.shared.handed_over.append(b"no symptom")
    world.beat(one)
    assert [each.notice.event for each in one.due(T0, 2)] == ["trigger"]
    assert one.unreadable == 1
    world.shared.leader = "two"
    world.beat(one, two)
    two.take([burn(T0 + 20)], T0 + 20)
    one.take([burn(T0 + 20)], T0 + 20)
    assert [each.notice.event for each in two.due(T0 + 20, 2)] == ["trigger"]
    assert (one.due(T0 + 20, 2), two.figures()["incidents_open"], one.figures()["incidents_open"]) == ([], 1, 0)


def test_a_log_that_is_gone(world: World):
    """Who leads goes on: somebody must tell of it. What cannot be written is counted."""
    one, two = world.desk("one"), world.desk("two")
    world.beat(one, two)
    world.shared.is_gone = True
    world.beat(one, two)
    one.take([burn()], T0)
    two.take([burn()], T0)
    assert len(one.due(T0, 2)) == 1
    assert one.figures()["incident_errors"] >= 1


def test_what_cannot_be_read(world: World, caplog: pytest.LogCaptureFixture):
    """It is said, and what goes on is found again."""
    world.shared.state = b"{"
    desk = world.desk()
    with caplog.at_level(logging.WARNING):
        world.beat(desk)
    desk.take([burn()], T0)
    assert len(desk.due(T0, 1)) == 1
    assert "what was known of incidents cannot be used" in caplog.text


def test_view(world: World):
    """Others see what is known, at once where it changes."""
    desk = world.desk()
    world.beat(desk)
    assert world.shared.view == b"[]"
    desk.take([burn()], T0)
    world.wishes.append("ack")
    world.beat(desk, after_s=0.0)
    assert len(orjson.loads(world.shared.view)) == 1


def test_nothing_before_the_first_beat(world: World):
    """What is found before it is known who leads is handed over, and lost to nobody."""
    desk = world.desk()
    desk.take([burn()], T0)
    desk.release()
    desk.close()
    world.beat(desk)
    assert len(desk.due(T0, 1)) == 1


def told(world: World, *found: Symptom, later_s: float = 0.0) -> tuple[list[Level], tuple[int, int]]:
    desk = world.desk()
    world.beat(desk)
    desk.take(found, T0)
    said = desk.told(T0 + later_s, T0 + 120)
    assert said is not None
    return said


def test_levels(world: World):
    """Policies are told the highest level of each application and model by the kind of evidence, as long as it is so."""
    found = (
        symptom(level=1.5),
        symptom(level=4.0, series="other", onset=T0 - 60),
        symptom(modality="trace", where={"app": "web"}),
        symptom(modality="drift", where={"app": "web"}),
    )
    levels, worst = told(world, *found)
    assert [(each.kind, each.name, each.app, each.model, each.level) for each in levels] == [
        ("anomaly", "metrics", "shop", "m-1", 4.0),
        ("anomaly", "traces", "web", "", 1.0),
    ]
    assert (levels[0].since, levels[0].expires, worst) == (T0 - 60, T0 + 120, (0, 0))
    assert told(world, *found, later_s=600)[0] == []


def test_worst(world: World):
    """And how bad the worst open incident is."""
    assert told(world, burn())[1] == (4, 1)


CHANGE = Change(T0, "config", "settings", "a → b")
SETTLES = Settling("c", T0)


def test_what_was_changed_before_anybody_leads(world: World):
    """It is told by who comes to lead, and written down; who does not lead leaves it to who does."""
    one, two = world.desk("one"), world.desk("two")
    one.changed(CHANGE, SETTLES, T0)
    two.changed(CHANGE, SETTLES, T0)
    world.beat(one, two)
    two.changed(CHANGE, SETTLES, T0)
    (sent,) = one.due(T0, 5)
    assert (sent.notice.event, two.due(T0, 5)) == ("change", [])
    world.shared.leader = ""
    world.beat(two)
    assert [each.id for each in two.due(T0, 5)] == [sent.id]


def test_a_state_of_which_nothing_can_be_made(world: World, caplog: pytest.LogCaptureFixture):
    """It is left, as one that cannot be read is: people are told."""
    desk = world.desk()
    world.beat(desk)
    desk.take([burn()], T0)
    assert world.shared.state is not None
    world.shared.state = orjson.dumps({**orjson.loads(world.shared.state), "actions": "none"})
    again = world.desk()
    with caplog.at_level(logging.WARNING):
        world.beat(again)
    assert len(caplog.messages) == 1
    again.take([burn()], T0)
    assert len(again.due(T0, 5)) == 1


def test_much_to_write(world: World, monkeypatch: pytest.MonkeyPatch):
    """Where writing takes long, not each delivery is written down at once, but soon."""
    desk = world.desk()
    world.beat(desk)
    saved: list[bytes] = []

    def slow(_: object, state: bytes) -> None:
        world.clock += 0.5
        saved.append(state)

    monkeypatch.setattr(Records, "save", slow)
    desk.take([burn(app=f"app-{each}", at=T0 - 3600 * each) for each in range(5)], T0)
    saved.clear()
    for each in desk.due(T0, 5):
        desk.settle(each, Answer(202), T0, 0.5)
    assert saved == []
    world.beat(desk)
    assert [len(parse_state(each).waiting.history) for each in saved] == [5]


def test_who_leads_is_not_asked_all_the_time(world: World, monkeypatch: pytest.MonkeyPatch):
    """Where nobody can be asked, which may take long, it is asked now and then, and people are told meanwhile."""
    asked: list[str] = []
    desk = world.desk()
    world.beat(desk)

    def nobody(_: object) -> bool:
        asked.append("")
        raise OSError(5, "gone")

    monkeypatch.setattr(Records, "leads", nobody)
    for _ in range(20):
        world.beat(desk, after_s=1.0)
    desk.take([burn()], T0)
    assert (len(asked), len(desk.due(T0, 5))) == (4, 1)


def test_nothing_to_hand_over(world: World, monkeypatch: pytest.MonkeyPatch):
    """Nobody is asked to take nothing."""
    one, two = world.desk("one"), world.desk("two")
    world.beat(one, two)
    monkeypatch.setattr(Records, "hand_over", lambda *_: pytest.fail("handed over"))
    two.take([], T0)
