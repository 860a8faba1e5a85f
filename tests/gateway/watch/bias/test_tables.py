"""What the watch says of bias, in words."""

import orjson
import pytest

from gateway.watch.bias.disparities import Disparities, method
from gateway.watch.bias.guard_treatment import treated
from gateway.watch.bias.tables import NOTES, summary, tables
from gateway.watch.observe import outcome
from gateway.watch.probes.results import Results
from gateway.watch.probes.results import method as probe_method
from tests.gateway.watch.groups import traffic
from tests.gateway.watch.probes.test_results import blocked, refused
from tests.gateway.watch.records import NOW


def said(count: int = 2000) -> dict:
    """All that there may be to say, as it is read from a file."""
    records = traffic(count, blocked=0.1, more=3.0)
    disparities, results = Disparities(method()), Results(probe_method())
    for each in records:
        disparities.update(outcome(each))
    disparities.look(NOW, 1)
    for number in range(60):
        results.update("shop", refused(number, swapped=True), NOW)
    blocked("careful@1", 40, results=results)
    probes = {"pairs": 60, "counts": {"probed": 60, "left_no_text": 3}, "today": {"usd": 0.25, "tokens": 900}, "apps": results.shown()}
    told = {"ts": NOW, "exchanges": count, "with_groups": count, "apps": disparities.shown(), "probes": probes}
    return orjson.loads(orjson.dumps({**told, "guards": {"exchanges": count, "rows": treated(records, {})}}))


def test_rows():
    """One table of outcomes and one of probes for each application, and one of our own rules; what differs comes first."""
    outcomes, probes, guards = tables(said())
    assert outcomes.title == "Outcomes of shop"
    first = dict(zip(outcomes.head, outcomes.rows[0], strict=True))
    assert (first["state"], first["outcome"], first["strata"]) == ("disparity", "blocked", "agree")
    assert first["within strata"].startswith("×")
    assert "%" in first["group's"]
    assert dict(zip(probes.head, probes.rows[0], strict=True))["difference"] == "+100.0% (+89.7% to +100.0%)"
    assert "careful@1 has judged both versions of 40 (not compared: names in 40)" in probes.note
    guarded = next(row for row in probes.rows if "guard_question_blocked" in row)
    assert dict(zip(probes.head, guarded, strict=True))["difference"].startswith("-100.0%")
    assert guards.rows[0][0] == "UNFAIR"
    assert {len(row) for table in (outcomes, probes, guards) for row in table.rows} == {
        len(outcomes.head),
        len(probes.head),
        len(guards.head),
    }


def test_few():
    """Of few people there is no number at all."""
    outcomes = next(iter(tables(said(20))))
    assert {(row[4], row[5], row[6], row[10], row[11]) for row in outcomes.rows} == {("-", "-", "-", "< 30", "< 30")}


@pytest.mark.parametrize(
    ("told", "line"),
    [
        ({}, "the watch has said nothing of bias yet (does one run, and is watch.bias.enabled?)"),
        (
            {"ts": NOW, "exchanges": 5, "with_groups": 0, "probes": None},
            "no record says whom it was about: trust the label group (labels.trust), or set watch.bias.cues: true",
        ),
        (
            {"ts": NOW, "exchanges": 5, "with_groups": 2, "probes": None},
            "no probes: watch.probes.enabled is false, or it is another watch's turn to ask",
        ),
        (said(20), "60 probes so far; today $0.2500 and 900 tokens"),
    ],
    ids=["nothing", "no groups", "no probes", "probes"],
)
def test_summary(told: dict, line: str):
    """What is known, and what to do where nothing is."""
    assert line in summary(told)


def test_notes():
    """They say what a mention is not."""
    assert any("never who wrote it" in note for note in NOTES)
