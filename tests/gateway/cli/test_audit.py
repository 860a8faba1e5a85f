"""``oddgate audit``: what it says of a journal, and its exit codes."""

import json
from pathlib import Path

import pytest

from gateway.cli.main import main
from gateway.config import Config
from gateway.keyfile import secret_key
from gateway.telemetry.journal import Journal, segment_files
from gateway.telemetry.signing import Signer

JOURNAL = Path("var/journal")


@pytest.fixture(autouse=True)
def _journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Of a gateway with a key of its own, that wrote five records and was stopped."""
    monkeypatch.chdir(tmp_path)
    journal = Journal(JOURNAL, 10**6, 10**9, secret_key(Config()), lambda: 1_795_000_000.0)
    for number in range(5):
        journal.append({"v": 1, "ts": number, "request_id": f"req_{number}"})
    journal.close()


def tamper(line: int, old: bytes, new: bytes) -> None:
    (segment,) = segment_files(JOURNAL)
    lines = segment.read_bytes().splitlines(keepends=True)
    lines[line - 1] = lines[line - 1].replace(old, new)
    segment.write_bytes(b"".join(lines))


def cut_off(lines: int) -> None:
    (segment,) = segment_files(JOURNAL)
    segment.write_bytes(b"".join(segment.read_bytes().splitlines(keepends=True)[:lines]))


def test_a_good_journal(capsys: pytest.CaptureFixture):
    """What was verified, who wrote it and how that ended."""
    assert main(["audit", "verify"]) == 0
    journal, began, writer, found = capsys.readouterr().out.splitlines()
    name = segment_files(JOURNAL)[0].name
    assert journal == "journal     var/journal: 1 segment, 5 records, 2 checkpoints"
    assert began.endswith(": there was nothing before it, which cannot be told from all of it having been taken away")
    assert writer == f"writer      {name.removesuffix('.jsonl')}: ended; {name}:8"
    assert found == "found       nothing"


def test_a_fault(capsys: pytest.CaptureFixture):
    """It is named by segment, line and request id."""
    tamper(5, b'"ts":2', b'"ts":3')
    assert main(["audit", "verify"]) == 1
    *_, fault, found = capsys.readouterr().out.splitlines()
    assert fault == f"changed     {segment_files(JOURNAL)[0].name}:5 req_2: it is not as it was written"
    assert found == "found       1 fault"


def test_as_json(capsys: pytest.CaptureFixture):
    """The same for a script."""
    tamper(5, b'"ts":2', b'"ts":3')
    assert main(["audit", "verify", "--json", "--journal", str(JOURNAL)]) == 1
    said = json.loads(capsys.readouterr().out)
    assert (said["segments"], said["records"], said["checkpoints"], said["more_faults"]) == (1, 4, 2, 0)
    assert [(fault["what"], fault["line"], fault["request_id"]) for fault in said["faults"]] == [("changed", 5, "req_2")]
    assert [writer["state"] for writer in said["writers"]] == ["ended"]


def test_many_faults(capsys: pytest.CaptureFixture):
    """The first of each segment are listed, the others counted."""
    (segment,) = segment_files(JOURNAL)
    with segment.open("ab") as file:
        file.write(b"{}\n" * 300)
    assert main(["audit", "verify"]) == 1
    *_, more, found = capsys.readouterr().out.splitlines()
    assert (more, found) == ("            and 200 more", "found       300 faults")


def test_pruning(capsys: pytest.CaptureFixture):
    """What the journal removed itself is said, and is no fault."""
    journal = Journal(JOURNAL, 500, 2000, secret_key(Config()), lambda: 1_795_000_100.0)
    for number in range(5):
        journal.append({"v": 1, "ts": number, "request_id": f"req_{number}"})
    journal.close()
    assert main(["audit", "verify"]) == 0
    _, pruned, _, found = capsys.readouterr().out.splitlines()
    assert pruned.startswith("pruned      by the journal itself, up to 2026")
    assert found == "found       nothing"


def test_long_work(capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch):
    """It says how far it is, beside what it finds."""
    monkeypatch.setattr("gateway.cli.audit._PROGRESS_S", 0)
    assert main(["audit", "verify", "--json"]) == 0
    said = capsys.readouterr()
    assert said.err == "oddgate audit: 0 of 1 segments\n"
    assert json.loads(said.out)["faults"] == []


def test_an_end_that_was_cut_off(capsys: pytest.CaptureFixture):
    """What the newest checkpoint does not know of, nobody can tell from a process that was killed; all else is found."""
    assert main(["audit", "checkpoint", "--out", "elsewhere.json"]) == 0
    assert main(["audit", "verify", "--checkpoint", "elsewhere.json"]) == 0
    cut_off(7)
    capsys.readouterr()
    assert main(["audit", "verify"]) == 0
    assert "broken off: it was killed, or the end was cut off" in capsys.readouterr().out
    cut_off(4)
    assert main(["audit", "verify"]) == 1
    assert "it ends with line 4 of its chain, where newest.checkpoint says that there was line 7" in capsys.readouterr().out
    assert main(["audit", "verify", "--checkpoint", "elsewhere.json"]) == 1
    assert "it ends with line 4 of its chain, where the checkpoint says that there was line 7" in capsys.readouterr().out


def test_a_checkpoint(capsys: pytest.CaptureFixture):
    """The newest one, signed, and without its place in the chain; readable for all."""
    assert main(["audit", "checkpoint"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert Signer(secret_key(Config())).is_signed(said)
    assert (said["why"], said["n"], "chain" in said) == ("end", 7, False)
    assert main(["audit", "checkpoint", "--out", "elsewhere.json"]) == 0
    assert json.loads(Path("elsewhere.json").read_text()) == said
    assert Path("elsewhere.json").stat().st_mode & 0o444 == 0o444


def test_no_checkpoint(capsys: pytest.CaptureFixture):
    """A journal that has none cannot give one, nor one that has somebody else's."""
    (JOURNAL / "newest.checkpoint").write_text("{}")
    assert main(["audit", "checkpoint"]) == 1
    assert "var/journal/newest.checkpoint: it is no checkpoint" in capsys.readouterr().err
    (JOURNAL / "newest.checkpoint").unlink()
    assert main(["audit", "checkpoint"]) == 1
    assert "there is no checkpoint in var/journal" in capsys.readouterr().err


@pytest.mark.parametrize("change", [{"n": 6}, {"signature": "00" * 64}, {"kind": "segment"}])
def test_a_checkpoint_of_somebody_else(capsys: pytest.CaptureFixture, change: dict):
    """One that the gateway has not signed proves nothing, which is a fault."""
    main(["audit", "checkpoint"])
    Path("other.json").write_text(json.dumps({**json.loads(capsys.readouterr().out), **change}))
    assert main(["audit", "verify", "--checkpoint", "other.json"]) == 1
    assert "signature   other.json: it is no" in capsys.readouterr().out


def test_the_public_key(capsys: pytest.CaptureFixture):
    """In PEM, and the same whenever it is asked for."""
    assert main(["audit", "key"]) == 0
    assert capsys.readouterr().out == Signer(secret_key(Config())).public_pem()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["verify", "--journal", "nowhere"], "there is no journal in nowhere"),
        (["verify", "--checkpoint", "nowhere.json"], "nowhere.json"),
        (["verify", "--checkpoint", "bad.json"], "bad.json: this is not JSON"),
        (["verify", "--config", "nowhere.yaml"], "nowhere.yaml"),
    ],
)
def test_wrong_usage(capsys: pytest.CaptureFixture, arguments: list[str], said: str):
    """Exit code 2, and what is wrong."""
    Path("bad.json").write_text("{")
    assert main(["audit", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_without_the_key(capsys: pytest.CaptureFixture):
    """Nothing can be verified, and no key is made."""
    key = Path("var/oddgate.key")
    key.unlink()
    assert main(["audit", "verify"]) == 2
    assert "var/oddgate.key" in capsys.readouterr().err
    assert not key.exists()


def test_with_another_key(capsys: pytest.CaptureFixture):
    """It is told apart from tampering line by line."""
    Path("var/oddgate.key").write_text("another")
    assert main(["audit", "verify"]) == 1
    assert "written with another key, by which alone it can be verified" in capsys.readouterr().out
