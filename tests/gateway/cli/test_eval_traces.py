"""``oddgate eval traces`` and a set with injected faults."""

import json
from pathlib import Path

import pytest

from gateway.cli import eval_traces
from gateway.cli.main import main
from gateway.cli.scan import UsageError

SPANS = "window_id,trace_id,span_id,parent_id,pod,operation,start_us,duration_us"
WINDOWS = "window_id,fault_type,fault_pod"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three usual windows, and one in which the cart takes ten times as long."""
    spans, windows = [SPANS], [WINDOWS]
    for window in range(4):
        is_fault = window == 2
        windows.append(f"w{window},{'cpu' if is_fault else 'none'},{'cart-5b7d-x2' if is_fault else ''}")
        for at in range(12):
            start, cart = window * 60_000_000 + at * 1000, (500 if is_fault else 50) + at
            trace = f"w{window},t{window}{at}"
            spans.append(f"{trace},a{window}{at},,front-1a-b,get,{start},{cart + 100 + at}")
            spans.append(f"{trace},b{window}{at},a{window}{at},cart-5b7d-x1,serve,{start + 20},{cart}")
    (tmp_path / "spans.csv").write_text("\n".join(spans))
    (tmp_path / "windows.csv").write_text("\n".join(windows))
    return tmp_path


def test_the_service_is_named(folder: Path):
    """A fault counts once, for its kind and for all; the service whose operation is off is named first."""
    one = {"faults": 1, "with_spans": 1, "top_1": 1, "top_3": 1}
    assert eval_traces.of_set(eval_traces.read_windows(folder)) == {"cpu": one, "all": one}


def test_command(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """What is measured is printed as lines, or as one object; without a set, of simulated traces only."""
    small = eval_traces.measured(folder, runs=1, quiet=400)
    monkeypatch.setattr(eval_traces, "measured", lambda data: small if data else {"simulated": small["simulated"]})
    assert main(["eval", "traces", "--data", str(folder)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[0] == "fault"
    assert lines[-1].split() == ["all", "1", "1", "1", "1"]
    assert main(["eval", "traces", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["detector"], report["data"], list(report["metrics"])) == ("traces", None, ["simulated"])
    assert report["metrics"]["simulated"]["quiet"]["traces"] == 400


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("spans.csv", "window_id\nw0\n"),
        ("spans.csv", SPANS + "\nw0,t,a,,p,o,soon,1\n"),
        ("spans.csv", "\0"),
        ("windows.csv", ""),
    ],
    ids=["columns", "times", "binary", "empty"],
)
def test_bad_folder(folder: Path, name: str, content: str):
    """Another format: a sentence."""
    (folder / name).write_text(content)
    with pytest.raises(UsageError):
        eval_traces.read_windows(folder)


def test_no_folder(tmp_path: Path):
    """No data: a sentence."""
    with pytest.raises(UsageError):
        eval_traces.read_windows(tmp_path)
