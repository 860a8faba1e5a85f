"""``oddgate eval drift``, on a few texts."""

import json
from pathlib import Path

import pytest

from gateway.cli import eval_drift
from gateway.cli.main import main

WORDS = {"money": "bank account money", "food": "recipe soup bread", "travel": "flight hotel airport", "oos": "nothing whatever"}


@pytest.fixture
def streams(tmp_path: Path) -> Path:
    texts = ["my bank account"] * 700 + ["recipe for soup"] * 200
    rows = [f"s1,{at},{text}" for at, text in enumerate(texts)] + [f"s2,{at},my bank account" for at in range(900)]
    (tmp_path / "events.csv").write_text("\n".join(["stream,t,text", *rows]) + "\n")
    (tmp_path / "streams.csv").write_text("stream,kind,change_at\ns1,abrupt,700\ns2,none,\n")
    return tmp_path


def test_streams(streams: Path, capsys: pytest.CaptureFixture[str]):
    """A set of streams is judged stream by stream."""
    assert main(["eval", "drift", "--data", str(streams)]) == 0
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["stream", "delay", "false"],
        ["s1", "50", "0"],
        ["s2", "-", "0"],
    ]


@pytest.mark.slow
def test_texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """A set of texts gives every figure, as a table or as one object."""
    rows = [f"{words} {at},{domain}" for domain, words in WORDS.items() for at in range(10)]
    (tmp_path / "data.csv").write_text("\n".join(["text,domain", *rows]) + "\n")
    monkeypatch.setattr(eval_drift, "EXCHANGES", 5000)
    monkeypatch.setattr(eval_drift, "delays", lambda texts, split: {})
    assert main(["eval", "drift", "--data", str(tmp_path), "--split", "held-out", "--json"]) == 0
    metrics = json.loads(capsys.readouterr().out)["metrics"]
    assert (metrics["split"], metrics["no_drift"], metrics["bursts"]["alarms"]) == ("held-out", {"exchanges": 5000, "alarms": []}, 0)
    assert metrics["cost"]["us_per_exchange"] > 0
    assert "alarms in 5000 exchanges without drift: 0" in eval_drift.lines(metrics)


@pytest.mark.parametrize(
    ("name", "content"),
    [("none.csv", ""), ("data.csv", "text\nx\n"), ("data.csv", "text,domain\nx,a\n"), ("streams.csv", "stream,kind,change_at\n")],
)
def test_what_is_no_data(tmp_path: Path, name: str, content: str, capsys: pytest.CaptureFixture[str]):
    """It is said which file it is, and what it lacks."""
    (tmp_path / name).write_text(content)
    assert main(["eval", "drift", "--data", str(tmp_path)]) == 2
    assert str(tmp_path) in capsys.readouterr().err
