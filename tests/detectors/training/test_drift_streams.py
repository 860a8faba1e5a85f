"""Simulated traffic."""

from collections import Counter

from detectors.training.drift_streams import DAY_S, MONDAY, Change, Text, Traffic

TRAFFIC = Traffic({"a": [Text(1, 20)], "b": [Text(2, 30)]}, [Text(9, 25)], per_day=1000)


def test_the_same_seed_gives_the_same_exchanges():
    """Chance is drawn from the seed, and times and ids follow the number."""
    first, second = (list(TRAFFIC.stream(100, 50, "s")) for _ in range(2))
    assert first == second
    assert list(TRAFFIC.stream(100, 50, "t")) != first
    assert (first[0].id, first[0].ts) == ("x100", MONDAY + DAY_S / 10)


def test_fifteen_features():
    """Each exchange has all of them, where its text has a bucket."""
    (each,) = TRAFFIC.stream(0, 1, "s")
    assert len(each.numeric) + len(each.categorical) + len(each.sketches) == 15


def test_topics_follow_the_day():
    """A topic is more common at its hour than half a day later."""
    at = {hour: Counter(each.sketches["input.topics"] for each in TRAFFIC.stream(hour * 1000 // 24, 100, "s")) for hour in (6, 18)}
    assert at[6][1] > at[18][1] + 10
    assert at[18][2] > at[6][2] + 10


def test_changes():
    """Each change shows in its feature, at about its share."""
    change = Change(new_topic=0.5, language=0.5, template=0.5, blocked=0.5, refused=0.5, silent_pii=True)
    seen = list(TRAFFIC.stream(0, 1000, "s", change))
    shares = [
        sum(each.sketches["input.topics"] == 9 for each in seen),
        sum(each.categorical["input.language"] == "it" for each in seen),
        sum(each.categorical["template.fingerprint"] == "t9" for each in seen),
        sum(each.categorical["policy.verdict"] == "block" for each in seen),
        sum(each.categorical["output.refused"] == "yes" for each in seen),
    ]
    assert all(430 < share < 600 for share in shares)
    assert not any(each.categorical["detector.pii"] == "found" for each in seen)


def test_users():
    """With users known, each exchange has one."""
    assert {each.source for each in Traffic(TRAFFIC.topics, sources=2).stream(0, 50, "s")} == {"user 0", "user 1"}
