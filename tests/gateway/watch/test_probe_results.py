"""What probes have shown, by application."""

import orjson
import pytest

from detectors.series.probes import Answer, Method, Pair
from gateway.watch.probe_results import APPS, Results, StateError, method
from policies.signals import DISPARITY

NOW = 1_795_000_000.0


def refused(number: int, *, swapped: bool) -> Pair:
    no, yes = Answer({"refused": False}), Answer({"refused": swapped})
    return Pair("gender", "male", "female", no, yes, no) if number % 2 else Pair("gender", "female", "male", yes, no, yes)


def filled(pairs: int, *, swapped: bool, app: str = "shop") -> Results:
    results = Results(method())
    for number in range(pairs):
        results.update(app, refused(number, swapped=swapped), NOW + number)
    return results


def test_levels():
    """What differs is told by how much, since when, and as what in the report; what does not is not told."""
    (level,) = filled(60, swapped=True).levels(NOW + 200)
    assert (level.kind, level.name, level.app, level.level, level.expires) == ("disparity", "probes", "shop", 1.0, NOW + 200)
    assert level.name in DISPARITY
    assert NOW < level.since < NOW + 60
    shown = filled(60, swapped=True).shown()
    assert level.evidence in [each["id"] for each in shown[0]["differences"]]
    assert filled(60, swapped=False).levels(NOW) == []


def test_few_pairs_show_nothing():
    """Of fewer than are needed to show anything, there are no figures."""
    (app,) = filled(10, swapped=True).shown()
    assert {each["state"] for each in app["differences"]} == {"not enough data"}
    assert {each["shift"] for each in app["differences"]} == {None}


def test_bounded():
    """Applications beyond the limit are counted, and nothing of them is kept."""
    results = Results(method())
    for number in range(APPS + 3):
        results.update(f"app{number}", refused(1, swapped=True), NOW)
    assert (results.pairs, results.ignored, len(results.shown())) == (APPS, 3, APPS)


def test_restart():
    """After it, all is as before."""
    results = filled(60, swapped=True)
    again = Results(Method(most_keys=256))
    again.restore(orjson.loads(orjson.dumps(results.snapshot())), NOW)
    assert again.shown() == results.shown()
    assert again.levels(NOW) == results.levels(NOW)


@pytest.mark.parametrize(
    "saved", [{}, {"apps": [["shop", None, {}]], "ignored": 0}, {"apps": 5, "ignored": 0}, {"apps": [[]], "ignored": 0}]
)
def test_no_state(saved: dict):
    """What is none is refused, by its own error."""
    with pytest.raises(StateError):
        Results(method()).restore(saved, NOW)
