"""``oddgate report drift``."""

import json
from pathlib import Path

import orjson
import pytest

from gateway.cli import report_drift
from gateway.cli.main import main
from gateway.storage.sqlite import open_sqlite
from gateway.watch.drift.reporting import ReportError
from gateway.watch.row import read as read_row
from tests.gateway.watch.drifts import CHANGE, drifted, exchange
from tests.gateway.watch.records import NOW


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """With a watch that has found a drift, and a store."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "oddgate.yaml").write_text("store: {retain_days: 3660}\n")
    (tmp_path / "var").mkdir()
    made = drifted()
    said = {"ts": NOW + 700, "keys": made.overview(), "episodes": made.episodes.newest_first()}
    (tmp_path / "var" / "drift.json").write_bytes(orjson.dumps(said))
    store = open_sqlite(tmp_path / "var" / "oddgate.db", 3660)
    store.keep([read_row(exchange(number, "fr" if number >= CHANGE else None)) for number in range(700)], [], {}, NOW)
    store.close()
    return tmp_path


def test_for_people(folder: Path, capsys: pytest.CaptureFixture):
    """Who is watched and how it is; each drift with when it began, what moved and which exchanges show it."""
    assert main(["report", "drift"]) == 0
    said = capsys.readouterr().out
    assert "shop · gpt-4o · chat  700 exchanges  drifting  (input)" in said
    assert "goes on; level 0." in said
    assert "  other: 0.0% → 100.0%" in said
    assert "  for example req_" in said


def test_as_json(folder: Path, capsys: pytest.CaptureFixture):
    """The same for programs; of a key that nobody watches there is nothing."""
    assert main(["report", "drift", "--json"]) == 0
    assert [each["feature"] for each in json.loads(capsys.readouterr().out)["episodes"]] == ["input.language"]
    assert main(["report", "drift", "--json", "--app", "bank"]) == 0
    assert json.loads(capsys.readouterr().out)["keys"] == []


def test_before_a_watch_has_run(folder: Path, capsys: pytest.CaptureFixture):
    """It says that nothing is known, and why that may be."""
    (folder / "var" / "drift.json").unlink()
    assert main(["report", "drift"]) == 0
    assert "has said nothing of drift yet" in capsys.readouterr().out


def test_a_page(folder: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch):
    """What came since the drift began is set beside what was before."""
    asked = []

    def report(tables, out):
        asked.append((tables.sizes, out))
        return {"input.language": {"drifted": True}, "input.topics": {"drifted": False}}

    monkeypatch.setattr(report_drift, "report", report)
    assert main(["report", "drift", "--app", "shop", "--out", "page.html"]) == 0
    (((early, late), out),) = asked
    assert (early + late, out) == (700, Path("page.html"))
    assert abs(early - CHANGE) <= 50
    assert "Evidently's own bounds are passed by: input.language (of 2)" in capsys.readouterr().out


def test_since(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture):
    """Where the later window begins can be said."""
    monkeypatch.setattr(report_drift, "report", lambda *_: {})
    assert main(["report", "drift", "--since", str(NOW + 100), "--out", "page.html", "--json"]) == 0
    windows = json.loads(capsys.readouterr().out)["windows"]
    assert (windows["reference"], windows["current"]) == (100, 600)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--since", "yesterday"], "since: allowed: seconds since 1970"),
        (["--app", "bank", "--out", "page.html"], "too few exchanges to compare: 50 are needed"),
        (["--out", "page.html"], "pip install 'oddgate[reports]'"),
        (["--config", "none.yaml"], "none.yaml"),
    ],
)
def test_errors(folder: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch):
    """Each says what is wrong, and what is allowed."""

    def report(*_: object) -> None:
        raise ReportError("reports need what is not installed: pip install 'oddgate[reports]'")

    monkeypatch.setattr(report_drift, "report", report)
    assert main(["report", "drift", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_no_store(folder: Path, capsys: pytest.CaptureFixture):
    """It says that the watch makes it."""
    (folder / "var" / "oddgate.db").unlink()
    assert main(["report", "drift", "--out", "page.html"]) == 2
    assert "the store of exchanges cannot be read" in capsys.readouterr().err
