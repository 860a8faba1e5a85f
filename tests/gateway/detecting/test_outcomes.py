"""What an incident is about, and the exchanges that have it."""

from zlib import crc32

import pytest

from gateway.detecting.facts import facts
from gateway.detecting.outcomes import MAX_ROWS, looked, moved, outcome_of
from gateway.detecting.recent import BLIND, BLOCKED, CUT_SHORT, FAILED, REFUSED, REJECTED, RETRIED, UNFINISHED, Recent, Row
from tests.gateway.detecting.traffic import exchanges
from tests.gateway.incidents.symptoms import T0, symptom


def row(number: int = 0, became: int = 0, **fields: object) -> Row:
    values = ("shop", "en", "m", "p", "r", "t", "", "", "u")
    return Row(**{"at": T0, "mark": crc32(b"%d" % number), "values": values, "rules": (), "became": became, "latency_ms": 1.0,
                  "cost_usd": 0.1, **fields})  # fmt: skip


USUAL = [row(number, latency_ms=float(number % 100), cost_usd=number % 100 / 100) for number in range(500)]


@pytest.mark.parametrize(
    ("fields", "has", "has_not"),
    [
        ({"about": "errors"}, row(became=FAILED | BLIND), row(became=BLOCKED)),
        ({"about": "errors", "series": "rejected requests"}, row(became=REJECTED), row(became=FAILED)),
        ({"about": "errors", "series": "answers without an end"}, row(became=UNFINISHED), row()),
        ({"about": "other", "series": "answers cut short"}, row(became=CUT_SHORT), row(became=FAILED)),
        ({"about": "upstream"}, row(became=RETRIED), row()),
        ({"about": "blocks"}, row(became=BLOCKED), row(became=FAILED)),
        ({"about": "refusals"}, row(became=REFUSED), row()),
        ({"about": "latency"}, row(latency_ms=97.0), row(latency_ms=90.0)),
        ({"about": "cost"}, row(cost_usd=0.97), row(cost_usd=0.5)),
        ({"about": "blocks", "where": {"rule": "pii"}}, row(rules=("pii",)), row(became=BLOCKED, rules=("secrets",))),
        ({"kind": "cannot look", "where": {"detector": "ner", "rule": "pii"}}, row(became=BLIND), row(became=FAILED, rules=("pii",))),
    ],
    ids=["errors", "rejected", "unfinished", "cut short", "upstream", "blocks", "refusals", "latency", "cost", "rule", "detector"],
)
def test_outcomes(fields: dict, has: Row, has_not: Row):
    """Each incident has its own."""
    outcome = outcome_of(symptom(**fields), USUAL, [])
    assert outcome is not None
    assert outcome(has) is True
    assert outcome(has_not) is False


def test_no_cost():
    """Where a cost is not known, it is neither."""
    outcome = outcome_of(symptom(about="cost"), USUAL, [])
    assert outcome is not None
    assert outcome(row(cost_usd=None)) is None


@pytest.mark.parametrize("about", ["traffic", "drift", "bias"])
def test_no_outcome(about: str):
    """Traffic that is other, or more, is none of an exchange."""
    assert outcome_of(symptom(about=about), USUAL, USUAL) is None


@pytest.mark.parametrize(("became", "other"), [(FAILED, BLOCKED), (BLOCKED, FAILED), (REFUSED, FAILED)])
def test_what_it_is_not_said(became: int, other: int):
    """Of an incident that does not say what it is about, it is what more exchanges have than before."""
    outcome = outcome_of(symptom(about="logs"), USUAL, [*[row(became=became)] * 30, *[row()] * 200])
    assert outcome is not None
    assert (outcome(row(became=became)), outcome(row(became=other))) == (True, False)


def test_many_exchanges():
    """Of many some are looked at, all with the outcome where these are few; what is expected stays what it was."""
    after = [row(number, FAILED * (number % 100 == 0)) for number in range(30_000)]
    usual = [row(number, FAILED * (number % 100 == 0)) for number in range(3000)]
    seen = looked(usual, after, lambda each: bool(each.became & FAILED))
    assert len(seen.rows) <= MAX_ROWS
    assert seen.hits == 300
    assert seen.expected == pytest.approx(300, rel=0.1)
    most = looked(usual, [row(number, FAILED * (number % 2)) for number in range(30_000)], lambda each: bool(each.became & FAILED))
    assert len(most.rows) <= MAX_ROWS
    assert most.hits / len(most.rows) == pytest.approx(0.5, abs=0.1)


def test_nothing_before():
    """Where what is usual is not known, it is what all have."""
    after = [row(number, FAILED * (number % 2)) for number in range(100)]
    seen = looked([], after, lambda each: bool(each.became & FAILED))
    assert seen.expected == pytest.approx(seen.hits, rel=0.1)
    assert looked([], [], lambda each: True) == looked([], [], lambda each: False)


def test_moved():
    """Those that came since are more than their share of the time, where there are more of them; for what no longer comes, those before."""
    recent = Recent()
    for start, rate in ((T0 - 300, 10.0), (T0, 40.0)):
        for said in exchanges(1, start, 300 if start < T0 else 60, rate):
            found = facts(said)
            assert found is not None
            recent.put(found, "")
    before, after, mask = recent.between(T0 - 300, T0), recent.between(T0, T0 + 60), recent.mask(T0 - 300, T0 + 60)
    more, less = moved(before, after, mask, T0 + 60), moved(before, after, mask, T0 + 60, is_less=True)
    assert more.hits > 1.8 * more.expected
    assert less.hits < less.expected
    assert len(more.rows) - more.hits > 2 * less.hits  # of a shorter time
    assert len(less.rows) - less.hits == more.hits
    assert moved(after, after, 0, T0 + 60).rows == ()
    assert moved([], after, 0, T0 + 60).rows == ()
