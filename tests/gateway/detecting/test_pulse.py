"""Whether a source is still heard of."""

import json
from collections.abc import Iterable

import pytest

from gateway.detecting.pulse import Pulse


def looked(pulse: Pulse, beats: Iterable[bool], begin: float = 0.0) -> list[float]:
    """When it is silent: it is looked at every ten seconds."""
    found = []
    for at, beat in enumerate(beats):
        if beat:
            pulse.heard()
        if pulse.look(begin + at * 10.0):
            found.append(begin + at * 10.0)
    return found


def every(steps: int, times: int) -> list[bool]:
    return [at % steps == 0 for at in range(steps * times)]


def test_times_of_which_nothing_is_known():
    """They count for no silence, which what is heard meanwhile ends."""
    pulse = Pulse()
    assert looked(pulse, every(1, 30)) == []
    for at in range(30, 100):
        pulse.skip(at * 10.0)
    assert looked(pulse, [False] * 15, 1000.0) == [1120.0, 1130.0, 1140.0]
    pulse.heard()
    pulse.skip(1150.0)
    assert looked(pulse, [False] * 12, 1160.0) == []


@pytest.mark.parametrize(
    ("beats", "silent_from"),
    [
        (every(1, 30) + [False] * 30, 420.0),
        (every(6, 30) + [False] * 13, None),
        (every(6, 30) + [False] * 60, 1930.0),
        (every(1, 15) + [False] * 60, None),
        ((every(1, 10) + [False] * 12) * 5 + [False] * 90, None),
        (every(1, 300), None),
    ],
    ids=["stops", "not for long enough", "stops, seldom as it came", "seldom heard of", "comes and goes", "goes on"],
)
def test_silence(beats: list[bool], silent_from: float | None):
    """What came regularly and no longer does is silent after three times as long as ever of late, or two minutes."""
    assert next(iter(looked(Pulse(), beats)), None) == silent_from


def test_it_is_heard_again():
    """Then it is not silent."""
    pulse = Pulse()
    assert looked(pulse, every(1, 30) + [False] * 30)
    assert looked(pulse, [True], 1000.0) == []


def test_nobody_looked():
    """How long nobody looked says nothing of how long it was silent; neither does the time that a watch was not there."""
    pulse = Pulse()
    looked(pulse, every(1, 30))
    assert looked(pulse, [False] * 5, 100_000.0) == []
    other = Pulse()
    other.read_json(json.loads(json.dumps(pulse.as_json())))
    assert other.gaps == pulse.gaps == 29
    assert other.usual_s() == 10.0
    assert looked(other, [False] * 5, 900_000.0) == []
    assert looked(other, [False] * 20, 900_050.0)


def test_a_clock_that_goes_back():
    """It counts as no time."""
    pulse = Pulse()
    looked(pulse, every(1, 30))
    assert looked(pulse, [False] * 5, -1e6) == []
