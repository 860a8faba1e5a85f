"""What follows what."""

import json
from math import log

import pytest

from detectors.series import sequences
from detectors.series.sequences import Sequences, Transitions, most_surprising

USUAL = ("open", "read", "read", "close")


def follow(watch: Sequences, session: str, steps: tuple[str, ...], ts: float) -> list[bool]:
    return [watch.follow(ts, session, step) is not None for step in steps]


def learned(count: int = 1200) -> Sequences:
    watch = Sequences()
    for at in range(count):
        assert not any(follow(watch, f"s{at}", USUAL, at * 400.0))
    return watch


def test_surprise():
    """The chance of a step is that of the counts; what was never seen there is the rarer the more was, and the rarer it is elsewhere."""
    transitions = Transitions()
    for _ in range(95):
        transitions.learn("a", "b")
    assert transitions.surprise("a", "b") == pytest.approx(-log((95 + 5 * 95.5 / 96) / 100))
    assert transitions.surprise("a", "c") == pytest.approx(-log(5 * 0.5 / 96 / 100))
    transitions.learn("b", "c")
    assert transitions.surprise("a", "c") < 0.9 * -log(5 * 0.5 / 96 / 100)


def test_a_session_is_as_surprising_as_its_worst_step():
    """Also the first, and the last."""
    transitions = Transitions()
    for pair in [("^", "a"), ("a", "b"), ("b", "$")] * 50:
        transitions.learn(*pair)
    usual = most_surprising(transitions, ["a", "b"])
    assert all(most_surprising(transitions, steps) > usual + 2 for steps in (["b"], ["a"], ["a", "a", "b"]))


def test_a_step_that_never_follows_is_told_once():
    """In the session where it happens, and no other."""
    watch = learned()
    assert follow(watch, "odd", ("open", "close", "read", "open", "close"), 1e6) == [False, True, False, False, False]
    assert not any(follow(watch, "next", USUAL, 1e6))


def test_few_sessions_tell_nothing():
    """Until two hundred have ended."""
    assert not any(follow(learned(150), "odd", ("close", "open", "what"), 1e6))


def test_sessions_side_by_side():
    """Their steps are not mixed."""
    watch = learned()
    assert not any(watch.follow(1e6, f"s{session}", step) for step in USUAL for session in range(50))


def test_it_is_bounded(monkeypatch: pytest.MonkeyPatch):
    """However many sessions are open, and however many steps there are."""
    monkeypatch.setattr(sequences, "_MOST_OPEN", 100)
    monkeypatch.setattr(sequences, "_MOST_PAIRS", 200)
    watch = Sequences()
    for at in range(1000):
        watch.follow(0.0, f"s{at}", f"t{at}")
        watch.follow(0.0, f"s{at}", f"u{at}")
    saved = watch.as_json()
    assert len(saved["open"]) <= 100
    assert sum(map(len, saved["transitions"].values())) <= 200


def test_what_is_rare_is_forgotten_first(monkeypatch: pytest.MonkeyPatch):
    """Where there are too many pairs, those that were seen once go."""
    monkeypatch.setattr(sequences, "_MOST_PAIRS", 10)
    transitions = Transitions()
    for at in range(30):
        transitions.learn("a", "b")
        transitions.learn("a", f"x{at}")
    assert transitions.surprise("a", "b") < transitions.surprise("a", "x0")


def test_a_time_that_was_wrong_holds_no_session_open():
    """Sessions of another time, ahead or behind, end like those that are idle."""
    watch = Sequences()
    watch.follow(1e12, "ahead", "a")
    for at in range(10):
        watch.follow(at * 400.0, f"s{at}", "a")
    assert watch.ended == 10


def test_restored():
    """The same future, also of sessions that are open."""
    one, other = learned(), Sequences()
    one.follow(1e6, "open", "open")
    other.restore(json.loads(json.dumps(one.as_json())))
    assert follow(one, "open", ("close", "read"), 1e6) == follow(other, "open", ("close", "read"), 1e6) == [True, False]
    assert one.as_json() == other.as_json()


@pytest.mark.parametrize("part", ["open", "transitions"])
def test_too_much_is_not_restored(part: str, monkeypatch: pytest.MonkeyPatch):
    """A snapshot of more than the limits is refused."""
    saved = learned(5).as_json()
    monkeypatch.setattr(sequences, {"open": "_MOST_OPEN", "transitions": "_MOST_PAIRS"}[part], 0)
    with pytest.raises(ValueError):
        Sequences().restore(saved)
