"""``oddgate tail``: the journal, readable, as it grows."""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.cli import tail as module
from gateway.cli.main import main
from gateway.cli.tail import describe
from gateway.telemetry.record import Exchange, render

EXCHANGE = Exchange(
    "req_1", 0.1234, 1.0, app="bot", surface="chat", model="gpt-4o", policy="p@1", status=200, upstream_s=0.5, end=1.51
)  # fmt: skip
RECORD = {**render(EXCHANGE), "decision": "redact"}
FOUND = {"kind": "pii.PERSON", "why": "match", "action": "redact", "shadow": False}


def line(number: int) -> bytes:
    return json.dumps({**RECORD, "request_id": f"req_{number}"}).encode() + b"\n"


def write(folder: Path, name: str, data: bytes) -> None:
    folder.mkdir(exist_ok=True)
    with (folder / f"{name}.jsonl").open("ab") as file:
        file.write(data)


def test_a_line():
    """When, whose, what became of it, how long it took, and which id to ask for."""
    assert describe(RECORD) == (
        "00:00:00.123  bot  chat  gpt-4o  whole  REDACT  completed  200  p@1  +10.0 ms (guards 0.0), upstream 500.0 ms  req_1"
    )


def test_what_was_done_about_an_incident():
    """When, what became of which measure, and what it does."""
    said = {"v": 1, "kind": "measure", "ts": 0.1234, "change": "applied", "measure": "calm:inc-1", "do": {"quarantine": {"app": "shop"}}}
    assert describe(said) == '00:00:00.123  measure  applied  calm:inc-1  {"quarantine": {"app": "shop"}}'


def test_what_a_person_says():
    """Of which exchange, and what."""
    event = {"kind": "review", "ts": 0.1234, "request_id": "req_1", "app": "bot", "rule": "domain.topics", "label": "inside"}
    assert describe(event) == "00:00:00.123  bot  review  inside  req_1"


@pytest.mark.parametrize(
    ("findings", "said"),
    [
        ([FOUND], "redact PERSON"),
        ([FOUND, FOUND, {**FOUND, "action": "block"}], "redact PERSON×2, block PERSON"),
        ([{**FOUND, "shadow": True}], "would redact PERSON"),
        ([{**FOUND, "why": "timeout", "kind": "pii", "action": "block"}], "block timeout"),
    ],
)
def test_findings(findings: list, said: str):
    """What fired is counted by what was done and to what."""
    assert f"  {said}  req_1" in describe({**RECORD, "findings": findings})


def test_an_exchange_of_which_little_is_known():
    """Empty fields have a dash, so that columns stay."""
    assert "  -  unknown  -  whole  ALLOW  unsupported_path  404  -  " in describe(
        render(Exchange("req_1", 0.0, 1.0, outcome="unsupported_path", status=404, end=1.0))
    )


def test_an_exchange_that_nothing_read():
    """It is marked where others have what was decided."""
    assert "  whole  UNGUARDED  completed  " in describe({**RECORD, "unguarded": True})


@pytest.mark.parametrize(
    ("options", "ids"),
    [([], range(5, 15)), (["-n", "2"], [13, 14]), (["-n", "0"], []), (["-n", "100"], range(15)), (["-n", "-3"], [])],
)
def test_where_it_begins(tmp_path: Path, capsys: pytest.CaptureFixture, options: list[str], ids: list[int]):
    """With the last records from before, as many as asked for."""
    write(tmp_path, "1", b"".join(map(line, range(15))))
    assert main(["tail", "--dir", str(tmp_path), "--no-follow", *options]) == 0
    assert [each.rsplit("  ", 1)[1] for each in capsys.readouterr().out.splitlines()] == [f"req_{number}" for number in ids]


def test_as_they_are(tmp_path: Path, capsysbinary: pytest.CaptureFixture):
    """With ``--json`` the lines themselves."""
    write(tmp_path, "1", line(1) + line(2))
    assert main(["tail", "--dir", str(tmp_path), "--no-follow", "--json"]) == 0
    assert capsysbinary.readouterr().out == line(1) + line(2)


@pytest.mark.parametrize("kept", [{"texts": {"input": [{"text": "canary"}], "output": []}}, {"sealed_texts": "Y2FuYXJ5"}])
def test_no_texts(tmp_path: Path, capsysbinary: pytest.CaptureFixture, kept: dict):
    """What is kept of an exchange's texts is not shown, as lines or as they are; nor what is left of a line that has some."""
    said = json.dumps({**json.loads(line(1)), **kept}, separators=(",", ":")).encode()
    write(tmp_path, "1", said + b"\n" + said[:-5] + b"\n")
    for options in ([], ["--json"]):
        assert main(["tail", "--dir", str(tmp_path), "--no-follow", *options]) == 0
        out = capsysbinary.readouterr().out
        assert b"req_1" in out
        assert b"anar" not in out
        assert b"Y2Fu" not in out
    assert json.loads(out) == json.loads(line(1))


def test_what_the_journal_says_of_itself(tmp_path: Path, capsysbinary: pytest.CaptureFixture):
    """It is not among the records, as lines or as they are."""
    own = b"".join(b'{"v":1,"kind":"%b","ts":1}\n' % kind for kind in (b"segment", b"checkpoint", b"pruned"))
    write(tmp_path, "1", own + line(1) + own)
    assert main(["tail", "--dir", str(tmp_path), "--no-follow", "--json", "-n", "2"]) == 0
    assert capsysbinary.readouterr().out == line(1)


@pytest.mark.parametrize("bad", [b"no json\n", b"{}\n", b"[]\n", b'{"ts": "x"}\n', b"[" * 10**5 + b"\n"], ids=range(5))
def test_a_line_that_is_no_record(tmp_path: Path, capsys: pytest.CaptureFixture, bad: bytes):
    """It is named for what it is, and the next one is shown."""
    write(tmp_path, "1", bad + line(1))
    assert main(["tail", "--dir", str(tmp_path), "--no-follow"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert (first, second.endswith("req_1")) == ("(a line that is no record)", True)


def test_no_journal(tmp_path: Path, capsys: pytest.CaptureFixture):
    """Wrong usage, and says so."""
    assert main(["tail", "--dir", str(tmp_path / "none")]) == 2
    assert "there is no journal in" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        (["--app", "bot"], [0, 2, 3]),
        (["--surface", "embeddings"], [1]),
        (["--decision", "block"], [1, 2]),
        (["--rule", "secrets"], [2, 3]),
        (["--app", "bot", "--rule", "secrets", "--decision", "block"], [2]),
        (["--app", "bot", "-n", "1"], [3]),
        (["--app", ""], []),
    ],
)
def test_only_some(tmp_path: Path, capsysbinary: pytest.CaptureFixture, options: list[str], ids: list[int]):
    """The last of those that were asked for; what is no record is none of them."""
    event = {"v": 1, "kind": "review", "ts": 0.1, "request_id": "req_3", "app": "bot", "rule": "secrets", "label": "inside"}
    lines = [
        line(0),
        json.dumps({**RECORD, "request_id": "req_1", "app": "x", "surface": "embeddings", "decision": "block"}).encode() + b"\n",
        json.dumps({**RECORD, "request_id": "req_2", "decision": "block", "rules": ["pii", "secrets"]}).encode() + b"\n",
        json.dumps(event).encode() + b"\n",
    ]
    write(tmp_path, "1", b"".join([*lines, b"no record\n", b"[]\n", b'{"rules": 7}\n']))
    assert main(["tail", "--dir", str(tmp_path), "--no-follow", "--json", *options]) == 0
    assert capsysbinary.readouterr().out == b"".join([lines[number] for number in ids])


def test_the_journal_of_the_settings(tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch):
    """It is read where no other is given; settings that are wrong are wrong usage, unless nothing is asked of them."""
    write(tmp_path / "here", "1", line(1))
    settings = tmp_path / "a.yaml"
    settings.write_text(f"journal: {{dir: {tmp_path}/here}}\n")
    assert main(["tail", "--config", str(settings), "--no-follow"]) == 0
    assert capsys.readouterr().out.endswith("req_1\n")
    settings.write_text("journal: {dirs: 7}\n")
    assert main(["tail", "--config", str(settings), "--no-follow"]) == 2
    assert capsys.readouterr().err.startswith("oddgate tail: ")
    assert main(["tail", "--config", str(settings), "--dir", str(tmp_path / "here"), "--no-follow"]) == 0


def test_a_long_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture):
    """No more of it is held than is shown."""
    alive, most = 0, 0

    class Line(bytes):
        """One that says when it goes."""

        def __init__(self, _: bytes) -> None:
            nonlocal alive, most
            alive += 1
            most = max(most, alive)

        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

    monkeypatch.setattr(module.JournalReader, "read", lambda _: (Line(line(number)) for number in range(1000)))
    assert main(["tail", "--dir", str(tmp_path), "--no-follow", "-n", "3"]) == 0
    assert (len(capsys.readouterr().out.splitlines()), most < 10) == (3, True)


@pytest.mark.slow
def test_following(tmp_path: Path):
    """What is written later is shown as it comes, and a reader that goes away ends it quietly."""
    write(tmp_path, "1", line(1))
    command = [sys.executable, "-m", "gateway.cli.main", "tail", "--dir", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline().endswith("req_1\n")
        write(tmp_path, "2", line(2))
        assert process.stdout.readline().endswith("req_2\n")
        process.stdout.close()
        write(tmp_path, "2", line(3))
        assert process.wait(60) == 1
        assert process.stderr.read() == ""


def test_the_parser():
    """The command has its options."""
    parser = argparse.ArgumentParser()
    from gateway.cli import tail

    tail.add_parser(parser.add_subparsers())
    assert parser.parse_args(["tail"]).lines == 10
