"""What is switched on, by the conventions' variables."""

import pytest

from gateway.watch.otel.switches import CAPTURE, EMIT, OFF, Switches, switches


@pytest.mark.parametrize(
    ("capture", "emit", "expected"),
    [
        ("", "", OFF),
        ("NO_CONTENT", "", OFF),
        ("SPAN_ONLY", "", Switches(has_content=True)),
        ("span_only", " TRUE ", Switches(has_content=True, has_events=True)),
        ("EVENT_ONLY", "", Switches(has_events=True, has_content_in_events=True)),
        ("EVENT_ONLY", "false", Switches(has_content_in_events=True)),
        ("SPAN_AND_EVENT", "", Switches(has_content=True, has_events=True, has_content_in_events=True)),
        ("", "true", Switches(has_events=True)),
    ],
)
def test_switches(capture: str, emit: str, expected: Switches):
    """Nothing unless it is said; where texts are wanted in events, these are on unless that is said, too."""
    assert switches({CAPTURE: capture, EMIT: emit}) == expected
    assert switches({}) == OFF


def test_asking_for_texts():
    """It takes events for texts in events."""
    assert [each.asks_for_content for each in (OFF, Switches(True), Switches(False, True), Switches(False, False, True))] == [
        False, True, False, False,
    ]  # fmt: skip
    assert Switches(False, True, True).asks_for_content


@pytest.mark.parametrize(("name", "value"), [(CAPTURE, "true"), (CAPTURE, "SPAN"), (EMIT, "1"), (EMIT, "yes")])
def test_values_that_are_none(name: str, value: str):
    """They are an error, which names the variable and what is allowed."""
    with pytest.raises(ValueError, match=f"{name} is not understood; allowed: (NO_CONTENT|TRUE)"):
        switches({name: value})
