"""``oddgate calibrate`` on journals as the gateway writes them."""

import json
from pathlib import Path

import pytest

from detectors.registry import Catalog, build
from gateway.cli.main import main
from gateway.guard.plan import options_of
from policies.domain_rules import promised
from policies.load import load_policy

POLICY = """
name: cards
domain:
  topics:
    allow: [{name: lost, examples: [I lost my card, my card was stolen, it is gone, where is my card, card lost]}]
    outside: {max_fpr: 0.05}
"""
HIT = {"rule": "domain.topics", "why": "match", "action": "block", "shadow": False}


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "cards.yaml"
    path.write_text(POLICY)
    return path


def digest(policy: Path) -> str:
    rule = promised(load_policy(policy, Catalog()).policy)["domain.topics"]
    return build(rule.detect, options_of(rule))[0].digest


def journal(folder: Path, by: str, scores: list[float], labels: dict[int, str] | None = None) -> Path:
    """Stopped is what scores 0.95 or more."""
    made = folder / "journal"
    made.mkdir()
    lines: list[object] = []
    for number, score in enumerate(scores):
        is_stopped = score >= 0.95
        lines.append({
            "request_id": f"req_{number}", "ts": number, "app": "", "policy": "cards@1", "decision": "block" if is_stopped else "allow",
            "findings": [HIT] if is_stopped else [], "scores": {"domain.topics": {"score": score, "by": by}},
        })  # fmt: skip
    for number, label in (labels or {}).items():
        lines.append({"kind": "review", "ts": 1, "request_id": f"req_{number}", "app": "", "rule": "domain.topics", "label": label})
    (made / "20260101T000000-1-000001.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines) + "{torn")
    return made


EVEN = [number / 1000 for number in range(1000)]
ALARMS = dict.fromkeys(range(950, 1000), "inside")


def calibrate(policy: Path, made: Path, *more: str) -> int:
    return main(["calibrate", "--policy", str(policy), "--journal", str(made), *more])


def test_a_report(policy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """What is promised and observed, whether that is held, and where the border goes; it is written beside the policy."""
    labels = {**ALARMS, 950: "outside", 951: "outside"}
    assert calibrate(policy, journal(tmp_path, digest(policy), EVEN, labels), "--json") == 0
    said = json.loads(capsys.readouterr().out)
    found = said["rules"]["domain.topics"]
    assert (said["records"], found["inside"], found["outside"], found["false_alarms"], found["unlabelled_stops"]) == (1000, 998, 2, 48, 0)
    assert found["observed"]["rate"] == pytest.approx(48 / 998)
    assert found["observed"]["low"] < 0.05 < found["observed"]["high"]
    assert (found["held"], found["promised"], found["border"]) == (None, 0.05, 0.05)
    assert said["written"] == str(tmp_path / "cards.calibration.json")
    loaded = load_policy(policy, Catalog())
    assert loaded.policy.borders["domain.topics"] == pytest.approx(found["new_border"])
    assert calibrate(policy, tmp_path / "journal") == 0
    assert f"border    {found['new_border']:.6f} -> {found['new_border']:.6f}" in capsys.readouterr().out


def test_a_rate_that_is_not_held(policy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """It is said, by the exit code too; the border that would hold it is written all the same."""
    strange = [score**0.5 for score in EVEN]
    labels = {number: "inside" for number, score in enumerate(strange) if score >= 0.95}
    out = tmp_path / "elsewhere.json"
    assert calibrate(policy, journal(tmp_path, digest(policy), strange, labels), "--out", str(out)) == 1
    assert "NOT HELD" in capsys.readouterr().out
    assert out.exists()
    assert not (tmp_path / "cards.calibration.json").exists()


@pytest.mark.parametrize("scores", [[], EVEN], ids=["nothing", "other examples"])
def test_nothing_to_calibrate_by(policy: Path, tmp_path: Path, scores: list[float], capsys: pytest.CaptureFixture[str]):
    """Nothing is written then."""
    assert calibrate(policy, journal(tmp_path, "topics:of-other-examples", scores)) == 1
    assert "nothing to calibrate by" in capsys.readouterr().out
    assert not (tmp_path / "cards.calibration.json").exists()


def test_wrong_usage(policy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """A journal that is not there, a policy that is not one, and one without anything to calibrate."""
    assert calibrate(policy, tmp_path / "nowhere") == 2
    assert calibrate(tmp_path / "none.yaml", tmp_path) == 2
    policy.write_text("name: cards")
    assert calibrate(policy, tmp_path) == 2
    assert "neither topics nor languages" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        calibrate(policy, tmp_path, "--days", "0")
