"""Reports by a process of its own."""

import re
import sys
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from detectors.series.observation import Observation
from gateway.watch.drift import reporting
from gateway.watch.drift.reporting import ReportError, is_installed, report, reports
from gateway.watch.drift.windows import Tables, tables

CANARY = "template-canary"


@pytest.fixture(scope="module")
def windows() -> Tables:
    chance = Random(3)

    def observation(number: int, shift: float) -> Observation:
        return Observation(
            f"x{number}",
            ts=float(number),
            numeric={"input.tokens": chance.lognormvariate(5 + shift, 1), "cost.usd": 1.0},
            categorical={"template.fingerprint": CANARY, "output.tool": chance.choice("abc")},
        )

    return tables([observation(number, 0) for number in range(300)], [observation(number, 1) for number in range(300, 600)])


@pytest.mark.slow
@pytest.mark.skipif(not is_installed(), reason="needs the extra reports (evidently)")
def test_report(windows: Tables, tmp_path: Path):
    """What drifted is said, and what did not; the page shows it and loads nothing from anywhere; this process has loaded nothing of it."""
    out = tmp_path / "drift.html"
    loaded = set(sys.modules)
    found = report(windows, out)
    assert {name: each["drifted"] for name, each in found.items()} == {
        "input.tokens": True,
        "cost.usd": False,
        "template.fingerprint": False,
        "output.tool": False,
    }
    html = out.read_text()
    assert "input.tokens" in html
    assert "default-src 'unsafe-inline' 'unsafe-eval' data: blob:" in html
    assert re.findall(r"<(?:script|link|img|iframe|object)\b[^>]*\b(?:src|href)\s*=\s*[\"']?(?:https?:)?//", html) == []
    assert not {"evidently", "pandas"} & (sys.modules.keys() - loaded)
    assert [path.name for path in tmp_path.iterdir()] == ["drift.html"]


@pytest.mark.slow
@pytest.mark.skipif(not is_installed(), reason="needs the extra reports (evidently)")
def test_reports(windows: Tables):
    """One process says of each pair of windows what it would say of it alone, and is gone then, also where nobody asks for the rest."""
    one, other = reports([windows, replace(windows, current=windows.reference)])
    assert [one["input.tokens"]["drifted"], other["input.tokens"]["drifted"]] == [True, False]
    asked = reports([windows, windows])
    assert next(asked) == one
    asked.close()


@pytest.mark.parametrize("code", ["import sys; sys.exit(3)", f"print({CANARY!r})"])
def test_reports_of_a_child_that_fails(windows: Tables, code: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """It is said, without a word of what it was given."""
    (tmp_path / "failing_child.py").write_text(code)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(reporting, "_CHILD", "failing_child")
    monkeypatch.setattr(reporting, "is_installed", lambda: True)
    with pytest.raises(ReportError, match="the report failed") as raised:
        list(reports([windows] * 100))
    assert CANARY not in str(raised.value)


@pytest.mark.slow
@pytest.mark.skipif(not is_installed(), reason="needs the extra reports (evidently)")
def test_too_slow(windows: Tables, tmp_path: Path):
    """It is ended, and nothing is left of it."""
    with pytest.raises(ReportError, match="was not made within 0 s"):
        report(windows, tmp_path / "drift.html", within_s=0.2)
    assert list(tmp_path.iterdir()) == []


def test_not_installed(windows: Tables, monkeypatch: pytest.MonkeyPatch):
    """It says what to install."""
    monkeypatch.setattr(reporting, "find_spec", lambda _: None)
    for ask in (report, lambda each: list(reports([each]))):
        with pytest.raises(ReportError, match=r"pip install 'oddgate\[reports\]'"):
            ask(windows)


@pytest.mark.parametrize("code", ["import sys; sys.exit(3)", f"raise ValueError({CANARY!r})", f"print({CANARY!r})"])
def test_a_child_that_fails(windows: Tables, code: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """It is said, without a word of what it was given, and no page is left."""
    (tmp_path / "failing_child.py").write_text(code)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(reporting, "_CHILD", "failing_child")
    monkeypatch.setattr(reporting, "is_installed", lambda: True)
    with pytest.raises(ReportError, match="the report failed") as raised:
        report(windows, tmp_path / "drift.html")
    assert CANARY not in str(raised.value)
    assert not (tmp_path / "drift.html").exists()
