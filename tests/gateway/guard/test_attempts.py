"""How an exchange is asked of its endpoint, once or several times."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.guard.answer_bounds import Heard, compile_bounds
from gateway.guard.attempts import Attempts
from gateway.guard.outcome import Findings
from gateway.wire.codec import encode
from gateway.wire.model import Event, Form
from gateway.wire.routes import routes
from policies.verdict import Action
from policies.vocabulary import Scope
from tests.support.answers import whole
from tests.support.guards import policy

UNSURE = {"output": {"uncertainty": {"max_entropy": 1.0}}}
SHORT = {"output": {"max_chars": 3, "action": "reask", "max_reasks": 2}}
CHAT = "/v1/chat/completions"


def attempts(domain: Any, path: str = CHAT, **body: Any) -> Attempts:
    match = routes(()).find("POST", path)
    body = {"model": "m", "messages": [{"role": "user", "content": "hi"}], **body}
    raw = json.dumps(body).encode()
    bounds = compile_bounds(policy(domain=domain))
    assert bounds is not None
    return Attempts(bounds, match.dialect.parse_request(raw, match.call("POST", "application/json")), raw)


def said(text: str, **choice: Any):
    message = {"role": "assistant", "content": text}
    return whole(CHAT, {"choices": [{"index": 0, "message": message, "finish_reason": "stop", **choice}]})


SPELLED = {"content": [{"token": "hi", "logprob": -2.0, "bytes": None, "top_logprobs": []}], "refusal": None}


def render(event: Any) -> bytes:
    return encode(event.body)


def test_a_body_is_left_as_it_came():
    """Nothing is asked for besides, unless the policy wants it."""
    raw = json.dumps({"model": "m", "messages": [{"role": "user", "content": "hi"}]}).encode()
    assert attempts(SHORT).body == raw
    assert json.loads(attempts(UNSURE).body)["logprobs"] is True
    assert "logprobs" not in json.loads(attempts(UNSURE, "/v1/messages", max_tokens=5).body)


@pytest.mark.parametrize("asked", [False, True])
def test_log_probabilities(asked):
    """They are measured; they stay for the app only if it has asked for them."""
    asking = attempts(UNSURE, **({"logprobs": True} if asked else {}))
    watch = asking.watch(Findings())
    event = said("hi", logprobs=SPELLED)
    before = event.raw
    asking.take(event, render)
    assert (event.raw == before) == asked
    assert bool(event.companions) == asked
    assert b"-2.0" in before
    assert (b"-2.0" in event.raw) == asked
    assert watch.unsure
    watch.unsure.speak(0)
    assert [broken.fired.rule for broken in watch.unsure.end()] == ["domain.output.uncertainty"]


def test_an_endpoint_that_refuses_what_was_added():
    """The request goes out once more as it came; one that had nothing added does not."""
    asking = attempts(UNSURE)
    assert asking.drop_extras()
    assert "logprobs" not in json.loads(asking.body)
    assert not asking.drop_extras()
    assert not attempts(SHORT).drop_extras()
    event = said("hi", logprobs=SPELLED)
    asking.watch(Findings())
    asking.take(event, render)
    assert event.companions


def test_asking_again():
    """Each time the model hears what it said and why that was not accepted; the last time there is no further one."""
    asking = attempts(SHORT)
    actions = []
    for text in ("first", "second", "third"):
        findings = Findings()
        watch = asking.watch(findings)
        event = said(text)
        asking.take(event, render)
        broken = watch.judge(event, {(0, "content"): text}, [Heard((0, "content"), Scope.OUTPUT, Form.TEXT, True)], is_over=True)
        actions.append(broken[0].fired.action)
        if broken[0].fired.action is Action.REASK:
            asking.again(broken)
            assert [message["content"] for message in json.loads(asking.body)["messages"][:2]] == ["hi", text]
            assert "more than 3 characters" in json.loads(asking.body)["messages"][2]["content"]
    assert actions == [Action.REASK, Action.REASK, Action.BLOCK]
    assert asking.reasks == 2
    assert [placed.place[:2] for placed in findings.placed] == [("attempts", 0), ("attempts", 1)]
    assert findings.action is Action.FLAG


@pytest.mark.parametrize(("path", "body"), [("/v1/completions", {"prompt": "x"}), ("/v1/responses", {"input": "x", "background": True})])
def test_where_nothing_can_be_asked_again(path, body):
    """There a bound that asks for another answer blocks."""
    asking = attempts(SHORT, path, **body)
    heard = [Heard((0, "text"), Scope.OUTPUT, Form.TEXT, True)]
    (broken,) = asking.watch(Findings()).judge(Event(b"", None), {(0, "text"): "too long"}, heard, is_over=False)
    assert broken.fired.action is Action.BLOCK


@given(share=st.floats(0.01, 1), number=st.integers(0, 10_000))
def test_whose_turn_it_is(share, number):
    """It depends on the exchange's id and the key alone, and a larger share has all of a smaller one."""
    domain = {"output": {"uncertainty": {"max_entropy": 1.0, "resample": {"share": share, "samples": 3}}}}
    asking, larger = attempts(domain), attempts({"output": {"uncertainty": {"max_entropy": 1.0, "resample": {"share": 1}}}})
    found = asking.samples(f"req_{number}", b"key")
    assert (found is None) == (attempts(domain).samples(f"req_{number}", b"key") is None)
    assert found is None or found[1] == 3
    assert larger.samples(f"req_{number}", b"key") is not None


def test_the_share_is_held():
    """Over many exchanges, the share of those that are asked again is the policy's."""
    domain = {"output": {"uncertainty": {"max_entropy": 1.0, "resample": {"share": 0.25}}}}
    asking = attempts(domain)
    assert 200 < sum(asking.samples(f"req_{number}", b"key") is not None for number in range(1000)) < 300


def test_no_samples():
    """Without a word of the policy nothing is asked for besides."""
    assert attempts(UNSURE).samples("req_1", b"key") is None
    assert attempts(SHORT).samples("req_1", b"key") is None
