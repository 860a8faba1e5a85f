"""What is predicted, and what became of it."""

import json
from collections.abc import Callable

import pytest

from gateway.detecting.facts import facts
from gateway.detecting.forecasts import Forecasts
from gateway.incidents.symptom import Symptom
from tests.gateway.detecting.simulated_hours import FAILED, record

DAY = 1_794_960_000.0
"""Midnight."""
assert DAY % 86_400 == 0
HOUR = 3600.0


def read(known: Forecasts, since: float, hours: float, fields: Callable[[int], dict] = lambda _: {}, each_s: float = 60.0) -> list[Symptom]:
    """An exchange every so many seconds, which says what is asked for; looked at each time."""
    told = []
    for number in range(int(hours * HOUR / each_s)):
        at = since + number * each_s
        found = facts(record(number, at, **{"cost_usd": 0.0, **fields(number)}))
        assert found
        known.count(found, at)
        told += list(known.look(at))
    return told


def forecasts(usd_per_day: float | None = None, objective: float = 0.995) -> Forecasts:
    return Forecasts(lambda _: objective, usd_per_day)


def failing(each: int) -> Callable[[int], dict]:
    return lambda number: FAILED if number % each == 0 else {}


def growing(number: int) -> dict:
    """Latency that doubles in two hours, of an exchange every ten seconds."""
    ms = 400.0 * 2 ** (number / 720)
    return {"timings_ms": {"total": ms, "upstream": ms}}


def test_a_quiet_day_predicts_nothing():
    """Neither of budgets that are spent as slowly as they may, nor of costs, nor of latencies as they are."""
    known = forecasts(usd_per_day=100.0)
    assert read(known, DAY, 20, lambda number: {"cost_usd": 0.01, **(FAILED if number % 400 == 0 else {})}) == []
    assert known.figures() == {
        f"{sort}_{what}": 0.0 for sort in ("error_budget", "cost", "latency") for what in ("decided", "missed")
    }  # fmt: skip


def test_an_error_budget_is_told_before_it_is_spent():
    """First as a ticket with the time and its bounds; it comes true, and how long before is kept."""
    known = forecasts()
    assert read(known, DAY, 24, failing(500)) == []
    told = read(known, DAY + 24 * HOUR, 24, failing(6))
    first = told[0]
    assert (first.kind, first.series, first.dimensions) == ("predicted exhaustion", "error budget of 30 days", (("app", "shop"),))
    assert not first.is_page
    assert not first.is_harm
    assert first.note.startswith("in ")
    assert " between " in first.note
    assert {each.onset for each in told} == {first.onset}
    figures = known.figures()
    assert figures["error_budget_decided"] == 1
    assert figures["error_budget_precision"] == 1
    assert figures["error_budget_lead_seconds"] > HOUR


def test_a_budget_pages_only_where_little_time_is_left():
    """Within the hour, by the earlier bound."""
    known = forecasts()
    read(known, DAY, 24, failing(500))
    told = read(known, DAY + 24 * HOUR, 24, failing(6))
    paged = [each for each in told if each.is_page]
    assert paged
    assert paged[0].at > told[0].at + HOUR
    assert told[-1].at - paged[0].at < 4 * HOUR
    assert {each.about for each in paged} == {"errors"}


def test_failures_that_stopped_predict_nothing_for_long():
    """What was predicted, and did not come, counts as such."""
    known = forecasts()
    read(known, DAY, 24, failing(500))
    assert read(known, DAY + 24 * HOUR, 6, failing(6))
    told = read(known, DAY + 30 * HOUR, 100, failing(500), each_s=300.0)
    assert all(each.at < DAY + 34 * HOUR for each in told)
    assert known.figures()["error_budget_precision"] == 0


def test_the_cost_of_the_day_is_told_before_it_passes_its_limit():
    """Then that it did, until midnight; it never pages."""
    known = forecasts(usd_per_day=60.0)
    told = read(known, DAY, 23.9, lambda number: {"cost_usd": 0.06})
    kinds = [each.kind for each in told]
    assert kinds[0] == "predicted to pass its limit"
    assert kinds[-1] == "beyond limit"
    assert not any(each.is_page for each in told)
    assert known.figures()["cost_precision"] == 1
    assert known.figures()["cost_lead_seconds"] > HOUR
    after = read(known, DAY + 24 * HOUR, 1, lambda _: {})
    assert after == []


def test_a_cost_without_limit_is_none():
    """Nothing is told of it."""
    assert read(forecasts(), DAY, 10, lambda _: {"cost_usd": 100.0}) == []


def test_a_latency_that_grows_is_told_before_it_has_doubled():
    """Of its upstream and model."""
    known = forecasts()
    read(known, DAY, 3, each_s=10.0)
    told = read(known, DAY + 3 * HOUR, 3, growing, each_s=10.0)
    assert {(each.about, each.dimensions, each.is_page) for each in told} == {
        ("latency", (("model", "m-1"), ("upstream", "near")), False)
    }  # fmt: skip
    assert known.figures()["latency_decided"] >= 1
    assert known.figures()["latency_precision"] == 1
    assert known.figures()["latency_lead_seconds"] > 600


@pytest.mark.parametrize("hours", [0.5, 5.0, 27.0])
def test_what_is_known_outlasts_a_restart(hours: float):
    """And goes on as it would have."""
    one, other = forecasts(60.0), forecasts(60.0)
    read(one, DAY, hours, failing(6))
    other.read_json(json.loads(json.dumps(one.as_json())))
    since = DAY + hours * HOUR
    assert read(other, since, 2, failing(6)) == read(one, since, 2, failing(6))
    assert other.as_json() == one.as_json()


def test_made_up_names_take_no_more_room():
    """So many applications and upstreams are kept."""
    known = forecasts()
    read(known, DAY, 6, lambda number: {"app": f"app{number}", "model": f"model{number}"})
    saved = known.as_json()
    assert len(saved["budgets"]) <= 500
    assert len(saved["paces"]) <= 50
