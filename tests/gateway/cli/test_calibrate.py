"""``oddgate calibrate`` on journals as the gateway writes them."""

import json
from contextlib import suppress
from pathlib import Path

import pytest

from detectors.registry import Catalog, build
from gateway.cli.main import main
from gateway.guard.plan import options_of
from gateway.storage.sqlite import open_sqlite
from gateway.watch.row import Label, Row, UnreadableError, parse
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
    """It is said, by the exit code too; the border that would hold it is written where it is accepted, and not else."""
    strange = [score**0.5 for score in EVEN]
    labels = {number: "inside" for number, score in enumerate(strange) if score >= 0.95}
    out = tmp_path / "elsewhere.json"
    made = journal(tmp_path, digest(policy), strange, labels)
    assert calibrate(policy, made, "--out", str(out)) == 1
    said = capsys.readouterr().out
    assert "doubt: domain.topics: the promised rate is NOT HELD" in said
    assert "not written: look at what moved it" in said
    assert not out.exists()
    assert calibrate(policy, made, "--out", str(out), "--accept") == 1
    assert f"written: {out}" in capsys.readouterr().out
    assert out.exists()
    assert not (tmp_path / "cards.calibration.json").exists()


def feedback(made: Path, labels: dict[int, str], app: str = "") -> None:
    """As an application gives it."""
    events = [{"kind": "feedback", "ts": 1, "request_id": f"req_{number}", "app": app, "label": label} for number, label in labels.items()]
    (made / "20260101T000000-1-000002.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))


@pytest.mark.parametrize("claims", [0, 30, 60])
def test_what_an_app_says_of_what_was_blocked(policy: Path, tmp_path: Path, claims: int, capsys: pytest.CaptureFixture[str]):
    """It does not move the border, however much of it there is; it is counted apart."""
    made = journal(tmp_path, digest(policy), [*EVEN[:950], *[0.9999] * 60])
    assert calibrate(policy, made, "--json", "--out", str(tmp_path / "without.json")) == 0
    without = json.loads(capsys.readouterr().out)["rules"]["domain.topics"]
    feedback(made, dict.fromkeys(range(950, 950 + claims), "false_positive"))
    assert calibrate(policy, made, "--json") == 0
    found = json.loads(capsys.readouterr().out)["rules"]["domain.topics"]
    assert (found["false_alarms"], found["unlabelled_stops"], found["set_aside"]) == (0, 60, claims)
    assert found == {**without, "set_aside": claims}
    calibrate(policy, made)
    shown = capsys.readouterr().out
    assert (f"set aside {claims} labels that applications gave to what was blocked" in shown) == bool(claims)


def test_a_border_that_would_move_far(policy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Reviewers may loosen it by more than a factor of two, by an operator's word; what is in force stays until then."""
    made = journal(tmp_path, digest(policy), [*EVEN[:949], *[0.9999] * 60], dict.fromkeys(range(949, 1009), "inside"))
    assert calibrate(policy, made, "--json") == 1
    said = json.loads(capsys.readouterr().out)
    assert said["rules"]["domain.topics"]["new_border"] < 0.025
    assert (said["written"], len(said["doubts"])) == (None, 1)
    assert "looser by more than 2 times" in said["doubts"][0]
    assert calibrate(policy, made, "--accept") == 0
    assert load_policy(policy, Catalog()).policy.borders["domain.topics"] < 0.025


@pytest.mark.parametrize("scores", [[], EVEN], ids=["nothing", "other examples"])
def test_nothing_to_calibrate_by(policy: Path, tmp_path: Path, scores: list[float], capsys: pytest.CaptureFixture[str]):
    """Nothing is written then."""
    assert calibrate(policy, journal(tmp_path, "topics:of-other-examples", scores)) == 1
    assert "nothing to calibrate by" in capsys.readouterr().out
    assert not (tmp_path / "cards.calibration.json").exists()


UNSURE = """
name: cards
domain:
  output: {uncertainty: {max_fpr: 0.1, action: block}}
"""


def answers(folder: Path, good: int, bad: int, unlabelled: int = 0) -> Path:
    """Good answers have a mean surprisal of 0.005 and more, in equal steps; bad ones lie among the upper half of them and beyond."""
    made = folder / "journal"
    made.mkdir(exist_ok=True)
    means = [0.005 * (number + 1) for number in range(good)]
    means += [0.005 * (good // 2 + number) for number in range(bad)] + [0.001] * unlabelled
    lines: list[object] = []
    for number, mean in enumerate(means):
        name = f"req_{number}"
        measured = {"choice": 0, "mean": mean, "tail": mean, "entropy": None, "tokens": 9}
        lines.append({
            "request_id": name, "ts": number, "app": "bot", "policy": "cards@1", "decision": "allow", "findings": [],
            "uncertainty": [measured],
        })  # fmt: skip
        if number < good + bad:
            label = "good" if number < good else "bad"
            lines.append({"kind": "feedback", "ts": number, "request_id": name, "app": "bot", "label": label})
    (made / "20260101T000000-1-000001.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return made


def test_uncertainty(policy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Labelled answers tell how well uncertainty tells bad ones, what the limit in force does, and the limit by which the rate is held."""
    policy.write_text(UNSURE)
    assert calibrate(policy, answers(tmp_path, 100, 100, 50), "--json") == 0
    said = json.loads(capsys.readouterr().out)
    found = said["rules"]["domain.output.uncertainty"]
    assert (said["records"], found["good"], found["bad"], found["unlabelled_stops"]) == (250, 100, 100, 0)
    assert found["auroc"] == {"mean": pytest.approx(0.875, abs=0.01), "tail": pytest.approx(0.875, abs=0.01)}
    assert (found["limit"], found["stopped"]["rate"], found["caught"]["rate"]) == (1.0, 0, 0)
    assert found["new_limit"] == pytest.approx(0.455, abs=0.001)
    assert found["new_caught"]["rate"] == pytest.approx(0.59, abs=0.02)
    unsure = load_policy(policy, Catalog()).policy.domain.output.uncertainty
    assert unsure is not None
    assert unsure.limit == found["new_limit"]
    assert calibrate(policy, tmp_path / "journal") == 0
    out = capsys.readouterr().out
    assert "domain.output.uncertainty: 100 good and 100 bad answers, 0 stopped without a label" in out
    assert "  stops     0.0900 (0.0" in out
    assert f"  limit     {found['new_limit']:.4f} -> {found['new_limit']:.4f}, which catches" in out


def test_too_few_good_answers(policy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """How many are wanting is said, and nothing is written; a limit that was found before stays."""
    policy.write_text(UNSURE)
    assert calibrate(policy, answers(tmp_path, 40, 5)) == 1
    assert "limit     1.0000 stays: 10 good answers more must be labelled (POST /v1/feedback)" in capsys.readouterr().out
    assert not (tmp_path / "cards.calibration.json").exists()
    policy.write_text(UNSURE.replace("output:", "languages: [en]\n  output:"))
    assert calibrate(policy, answers(tmp_path, 60, 20)) == 0
    before = load_policy(policy, Catalog()).policy.domain.output.uncertainty
    by = build("language", options_of(promised(load_policy(policy, Catalog()).policy)["domain.languages"]))[0].digest
    scored = [
        {"request_id": f"req_l{number}", "ts": 1, "app": "bot", "policy": "cards@1", "decision": "allow", "findings": [],
         "scores": {"domain.languages": {"score": number / 500, "by": by}}} for number in range(495)
    ]  # fmt: skip
    (answers(tmp_path, 3, 0) / "20260101T000000-1-000002.jsonl").write_text("".join(json.dumps(line) + "\n" for line in scored))
    assert calibrate(policy, tmp_path / "journal") == 0
    after = load_policy(policy, Catalog()).policy
    assert after.domain.output.uncertainty == before
    assert "domain.languages" in after.borders


def test_a_rate_of_answers_that_is_not_held(policy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """It is said, by the exit code too, and the limit in force stays."""
    policy.write_text(UNSURE)
    assert calibrate(policy, answers(tmp_path, 60, 20)) == 0
    before = (tmp_path / "cards.calibration.json").read_bytes()
    assert calibrate(policy, answers(tmp_path, 200, 200)) == 1
    said = capsys.readouterr().out
    assert "promised  0.1000 NOT HELD" in said
    assert "looser by more than 2 times" in said
    assert (tmp_path / "cards.calibration.json").read_bytes() == before


@pytest.mark.parametrize(
    ("good", "bad", "doubt"),
    [(60, 0, "no answer is known to be bad"), (50, 1, "AUROC 0.4900 of the mean is below 0.6")],
    ids=["none bad", "chance"],
)
def test_a_limit_that_nothing_speaks_for(policy: Path, tmp_path: Path, good: int, bad: int, doubt: str, capsys: pytest.CaptureFixture[str]):
    """Where no bad answer is known, or uncertainty does not tell it, it is shown and not written unless it is accepted."""
    policy.write_text(UNSURE)
    made = answers(tmp_path, good, bad)
    assert calibrate(policy, made) == 1
    said = capsys.readouterr().out
    assert f"doubt: domain.output.uncertainty: {doubt}" in said
    assert "  limit     1.0000 -> 0." in said
    assert not (tmp_path / "cards.calibration.json").exists()
    assert calibrate(policy, made, "--accept") == 0
    assert (tmp_path / "cards.calibration.json").exists()


@pytest.mark.parametrize("good", [0, 200])
def test_what_an_app_says_of_answers_it_has_not_seen(policy: Path, tmp_path: Path, good: int, capsys: pytest.CaptureFixture[str]):
    """It does not raise the limit, neither by itself nor beside what it says of the others."""
    policy.write_text(UNSURE)
    made = answers(tmp_path, good, good)
    hit = {**HIT, "rule": "domain.output.uncertainty", "place": "choices.0"}
    unseen = [
        {"request_id": f"unseen_{number}", "ts": 1, "app": "bot", "policy": "cards@1", "decision": "block", "findings": [hit],
         "uncertainty": [{"choice": 0, "mean": 15, "tail": 15, "entropy": 15, "tokens": 9}]} for number in range(60)
    ]  # fmt: skip
    labels = [{"kind": "feedback", "ts": 2, "request_id": each["request_id"], "app": "bot", "label": "good"} for each in unseen]
    (made / "20260101T000000-1-000002.jsonl").write_text("".join(json.dumps(line) + "\n" for line in (*unseen, *labels)))
    assert calibrate(policy, made, "--json") == (0 if good else 1)
    said = json.loads(capsys.readouterr().out)
    found = said["rules"]["domain.output.uncertainty"]
    assert (found["good"], found["unlabelled_stops"], found["set_aside"]) == (good, 60, 60)
    assert (said["written"] is not None, (found["new_limit"] or 0) < 1.1) == (bool(good), True)


def test_a_limit_without_a_rate(policy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """What it does to labelled answers is told; nothing is written, and without any label that is all that is known."""
    policy.write_text(UNSURE.replace("max_fpr: 0.1", "max_entropy: 0.25"))
    assert calibrate(policy, answers(tmp_path, 10, 100)) == 0
    assert "catches   0.5" in capsys.readouterr().out
    assert not (tmp_path / "cards.calibration.json").exists()
    assert calibrate(policy, answers(tmp_path, 0, 0, 5)) == 1


def test_wrong_usage(policy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """A journal that is not there, a policy that is not one, and one without anything to calibrate."""
    assert calibrate(policy, tmp_path / "nowhere") == 2
    assert calibrate(tmp_path / "none.yaml", tmp_path) == 2
    policy.write_text("name: cards")
    assert calibrate(policy, tmp_path) == 2
    assert "neither topics, languages nor output.uncertainty" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        calibrate(policy, tmp_path, "--days", "0")


def keep(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The journal, in the store of the settings that are found."""
    monkeypatch.chdir(made.parent)
    store = open_sqlite(made.parent / "var" / "oddgate.db", 3660)
    read = []
    for path in sorted(made.iterdir()):
        for line in path.read_bytes().splitlines():
            with suppress(UnreadableError):
                read.append(parse(line))
    store.keep([each for each in read if isinstance(each, Row)], [each for each in read if isinstance(each, Label)], {}, 0.0)
    store.close()


@pytest.mark.parametrize("is_of_answers", [False, True])
def test_from_the_store(
    policy: Path, tmp_path: Path, is_of_answers: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """It holds what the journal does: records, and of what people said the last word on each, so that the result is the same."""
    if is_of_answers:
        policy.write_text(UNSURE)
        made = answers(tmp_path, 100, 100, 50)
    else:
        made = journal(tmp_path, digest(policy), EVEN, {**ALARMS, 950: "outside", 951: "outside"})
    said = [("false_positive", 3000), ("bad", 3001), ("false_negative", 3002), ("good", 3003)]
    lines = [
        {"kind": "feedback", "ts": ts, "request_id": f"req_{number}", "app": "bot" if is_of_answers else "", "label": label}
        for number in range(0, 200, 7) for label, ts in said
    ]  # fmt: skip
    (made / "20260101T000000-1-000003.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    keep(made, monkeypatch)
    code = calibrate(policy, made, "--json", "--out", "a.json", "--accept")
    by_journal = json.loads(capsys.readouterr().out)
    assert main(["calibrate", "--policy", str(policy), "--store", "--json", "--out", "b.json", "--accept"]) == code
    assert json.loads(capsys.readouterr().out) == {**by_journal, "written": "b.json"}
    assert by_journal["records"]
    assert Path("a.json").read_bytes() == Path("b.json").read_bytes()


def test_no_store(policy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """It is said, nothing is made, and settings are for the store alone."""
    monkeypatch.chdir(tmp_path)
    assert main(["calibrate", "--policy", str(policy), "--store"]) == 2
    assert "the store of exchanges cannot be read: " in capsys.readouterr().err
    assert not Path("var").exists()
    assert main(["calibrate", "--policy", str(policy), "--config", "oddgate.yaml"]) == 2
    assert "--config is for --store" in capsys.readouterr().err
