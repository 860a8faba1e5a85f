"""What an anomaly carries."""

import pytest

from detectors.series.anomaly import MAX_EVIDENCE, limited


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        ([], ()),
        (["b", "a", "b"], ("b", "a")),
        (["x" * 100, "x" * 101], ("x" * 64,)),
        ((str(each) for each in range(10_000)), tuple(str(each) for each in range(MAX_EVIDENCE))),
    ],
)
def test_evidence_is_bounded(ids: list[str], expected: tuple[str, ...]):
    """Ids are told once, in their order, and no more of them than an anomaly has room for."""
    assert limited(ids) == expected
