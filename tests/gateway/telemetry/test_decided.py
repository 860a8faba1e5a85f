"""Decisions and failures, as metrics count them."""

import pytest

from gateway.guard.outcome import Findings
from gateway.guard.review import Hit
from gateway.telemetry.course import Stage
from gateway.telemetry.decided import Decision, Failure, decided
from gateway.telemetry.record import Exchange
from policies.verdict import Action, Fired
from policies.vocabulary import Scope


def hit(rule: str, action: Action = Action.REDACT, *, shadow: bool = False, why: str = "match", kind: str = "pii.PERSON") -> Hit:
    return Hit(Fired(rule, kind, 0, 1, 1.0, action, shadow, why), "")


def exchange(*hits: Hit, answer: tuple[Hit, ...] = (), stages: tuple[str, ...] = (), **fields: object) -> Exchange:
    found = Exchange("req_1", 0.0, 10.0, **({"policy": "strict@0123456789ab"} | fields))
    found.request, found.response = Findings(), Findings()
    found.request.add((), Scope.USER, hits)
    found.response.add((), Scope.OUTPUT, answer)
    found.stages = [Stage(name, 0.0, 0.0, 0.0) for name in stages]
    return found


@pytest.mark.parametrize(
    ("hits", "expected"),
    [
        ([hit("a")], [("a", "redact", "redact")]),
        ([hit("a")] * 5, [("a", "redact", "redact")]),
        ([hit("a"), hit("a", kind="pii.PHONE")], [("a", "redact", "redact")]),
        ([hit("a", shadow=True)], [("a", "redact", "allow")]),
        ([hit("a"), hit("b", Action.BLOCK)], [("a", "redact", "redact"), ("b", "block", "block")]),
        ([hit("a"), hit("a", Action.BLOCK, why="key")], [("a", "redact", "redact"), ("a", "block", "block")]),
    ],
)
def test_decisions(hits: list[Hit], expected: list[tuple[str, str, str]]):
    """Each rule once, however often it fired, with what it said and what was done: nothing, of one that is tried out."""
    assert list(decided(exchange(*hits))) == [Decision("strict", rule, "input", said, done) for rule, said, done in expected]


@pytest.mark.parametrize(("is_stream", "stage"), [(False, "output"), (True, "stream")])
def test_answers(is_stream: bool, stage: str):
    """What fired on an answer is told apart from what fired on the request."""
    found = list(decided(exchange(hit("a"), answer=(hit("b"),), is_stream=is_stream)))
    assert [(each.rule, each.stage) for each in found] == [("a", "input"), ("b", stage)]


def test_nothing_fired():
    """Of each stage that was judged it is said what was done; without a policy nothing was judged."""
    found = exchange(stages=("input", "output"))
    found.response.raise_to(Action.BLOCK)
    assert list(decided(found)) == [
        Decision("strict", "", "input", "allow", "allow"),
        Decision("strict", "", "output", "block", "block"),
    ]
    assert list(decided(exchange(stages=("input",), is_stream=True))) == [Decision("strict", "", "input", "allow", "allow")]
    assert list(decided(exchange(stages=("input",), policy=""))) == []


@pytest.mark.parametrize(
    ("why", "action", "shadow", "is_open"),
    [
        ("timeout", Action.ALLOW, False, True),
        ("overload", Action.FLAG, False, True),
        ("error", Action.BLOCK, False, False),
        ("too_long", Action.BLOCK, False, False),
        ("timeout", Action.BLOCK, True, None),
        ("key", Action.BLOCK, False, None),
        ("picture", Action.BLOCK, False, None),
        ("match", Action.BLOCK, False, None),
    ],
)
def test_failures(why: str, action: Action, shadow: bool, is_open: bool | None):
    """A rule that could not look lets pass or stops; one that is tried out does neither, and one that found something looked."""
    texts = [hit("a", action, why=why, shadow=shadow, kind=kind) for kind in ("pii", "pii", "topics")]
    found = [each for each in decided(exchange(*texts)) if isinstance(each, Failure)]
    assert found == ([] if is_open is None else [Failure("strict", "a", "input", why, is_open)])


def test_more_than_are_kept():
    """A rule counts also where it fired only after more than are recorded."""
    found = exchange(*[hit("a")] * 1500, hit("b", Action.BLOCK))
    assert len(found.request.placed[0].hits) == 1000
    assert {each.rule for each in decided(found)} == {"a", "b"}
