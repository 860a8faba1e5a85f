"""What drifts are called."""

import re

import pytest

from gateway.watch import observe
from gateway.watch.drift.features import told_as
from policies.signals import DRIFT


@pytest.mark.parametrize(
    ("feature", "names"),
    [
        ("input.topics", ("input", "topics")),
        ("input.tokens", ("input", "lengths")),
        ("output.language", ("output", "languages")),
        ("output.refused", ("output", "refusals")),
        ("output.uncertainty", ("output",)),
        ("template.fingerprint", ("templates",)),
        ("upstream.latency_ms", ("latency",)),
        ("upstream.outcome", ("errors",)),
        ("cost.usd", ("cost",)),
        ("policy.verdict", ("decisions",)),
        ("detector.pii", ("detectors",)),
        ("detector.score.topics", ("detectors",)),
        ("label.answer", ("concept",)),
        ("weather", ()),
    ],
)
def test_told_as(feature: str, names: tuple[str, ...]):
    """By its side of the exchange, and by what it is of."""
    assert told_as(feature) == names


def test_every_feature_is_told():
    """Whatever ``observe`` says of an exchange has a name in policies, and each name but those of labels is of some feature."""
    said = re.findall(r"^    ([a-z]+) {2,}(.+)$", observe.__doc__ or "", re.MULTILINE)
    features = [
        f"{side}.{name}" for side, names in said for name in re.findall(r"[a-z_]+", re.sub(r"\(.*?\)", "", names.split(" for each")[0]))
    ]
    told = {name for feature in (*features, "detector.pii", "label.answer") for name in told_as(feature)}
    assert len(features) > 15
    assert [feature for feature in features if not told_as(feature)] == []
    assert told == set(DRIFT)
