"""What conditions are asked about."""

from datetime import UTC, datetime

import pytest

from gateway.proxy.about import about
from gateway.wire.model import Request, Segment
from policies.subject import Signals, Subject
from policies.vocabulary import Scope
from tests.support.guards import plan, policy, rule

ASKED = Request("chat", "m", False, {"messages": [1, 2], "max_tokens": 7}, b"", (Segment("hello", "user", Scope.USER, ()),), ())


def signals(subject: Subject) -> Signals:
    return Signals({"topics": 0.5} if subject.app == "app" else {})


@pytest.mark.parametrize(
    ("given", "is_asked"),
    [
        (policy(rule("r", "flag")), False),
        (policy(rule("r", "flag", when="exchange.stream")), True),
        (policy(domain={"input": {"max_chars": 5}}), True),
        (policy(domain={"languages": ["en"]}), False),
    ],
)
def test_only_where_it_is_needed(given, is_asked):
    """A policy that asks nothing about exchanges costs them nothing."""
    found = about(plan(given, ()), Subject("app", "m", "chat"), ASKED, signals, 0.0)
    assert (found is not None) is is_asked


def test_what_it_says():
    """The parameters are the request's, the time is the given one, and the signals are those of its subject."""
    found = about(plan(policy(rule("r", "flag", when="exchange.stream")), ()), Subject("app", "m", "chat"), ASKED, signals, 60.0)
    assert found is not None
    assert (found.asked.messages, found.asked.max_tokens, found.asked.chars) == (2, 7, 5)
    assert found.time == datetime(1970, 1, 1, 0, 1, tzinfo=UTC)
    assert found.signals.drift == {"topics": 0.5}


def test_what_is_no_request():
    """An event of the endpoint's asks for nothing."""
    found = about(plan(policy(rule("r", "flag", when="exchange.stream")), ()), Subject("app", "m", "chat"), None, signals, 60.0)
    assert found is not None
    assert found.asked.messages == 0
