"""The history of drifts."""

import orjson
import pytest

from detectors.series.drift import FeatureStatus, Report, Shift
from detectors.series.level import Level
from gateway.watch.drift.episodes import Episodes
from tests.gateway.watch.drifts import KEY


def report(change: str, ts: float, feature: str = "input.topics") -> Report:
    status = FeatureStatus(feature, "drifting", 900, 1000, Level(0.4, 0.3, 0.5, 900), 1.0, ts - 60, f"req_{ts}")
    return Report(KEY, ts, (Shift(change, status, (), (), (f"req_{ts}",)),), ("input",))


def test_beginning_and_end():
    """One episode, which ends; an end without a beginning is none."""
    episodes = Episodes()
    assert episodes.note(KEY, report("ended", 10)) == []
    (begun,) = episodes.note(KEY, report("began", 20))
    assert episodes.id_of(KEY, "input.topics") == begun.id
    (ended,) = episodes.note(KEY, report("ended", 30))
    assert (ended.id, ended.since, ended.found, ended.ended) == (begun.id, -40, 20, 30)
    assert episodes.id_of(KEY, "input.topics") == ""
    assert (episodes.begun, len(episodes.newest_first())) == (1, 1)


def test_bounded():
    """The oldest goes, also while it is open."""
    episodes = Episodes(2)
    for ts, feature in enumerate(("input.topics", "output.tokens", "input.language")):
        episodes.note(KEY, report("began", ts, feature))
    assert [each.feature for each in episodes.newest_first()] == ["input.language", "output.tokens"]
    assert episodes.id_of(KEY, "input.topics") == ""
    assert episodes.begun == 3


def test_confirmed():
    """Only those that are open and not looked at wait for a second opinion."""
    episodes = Episodes()
    (episode,) = episodes.note(KEY, report("began", 1))
    assert episodes.unconfirmed() == [episode]
    episodes.confirm(episode.id, confirmed=True)
    episodes.confirm("drift-of-nobody", confirmed=True)
    assert (episodes.unconfirmed(), episodes.newest_first()[0].confirmed) == ([], True)


def test_restore():
    """The history outlasts the process."""
    first, second = Episodes(), Episodes()
    for ts in (1, 2):
        first.note(KEY, report("began", ts, f"input.{ts}"))
    first.note(KEY, report("ended", 3, "input.1"))
    second.restore(orjson.loads(orjson.dumps(first.as_json())))
    assert second.as_json() == orjson.loads(orjson.dumps(first.as_json())) | {"episodes": second.as_json()["episodes"]}
    assert [each.id for each in second.newest_first()] == [each.id for each in first.newest_first()]
    assert second.id_of(KEY, "input.2") == first.id_of(KEY, "input.2") != ""


@pytest.mark.parametrize("saved", [{}, {"episodes": [{}], "begun": 0}, {"episodes": [{"id": "x", "weather": 1}], "begun": 0}])
def test_what_is_no_history(saved):
    """It is refused."""
    with pytest.raises((KeyError, TypeError, ValueError, AttributeError)):
        Episodes().restore(saved)
