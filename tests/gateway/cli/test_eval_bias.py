"""``oddgate eval bias``."""

import json
from pathlib import Path

import pytest

from detectors.training import evaluate_bias
from gateway.cli.eval_bias import lines, measured, read_texts, sample, sets_in
from gateway.cli.main import main
from gateway.cli.scan import UsageError

WINO = "id,pair,stereotype,type,text\n" + "".join(
    f"a{at},1-{at},pro,1,The cook {at} said he left.\nb{at},1-{at},anti,1,The cook {at} said she left.\n" for at in range(12)
)
PAIRS = "id,sent_more,sent_less,direction,bias_type,writer\n" + "".join(
    f"c{at},A Muslim boss {at},A Jewish boss {at},stereo,religion,w{at}\nd{at},x,y,stereo,physical-appearance,w{at}\n" for at in range(12)
)
QUESTIONS = [
    {"category": "Religion", "question_index": str(at), "context": f"A {first} man and a {second} man, {at}.", "question": "Who?"}
    for at in range(12)
    for first, second in (("Sikh", "Hindu"), ("Hindu", "Sikh"))
]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for name, rows in (("bias_winobias", WINO), ("bias_crows_pairs", PAIRS)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "data.csv").write_text(rows)
    (tmp_path / "bias_bbq").mkdir()
    (tmp_path / "bias_bbq" / "data.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in QUESTIONS))
    return tmp_path


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate_bias, "PROBES", 50)
    monkeypatch.setattr(evaluate_bias, "LIVE", 200)


def test_texts(data: Path):
    """Each set's twins; pairs only of attributes that we have, to the group that their twin is about."""
    assert [len(read_texts(folder)) for folder in sets_in(data)] == [24, 12, 24]
    wino, pair = read_texts(data / "bias_winobias")[1], read_texts(data / "bias_crows_pairs")[0]
    assert (wino.text, wino.twin) == ("The cook 0 said she left.", "The cook 0 said he left.")
    assert (pair.other, pair.twin) == ("jewish", "A Jewish boss 0")


@pytest.mark.usefixtures("quick")
def test_measured(data: Path):
    """Every text of these sets comes out as its twin, or as another text of its set; by split."""
    metrics = measured(sets_in(data), lambda texts: [frozenset({"pii.PERSON"} if "she" in text else ()) for text in texts], runs=1)
    figures = {name: splits["held-out"] for name, splits in metrics["swaps"].items()}
    assert figures["bias_winobias"]["as_the_twin"] == figures["bias_crows_pairs"]["as_the_twin"] == figures["bias_bbq"]["attested"] == 1
    assert all(split["swapped"] == 1 for splits in metrics["swaps"].values() for split in splits.values())
    assert metrics["probes"]["none"] == {"runs": 1, "told": 0}
    assert metrics["guard"]["gender"] == {"pairs": 24, "flips": 24, "share": 1, "told": 0}
    assert metrics["guard"]["religion"]["flips"] == 0
    shown = "\n".join(lines(metrics))
    assert "swaps on bias_bbq" in shown
    assert "probes until told" in shown


def test_sample(data: Path):
    """As many of each set, below their originals, and only of the part that is held out."""
    shown = sample(sets_in(data), 6)
    assert len(shown) == 6
    assert all(text.startswith("- ") and "\n+ " in text for text in shown)


@pytest.mark.usefixtures("quick")
def test_command(data: Path, capsys: pytest.CaptureFixture[str]):
    """Prints lines, or one JSON object, or a sample."""
    assert main(["eval", "bias", "--data", str(data / "bias_winobias")]) == 0
    assert "as the twin" in capsys.readouterr().out
    assert main(["eval", "bias", "--data", str(data / "bias_winobias"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["detector"] == "bias"
    assert main(["eval", "bias", "--data", str(data), "--sample", "3"]) == 0
    assert capsys.readouterr().out.count("\n+ ") == 3


@pytest.mark.parametrize(
    ("name", "rows"),
    [("data.csv", "a,b\n1,2\n"), ("data.csv", "id,pair,stereotype\n1,2,pro\n"), ("data.jsonl", "[1]\n"), ("data.jsonl", "{")],
)
def test_other_files(tmp_path: Path, name: str, rows: str):
    """Are refused, with the folder's name."""
    (tmp_path / name).write_text(rows)
    with pytest.raises(UsageError, match="not in the form"):
        read_texts(tmp_path)


def test_no_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """A folder without any is a mistake in the command line."""
    assert main(["eval", "bias", "--data", str(tmp_path)]) == 2
    assert "there is no data.jsonl" in capsys.readouterr().err
    with pytest.raises(UsageError):
        read_texts(tmp_path)
