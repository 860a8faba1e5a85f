"""What an observation is."""

import pytest

from detectors.series.observation import Observation, side


@pytest.mark.parametrize(
    ("name", "expected"), [("input.topics", "input"), ("detector.pii.email", "detector"), ("verdict", "verdict"), ("", ""), (".x", "")]
)
def test_side(name: str, expected: str):
    """The side is what stands before the first dot."""
    assert side(name) == expected


def test_nothing_need_be_known():
    """An exchange of which only the id is known is an observation, and two of them share no state."""
    first, second = Observation("a"), Observation("b")
    assert (dict(first.numeric), dict(second.categorical), first.ts) == ({}, {}, None)
    with pytest.raises(TypeError):
        first.numeric["x"] = 1.0  # type: ignore[index]
