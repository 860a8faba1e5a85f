"""Which measures a rehearsal can be under."""

from pathlib import Path

import pytest

from gateway.cli.policy.measured import MeasureError, measure_of
from policies.measures import said
from policies.problems import ProblemsError


def test_none():
    """Without one, nothing is in force."""
    assert measure_of(None, None, None) is None


@pytest.mark.parametrize(
    ("words", "app", "complaint"),
    [
        ("concurrency: {upstream: a, limit: 1}", None, "concurrency is not seen in decisions"),
        ("quarantine: {key: '0123456789abcdef'}", None, "quarantine is not seen in decisions"),
        ("quarantine: {app: '{app}'}", None, "say it with --measure-app"),
        ("quarantine: {app: '{app}'}", "*", "--measure-app is no name"),
        ("tighten: {rule: '{rule}', action: block}", None, "{rule} is filled by an incident"),
    ],
)
def test_what_cannot_be_rehearsed(tmp_path: Path, words: str, app: str | None, complaint: str):
    """What no decision would show, or what nobody has said whom it is about, is refused with the reason."""
    (tmp_path / "m.yaml").write_text(words)
    with pytest.raises(MeasureError) as raised:
        measure_of(str(tmp_path / "m.yaml"), app, None)
    assert complaint in str(raised.value)


def test_whom_it_is_about(tmp_path: Path):
    """The application is filled in; without a measure it says nothing."""
    (tmp_path / "m.yaml").write_text("force_redaction: {app: '{app}'}")
    found = measure_of(str(tmp_path / "m.yaml"), "shop", None)
    assert found
    assert said(found.do) == {"force_redaction": {"app": "shop"}}
    with pytest.raises(MeasureError):
        measure_of(None, "shop", None)


def test_words_that_are_none(tmp_path: Path):
    """A file that is no measure is named with its line."""
    (tmp_path / "m.yaml").write_text("tighten: {rule: pii, action: allow}")
    with pytest.raises(ProblemsError) as raised:
        measure_of(str(tmp_path / "m.yaml"), None, None)
    assert "m.yaml:1: tighten.action: 'allow' is not allowed here" in str(raised.value)
