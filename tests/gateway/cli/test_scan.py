"""``oddgate scan``, run as the command runs it."""

import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import pytest

from detectors.contract import Disguise
from detectors.finding import Evidence, Finding
from detectors.registry import DetectorError, Options
from gateway.cli import scan as command
from gateway.cli.detect import LocalScan
from gateway.cli.main import main

POLICY = """
name: support
rules:
  - id: tickets
    detect: pii
    entities: [TICKET]
    patterns: [{name: TICKET, regex: 'T-[0-9]{4}', score: 0.7}]
    allow_list: [T-0000]
    action: flag
  - id: orders
    detect: pii
    entities: [ORDER]
    patterns: [{name: ORDER, regex: 'T-[0-9]{4}/[0-9]{2}', score: 0.9}]
    action: flag
  - id: unsure
    detect: pii
    entities: [BADGE]
    patterns: [{name: BADGE, regex: 'B-[0-9]{4}', score: 0.5, context: [badge]}]
    min_score: 0.8
    action: flag
"""
MAIL = {"detector": "pii", "kind": "pii.EMAIL_ADDRESS", "start": 9, "end": 22, "score": 1.0}


@pytest.fixture
def policy(tmp_path) -> str:
    path = tmp_path / "support.yaml"
    path.write_text(POLICY)
    return str(path)


@pytest.fixture
def given(monkeypatch) -> Callable[[str | bytes], None]:
    """Standard input."""

    def give(data: str | bytes) -> None:
        raw = data if isinstance(data, bytes) else data.encode()
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(raw), encoding="ascii"))

    return give


@dataclass
class Marks:
    """An inline detector that finds "@" and, less surely, all that stands between two of them."""

    name: str = "pii"
    digest: str = "marks"
    lookbehind: int = 0
    disguises: frozenset[Disguise] = frozenset()

    def scan(self, text: str, start: int = 0) -> list[Finding]:
        marks = [i for i, char in enumerate(text) if char == "@" and i >= start]
        found = [Finding("pii", "pii.AT", i, i + 1, 1.0, Evidence.CHECKSUM) for i in marks]
        return found + [Finding("pii", "pii.PAIR", a, b + 1, 0.5, Evidence.MODEL) for a, b in pairwise(marks)]

    def settled(self, text: str, start: int = 0) -> int:
        return len(text)


@pytest.fixture
def marks(monkeypatch) -> list[Options]:
    """The detectors are one simple one; what it was asked to be is told."""
    asked: list[Options] = []

    def build(detect: str, options: Options) -> Sequence[Marks]:
        asked.append(options)
        return (Marks(),)

    monkeypatch.setattr(command, "LocalScan", lambda: LocalScan(build))
    return asked


def test_a_text_by_the_real_detectors(tmp_path, monkeypatch, given, capsys):
    """By default everything is looked for, in standard input."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    given("Write to a@example.com")
    assert main(["scan", "--json"]) == 1
    assert json.loads(capsys.readouterr().out) == {"findings": [MAIL]}
    assert list((tmp_path / "oddgate").iterdir())


@pytest.mark.parametrize(
    ("text", "code", "lines"),
    [
        ("nothing", 0, ["nothing found"]),
        ("", 0, ["nothing found"]),
        ("é\n x@", 1, ["line:column  characters     score  kind", "2:3          4-5            1.00   pii.AT"]),
    ],
)
def test_table(marks, tmp_path, capsys, text, code, lines):
    """A person reads where it stands, and never what it is."""
    file = tmp_path / "text"
    file.write_bytes(text.encode())
    assert main(["scan", str(file)]) == code
    assert capsys.readouterr().out.splitlines() == lines


def test_overlaps_are_merged_and_explained(marks, given, capsys):
    """Findings that share characters are one, named by the strongest, which says what it rests on."""
    given("a@b@c")
    assert main(["scan", "--explain"]) == 1
    assert capsys.readouterr().out.splitlines()[1:] == [
        "1:2          1-4            1.00   pii.AT                 its form, and check digits or a registry"
    ]


def test_lines_are_answered_in_order(marks, given, capsys, monkeypatch):
    """One line for each, with its own id, however they are batched; blank lines count for nothing."""
    monkeypatch.setattr(command, "_BATCH_LINES", 2)
    rows = [{"id": name, "text": "@" * (index % 2), "more": 1} for index, name in enumerate(["a", 1, None, "é", "e"])]
    given("\n\n".join(map(json.dumps, rows)))
    assert main(["scan", "--jsonl"]) == 1
    answered = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    at = {"detector": "pii", "kind": "pii.AT", "start": 0, "end": 1, "score": 1.0}
    assert answered == [{"id": row["id"], "findings": [at] if row["text"] else []} for row in rows]


@pytest.mark.parametrize("text", ["", '{"id": 1, "text": "clean"}\n'])
def test_lines_without_findings(marks, given, capsys, text):
    """Nothing found is exit code 0, and so is nothing asked."""
    given(text)
    assert main(["scan", "--jsonl"]) == 0


@pytest.mark.parametrize("chars", [1, 1_000_000])
def test_batches_are_bounded(monkeypatch, chars):
    """A batch ends by its lines or by its characters, whichever is first."""
    monkeypatch.setattr(command, "_BATCH_CHARS", chars)
    lines = [json.dumps({"id": 0, "text": "xx"}).encode()] * 600
    assert [len(batch) for batch in command._batches(lines)] == ([1] * 600 if chars == 1 else [256, 256, 88])


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"secret", "line 2 is not JSON"),
        (b"[" * 100_000, "line 2 is not JSON"),
        (b'["secret"]', 'line 2 is not an object with an "id" and a "text"'),
        (b'{"id": 1}', 'line 2 is not an object with an "id" and a "text"'),
        (b'{"text": "secret"}', 'line 2 is not an object with an "id" and a "text"'),
        (b'{"id": 1, "text": ["secret"]}', 'line 2 is not an object with an "id" and a "text"'),
        (b'{"id": 1, "text": "secr\xff"}', "line 2 is not UTF-8 (byte 23)"),
    ],
)
def test_a_bad_line_is_named(marks, given, capsys, line, said):
    """The lines before it are answered; the error has its number and nothing of what it holds."""
    given(b'{"id": 1, "text": "@"}\n' + line + b'\n{"id": 3, "text": ""}\n')
    assert main(["scan", "--jsonl"]) == 2
    out, err = capsys.readouterr()
    assert (json.loads(out)["id"], err) == (1, f"oddgate scan: {said}\n")


def test_a_lone_surrogate_is_scanned(given, policy, capsys):
    """JSON can hold half a character; it hides nothing and stops nothing."""
    given(r'{"id": 1, "text": "\ud83d T-1234"}')
    assert main(["scan", "--jsonl", "--policy", policy]) == 1
    assert json.loads(capsys.readouterr().out)["findings"][0]["start"] == 2


def test_a_policy_configures_the_detectors(given, policy, capsys):
    """Its entities, patterns, allow-lists and lowest scores hold; what two rules find at one place is one finding of both."""
    given("T-0000 T-1234 B-1234 T-5678/90")
    assert main(["scan", "--json", "--explain", "--policy", policy]) == 1
    findings = json.loads(capsys.readouterr().out)["findings"]
    assert [(f["kind"], f["start"], f["end"], f["score"], f["evidence"], f["rules"]) for f in findings] == [
        ("pii.TICKET", 7, 13, 0.7, "pattern", ["tickets"]),
        ("pii.ORDER", 21, 30, 0.9, "pattern", ["tickets", "orders"]),
    ]


def test_what_is_asked_of_the_detectors(marks, given, monkeypatch):
    """Without a policy: the defaults, with a model that may be named."""
    monkeypatch.setenv("XDG_CACHE_HOME", "cache")
    given("")
    assert main(["scan", "--detect", "pii", "--ner-model", "model"]) == 0
    assert marks == [Options(ner_model="model", cache_dir="cache/oddgate")]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--detect", "pii,weather"], "there is no detector 'weather'; there is: pii"),
        (["--detect", ""], "there is no detector ''; there is: pii"),
        (["absent.txt"], "absent.txt: No such file or directory"),
        (["."], ".: Is a directory"),
        (["--policy", "absent.yaml"], "absent.yaml"),
    ],
)
def test_wrong_usage(marks, tmp_path, monkeypatch, given, capsys, arguments, said):
    """What cannot be done is said in one sentence, with exit code 2."""
    monkeypatch.chdir(tmp_path)
    given("")
    assert main(["scan", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_a_policy_without_such_a_rule(given, tmp_path, capsys):
    """A policy that runs no detector is not taken for a clean text."""
    path = tmp_path / "empty.yaml"
    path.write_text("name: empty\n")
    given("x")
    assert main(["scan", "--policy", str(path)]) == 2
    assert capsys.readouterr().err.endswith("empty.yaml: no rule of this policy runs language or pii or topics\n")


def test_not_utf8(marks, given, capsys):
    """Bytes that are no text are refused, and not shown."""
    given(b"secret \xff")
    assert main(["scan"]) == 2
    assert capsys.readouterr().err == "oddgate scan: the input is not UTF-8 (byte 7)\n"


def test_a_missing_model_is_named(monkeypatch, given, capsys):
    """Without a model for names nothing is scanned, and the extra that brings one is named."""

    def build(detect: str, options: Options) -> Sequence[Marks]:
        raise DetectorError("names need a spaCy model: install the extra 'ner'")

    monkeypatch.setattr(command, "LocalScan", lambda: LocalScan(build))
    given("x")
    assert main(["scan"]) == 2
    assert "extra 'ner'" in capsys.readouterr().err
