"""``oddgate eval topics``, on a folder of a few texts."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

pytest.importorskip("numpy", reason="the extra 'domain' is not installed")

from detectors.text import topics
from detectors.text.encoder import missing
from gateway.cli import eval_topics
from gateway.cli.main import main
from gateway.cli.scan import UsageError

needs_model = pytest.mark.skipif(bool(missing()), reason="the extra 'domain' or the encoder's model is not installed")


class ByWord:
    """Allows what begins like an example."""

    def __init__(self, examples: dict[str, Sequence[str]]) -> None:
        self._allowed = tuple({text.split()[0] for texts in examples.values() for text in texts})
        self.judged = self.encoded = 0

    def chances(self, units: Sequence[str]) -> list[float]:
        self.judged += len(units)
        return [0.5 if unit.startswith(self._allowed) else 0.01 for unit in units]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = [f"{intent} text {split} {at},{intent},{split}" for intent in ("red", "blue") for split in ("train", "val") for at in range(30)]
    rows += [f"nothing {at},oos,{split}" for at in range(10) for split in ("oos_train", "oos_val")]
    (tmp_path / "data.csv").write_text("\n".join(["text,intent,split", *rows]) + "\n")
    return tmp_path


@pytest.fixture
def by_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topics, "Judge", ByWord)
    monkeypatch.setattr(eval_topics, "missing", tuple)


def test_json(by_word: None, folder: Path, capsys: pytest.CaptureFixture[str]):
    """One object with every figure by the number of examples, and for all texts where out-of-scope texts are known."""
    assert main(["eval", "topics", "--data", str(folder), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["detector"], report["data"], report["rows"]) == ("topics", str(folder), 140)
    assert list(report["metrics"]) == ["10", "20", "full"]
    assert report["metrics"]["10"]["others"]["auroc"] == report["metrics"]["full"]["out_of_scope"]["auroc"] == 1.0
    assert report["metrics"]["20"]["others"]["auroc_sd"] == 0.0
    assert {"inside_p50_us", "others_p50_us", "mixed_p50_us"} <= report["metrics"]["10"]["cost"].keys()
    assert "others" not in report["metrics"]["full"]


def test_table(by_word: None, folder: Path, capsys: pytest.CaptureFixture[str]):
    """A line a figure, a column for each number of examples."""
    assert main(["eval", "topics", "--data", str(folder)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"topics on {folder.name}: 140 texts"
    assert lines[1].split() == ["10", "a", "topic", "20", "a", "topic", "all", "texts"]
    (line,) = [line for line in lines if line.startswith("others: auroc ") and "sd" not in line]
    assert line.split()[-3:] == ["1", "1", "-"]


def test_without_a_split_half_are_examples(tmp_path: Path):
    """Chosen by their text, so the same on every run; out-of-scope texts never are."""
    rows = [{"text": f"{intent} {at}", "intent": intent} for intent in ("red", "blue", "oos") for at in range(200)]
    (tmp_path / "data.jsonl").write_text("\n".join(map(json.dumps, rows)))
    found = eval_topics.read_rows(tmp_path)
    assert found == eval_topics.read_rows(tmp_path)
    known = [row for row in found if row.is_known]
    assert 150 < len(known) < 250
    assert {row.intent for row in known} == {"red", "blue"}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("data.txt", "x"),
        ("data.jsonl", "{"),
        ("data.jsonl", '{"text": "x"}'),
        ("data.jsonl", "3"),
        ("data.csv", "text,label\nx,y\n"),
        ("data.csv", "text,intent,split\nx,only,train\n"),
    ],
)
def test_bad_folder(tmp_path: Path, name: str, content: str):
    """No data, another format, or nothing to tell apart: a sentence, exit 2."""
    (tmp_path / name).write_text(content)
    with pytest.raises(UsageError):
        eval_topics.read_rows(tmp_path)
    assert main(["eval", "topics", "--data", str(tmp_path)]) == 2


def test_what_is_missing_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Without the model there is no figure."""
    monkeypatch.setattr(eval_topics, "missing", lambda: ("onnxruntime",))
    assert main(["eval", "topics", "--data", str(folder)]) == 2
    assert "onnxruntime" in capsys.readouterr().err


@needs_model
def test_the_real_judge_fits(folder: Path):
    """What the evaluation asks of a judge, the detector's has."""
    metrics = eval_topics.measured(eval_topics.read_rows(folder), has_full=False)
    assert 0.5 < metrics["20"]["out_of_scope"]["auroc"] <= 1.0
