"""What a report on traces says, as symptoms."""

from typing import Any

import pytest

from detectors.series.anomaly import Anomaly
from detectors.series.traces import Ranked, Report
from gateway.detecting.reports import symptoms


def anomaly(kind: Any, value: float | None, baseline: float | None, score: float = 1e-12) -> Anomaly:
    return Anomaly(kind, ("shop",), "answer of near", 100.0, 160.0, score, value, baseline, 500, ("req_1",))


@pytest.mark.parametrize(
    ("found", "about", "level", "is_harm"),
    [
        (anomaly("slow operation", 0.9, 0.3), "latency", 1.5, True),
        (anomaly("slow operation", 0.9, 0.3, 1e-6), "latency", 0.75, True),
        (anomaly("slow operation", 0.36, 0.3), "latency", 0.45, True),
        (anomaly("slow operation", 0.02, 0.002), "latency", 0.36, True),
        (anomaly("slow path", 0.9, 0.3), "latency", 1.5, True),
        (anomaly("stall", 0.9, 0.0), "latency", 1.5, True),
        (anomaly("failing operation", 0.5, 0.0), "errors", 1.5, True),
        (anomaly("failing operation", 0.06, 0.0), "errors", 0.6, True),
        (anomaly("retry storm", 0.5, 0.0), "retries", 1.5, False),
        (anomaly("missing span", 0.1, 1.0), "other", 1.5, False),
        (anomaly("extra span", 0.15, 0.0), "other", 1.5, False),
        (anomaly("slow operation", None, 0.3), "latency", 0.0, True),
    ],
)
def test_symptoms(found: Anomaly, about: str, level: float, is_harm: bool):
    """What it is about, and how much: by chance, and by what it is to who waits."""
    ranked = Ranked("answer of near", "near", 9.0, 0.9, 0.3, 50, is_on_the_way=True)
    (symptom,) = symptoms(Report((found,), (ranked,)), lambda _: {"app": "shop", "upstream": ""})
    assert (symptom.modality, symptom.about, symptom.is_harm, symptom.dimensions) == ("trace", about, is_harm, (("app", "shop"),))
    assert symptom.level == pytest.approx(level, abs=0.01)


def test_nobody_waits_for_it():
    """What is slow beside the way is no harm."""
    ranked = Ranked("answer of near", "near", 9.0, 0.9, 0.3, 50, is_on_the_way=False)
    (symptom,) = symptoms(Report((anomaly("slow operation", 0.9, 0.3),), (ranked,)), lambda _: {})
    assert not symptom.is_harm


def test_another_floor():
    """What is asked of the time of a token is less."""
    (symptom,) = symptoms(Report((anomaly("slow path", 0.03, 0.01),), ()), lambda _: {}, lambda _: 0.005)
    assert symptom.level == pytest.approx(1.5)
