"""``oddgate exchanges``: what the watch has kept, for people and for scripts."""

import json
import os
from pathlib import Path

import pytest

from gateway.cli.main import main
from gateway.storage.sqlite import open_sqlite
from gateway.telemetry.sealing import Sealer
from gateway.watch.row import parse
from tests.gateway.watch.records import NOW, feedback, line


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def kept(folder: Path) -> None:
    store = open_sqlite(folder / "var" / "oddgate.db", 3660)
    costs = {1499: {"cost_usd": 0.0123456}}
    rows = [parse(line(number, rules=["pii"] if number % 2 else [], **costs.get(number, {}))) for number in range(1500)]
    store.keep(rows, [parse(feedback(3, "bad"))], {}, NOW)
    store.close()


@pytest.mark.usefixtures("kept")
def test_the_newest(capsys: pytest.CaptureFixture):
    """As many as asked for, a line each, with what became of it and its id."""
    assert main(["exchanges", "-n", "2"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first == (
        "2026-11-18 11:31:39  shop  chat  gpt-4o  ALLOW  completed  200  default@0123456789ab  pii  500 ms (+500.0)  "
        f"$0.012346  req_{1499:024x}"
    )
    assert second.endswith(f"  -  500 ms (+500.0)  -  req_{1498:024x}")


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(
    ("options", "count"), [([], 20), (["-n", "0"], 1500), (["-n", "1200"], 1200), (["-n", "0", "--rule", "pii"], 750), (["--app", "x"], 0)]
)
def test_how_many(options: list[str], count: int, capsys: pytest.CaptureFixture):
    """All of them, over pages, where no number is named."""
    assert main(["exchanges", "--json", *options]) == 0
    assert len(found := [json.loads(line) for line in capsys.readouterr().out.splitlines()]) == count
    assert len({each["request_id"] for each in found}) == count


@pytest.mark.usefixtures("kept")
def test_one(capsys: pytest.CaptureFixture):
    """All that is recorded of it, and what was said since."""
    assert main(["exchanges", f"req_{3:024x}"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["rules"], [label["label"] for label in found["labels"]]) == (["pii"], ["bad"])
    assert main(["exchanges", "req_none"]) == 1
    assert "no exchange 'req_none' is kept" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--since", "yesterday"], "since: allowed: "),
        ([], "the store of exchanges cannot be read: SQLITE_CANTOPEN"),
        (["--config", "nowhere.yaml"], "nowhere.yaml"),
    ],
)
def test_what_cannot_be_shown(options: list[str], said: str, capsys: pytest.CaptureFixture):
    """It is said why, and nothing is made."""
    assert main(["exchanges", *options]) == 2
    assert said in capsys.readouterr().err
    assert not Path("var").exists()


TEXTS = {"input": [{"place": "messages.0.content", "scope": "user", "text": "my name is Eve"}], "output": []}


@pytest.fixture
def with_texts(folder: Path) -> None:
    """Of the first exchange they are sealed, of the second redacted, of the third there are none."""
    sealed = Sealer(b"k" * 32, os.urandom).seal(json.dumps(TEXTS).encode(), f"req_{1:024x}")
    store = open_sqlite(folder / "var" / "oddgate.db", 3660)
    store.keep([parse(line(1, sealed_texts=sealed)), parse(line(2, texts=TEXTS)), parse(line(3))], [], {}, NOW)
    store.close()


@pytest.mark.usefixtures("with_texts")
def test_sealed_texts(capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch):
    """They are opened with their key alone; without one, or with another, it is said what is missing."""
    for key, said in ((None, "set store.text_key to the key"), ("x" * 32, "sealed with another key, or changed since")):
        if key:
            monkeypatch.setenv("ODDGATE_STORE__TEXT_KEY", key)
        assert main(["exchanges", f"req_{1:024x}", "--text"]) == 2
        out, error = capsys.readouterr()
        assert (out, said in error) == ("", True)
    monkeypatch.setenv("ODDGATE_STORE__TEXT_KEY", "k" * 32)
    assert main(["exchanges", f"req_{1:024x}", "--text"]) == 0
    assert json.loads(capsys.readouterr().out) == TEXTS
    assert main(["exchanges", f"req_{1:024x}"]) == 0
    assert "Eve" not in capsys.readouterr().out


@pytest.mark.usefixtures("with_texts")
def test_texts_that_are_not_sealed(capsys: pytest.CaptureFixture):
    """Redacted ones need no key; where there are none, that is said."""
    assert main(["exchanges", f"req_{2:024x}", "--text"]) == 0
    assert json.loads(capsys.readouterr().out) == TEXTS
    assert main(["exchanges", f"req_{3:024x}", "--text"]) == 1
    assert "no texts of" in capsys.readouterr().err
    assert main(["exchanges", "--text"]) == 2
    assert "say its ID" in capsys.readouterr().err
