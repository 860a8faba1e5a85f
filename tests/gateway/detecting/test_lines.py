"""The log of one source."""

import json
import random
import sys
from collections.abc import Iterator

import pytest

from gateway.detecting.lines import MAX_NOVEL, MAX_TEMPLATES, Lines
from gateway.incidents.symptom import Symptom
from gateway.telemetry.observed import OWN, LogSeen

START = 1_795_000_000.0
INFO, WARN, ERROR, FATAL = 9, 13, 17, 21


def usual(seconds: int, after_s: int = 0, each_s: int = 4) -> Iterator[LogSeen]:
    """Of an application that is well: a few warnings and errors of a known kind, and what it does."""
    chance = random.Random(f"usual {after_s}")
    for number in range(seconds * each_s):
        ts, kind = START + after_s + number / each_s, chance.random()
        if kind < 0.02:
            yield LogSeen(ts, "otlp/shop", ERROR, f"payment {chance.randrange(9999)} was declined by the bank", "")
        elif kind < 0.05:
            yield LogSeen(ts, "otlp/shop", WARN, f"slow query took {chance.randrange(500, 900)} ms", "")
        else:
            yield LogSeen(ts, "otlp/shop", INFO, f"GET /cart/{chance.randrange(999)} 200 in {chance.randrange(1, 90)} ms", "")


def fed(lines: Lines, given: Iterator[LogSeen]) -> list[Symptom]:
    """What is at its level, asked for every ten seconds."""
    found, asked = [], 0.0
    for seen in given:
        if seen.ts - asked >= 10:
            asked = seen.ts
            found += [each for each in lines.step(asked) if each.level >= 1]
        lines.take(seen, seen.ts)
    return found


@pytest.fixture(scope="module")
def learned() -> dict:
    lines = Lines("otlp/shop")
    assert fed(lines, usual(2400)) == []
    return json.loads(lines.snapshot())


def with_others(others: list[LogSeen], seconds: int = 120) -> Iterator[LogSeen]:
    return iter(sorted([*usual(seconds, 2400), *others], key=lambda seen: seen.ts))


def more(count: int, severity: int, body: str, trace_id: str = "", over_s: float = 60) -> list[LogSeen]:
    return [
        LogSeen(START + 2400 + 1 + at * over_s / count, "otlp/shop", severity, body.replace("#", str(at)), trace_id) for at in range(count)
    ]


@pytest.mark.parametrize(
    ("others", "kind"),
    [
        (more(3, ERROR, "connection to database refused, attempt #"), "new template"),
        (more(2, ERROR, "connection to database refused, attempt #"), None),
        (more(10, WARN, "the disk has # MB left only"), "new template"),
        (more(9, WARN, "the disk has # MB left only"), None),
        (more(1, FATAL, "out of memory"), "new template"),
        (more(500, INFO, "a new feature said hello for the # time"), None),
        (more(3, 0, "Traceback (most recent call last): # lines"), "new template"),
        (more(3, 0, "a new feature said hello for the # time"), None),
        (more(300, ERROR, "payment # was declined by the bank"), "template rate"),
        ([seen for seen in usual(60, 2400, 40) if seen.severity == INFO], None),
    ],
    ids=lambda each: f"{each[0].body[:14]} {each[0].severity} {len(each)}" if isinstance(each, list) else str(each),
)
def test_trouble(learned: dict, others: list[LogSeen], kind: str | None):
    """Lines of trouble that are new, or come much more often, are told within a minute and a half; none else."""
    found = fed(Lines.restore("otlp/shop", learned), with_others(others))
    assert {each.kind for each in found} == ({kind} if kind else set())
    for each in found[:1]:
        assert each.at <= START + 2400 + 90
        assert (each.modality, each.about, each.is_harm, each.dimensions) == ("log", "logs", False, (("source", "otlp/shop"),))
        assert each.onset >= START + 2400 - 30


def test_how_it_goes_on(learned: dict):
    """It is told as long as there are lines of it, with their number and their traces, and not much longer."""
    lines = Lines.restore("otlp/shop", learned)
    found = fed(lines, with_others(more(30, ERROR, "connection to database refused, attempt #", "a" * 32, 60.0), 600))
    assert [each.value for each in found][-1] == 30
    assert found[-1].traces == ("a" * 32,)
    assert START + 2400 + 150 < found[-1].at < START + 2400 + 200
    assert lines.words(found[0].series) == "connection to database refused, attempt <*>"
    assert found[0].note == ""


def test_our_own():
    """An error of the gateway's own is told at once, with what it said; a warning is not."""
    lines = Lines(OWN, is_ours=True)
    lines.take(LogSeen(START, OWN, WARN, "unguarded: GET /x: nothing of it is read", ""), START)
    lines.take(LogSeen(START, OWN, ERROR, "journal: records cannot be written: No space left on device", ""), START)
    (found,) = lines.step(START + 1)
    assert (found.kind, found.level, found.note) == ("error lines", 1.0, "journal: records cannot be written: No space left on device")
    assert lines.step(START + 500) == []


def poison(chance: random.Random) -> str:
    return " ".join("".join(chance.choices("abcdefghijkl", k=6)) for _ in range(chance.randrange(3, 30)))


@pytest.mark.slow
def test_poison(learned: dict):
    """However many lines are written that look all different, what is kept of them is bounded, and they are two symptoms at most."""
    lines, chance = Lines.restore("otlp/shop", learned), random.Random(1)
    given = (LogSeen(START + 2400 + number / 500, "otlp/shop", ERROR, poison(chance), f"{number:032x}") for number in range(100_000))
    found = fed(lines, given)
    assert "many templates" in {each.series for each in found} <= {"many templates", "sequences"}
    assert lines.lines > 100_000
    saved = json.loads(lines.snapshot())
    assert len(saved["watch"]["miner"]["templates"]) <= MAX_TEMPLATES
    assert len(saved["novel"]) <= MAX_NOVEL
    assert sys.getsizeof(lines.snapshot()) < 3_000_000


@pytest.mark.parametrize("ts", [0.0, -5.0, START - 1e6, START + 1e6])
def test_times(learned: dict, ts: float):
    """Of whatever time a line says it is, nothing is raised, and the others are judged as before."""
    lines = Lines.restore("otlp/shop", learned)
    lines.take(LogSeen(ts, "otlp/shop", INFO, "hello", ""), ts)
    lines.step(ts)
    assert [each.kind for each in fed(lines, with_others(more(3, ERROR, "connection to database refused, attempt #")))][:1] == [
        "new template"
    ]


def test_resumed(learned: dict):
    """Restored in the middle, it goes on to tell the same."""
    given = [*with_others(more(300, ERROR, "payment # was declined by the bank") + more(3, ERROR, "connection refused, attempt #"))]
    one = Lines.restore("otlp/shop", learned)
    fed(one, iter(given[:200]))
    other = Lines.restore("otlp/shop", json.loads(one.snapshot()))
    assert fed(one, iter(given[200:])) == fed(other, iter(given[200:])) != []
