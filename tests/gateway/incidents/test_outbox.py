"""Notices on their way: transcripts of putting, trying and settling."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.incidents.deliver import FIRST_WAIT_S, GIVE_UP_S, Answer, NoAnswer
from gateway.incidents.outbox import MAX_DEAD, MAX_HISTORY, MAX_WAITING, Delivery, Outbox
from tests.gateway.incidents.notices import notice
from tests.gateway.incidents.symptoms import T0

OPEN, UPDATE, END = notice(), notice("updated"), notice("resolved")
OK, LATER, NEVER, GONE = Answer(202), Answer(503), Answer(400), Answer(410)


def of(number: int, event: str = "trigger", urgency: str = "page"):
    return replace(OPEN, incident=f"inc-{number}", event=event, urgency=urgency)


def events(deliveries: list[Delivery]) -> list[str]:
    return [each.notice.event for each in deliveries]


def test_in_order():
    """Of an incident one after the other: its end does not overtake its beginning, however long that waits."""
    outbox = Outbox()
    outbox.put("a", OPEN, T0)
    outbox.put("a", END, T0)
    (first,) = outbox.due(T0, 8)
    assert events([first]) == ["trigger"]
    assert outbox.due(T0, 8) == []
    outbox.settle(first, LATER, T0, 1.0)
    assert outbox.due(T0 + FIRST_WAIT_S - 1, 8) == []
    (again,) = outbox.due(T0 + FIRST_WAIT_S, 8)
    assert (again.id, again.attempts) == (first.id, 1)
    outbox.settle(again, OK, T0 + 6, 1.0)
    assert events(outbox.due(T0 + 6, 8)) == ["resolve"]


def test_the_newest_of_what_waits():
    """A channel that was away hears of an incident once, as it is now."""
    outbox = Outbox()
    outbox.put("a", OPEN, T0)
    for each in range(100):
        outbox.put("a", replace(UPDATE, reason=f"update {each}"), T0 + each)
    (only,) = outbox.waiting
    assert (only.notice.event, only.notice.reason) == ("trigger", "update 99")


def test_an_update_does_not_change_what_is_under_way():
    """It comes after it."""
    outbox = Outbox()
    outbox.put("a", OPEN, T0)
    (first,) = outbox.due(T0, 8)
    outbox.put("a", UPDATE, T0)
    assert len(outbox.waiting) == 2
    outbox.settle(first, OK, T0, 1.0)
    assert events(outbox.due(T0, 8)) == ["update"]


def test_pages_first_and_so_many_at_once():
    """A channel that hangs has a few under way and no more, and holds up no other channel; pages go before tickets."""
    outbox = Outbox()
    for each in range(10):
        outbox.put("slow", of(each, urgency="ticket"), T0)
    outbox.put("slow", of(99), T0)
    outbox.put("other", of(0, urgency="ticket"), T0)
    chosen = outbox.due(T0, 2)
    assert [(each.channel, each.notice.incident) for each in chosen] == [("slow", "inc-99"), ("slow", "inc-0"), ("other", "inc-0")]
    assert outbox.due(T0, 2) == []
    outbox.settle(chosen[0], OK, T0, 1.0)
    assert len(outbox.due(T0, 2)) == 1


def test_dead_letters():
    """What a channel refuses, and what it does not take for hours, is kept apart with the reason; the next notice is tried."""
    outbox = Outbox()
    outbox.put("a", OPEN, T0)
    outbox.put("a", END, T0)
    outbox.settle(outbox.due(T0, 8)[0], NEVER, T0, 1.0)
    (late,) = outbox.due(T0, 8)
    outbox.settle(late, NoAnswer("timeout"), T0, 1.0)
    (late,) = outbox.due(T0 + GIVE_UP_S, 8)
    outbox.settle(late, NoAnswer("timeout"), T0 + GIVE_UP_S, 1.0)
    assert [(each.event, each.became, each.attempts) for each in outbox.history] == [
        ("trigger", "status 400", 1),
        ("resolve", "timeout", 2),
    ]
    assert events(list(outbox.dead)) == ["trigger", "resolve"]
    assert outbox.waiting == ()


def test_gone():
    """A channel that wants nothing more gets nothing more; what would go there is a dead letter, and not lost without a word."""
    outbox = Outbox()
    for each in range(3):
        outbox.put("a", of(each), T0)
    outbox.put("b", OPEN, T0)
    outbox.settle(outbox.due(T0, 1)[0], GONE, T0, 1.0)
    outbox.put("a", of(9), T0)
    assert [each.channel for each in outbox.waiting] == ["b"]
    assert [each.became for each in outbox.history] == ["status 410", "gone", "gone", "gone"]


def test_full():
    """Where there is no more room what matters least goes: updates of tickets before pages; and what goes is a dead letter."""
    outbox = Outbox()
    for each in range(MAX_WAITING - 1):
        outbox.put("a", of(each), T0)
    outbox.put("a", of(-1, "update", "ticket"), T0)
    outbox.put("a", of(-2, "trigger", "ticket"), T0)
    outbox.put("a", of(-3, "trigger", "page"), T0)
    assert [each.notice.incident for each in outbox.dead] == ["inc--1", "inc--2"]
    outbox.put("a", of(-4, "trigger", "ticket"), T0)
    assert [each.notice.incident for each in outbox.dead] == ["inc--1", "inc--2", "inc--4"]
    assert len(outbox.waiting) == MAX_WAITING


def test_bounded():
    """A channel that refuses everything for ever leaves so much behind and no more."""
    outbox = Outbox()
    for each in range(MAX_HISTORY + 5):
        outbox.put("a", of(each), T0)
        outbox.settle(outbox.due(T0, 8)[0], NEVER, T0, 1.0)
    assert (len(outbox.history), len(outbox.dead), len(outbox.waiting)) == (MAX_HISTORY, MAX_DEAD, 0)


def test_not_for_this_channel():
    """What a channel has no word for is written down as that."""
    outbox = Outbox()
    outbox.put("a", OPEN, T0)
    outbox.skip(outbox.due(T0, 8)[0], T0)
    assert [each.became for each in outbox.history] == ["not for this channel"]


def test_killed_in_the_middle():
    """What was under way is tried again by the same id, with the attempts that were made; ids do not come again."""
    outbox = Outbox()
    outbox.put("a", OPEN, T0)
    outbox.settle(outbox.due(T0, 8)[0], LATER, T0, 1.0)
    (first,) = outbox.due(T0 + 60, 8)
    again = Outbox.restore(outbox.snapshot())
    assert again.due(T0 + 60, 8) == [first]
    again.settle(first, OK, T0 + 60, 1.0)
    again.put("a", OPEN, T0)
    assert again.waiting[0].id != first.id
    assert Outbox.restore(again.snapshot()).snapshot() == again.snapshot()


@pytest.mark.parametrize("data", [b"", b"[]", b'{"waiting": 1}'])
def test_no_snapshot(data):
    """What is no snapshot is refused."""
    with pytest.raises(ValueError):
        Outbox.restore(data)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.sampled_from("ab"), st.integers(0, 2), st.sampled_from(["trigger", "update", "resolve"])),
        st.tuples(st.just("settle"), st.sampled_from([OK, LATER, NEVER, NoAnswer("timeout")]), st.just(0), st.just("")),
        st.tuples(st.just("restart"), st.just(0), st.just(0), st.just("")),
    ),
    max_size=60,
)


@given(STEPS)
def test_nothing_is_lost_and_nothing_overtakes(steps):
    """Whatever comes: each delivery ends once, those of a channel and incident in the order in which they were put."""
    outbox, now, order = Outbox(), T0, {}
    under_way: list[Delivery] = []
    for kind, first, number, event in steps:
        now += 400
        if kind == "put":
            outbox.put(first, of(number, event), now)
        elif kind == "restart":
            outbox, under_way = Outbox.restore(outbox.snapshot()), []
        else:
            under_way += outbox.due(now, 1)
            if under_way:
                outbox.settle(under_way.pop(0), first, now, 1.0)
        for each in outbox.waiting:
            order.setdefault((each.channel, each.notice.incident), {}).setdefault(each.id)
    ended = [each.id for each in outbox.history]
    assert len(ended) == len(set(ended))
    assert not set(ended) & {each.id for each in outbox.waiting}
    for (channel, incident), put in order.items():
        over = [each.id for each in outbox.history if (each.channel, each.incident) == (channel, incident)]
        assert over == list(put)[: len(over)]
