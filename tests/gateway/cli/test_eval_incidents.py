"""``oddgate eval incidents``."""

import json

import pytest

from gateway.cli import eval_incidents
from gateway.cli.eval_incidents import RULES, Heard, measured
from gateway.cli.main import main
from gateway.cli.month import BEGINS, MINUTES, Fault

OUTAGE = Fault(2000, 30, 1.0, True)
BLIP = Fault(4000, 3, 0.3, False)


def quiet(*broken: Fault) -> list[tuple[int, int, int]]:
    """Two hundred exchanges each minute."""
    return [(minute, sum(200 * each.share for each in broken if each.at <= minute < each.end), 200) for minute in range(6000)]


@pytest.mark.parametrize(
    ("rule", "pages"), [("5 min > 2 %", [(2000, 2001), (4000, 4001)]), ("budget alone", [(2003, 2006)]), ("incidents", [(2002, 2006)])]
)
def test_rules(rule, pages):
    """A fixed limit pages for every blip, and a budget for the outage alone, once."""
    minutes = [(minute, round(bad), total) for minute, bad, total in quiet(OUTAGE, BLIP)]
    heard = RULES[rule](minutes, 1, [OUTAGE, BLIP])
    assert len(heard.pages) == len(pages)
    assert all(first <= page <= last for page, (first, last) in zip(heard.pages, pages, strict=True))


def test_figures(monkeypatch: pytest.MonkeyPatch):
    """What is right, what is false, what is missed and what is told twice, of pages that are known."""
    real = [Fault(1000, 30, 1.0, True), Fault(3000, 30, 0.3, True)]
    monkeypatch.setattr(eval_incidents, "faults", lambda seed: real)
    monkeypatch.setattr(eval_incidents, "traffic", lambda *_: [])
    monkeypatch.setattr(eval_incidents, "OUTAGES", ((1.0, 30), (0.3, 30)))
    monkeypatch.setattr(eval_incidents, "RULES", {"known": lambda *_: Heard([500, 1004, 1044, 1045], 30)})
    row = measured(1, [60])["by_rpm"]["60"]["known"]
    assert (row["pages_a_shift"], row["precision"], row["tickets_a_day"], row["one_page"]) == (0.067, 0.5, 1.0, 0.0)
    assert row["outages"]["100%"] == {"runs": 1, "paged": 1.0, "median_min": 4}
    assert row["outages"]["30%"] == {"runs": 1, "paged": 0.0, "median_min": None}
    assert BEGINS % 86400 == MINUTES % 1440 == 0


def test_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """A line for each rule, or one object; nothing is read."""
    times = {"runs": 1, "paged": 1.0, "median_min": 4}
    row = {"pages_a_shift": 0.2, "precision": None, "tickets_a_day": 1.0, "one_page": 1.0}
    row["outages"] = dict.fromkeys(("100%", "30%", "10%", "4%"), times)
    small = {"seeds": 1, "cpu_s": 0.1, "by_rpm": {"60": {"incidents": row}}}
    monkeypatch.setattr(eval_incidents, "measured", lambda: small)
    assert main(["eval", "incidents"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["60", "incidents", "0.20", "-", "1.00", "1.00", *["100%,", "4", "min"] * 4]
    assert main(["eval", "incidents", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"detector": "incidents", "data": None, "metrics": small}
