"""Kinds of drift."""

import pytest

from detectors.series.baseline import Expected
from detectors.series.kinds import Shape, kinds

MOVED = Shape([60, 40, 0], Expected((0.9, 0.05, 0.05), 1000), is_numeric=False)
SILENT = Shape([1000, 0, 0], Expected((0.95, 0.04, 0.01), 1000), is_numeric=False)
TOO_FEW_TO_TELL = Shape([100, 0, 0], Expected((0.95, 0.04, 0.01), 1000), is_numeric=False)
NOTHING_MISSING = Shape([500, 500, 0], Expected((0.5, 0.4, 0.1), 1000), is_numeric=False)
COLLAPSED = Shape([990, 5, 5, 0], Expected((0.4, 0.3, 0.2, 0.1), 1000), is_numeric=True)
ALWAYS_THERE = Shape([990, 5, 5, 0], Expected((0.9, 0.03, 0.03, 0.04), 1000), is_numeric=True)


@pytest.mark.parametrize(
    ("drifting", "expected"),
    [
        ({}, ()),
        ({"input.topics": MOVED}, ("input",)),
        ({"output.tokens": MOVED}, ("upstream model",)),
        ({"output.tokens": MOVED, "input.topics": MOVED}, ("input", "output")),
        ({"output.tokens": MOVED, "template.fingerprint": MOVED}, ("prompt template", "output")),
        ({"label.correct": MOVED}, ("concept",)),
        ({"label.correct": MOVED, "input.topics": MOVED}, ("input", "concept")),
        ({"upstream.latency_ms": MOVED}, ()),
        ({"detector.pii": MOVED}, ("detector scores",)),
        ({"detector.pii": SILENT}, ("rule went silent",)),
        ({"policy.verdict": SILENT}, ("rule went silent",)),
        ({"detector.pii": TOO_FEW_TO_TELL}, ("detector scores",)),
        ({"detector.pii": NOTHING_MISSING}, ("detector scores",)),
        ({"detector.injection": COLLAPSED}, ("score collapsed",)),
        ({"detector.injection": ALWAYS_THERE}, ("detector scores",)),
        ({"detector.a": SILENT, "detector.b": COLLAPSED, "input.topics": MOVED}, ("input", "rule went silent", "score collapsed")),
    ],
)
def test_kinds(drifting: dict[str, Shape], expected: tuple[str, ...]):
    """The sides that moved tell the kind; of the guards' own, what their shares became."""
    assert kinds(drifting) == expected
