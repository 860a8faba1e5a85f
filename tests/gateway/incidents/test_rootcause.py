"""Hints at why."""

import pytest

from detectors.series.slices import Slice
from detectors.series.traces import Ranked
from gateway.incidents.rootcause import CHANGED_S, MAX_HINTS, Change, Traits, hints, similar

ROWS = [{"app": f"app{at % 4}", "model": "m"} for at in range(100)]
APP_1 = Slice((("app", "app1"),), 20, 1.0, 25, 9.0, tuple(range(1, 100, 4)))


def change(at: float, what: str = "policy", **dimensions: str) -> Change:
    return Change(at, what, f"{what} of {at:.0f}", "v2", tuple(dimensions.items()))


def test_a_part():
    """Parts are ranked by how much of the excess is theirs."""
    other = Slice((), 6, 5.0, 75, 7.0, tuple(at for at in range(100) if at % 4 != 1))
    first, second = hints(0.0, ROWS, [other, APP_1])
    assert (first.what, first.name, first.confidence, first.conditions) == ("slice", "app=app1", 0.95, (("app", "app1"),))
    assert (second.name, second.confidence) == ("all traffic", 0.05)
    assert first.evidence == {"hits": 20, "expected": 1.0, "rows": 25}


@pytest.mark.parametrize(
    ("likelier", "other"),
    [
        (change(-60.0, app="app1"), change(-60.0)),
        (change(-60.0, app="app1"), change(-1200.0, app="app1")),
        (change(-60.0), change(-60.0, app="app2")),
        (change(60.0, app="app1"), change(-60.0)),
    ],
    ids=["of the part", "just before", "of everything", "clocks differ"],
)
def test_changes(likelier: Change, other: Change):
    """The closer in time and the more it is of what is affected, the likelier."""
    for changes in ([likelier, other], [other, likelier]):
        found = [hint for hint in hints(0.0, ROWS, [APP_1], changes=changes) if hint.what == "policy"]
        assert found[0].conditions == likelier.dimensions
        assert (found[0].name, found[0].evidence["seconds_before"]) == (f"{likelier.name} v2", max(0.0, -likelier.at))


@pytest.mark.parametrize("given", [change(-CHANGED_S - 1), change(300.0), change(-60.0, app="app2"), change(-60.0, app="none")])
def test_no_hint(given: Change):
    """What was long before, or after, or elsewhere, is none."""
    assert hints(0.0, ROWS, [APP_1], changes=[given]) == hints(0.0, ROWS, [APP_1])


def test_changes_without_a_part():
    """Where no part stands out, what changed for everybody fits best."""
    found = hints(0.0, ROWS, [], changes=[change(-10.0, app="app1"), change(-10.0, "deploy")])
    assert [hint.what for hint in found] == ["deploy", "policy"]
    assert hints(0.0, [], [], changes=[change(-10.0)]) == []


def test_operations():
    """What stands out most is likeliest; what nobody waits for, and what is hardly off, are no hints."""

    def ranked(name: str, z: float, *, is_on_the_way: bool = True) -> Ranked:
        return Ranked(name, "", z, 2.0, 1.0, 50, is_on_the_way)

    ranking = [ranked("stream", 30.0), ranked("scan", 10.0), ranked("aside", 90.0, is_on_the_way=False), ranked("other", 1.0)]
    found = hints(0.0, ROWS, [], ranking)
    assert [(hint.name, hint.confidence) for hint in found] == [("stream", 0.9), ("scan", 0.1)]
    assert found[0].evidence == {"z": 30.0, "seconds": 2.0, "usual_seconds": 1.0, "spans": 50}


def test_bounds():
    """Hints are few, and the likeliest."""
    found = hints(0.0, ROWS, [APP_1], changes=[change(-1.0 - at) for at in range(50)])
    assert len(found) == MAX_HINTS
    assert found[0].what == "slice"
    assert [hint.confidence for hint in found] == sorted((hint.confidence for hint in found), reverse=True)


def test_names_are_shown_in_one_line():
    """What an application calls its things cannot move what stands around it."""
    part = APP_1._replace(conditions=(("user", "a\nb\u202e" + "x" * 100),))
    (hint,) = hints(0.0, ROWS, [part])
    assert hint.name == "user=a?b?" + "x" * 60


def traits(number: str, fingerprint: str = "", kinds: str = "slow", **dimensions: str) -> Traits:
    return Traits(number, fingerprint or number, frozenset(kinds.split()), frozenset({"stream"}), frozenset(dimensions.items()))


def test_similar_incidents():
    """The same fingerprint is the same again; else what they have in common counts, the latest first; itself is none."""
    past = [
        traits("1", kinds="slow", app="a", model="m"), traits("2", "same", kinds="other", app="z"), traits("3", kinds="errors", app="q"),
        traits("4", kinds="slow", app="a", model="m"), traits("5", kinds="slow", app="a"), traits("now", "same"),
    ]  # fmt: skip
    found = similar(traits("now", "same", app="a", model="m"), past)
    assert [(each.incident_id, each.likeness) for each in found] == [("4", 1.0), ("2", 1.0), ("1", 1.0)]
    assert [each.incident_id for each in similar(traits("now", app="a"), past, most=9)] == ["5", "4", "1", "3", "2"]
    assert similar(traits("now", kinds="x"), [Traits("6", "6", frozenset(), frozenset(), frozenset())]) == []
