"""``oddgate eval metrics``, on two short series."""

import json
from pathlib import Path
from random import Random

import pytest

from gateway.cli.main import main


def write(folder: Path, *, windows: bool, families: str = "ab") -> Path:
    chance = Random(1)
    rows = [
        f"{sid},2026-11-{1 + at // 288:02} {at // 12 % 24:02}:{at % 12 * 5:02}:00,"
        f"{'' if at == 7 else chance.gauss(0, 1) + 40 * (at == 700)},{int(690 <= at <= 720)}"
        for sid in range(2)
        for at in range(1000)
    ]
    label = "in_window" if windows else "label"
    (folder / "data.csv").write_text("\n".join([f"sid,timestamp,value,{label}", *rows]) + "\n")
    listed = '"[[""2026-11-03 09:30:00.000000"", ""2026-11-03 12:00:00.000000""]]"'
    named = [f"{sid},{family}/x" + (f",{listed}" if windows else "") for sid, family in enumerate(families)]
    (folder / "series.csv").write_text("\n".join(["sid,series" + ",windows" * windows, *named]) + "\n")
    return folder


@pytest.mark.parametrize("windows", [True, False])
def test_figures(tmp_path: Path, windows: bool, capsys: pytest.CaptureFixture[str]):
    """The windows are those that are listed, or the runs of labelled points; both spikes are found."""
    assert main(["eval", "metrics", "--data", str(write(tmp_path, windows=windows)), "--json"]) == 0
    metrics = json.loads(capsys.readouterr().out)["metrics"]
    assert (metrics["series"], metrics["points"], metrics["windows"]) == (2, 2000, 2)
    assert metrics["as_shipped"]["recall"] == 1.0
    assert metrics["lofo_nab"] > 40
    assert metrics["cost"]["us_per_point"] > 0


def test_as_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Every figure, with where its threshold is from."""
    assert main(["eval", "metrics", "--data", str(write(tmp_path, windows=True))]) == 0
    out = capsys.readouterr().out
    assert out.startswith("2 series, 2000 points, 2 labelled windows\n")
    assert all(each in out for each in ("NAB, threshold from the other families", "threshold as shipped", "µs a point"))


def test_one_family_has_no_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """It is said, and nothing is measured."""
    assert main(["eval", "metrics", "--data", str(write(tmp_path, windows=True, families="aa"))]) == 2
    assert "other families" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("data", "series"),
    [
        ("sid,timestamp,value,label\n0,never,1,0\n", "sid,series\n0,a/x\n"),
        ("sid,timestamp,value,label\n0,2026-11-22,x,0\n", "sid,series\n0,a/x\n"),
        ("sid,timestamp,value\n0,2026-11-22,1\n", "sid,series\n0,a/x\n"),
        ("sid,timestamp,value,label\n1,2026-11-22,1,0\n", "sid,series\n0,a/x\n"),
        ("sid,timestamp,value,label\n0,2026-11-22,1,0\n", "sid,series,windows\n0,a/x,[\n"),
    ],
)
def test_what_is_no_data(tmp_path: Path, data: str, series: str, capsys: pytest.CaptureFixture[str]):
    """Times, numbers, labels, names and windows that are none: said with the folder's name."""
    (tmp_path / "data.csv").write_text(data)
    (tmp_path / "series.csv").write_text(series)
    assert main(["eval", "metrics", "--data", str(tmp_path)]) == 2
    assert "not series with numbers, times and labels" in capsys.readouterr().err
