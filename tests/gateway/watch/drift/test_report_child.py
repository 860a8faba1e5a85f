"""What the process says that has Evidently look, without it."""

import pytest

from gateway.watch.drift.report_child import columns, page


def metric(method: str, threshold: float | None, value: object) -> dict:
    return {"config": {"column": "input.tokens", "method": method, "threshold": threshold}, "value": value}


@pytest.mark.parametrize(
    ("method", "threshold", "value", "drifted"),
    [
        ("Wasserstein distance (normed)", 0.1, 0.3, True),
        ("Wasserstein distance (normed)", 0.1, 0.05, False),
        ("K-S p_value", 0.05, 0.01, True),
        ("K-S p_value", 0.05, 0.5, False),
        ("Jensen-Shannon distance", None, 0.5, None),
    ],
)
def test_columns(method: str, threshold: float | None, value: float, drifted: bool | None):
    """A distance counts from its threshold on, and a chance below it."""
    found = columns({"metrics": [metric(method, threshold, value)]})
    assert found == {"input.tokens": {"method": method, "threshold": threshold, "value": value, "drifted": drifted}}


def test_what_is_of_no_column():
    """It is left out, and so is what is no number."""
    said = {"metrics": [{"config": {"drift_share": 0.5}, "value": {"count": 1}}, metric("x", 1, "y"), metric("x", 1, True), {}]}
    assert columns(said) == {}


@pytest.mark.parametrize("html", ["<html><head><title>x</title></head></html>", "<p>no head</p>"])
def test_page(html: str):
    """A browser that shows it loads nothing."""
    assert b"Content-Security-Policy" in page(html)
    assert page(html).replace(b"Content-Security-Policy", b"").count(b"http") == 1  # of http-equiv
