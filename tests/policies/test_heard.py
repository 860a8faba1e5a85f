"""Records and labels become samples."""

import pytest

from policies.alarms import Sample
from policies.certainty import Answered
from policies.heard import UNCERTAINTY, Heard

RULE = "domain.topics"
HIT = {"rule": RULE, "why": "match", "action": "block", "shadow": False}


def record(name: str, score: float, *findings: dict, decision: str = "allow", by: str = "topics:1", **keys: object) -> dict:
    return {
        "request_id": name, "ts": 0, "app": "bot", "policy": "p@1", "decision": decision, "findings": list(findings),
        "scores": {RULE: {"score": score, "by": by}}, **keys,
    }  # fmt: skip


def heard(*lines: object) -> Heard:
    made = Heard("p", {RULE: "topics:1"})
    for line in lines:
        made.note(line)
    return made


def test_samples():
    """What it scored, whether the bound stopped it, or would have, and whether it passed; with what people say of it, before or after."""
    found = heard(
        {"kind": "review", "request_id": "b", "app": "bot", "rule": RULE, "label": "inside"},
        record("a", 0.5),
        record("b", 0.99, HIT, decision="block"),
        record("c", 0.98, {**HIT, "shadow": True}),
        record("d", 0.1, {**HIT, "rule": "pii"}, decision="block"),
        record("e", 0.2, {**HIT, "why": "timeout"}, decision="block"),
        {"kind": "feedback", "request_id": "a", "app": "bot", "label": "false_negative"},
        record("f", 0.97, HIT, decision="block"),
        {"kind": "feedback", "request_id": "f", "app": "bot", "label": "false_positive"},
        record("g", 0.96, {**HIT, "action": "flag"}, decision="flag"),
        {"kind": "feedback", "request_id": "g", "app": "bot", "label": "false_positive"},
    )
    assert list(found.samples(RULE)) == [
        Sample(0.5, is_stopped=False, passed=True, label="outside"),
        Sample(0.99, is_stopped=True, passed=False, label="inside"),
        Sample(0.98, is_stopped=True, passed=True),
        Sample(0.1, is_stopped=False, passed=False),
        Sample(0.2, is_stopped=False, passed=False),
        Sample(0.97, is_stopped=True, passed=False, is_set_aside=True),
        Sample(0.96, is_stopped=True, passed=True, label="inside"),
    ]
    assert (found.read, found.other) == (7, 0)


def test_like_is_set_by_like():
    """Another policy's records, and what another detector or other examples scored, are no measure."""
    found = heard(
        record("a", 0.5, policy="p2@1"),
        record("b", 0.5, by="topics:2"),
        record("c", 0.5, scores={"domain.languages": {"score": 0.5, "by": "l"}}),
    )
    assert list(found.samples(RULE)) == []
    assert (found.read, found.other) == (2, 1)


@pytest.mark.parametrize("line", [None, [], {}, {"policy": "p@1"}, record("a", 0.5, ts="x"), record("a", 0.5, scores={RULE: 0.5})])
def test_what_is_no_record(line: object):
    """It is passed over."""
    assert list(heard(line).samples(RULE)) == []


@pytest.mark.parametrize(("days", "count"), [(None, 3), (10, 3), (1, 2), (0.5, 1)])
def test_days(days: float | None, count: int):
    """Are counted back from the newest record."""
    found = heard(*(record(str(day), 0.5, ts=day * 86_400) for day in (1, 9, 10)))
    assert len(list(found.samples(RULE, days))) == count


def measured(choice: int, mean: float, entropy: float | None = None) -> dict:
    return {"choice": choice, "mean": mean, "tail": 2 * mean, "entropy": entropy, "tokens": 3}


def test_answers():
    """Of each measured answer its least certain choice counts, with what the app says of it; what was asked for again is not the answer."""
    unsure = {"rule": UNCERTAINTY, "why": "match", "action": "flag", "shadow": False, "place": "choices.0"}
    found = heard(
        record("a", 0.5, uncertainty=[measured(0, 0.2), measured(1, 0.7, 0.4)], consistency={"agreement": 0.9}),
        {"kind": "feedback", "request_id": "a", "app": "bot", "label": "good"},
        record("b", 0.5, unsure, uncertainty=[measured(0, 1.5)], consistency={"agreement": None}),
        {"kind": "feedback", "request_id": "b", "app": "bot", "label": "good"},
        {"kind": "feedback", "request_id": "b", "app": "bot", "label": "bad"},
        record("c", 0.5, {**unsure, "place": "attempts.0.choices.0"}, uncertainty=[measured(0, 0.1)]),
        {"kind": "feedback", "request_id": "c", "app": "another", "label": "bad"},
        record("d", 0.5, {**unsure, "why": "unavailable"}),
        record("e", 0.5, uncertainty=[]),
        record("f", 0.5, {**unsure, "action": "block"}, uncertainty=[measured(0, 15)], decision="block"),
        {"kind": "feedback", "request_id": "f", "app": "bot", "label": "good"},
    )
    assert list(found.answers()) == [
        Answered(0.7, 1.4, 0.4, 0.9, is_stopped=False, label="good"),
        Answered(1.5, 3.0, None, None, is_stopped=True, label="bad"),
        Answered(0.1, 0.2),
        Answered(15.0, 30.0, is_stopped=True, is_set_aside=True),
    ]


def test_days_of_answers():
    """Are counted back from the newest record, as those of requests."""
    found = heard(*(record(str(day), 0.5, ts=day * 86_400, uncertainty=[measured(0, 0.1)]) for day in (1, 9, 10)))
    assert [len(list(found.answers(days))) for days in (None, 1, 0.5)] == [3, 2, 1]
