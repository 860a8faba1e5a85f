"""Who is told what of a block: what was found is a violation, what could not be checked may be tried again."""

from pathlib import Path

import pytest

from gateway.errors import PolicyViolation, Unavailable
from gateway.guard.outcome import Findings
from gateway.guard.plan import compile_plan
from gateway.guard.review import Hit
from gateway.proxy.refusing import refusal
from gateway.wire.model import Kind, Uninspectable
from policies.load import LoadedPolicy
from policies.verdict import Action, Fired
from policies.vocabulary import Scope
from tests.support.guards import policy

PLAN = compile_plan(LoadedPolicy(policy(), "0" * 64, Path("test.yaml")), lambda _: ())


def fired(why: str, action: Action = Action.BLOCK, *, shadow: bool = False) -> Hit:
    return Hit(Fired("names", "pii.PERSON", 0, 4, 0.5, action, shadow, why), "")


def unread(why: str) -> Uninspectable:
    return Uninspectable(Kind.IMAGE, ("messages", 0), why=why)


FLAGGED = fired("match", Action.FLAG)
SHADOW = fired("match", shadow=True)


@pytest.mark.parametrize("why", ["timeout", "overload", "error", "unavailable"])
@pytest.mark.parametrize("others", [(), (FLAGGED,), (SHADOW,), (fired("match", Action.REDACT),), (fired("timeout"),)])
def test_what_could_not_be_checked(why: str, others: tuple[Hit, ...]):
    """May be tried again, whatever was found besides that does not block."""
    findings = Findings()
    findings.add(("a",), Scope.USER, [*others, fired(why)])
    error = refusal(PLAN, findings)
    assert (type(error), error.status, error.code) == (Unavailable, 503, "guard_unavailable")
    assert dict(error.headers) == {"Retry-After": "1"}


@pytest.mark.parametrize("why", ["match", "key", "picture", "something new"])
@pytest.mark.parametrize("first", [True, False])
def test_a_finding_wins(why: str, *, first: bool):
    """Where anything that was found blocks, it is a violation, wherever it stands."""
    findings = Findings()
    hits = [fired(why), fired("overload")]
    findings.add(("a",), Scope.USER, hits if first else hits[::-1])
    error = refusal(PLAN, findings)
    assert (type(error), error.status, error.code, error.headers) == (PolicyViolation, 400, "content_filter", ())


def test_a_finding_beyond_the_bound_of_the_record_wins():
    """Hits that are only counted count here as well."""
    findings = Findings()
    findings.add(("a",), Scope.USER, [fired("overload")] * 2000)
    findings.add(("b",), Scope.USER, [fired("match")])
    assert refusal(PLAN, findings).code == "content_filter"


@pytest.mark.parametrize(
    ("whys", "code"),
    [(["overload"], "guard_unavailable"), (["overload", "timeout"], "guard_unavailable"), ([""], "content_filter"),
     (["overload", ""], "content_filter"), (["too_large"], "content_filter")],
)  # fmt: skip
def test_what_could_not_be_read(whys: list[str], code: str):
    """The same of a picture that nobody had the time to read, and of one that nobody can."""
    findings = Findings()
    for why in whys:
        findings.add_unread(unread(why), policy(on_uninspectable={"image": "block"}))
    assert refusal(PLAN, findings).code == code


def test_a_block_without_a_reason():
    """Is a violation: nothing says that it would be otherwise in a moment."""
    findings = Findings()
    findings.raise_to(Action.BLOCK)
    assert refusal(PLAN, findings).code == "content_filter"
