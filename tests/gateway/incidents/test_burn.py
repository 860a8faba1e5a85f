"""How fast a budget burns: of a service of which 99.5 % is to be good."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.incidents.burn import MAX_BURNS, Burn, BurnRate, Burns
from tests.gateway.incidents.symptoms import T0

START = T0 // 86400 * 86400


def running(*phases: tuple[int, int, float]) -> tuple[BurnRate, float]:
    """Of phases of so many minutes, with so many exchanges a minute and such a share of errors."""
    burn = BurnRate(0.995)
    minute = 0
    for minutes, rpm, share in phases:
        for _ in range(minutes):
            now = START + minute * 60
            burn.add(now + 30, now + 30, bad=round(rpm * share), total=rpm)
            minute += 1
    return burn, START + minute * 60 - 1


def paging(found: tuple[Burn, ...]) -> Burn | None:
    return next((each for each in found if each.rule.urgency == "page" and each.level >= 1), None)


def ticket(found: tuple[Burn, ...]) -> Burn | None:
    return next((each for each in found if each.rule.urgency == "ticket" and each.level >= 1), None)


DAY = (1440, 60, 0.0)


@pytest.mark.parametrize(
    ("phases", "times"),
    [
        ([DAY], None),
        ([DAY, (3, 60, 1.0)], None),
        ([DAY, (5, 60, 1.0)], 14.4),
        ([DAY, (8, 60, 0.3)], None),
        ([DAY, (16, 60, 0.3)], 14.4),
        ([DAY, (60, 60, 0.05)], None),
        ([DAY, (360, 60, 0.05)], 6.0),
        ([DAY, (5, 60, 1.0), (30, 60, 0.0)], None),
    ],
)
def test_what_pages(phases, times):
    """Two windows agree: a few minutes of everything, a quarter of an hour of a third, hours of a twentieth; not what is over."""
    burn, now = running(*phases)
    found = paging(burn.look(now))
    assert (found.rule.times if found else None) == times


@pytest.mark.parametrize("phases", [[(10, 60, 0.0), (3, 60, 1.0)], [(300, 1, 0.0), (10, 600, 0.0), (3, 600, 1.0)]])
def test_what_is_over_where_little_is_known(phases):
    """A young gateway's outage, or one after a quiet night, pages while it goes on, and for minutes after, not for hours."""
    assert paging(running(*phases)[0].look(running(*phases)[1])) is not None
    burn, now = running(*phases, (8, phases[-1][1], 0.0))
    assert not [each for each in burn.look(now) if each.rule.urgency == "page" and each.level >= 0.5]


def test_a_slow_burn_is_a_ticket():
    """A little over the budget for days pages nobody."""
    burn, now = running((3 * 1440, 60, 0.017))
    found = burn.look(now)
    assert paging(found) is None
    assert ticket(found) is not None


def test_what_was_paged_makes_no_ticket():
    """An outage that was paged for is over when it is over, though it took the budget of days."""
    burn, now = running(DAY, (30, 60, 1.0))
    assert paging(burn.look(now)) is not None
    for minute in range(1, 600):
        burn.add(now + minute * 60, now + minute * 60, bad=0, total=60)
        assert ticket(burn.look(now + minute * 60)) is None


def test_a_blip_after_an_outage():
    """It does not page for what was paged for; another outage does, as soon as the first."""
    burn, now = running(DAY, (30, 60, 1.0))
    pages = []
    for minute in range(300):
        at = now + 1 + minute * 60
        is_bad = 120 <= minute < 123 or minute >= 240
        burn.add(at, at, bad=60 * is_bad, total=60)
        if paging(burn.look(at)):
            pages.append(minute)
    later = [each for each in pages if each > 60]
    assert 240 < later[0] <= 246
    assert later == list(range(later[0], 300))


@pytest.mark.parametrize(
    ("total", "bad", "is_page"),
    [(10, 2, False), (10, 3, True), (30, 2, False), (30, 3, True), (50, 4, False), (50, 5, True), (110, 9, False), (110, 10, True)],
)
def test_few_are_not_enough(total, bad, is_page):
    """A few bad ones are chance: in the short window three where there is little traffic, up to ten where there is more."""
    burn = BurnRate(0.995)
    burn.add(START, START, bad=bad, total=total)
    assert (paging(burn.look(START + 200)) is not None) is is_page


def test_no_traffic_is_no_answer():
    """Without exchanges nothing is said; after bad ones their budget is still said to burn, without opening anything."""
    assert BurnRate(0.99).look(START) == ()
    burn, now = running((60, 60, 1.0))
    silent = burn.look(now + 2400)
    assert 0.5 <= silent[0].level < 1
    assert burn.look(now + 4 * 86400) == ()


def test_onset():
    """It is told within a few minutes of where it began, though it is found later."""
    burn, now = running(DAY, (16, 60, 0.3))
    began = START + 1440 * 60
    assert abs(burn.look(now)[0].onset - began) <= 120


def test_clocks():
    """What comes late counts where it belongs, what comes from the future counts as now, and what is too old counts nowhere."""
    burn, now = running(DAY)
    burn.add(now + 1e7, now, bad=1000, total=1000)
    assert paging(burn.look(now)) is not None
    late, now = running(DAY)
    late.add(now - 3 * 3600, now, bad=5000, total=5000)
    assert paging(late.look(now)) is None
    old, now = running(DAY)
    before = old.look(now)
    old.add(now - 4 * 86400, now, bad=5000, total=5000)
    assert old.look(now) == before


@given(st.lists(st.tuples(st.floats(0, 4 * 86400), st.integers(0, 50), st.integers(0, 50)), max_size=60), st.integers(0, 60))
def test_restored(counts, cut):
    """What is restored goes on as what was kept; and its windows hold what they should, whatever the order in which it came."""
    whole, first = BurnRate(0.99), BurnRate(0.99)
    second = BurnRate(0.99)
    now = START
    for at, (step, bad, good) in enumerate(counts):
        now = max(now, START + step)
        whole.add(START + step, now, bad=bad, total=bad + good)
        if at == cut:
            second.restore(first.snapshot())
            first = second
        first.add(START + step, now, bad=bad, total=bad + good)
    assert first.look(now) == whole.look(now)
    expected = sum(bad for step, bad, _ in counts if START + step > now - now % 60 - 3540)
    fast = next((each for each in whole.look(now) if each.rule.long_s == 3600), None)
    assert fast is None or fast.bad == expected


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"version": 1, "rings": [[1]], "paged_at": 0}', b'{"version": 2}'])
def test_no_snapshot(data):
    """What is no snapshot is refused."""
    with pytest.raises(ValueError):
        BurnRate(0.99).restore(data)


@pytest.mark.parametrize("objective", [0.0, 1.0, -1.0, 2.0, float("nan")])
def test_no_objective(objective):
    """There is a budget, and it is not all."""
    with pytest.raises(ValueError):
        BurnRate(objective)


def test_many_apps():
    """Of each its own objective; there are not more than so many."""
    burns = Burns(lambda app: 0.5 if app == "lax" else 0.995)
    for _ in range(20):
        burns.add("lax", START, START, is_bad=True)
        burns.add("strict", START, START, is_bad=True)
    found = burns.look(START)
    assert found["lax"][0].level < 1 < found["strict"][0].level
    for each in range(MAX_BURNS):
        burns.add(f"a-{each}", START, START, is_bad=False)
    assert len(burns.look(START)) == MAX_BURNS


def test_burns_outlast_a_restart():
    """All applications' budgets, each by its own objective; what is no snapshot changes nothing."""
    one, other = (Burns(lambda app: 0.5 if app == "lax" else 0.995) for _ in range(2))
    for second in range(600):
        for app in ("lax", "strict"):
            one.add(app, T0 + second, T0 + second, is_bad=second % 4 == 0)
    other.restore(one.snapshot())
    assert other.look(T0 + 600) == one.look(T0 + 600)
    assert set(other.look(T0 + 600)) == {"lax", "strict"}
    for data in (b"", b"7", b"[1]", b'{"a": 1}', b'{"a": "{}"}'):
        with pytest.raises((ValueError, TypeError, AttributeError)):
            other.restore(data)
    assert other.look(T0 + 600) == one.look(T0 + 600)
