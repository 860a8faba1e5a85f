"""``oddgate report bias``."""

import json
from pathlib import Path

import orjson
import pytest

from gateway.cli.main import main
from gateway.storage.sqlite import open_sqlite
from gateway.watch.row import read
from tests.gateway.watch.bias.test_tables import said
from tests.gateway.watch.groups import traffic
from tests.gateway.watch.records import NOW


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """With a watch that has found something, and a store."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "oddgate.yaml").write_text("store: {retain_days: 3660}\n")
    (tmp_path / "var").mkdir()
    told = said()
    told["guards"] = None
    (tmp_path / "var" / "bias.json").write_bytes(orjson.dumps(told))
    store = open_sqlite(tmp_path / "var" / "oddgate.db", 3660)
    store.keep([read(record) for record in traffic(1500, blocked=0.1, more=3.0)], [], {}, NOW)
    store.close()
    return tmp_path


def test_for_people(folder: Path, capsys: pytest.CaptureFixture):
    """What differs, what probes have shown, what our own rules do, and how it is read."""
    assert main(["report", "bias"]) == 0
    said = capsys.readouterr().out
    assert "2,000 exchanges, of 2,000 it is known whom they were about" in said
    assert "Outcomes of shop: disparity; 2,000 exchanges" in said
    assert "Probes of shop: 60 questions" in said
    assert "Our own rules: the last 1,500 exchanges that are kept" in said
    assert "UNFAIR" in said
    assert "Simpson's paradox" in said


def test_as_json(folder: Path, capsys: pytest.CaptureFixture):
    """The same for programs; of an application without any there is nothing."""
    assert main(["report", "bias", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["kind"], said["apps"][0]["state"], said["guards"]["exchanges"]) == ("bias", "disparity", 1500)
    assert main(["report", "bias", "--json", "--app", "bank"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["apps"], said["probes"]["apps"], said["guards"]["exchanges"]) == ([], [], 0)


def test_a_page(folder: Path, capsys: pytest.CaptureFixture):
    """One file that needs nothing else; where it cannot be written, that is said."""
    assert main(["report", "bias", "--out", "bias.html"]) == 0
    assert "<table>" in (folder / "bias.html").read_text()
    (folder / "taken").mkdir()
    assert main(["report", "bias", "--out", "taken"]) == 2
    assert "taken cannot be written" in capsys.readouterr().err


def test_before_a_watch_has_run(folder: Path, capsys: pytest.CaptureFixture):
    """It says that nothing is known, and why that may be."""
    (folder / "var" / "bias.json").unlink()
    assert main(["report", "bias"]) == 0
    assert "has said nothing of bias yet" in capsys.readouterr().out


def test_without_a_store(folder: Path, capsys: pytest.CaptureFixture):
    """It says which one is missing."""
    (folder / "var" / "oddgate.db").unlink()
    assert main(["report", "bias"]) == 2
    assert "the store of exchanges cannot be read" in capsys.readouterr().err
