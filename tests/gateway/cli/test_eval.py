"""``oddgate eval``, on a folder of two or three labelled texts."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from detectors.contract import Disguise
from detectors.finding import Finding
from detectors.registry import DetectorError, Options
from detectors.training.evaluate_pii import is_held_out
from gateway.cli import eval as command
from gateway.cli.detect import LocalScan
from gateway.cli.main import main

ROWS = [
    {"id": "1", "text": "x@ is @", "spans": [{"start": 1, "end": 2, "label": "EMAIL_ADDRESS"}, {"start": 6, "end": 7, "label": "PERSON"}]},
    {"id": "2", "text": "Dr. X", "template_id": 7, "spans": [{"start": 0, "end": 3, "label": "TITLE"}]},
    {"id": "3", "text": "nothing", "spans": []},
]


class Marks:
    """Takes every "@" for an e-mail address."""

    name = "pii"
    digest = "marks"
    lookbehind = 0
    disguises = frozenset[Disguise]()

    def __init__(self) -> None:
        self.scanned: list[str] = []

    def scan(self, text: str, start: int = 0) -> list[Finding]:
        self.scanned.append(text)
        return [Finding("pii", "pii.EMAIL_ADDRESS", i, i + 1, 1.0) for i, char in enumerate(text) if char == "@" and i >= start]

    def settled(self, text: str, start: int = 0) -> int:
        return len(text)


@pytest.fixture
def marks(monkeypatch) -> Marks:
    detector = Marks()
    monkeypatch.setattr(command, "LocalScan", lambda: LocalScan(lambda detect, options: (detector,)))
    return detector


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "data.jsonl").write_text("\n".join(map(json.dumps, ROWS)) + "\n", encoding="utf-8")
    return tmp_path


def test_json(marks, folder, capsys):
    """One object: the detector, the data, how many rows, and every figure by its name."""
    assert main(["eval", "pii", "--data", str(folder), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["detector"], report["data"], report["rows"]) == ("pii", str(folder), 3)
    metrics = report["metrics"]
    assert set(metrics) == {"split", "entities", "total", "cost", "not_covered", "ner_model"}
    assert metrics["split"] == "all"
    assert metrics["entities"] == {
        "EMAIL_ADDRESS": {"labels": 1, "precision": 0.5, "recall": 1.0, "f1": 0.6667, "f2": 0.8333, "false_alarms": 1, "leaked": 0.0},
        "PERSON": {"labels": 1, "precision": 0.0, "recall": 0.0, "f1": 0.0, "f2": 0.0, "false_alarms": 0, "leaked": 0.0},
    }
    assert metrics["total"] == {
        "labels": 2, "precision": 0.5, "recall": 0.5, "f1": 0.5, "f2": 0.5, "false_alarms": 1, "leaked": 0.0
    }  # fmt: skip
    assert metrics["not_covered"] == {"TITLE": 1}
    assert set(metrics["cost"]) == {"cpu_s", "cpu_ms_per_kb", "chat", "clean_kb_patterns_p50_us"}
    assert set(metrics["cost"]["chat"]) == {"conversation_ms", "last_turn_ms", "repeated_ms"}


def test_table(marks, folder, capsys):
    """What a person reads: a line for each entity and one for all, what is not covered, what it costs."""
    assert main(["eval", "pii", "--data", str(folder)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"pii on {folder.name} (all): 3 texts, 0.0 kB"
    assert [line.split() for line in lines[1:5]] == [
        ["entity", "labels", "precision", "recall", "f1", "f2", "leaked"],
        ["EMAIL_ADDRESS", "1", "0.500", "1.000", "0.667", "0.833", "0.000"],
        ["PERSON", "1", "0.000", "0.000", "0.000", "0.000", "0.000"],
        ["all", "2", "0.500", "0.500", "0.500", "0.500", "0.000"],
    ]
    assert "labels that nothing here claims to find: TITLE 1" in lines


def test_table_beside_another(monkeypatch, marks, folder, capsys):
    """With a baseline every figure stands beside its own; an entity that only one of them reports has a place too."""
    other = Finding("presidio", "pii.URL", 0, 1, 0.5)
    monkeypatch.setattr(command, "_plain", lambda model: lambda texts: [[other] for _ in texts])
    assert main(["eval", "pii", "--data", str(folder), "--baseline"]) == 0
    cells = {line.split()[0]: line.split()[1:] for line in capsys.readouterr().out.splitlines() if line}
    assert cells["PERSON"] == ["1", *["0.000"] * 5, *["0.000"] * 4, "1.000"]
    assert cells["URL"] == ["0", *["-"] * 5, "0.000", *["-"] * 4]
    assert cells["processor"][-3:] == ["Presidio", "times", "less"]


def test_splits_share_no_template(marks, tmp_path, capsys):
    """Development and held-out rows are all rows, none in both, and a template is whole on one side."""
    rows = [{"id": str(i), "text": "x", "template_id": i // 3, "spans": []} for i in range(60)]
    (tmp_path / "data.jsonl").write_text("\n".join(map(json.dumps, rows)))
    counts = {}
    for split in ("all", "dev", "held-out"):
        assert main(["eval", "pii", "--data", str(tmp_path), "--split", split, "--json"]) == 0
        counts[split] = json.loads(capsys.readouterr().out)["rows"]
    held_out = sum(3 for template in range(20) if is_held_out(str(template)))
    assert counts == {"all": 60, "dev": 60 - held_out, "held-out": held_out}


def test_remembers_as_the_gateway_does(marks):
    """In the chat a text costs one scan, however often it is sent."""
    detect = command._Remembering(lambda texts: [marks.scan(text) for text in texts])
    results = [detect(["a@", "b"])[0], *detect(["a@"])]
    assert marks.scanned == ["a@", "b"]
    assert results[0] == results[1] == [Finding("pii", "pii.EMAIL_ADDRESS", 1, 2, 1.0)]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("hush!", 'data.jsonl:2: not an object with a "text" and "spans"'),
        ("[]", "data.jsonl:2: not an object"),
        ('{"text": "hush"}', "data.jsonl:2: not an object"),
        ('{"text": 1, "spans": []}', "data.jsonl:2: not an object"),
        ('{"text": "hush", "spans": [{"start": 0, "end": 99, "label": "PERSON"}]}', "data.jsonl:2: not an object"),
        ('{"text": "hush", "spans": [{"start": "0", "end": 2, "label": "PERSON"}]}', "data.jsonl:2: not an object"),
    ],
)
def test_a_bad_row_is_named(marks, tmp_path, capsys, line, said):
    """An error has the row's number and nothing of what it holds."""
    (tmp_path / "data.jsonl").write_text('{"text": "x", "spans": []}\n' + line)
    assert main(["eval", "pii", "--data", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert "hush" not in error.replace(str(tmp_path), "")


def test_no_data(marks, tmp_path, capsys):
    """A folder without data, with none of the split, or with bytes that are no text, is refused by its name."""
    assert main(["eval", "pii", "--data", str(tmp_path)]) == 2
    assert "data.jsonl: No such file or directory" in capsys.readouterr().err
    (tmp_path / "data.jsonl").write_bytes(b"\n")
    assert main(["eval", "pii", "--data", str(tmp_path), "--split", "dev"]) == 2
    assert "there are no texts in dev" in capsys.readouterr().err
    (tmp_path / "data.jsonl").write_bytes(b"\xff")
    assert main(["eval", "pii", "--data", str(tmp_path)]) == 2
    assert "not UTF-8" in capsys.readouterr().err


def test_an_unknown_detector(tmp_path, capsys):
    """Only what can be evaluated may be named."""
    with pytest.raises(SystemExit) as exit_:
        main(["eval", "weather", "--data", str(tmp_path)])
    assert exit_.value.code == 2


def test_a_missing_model(monkeypatch, folder, capsys):
    """Without a model for names nothing is measured, and the extra that brings one is named."""

    def build(detect: str, options: Options) -> Sequence[Marks]:
        raise DetectorError("names need a spaCy model: install the extra 'ner'")

    monkeypatch.setattr(command, "LocalScan", lambda: LocalScan(build))
    assert main(["eval", "pii", "--data", str(folder)]) == 2
    assert "extra 'ner'" in capsys.readouterr().err
