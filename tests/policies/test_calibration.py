"""The file beside a policy by which its bounds hold their rates."""

import json
from pathlib import Path

import pytest

from policies import calibration
from policies.domain_rules import all_rules
from policies.load import PolicyError, calibration_beside, load_dir, load_policy
from policies.policy import Policy

POLICY = """
name: cards
domain:
  languages: [en]
  topics:
    allow: [{name: lost, examples: [I lost my card, my card was stolen]}]
    outside: {max_fpr: 0.05}
"""
STRANGE = [each / 1000 for each in range(500, 1000)]


@pytest.fixture
def path(tmp_path: Path, catalog) -> Path:
    made = tmp_path / "cards.yaml"
    made.write_text(POLICY)
    tables = {"domain.topics": calibration.refined(STRANGE)}
    calibration_beside(made).write_bytes(calibration.write(load_policy(made, catalog).policy, tables))
    return made


def rate(loaded) -> float | None:
    return next(rule.max_fpr for rule in all_rules(loaded.policy) if rule.id == "domain.topics")


def test_it_is_taken_up(path: Path, catalog):
    """The bound stops where the promised share of accepted exchanges lies beyond; the version is another, and says so by one digest."""
    loaded = load_policy(path, catalog)
    assert rate(loaded) == pytest.approx(0.027, abs=0.002)
    assert loaded.policy.domain.topics.outside.max_fpr == 0.05
    assert loaded.remarks == ()
    assert load_dir(path.parent, catalog)["cards"].digest == loaded.digest
    calibration_beside(path).unlink()
    plain = load_policy(path, catalog)
    assert rate(plain) == 0.05
    assert plain.digest != loaded.digest


@pytest.mark.parametrize(
    ("old", "new", "border", "said"),
    [
        ("my card was stolen", "someone stole my card", 0.05, ["rules.domain.topics: the policy's words have changed since"]),
        ("name: cards", "name: accounts", 0.05, ["policy: it was made for cards, so it does not count for accounts"]),
        ("name: cards", "name: cards\nborders: {domain.topics: 0.2}", 0.2, []),
        ("languages: [en]", "languages: [de]", pytest.approx(0.027, abs=0.002), []),
    ],
    ids=["examples", "name", "stated", "languages"],
)
def test_when_it_does_not_count(path: Path, catalog, old: str, new: str, border: float, said: list[str]):
    """For other words than those it was made for the promised rate stands, and that is said; what the policy states itself comes first."""
    path.write_text(POLICY.replace(old, new))
    loaded = load_policy(path, catalog)
    assert rate(loaded) == border
    assert len(loaded.remarks) == len(said)
    for remark, words in zip(loaded.remarks, said, strict=True):
        assert f"{calibration_beside(path)}: {words}" in str(remark)


@pytest.mark.parametrize(
    "change",
    [
        lambda plain: b"",
        lambda plain: b"x" * (calibration.MAX_BYTES + 1),
        lambda plain: json.dumps({**plain, "v": 2}).encode(),
        lambda plain: json.dumps({**plain, "more": 1}).encode(),
        lambda plain: json.dumps({**plain, "rules": {"pii": plain["rules"]["domain.topics"]}}).encode(),
        lambda plain: json.dumps({**plain, "rules": {"domain.topics": {"domain": "0" * 16, "table": {"scores": [0.5]}}}}).encode(),
        lambda plain: json.dumps({**plain, "uncertainty": {"max_fpr": 0.1, "max_entropy": 0}}).encode(),
    ],
    ids=["empty", "large", "version", "key", "rule", "table", "limit"],
)
def test_a_damaged_file(path: Path, catalog, change):
    """It is an error with its name, not a policy without its calibration."""
    beside = calibration_beside(path)
    beside.write_bytes(change(json.loads(beside.read_bytes())))
    with pytest.raises(PolicyError) as caught:
        load_dir(path.parent, catalog)
    assert [problem.file for problem in caught.value.problems] == [str(beside)]


@pytest.mark.parametrize("scores", [[], [0.0] * 1000, [1.0] * 1000], ids=["none", "ordinary", "strange"])
def test_a_border_is_a_rate(scores: list[float]):
    """However the traffic is, it can stand in a policy; of nothing it is the promised rate."""
    found = calibration.border(calibration.refined(scores), 0.05)
    assert 0 < found <= 0.5
    assert scores or found == pytest.approx(0.05)


UNSURE = "name: cards\ndomain:\n  output: {uncertainty: {max_fpr: 0.05, action: block}}\n"


@pytest.mark.parametrize(
    ("text", "limit", "said"),
    [
        (UNSURE, 0.4, ""),
        (UNSURE.replace("0.05", "0.01"), 1.0, "uncertainty: it was made for max_fpr: 0.05, which the policy does not say"),
        (UNSURE.replace("max_fpr: 0.05", "max_entropy: 2"), 2.0, "uncertainty: it was made for max_fpr: 0.05"),
        (UNSURE.replace("max_fpr: 0.05", "max_fpr: 0.05, max_entropy: 2"), 2.0, ""),
        (UNSURE.replace("cards", "accounts"), 1.0, "policy: it was made for cards"),
    ],
    ids=["taken up", "another rate", "a limit alone", "a limit of its own", "another policy"],
)
def test_uncertainty(tmp_path: Path, catalog, text: str, limit: float, said: str):
    """The limit that was found for the promised rate is in force, and part of the version; for another rate it does not count."""
    path = tmp_path / "cards.yaml"
    path.write_text(UNSURE)
    plain = load_policy(path, catalog)
    found = calibration.Limit(max_fpr=0.05, max_entropy=0.4)
    calibration_beside(path).write_bytes(calibration.write(plain.policy, {}, found))
    path.write_text(text)
    loaded = load_policy(path, catalog)
    assert loaded.policy.domain.output.uncertainty.limit == limit
    assert [said in str(remark) for remark in loaded.remarks] == ([True] if said else [])
    assert loaded.digest != plain.digest
    assert Policy.model_validate_json(loaded.policy.model_dump_json(by_alias=True)) == loaded.policy  # as it is kept
