"""Error budgets that burn too fast, as symptoms."""

from gateway.detecting.budgets import Budgets
from gateway.detecting.facts import facts
from gateway.incidents.symptom import Symptom
from tests.gateway.detecting.simulated_hours import FAILED, NOW, record


def budgets() -> Budgets:
    return Budgets(lambda app: 0.9 if app == "lax" else 0.995)


def read(known: Budgets, since: float, seconds: int, fields: dict | None = None, each: int = 2, app: str = "shop") -> list[Symptom]:
    """An exchange a second, of which each so many-th is as said; looked at every ten seconds."""
    told = []
    for second in range(seconds):
        found = facts(record(second, since + second, app=app, **(fields or {} if second % each == 0 else {})))
        assert found
        known.count(found, since + second, since + second)
        if second % 10 == 9:
            told += list(known.look(since + second))
    return told


def test_a_budget_that_burns_fast_pages():
    """From its first minutes until it is over, as of its application."""
    known = budgets()
    assert read(known, NOW, 600) == []
    told = read(known, NOW + 600, 300, FAILED)
    assert {(each.kind, each.is_page, each.dimensions) for each in told} == {("fast burn", True, (("app", "shop"), ("upstream", "near")))}
    assert told[0].at - NOW - 600 < 60
    assert all(each.at < NOW + 900 + 3000 for each in read(known, NOW + 900, 3600))


def test_it_goes_on_down_to_a_half():
    """What is told once is told again while it is on its way down."""
    known = budgets()
    read(known, NOW, 600)
    told = read(known, NOW + 600, 600, FAILED, each=8) + read(known, NOW + 1200, 3600)
    levels = [each.level for each in told]
    assert any(0.5 <= level < 1 for level in levels)
    assert min(levels) >= 0.5


def test_an_objective_is_an_applications_own():
    """What is too much for one is nothing for another."""
    assert read(budgets(), NOW, 600, FAILED, each=10)
    assert read(budgets(), NOW, 600, FAILED, each=10, app="lax") == []


def test_what_clients_do_wrong_spends_nothing():
    """Nor does what a policy blocks."""
    assert read(budgets(), NOW, 300, {"status": 404, "outcome": "upstream_error"}) == []
    assert read(budgets(), NOW, 300, {"status": 400, "decision": "block", "outcome": "content_filter"}) == []


def test_a_ticket_is_for_what_was_seen_for_hours():
    """A few failures of a first hour say nothing of days."""
    known = budgets()
    assert read(known, NOW, 3600, FAILED, each=100) == []
    told = read(known, NOW + 3600, 6 * 3600, FAILED, each=100)
    assert {(each.kind, each.is_page) for each in told} == {("slow burn", False)}
    assert told[0].at >= NOW + 6 * 3600


def test_what_is_known_outlasts_a_restart():
    """And goes on as it would have."""
    one, other = budgets(), budgets()
    read(one, NOW, 600, FAILED)
    other.read_json(one.as_json())
    assert read(other, NOW + 600, 60) == read(one, NOW + 600, 60) != []
    assert other.as_json() == one.as_json()
