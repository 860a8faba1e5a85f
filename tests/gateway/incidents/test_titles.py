"""What people on call read first."""

from typing import get_args

import pytest

from detectors.series import kinds
from detectors.series.anomaly import Kind
from gateway.detecting import blind, silent
from gateway.detecting.figures import ABOVE, GROWS
from gateway.incidents.symptom import TELEMETRY_LOST, UPSTREAM_DOWN
from gateway.incidents.titles import PARTS, PHRASES, title
from tests.gateway.incidents.symptoms import burn, symptom

FOUND = [kind for sort in (*get_args(Kind), kinds.Kind) for kind in get_args(sort)]
OURS = (
    UPSTREAM_DOWN, TELEMETRY_LOST, blind.KIND, silent.KIND, "verdict burst", "fast burn", "slow burn", "rise", "fall", "surge",
    "error lines", "predicted exhaustion", "predicted to pass its limit", "predicted rise", "disparity", "differs for others", "drift",
)  # fmt: skip


@pytest.mark.parametrize("kind", [*FOUND, *OURS])
def test_each_kind(kind: str):
    """Whatever is found has words of its own: what happens, then where, and no name with nothing said of it."""
    assert kind in PHRASES
    said = title(symptom(kind=kind, series="upstream latency", where={"app": "shop"}))
    assert said.endswith(" (app=shop)")
    assert "{" not in said
    assert " of upstream latency" not in said


@pytest.mark.parametrize("series", [*GROWS, *ABOVE])
def test_each_part(series: str):
    """What the gateway and its watch say of themselves is said in words, and not by a metric's name."""
    kind = "failing" if series in GROWS else "too high"
    assert title(symptom(kind=kind, series=series, where={"source": "x"})) == f"{PARTS[series]} (source=x)"


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (burn(), "the error budget burns fast (app=shop)"),
        (symptom(kind=UPSTREAM_DOWN, series="calls", where={"upstream": "u"}), "an upstream does not answer (upstream=u)"),
        (symptom(kind="rise", series="failed exchanges", where={}), "more than usual: failed exchanges (the whole gateway)"),
        (symptom(kind="cannot look", series="timeout", where={"detector": "pii"}), "a detector cannot look (timeout) (detector=pii)"),
        (symptom(kind="failing", series="made_up", where={}), "failing: made_up (the whole gateway)"),
        (symptom(kind="new one", series="x", where={}), "new one: x (the whole gateway)"),
        (symptom(kind="spike", series="{series}{0}", where={}), "a peak: {series}{0} (the whole gateway)"),
    ],
)
def test_what_is_said(made: object, said: str):
    """A fragment of a sentence, with where; what is not known is called by its names, which are never read as ours."""
    assert title(made) == said
