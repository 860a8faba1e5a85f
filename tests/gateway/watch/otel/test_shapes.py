"""What spans and events have alike."""

import json

import pytest

from gateway.watch.otel.guardrails import Draft
from gateway.watch.otel.models import ModelNames
from gateway.watch.otel.providers import NOBODY, Endpoint
from gateway.watch.otel.shapes import MAX_REMEMBERED, bare, known, of_a_call, of_a_finding, of_a_guard, of_a_score, of_an_exchange
from gateway.watch.otel.spans import spans
from gateway.watch.otel.switches import Switches
from gateway.watch.otel.telling import Teller
from tests.gateway.watch.records import traced

ENDPOINT = Endpoint("api.openai.com", 443, "openai")
EXCHANGE = ("POST", "/v1/chat/completions", "chat", 200, "completed", "shop", False, "allow", "default@0123456789ab")
GUARD = ("guard input", "input", "tokenize", "default@0123456789ab", (("pii", False), ("later", True)), 2)
CALL = ("POST", 200, ENDPOINT, "openai", "", "chat", "gpt-4o", True, "gpt-4o-2024", ("stop",))
FINDING = ("pii.EMAIL_ADDRESS", "pii", "tokenize", False, "user", "match")
REMEMBERED = [
    (bare, ("x",)),
    (of_an_exchange, EXCHANGE),
    (of_a_guard, GUARD),
    (of_a_call, CALL),
    (of_a_finding, FINDING),
    (of_a_score, ("x",)),
]


@pytest.mark.parametrize(("make", "values"), REMEMBERED)
def test_what_is_remembered(make, values: tuple):
    """The same values have the same shape, not only an equal one; and there is room for so many of each sort."""
    assert make(*values) is make(*values)
    assert make.cache_info().maxsize == MAX_REMEMBERED


def test_what_is_forgotten():
    """It is made again, and is as it was."""
    first = of_a_score("first")
    for number in range(MAX_REMEMBERED):
        of_a_score(f"r{number}")
    again = of_a_score("first")
    assert again is not first
    assert (again.name, again.attributes) == (first.name, first.attributes)


@pytest.mark.parametrize(("status", "unguarded"), [(200, False), (200.0, False), (200, 0)])
def test_values_that_are_equal(status: float, unguarded: bool):
    """Values of other types have other shapes."""
    said = of_an_exchange(*EXCHANGE[:3], status, *EXCHANGE[4:6], unguarded, *EXCHANGE[7:]).attributes
    assert [type(said[name]) for name in ("http.response.status_code", "oddgate.unguarded")] == [type(status), type(unguarded)]


def test_a_guard():
    """Of rules that found anything, those in shadow are said by themselves, and so many of each."""
    said = of_a_guard(
        "guard input", "input", "allow", "solo", tuple((f"r{number}", number % 2 == 0) for number in range(400)), 400
    ).attributes
    assert said["oddgate.guardrail.rules"] == [f"r{number}" for number in range(1, 128, 2)]
    assert said["oddgate.guardrail.shadow_rules"] == [f"r{number}" for number in range(0, 128, 2)]
    assert (said["oddgate.guardrail.policy.name"], "oddgate.guardrail.policy.digest" in said) == ("solo", False)


def test_a_call_of_no_operation():
    """It has none of the conventions' names, whatever is known of it."""
    shape = of_a_call("GET", None, NOBODY, "near", "upstream_unreachable", "files", "", True, "gpt-4o", ("stop",))
    assert shape.name == "files"
    assert shape.attributes == {"http.request.method": "GET", "error.type": "upstream_unreachable", "oddgate.upstream": "near"}


def test_what_is_empty():
    """It is not said; a number is never empty, and one that no collector takes is not said either."""
    said = {"a": 0, "b": 0.0, "c": False, "d": "", "e": [], "f": None, "g": 2**63, "h": -(2**63), "i": 1e30}
    assert known(said) == {"a": 0, "b": 0.0, "c": False, "i": 1e30}


@pytest.mark.parametrize("draft", ["none", "a", "b"])
def test_nothing_is_said_twice(draft: Draft):
    """What a span or an event says by itself is no attribute of its shape."""
    fields = {"answer": {"model": "m", "finish": ["stop"]}, "scores": {"domain": {"score": 0.5}}}
    made = spans(traced(1, **fields), {"openai": ENDPOINT}, ModelNames(), draft)
    pairs = [(span.shape, span.own) for span in made] + [(event.shape, event.own) for span in made for event in span.events]
    assert len(pairs) > len(made)
    assert [shape.attributes.keys() & own.keys() for shape, own in pairs] == [set()] * len(pairs)


def test_nobody_changes_a_shape():
    """What is told of one exchange, its texts above all, is not in what others share with it."""
    texts = {"input": [{"place": "messages.0.content", "scope": "user", "text": "I am <PERSON>."}], "output": []}
    teller = Teller({}, ModelNames(), switches=Switches(has_content=True))
    before = [(span.shape, json.dumps(span.shape.attributes)) for span in teller.tell(traced(1)).spans]
    assert "<PERSON>" in repr(teller.tell(traced(2, texts=texts)).spans)
    after = [(span.shape, json.dumps(span.shape.attributes)) for span in teller.tell(traced(3)).spans]
    assert before == after
    assert "<PERSON>" not in repr(after)
