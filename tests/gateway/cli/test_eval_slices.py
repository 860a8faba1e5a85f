"""``oddgate eval slices``."""

import json

import pytest

from detectors.training import evaluate_slices
from gateway.cli import eval_slices
from gateway.cli.main import main


def test_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """A line for each kind of window and one for those without a fault, or one object; nothing is read."""
    small = evaluate_slices.simulated(2, evaluate_slices.SCENARIOS[:1])
    monkeypatch.setattr(eval_slices, "measured", lambda: small)
    assert main(["eval", "slices"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert lines[1].startswith(evaluate_slices.SCENARIOS[0].name)
    assert lines[-1].startswith("windows without a fault: 2")
    assert main(["eval", "slices", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"detector": "slices", "data": None, "metrics": small}


def test_data_is_asked_for(capsys: pytest.CaptureFixture[str]):
    """Of all that is not simulated."""
    assert main(["eval", "pii"]) == 2
    assert "--data" in capsys.readouterr().err
