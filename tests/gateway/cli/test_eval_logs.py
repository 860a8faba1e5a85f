"""``oddgate eval logs``, on a few sessions and lines."""

import json
from pathlib import Path

import pytest

from gateway.cli.main import main


def test_sessions(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Sessions give how well the abnormal ones are told, by how many were learned."""
    rows = [f"b{at},1 2 3,0" for at in range(250)] + [f"c{at},1 3 2,1" for at in range(20)]
    (tmp_path / "data.csv").write_text("\n".join(["block,events,label", *rows]) + "\n")
    assert main(["eval", "logs", "--data", str(tmp_path), "--json"]) == 0
    metrics = json.loads(capsys.readouterr().out)["metrics"]
    assert metrics["sessions"] == {"normal": 250, "abnormal": 20}
    assert metrics["learned"] == {"200": {"auroc": 1.0, "fpr": 0.0, "tpr": 1.0, "least_auroc": 1.0, "runs": 5}}
    assert metrics["cost"]["us_per_line"] > 0
    assert main(["eval", "logs", "--data", str(tmp_path)]) == 0
    assert "250 normal sessions, 20 abnormal ones" in capsys.readouterr().out


LINES = ["10:00:00.1 INFO  a.B#1 TraceID: 1 SpanID: 2 user alice has logged in", "10:00:00.2 INFO  a.B#1 user bob has logged in"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("logs.jsonl", "\n".join(json.dumps({"message": line}) for line in LINES)),
        ("x_structured.csv", "LineId,Content,EventId\n1,user alice has logged in,E1\n2,user bob has logged in,E1\n"),
    ],
)
def test_grouping(tmp_path: Path, name: str, content: str, capsys: pytest.CaptureFixture[str]):
    """Lines give how well they are grouped by what printed them."""
    (tmp_path / name).write_text(content)
    assert main(["eval", "logs", "--data", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert out.startswith("2 lines, 1 statements, 1 templates\ngrouping accuracy: 1.0; of what texts can tell apart: 1.0\n")


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("none", "", "No such file"),
        ("logs.jsonl", "x\n", "not objects with a message"),
        ("logs.jsonl", '{"message": 1}\n', "not objects with a message"),
        ("logs.jsonl", '{"message": "no statement"}\n', "no message says what printed it"),
        ("data.csv", "block,events,label\nb,1 2,0\n", "not more than 200 normal sessions"),
        ("x_structured.csv", "Content\nx\n", "not rows with Content, EventId"),
    ],
)
def test_what_is_no_data(tmp_path: Path, name: str, content: str, why: str, capsys: pytest.CaptureFixture[str]):
    """It is said what is wrong with which file."""
    (tmp_path / name).write_text(content)
    assert main(["eval", "logs", "--data", str(tmp_path)]) == 2
    assert why in capsys.readouterr().err
