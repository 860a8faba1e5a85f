"""Anomalies in logs."""

import json
import string
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.series.anomaly import Anomaly
from detectors.series.logs import LogLine, LogWatch, Settings

QUICK = Settings(learn=200)
MINUTES = 60
A_MINUTE = 40


def usual(at: int, minute: int, chance: Random) -> LogLine:
    """Requests of four steps each."""
    step = ("request begins", "asked upstream", f"answered after {chance.randint(10, 90)} ms", "request ends")[at % 4]
    return LogLine(minute * 60.0 + at, step, "gateway", "info", f"{minute}-{at // 4}")


def minutes(watch: LogWatch, start: int, count: int) -> list[Anomaly]:
    chance = Random(start)
    return [found for minute in range(start, start + count) for at in range(A_MINUTE) for found in watch.update(usual(at, minute, chance))]


@pytest.fixture
def learned() -> LogWatch:
    watch = LogWatch(QUICK)
    assert minutes(watch, 0, MINUTES) == []
    return watch


def line(text: str, level: str = "info", session: str | None = None, minute: int = MINUTES) -> LogLine:
    return LogLine(minute * 60.0, text, "gateway", level, session)


@pytest.mark.parametrize(
    ("level", "told"), [("error", True), ("WARN", True), ("critical", True), ("info", False), ("debug", False), ("whatever", False)]
)
def test_a_new_template_is_told_by_its_level(learned: LogWatch, level: str, told: bool):
    """An error that was never seen is; the second of its kind is not, nor is what only informs."""
    first, second = (learned.update(line(f"cannot reach the vault of {name}", level)) for name in ("alice", "bob"))
    assert [(each.kind, each.key, each.evidence) for each in first] == ([("new template", ("gateway",), ("t5",))] if told else [])
    assert second == ()
    assert all(0 < each.score < 0.01 and each.value is None for each in first)


def test_no_text_is_in_an_anomaly(learned: LogWatch):
    """What a line said stays with the template, which is asked for by its id."""
    found = learned.update(line("cannot reach the vault", "error", "trace-1"))
    assert "vault" not in repr(found)
    assert {learned.template(each.series) for each in found} == {"cannot reach the vault"}
    assert [learned.template(each) for each in ("t999", "x", "t", "tx")] == [None] * 4


def test_a_rate_that_changes_is_told(learned: LogWatch):
    """Ten a minute are usual, a hundred are told when the minute is over; and so are none."""
    for _ in range(100):
        assert learned.update(line("request begins")) == ()
    found = minutes(learned, MINUTES + 1, 1)
    assert {(each.kind, learned.template(each.series), each.value) for each in found} >= {("template rate", "request begins", 100)}
    assert {each.value for each in found} <= {0, 100}


def test_whether_a_rate_goes_on(learned: LogWatch):
    """Of a template that came too often in the last whole minute, of whose service it is."""
    for _ in range(100):
        learned.update(line("request begins"))
    assert not learned.goes_on("gateway", learned.last)
    minutes(learned, MINUTES + 1, 1)
    assert [learned.goes_on(service, "t1") for service in ("gateway", "other")] == [True, False]
    minutes(learned, MINUTES + 2, 1)
    assert not learned.goes_on("gateway", "t1")


def test_room_for_fewer():
    """Of so many templates, and of the rates of so many, as the settings say."""
    watch = LogWatch(Settings(templates=5))
    for minute in range(3):
        for at in range(200):
            watch.update(line(f"{string.ascii_lowercase[at % 26] * 3} {'x ' * (at % 40)}", minute=minute))
    saved = json.loads(watch.snapshot())
    assert (len(saved["miner"]["templates"]), len(saved["rates"]), len(saved["counts"])) == (5, 5, 5)
    assert watch.uncounted


def test_a_time_without_lines_is_missing(learned: LogWatch):
    """Nothing came for an hour: that is no change of any rate."""
    assert minutes(learned, MINUTES + 60, 2) == []


def test_a_step_that_does_not_follow_is_told():
    """With the session that it is of."""
    watch = LogWatch(QUICK)
    minutes(watch, 0, MINUTES)
    found = [each for text in ("request begins", "request ends") for each in watch.update(line(text, session="odd"))]
    assert [(each.kind, each.evidence) for each in found] == [("sequence break", ("t4", "odd"))]


def test_a_number_that_is_far_off_is_told(learned: LogWatch):
    """With the number, and what is usual."""
    (found,) = learned.update(line("answered after 900000 ms"))
    assert (found.kind, found.value) == ("parameter outlier", 900_000)
    assert found.baseline == pytest.approx(50, abs=20)


def test_lines_that_all_look_different(learned: LogWatch):
    """Poisoned logs: what is told in a day is capped and the rest is counted; what is kept is bounded."""
    chance = Random(1)
    found = [
        each
        for _ in range(5000)
        for each in learned.update(line(" ".join("".join(chance.choices(string.ascii_letters, k=6)) for _ in range(5)), "error"))
    ]
    assert len(found) == 20
    assert learned.unsaid > 4000
    assert learned.uncounted > 2000
    assert len(learned.snapshot()) < 1_000_000


def test_a_clock_that_was_once_wrong(learned: LogWatch):
    """Lines of the usual time are judged as before."""
    learned.update(LogLine(1e12, "request begins", "gateway"))
    assert learned.update(LogLine(float("nan"), "request begins", "gateway")) == ()
    minutes(learned, MINUTES, 20)
    for _ in range(200):
        learned.update(line("request begins", minute=MINUTES + 20))
    assert "template rate" in {each.kind for each in minutes(learned, MINUTES + 21, 1)}


def test_restored_it_goes_on_as_it_would_have(learned: LogWatch):
    """In the middle of a minute, and of sessions."""
    learned.update(line("request begins", session="odd"))
    other = LogWatch.restore(learned.snapshot(), QUICK)
    given_lines = [line("request ends", session="odd"), line("something new", "error"), line("answered after 900000 ms")]
    assert [learned.update(each) for each in given_lines] == [other.update(each) for each in given_lines]
    assert minutes(learned, MINUTES + 1, 3) == minutes(other, MINUTES + 1, 3)
    assert learned.snapshot() == other.snapshot()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(), st.text(max_size=40), st.text(max_size=5), st.none() | st.text(max_size=3)), max_size=40))
def test_any_lines_are_survived(given_lines: list[tuple[float, str, str, str | None]]):
    """Whatever is logged, by whatever clock."""
    watch = LogWatch(Settings(learn=1, least_level="debug"))
    for ts, text, level, session in given_lines:
        for found in watch.update(LogLine(ts, text, level, level, session)):
            assert 0 <= found.score <= 1


@pytest.mark.parametrize("data", [b"", b"{}", b'{"version": 2}', b'{"version": 1, "lines": 1}', b"[]"])
def test_what_is_no_snapshot(data: bytes):
    """Refused, as a ValueError."""
    with pytest.raises(ValueError):
        LogWatch.restore(data)
