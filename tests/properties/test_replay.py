"""What a replay decides is what the gateway decided: of the texts of a request, and of the record that the gateway wrote of them."""

import json
from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.guard.memo import Memo
from gateway.guard.outcome import Findings
from gateway.guard.request import Memos, RequestGuard
from gateway.guard.tokens import Tokens
from gateway.guard.writing import FIXED
from gateway.telemetry.record import Exchange as Recorded
from gateway.telemetry.record import render
from gateway.wire.asked import asked
from gateway.wire.model import Call
from gateway.wire.openai.chat import ChatCompletions
from policies.conditions import Circumstances
from policies.decide import Outcome
from policies.policy import Policy, Rule
from policies.rehearsal.decider import Decided, Decider, Scanned
from policies.rehearsal.exchange import Exchange, Text, Unread
from policies.rehearsal.recorded import Entry, entry
from policies.rehearsal.retold import Retold, Sources
from policies.subject import Asked, Subject
from policies.verdict import Decision
from tests.support.guards import DIGITS, KEY, MAILS, plan, policy, rule

SUBJECT = Subject("app", "m", "chat")
DETECTORS = (MAILS, DIGITS)
POLICIES = (
    policy(rule("mails", "tokenize", scope=["user", "assistant"], entities=["EMAIL_ADDRESS"])),
    policy(rule("mails", "mask", entities=["EMAIL_ADDRESS"]), rule("digits", "block", scope=["system"], entities=["NUMBER"])),
    policy(rule("all", "flag"), rule("loud", "block", scope=["user"], min_score=0.95), rule("quiet", "block", mode="shadow")),
    policy(rule("all", "redact", when="exchange.messages > 2"), rule("late", "block", when="signals.drift.x > 0.5", on_error="flag")),
    policy(rule("a", "flag", scope=["user"]), rule("b", "block", scope=["system"], when="findings.exists(f, f.entity == 'NUMBER')")),
    policy(rule("all", "hash"), mode="shadow", domain={"input": {"max_chars": 12}}),
    policy(domain={"action": "flag", "request": {"max_tokens": 5, "temperature": {"max": 1.0}}, "input": {"max_messages": 2}}),
    policy(flows=[{"id": "f", "from": "system", "to": "user", "action": "block"}], on_uninspectable={"image": "block"}),
)
_TEXTS = st.lists(st.sampled_from(["a@b.c", "d@e.f", "12345", "hello", "AB-1234", " ", "\n"]), max_size=4).map(" ".join)
_PARTS = st.lists(
    _TEXTS.map(lambda text: {"type": "text", "text": text}) | st.just({"type": "image_url", "image_url": {"url": "https://x.example/y"}}),
    min_size=1, max_size=3,
)  # fmt: skip
_BODIES = st.fixed_dictionaries(
    {"messages": st.lists(st.fixed_dictionaries({"role": st.sampled_from(["system", "user"]), "content": _TEXTS | _PARTS}), max_size=4)},
    optional={"max_tokens": st.integers(1, 9), "temperature": st.sampled_from([0.5, 1.5]), "metadata": st.just({"a@b.c": "12345"})},
)


def scan(_: Rule, text: str) -> Outcome:
    return Outcome(tuple(finding for detector in DETECTORS for finding in detector.scan(text)))


def guarded(made: Policy, body: object) -> tuple[RequestGuard, Exchange]:
    """The gateway's own, and the exchange as a file of texts has it."""
    request = ChatCompletions().parse_request(json.dumps({"model": "m", **body}).encode(), Call())
    about = Circumstances(SUBJECT, asked(request))
    memos = Memos(Memo(KEY, 1 << 20), Memo(KEY, 1 << 20))
    guard = RequestGuard(plan(made, DETECTORS), request, memos, Tokens(KEY, "app"), "app", about)
    guard.needs()
    deque(guard.scan(), 0)
    guard.verdict()
    texts = tuple(Text(segment.scope, segment.text, is_fixed=segment.form in FIXED) for segment in request.segments)
    unread = tuple(Unread(part.kind.value) for part in request.uninspectable)
    return guard, Exchange(SUBJECT, asked(request), texts=texts, unread=unread)


def recorded(guard: RequestGuard, asked_of: Asked | None) -> tuple[Entry, dict]:
    """What a replay reads of the record, and the record."""
    about = {"app": "app", "surface": "chat", "model": "m", "policy": "p@0", "asked": asked_of}
    written = render(Recorded("r", 5.0, 0.0, **about, request=guard.findings))
    return entry(json.loads(json.dumps(written))), written


def retold(found: Entry, draft: Policy, recorder: Policy) -> Decided:
    assert found.record is not None
    return Decider(draft).decide(found.exchange, Retold(found.exchange, found.record, Sources(draft, recorder, {}, str)))


def shadowed(findings: Findings) -> set[str]:
    return {hit.fired.rule for placed in findings.placed for hit in placed.hits if hit.fired.shadow}


@pytest.mark.parametrize("made", POLICIES, ids=range(len(POLICIES)))
@given(body=_BODIES)
def test_texts_are_decided_as_the_gateway_decides(made, body):
    """The same decision, by the same rules."""
    guard, exchange = guarded(made, body)
    decided = Decider(made).decide(exchange, Scanned(exchange, scan))
    assert decided.decision is Decision.of(guard.findings.action)
    assert set(decided.rules()) == set(guard.findings.rules())
    assert set(decided.rules(shadow=True)) == shadowed(guard.findings)
    assert decided.untold == ()


@pytest.mark.parametrize("made", POLICIES, ids=range(len(POLICIES)))
@given(body=_BODIES)
def test_records_are_decided_as_they_were(made, body):
    """Under the policy that wrote it, all is told of a record, and it is decided as it was."""
    guard, exchange = guarded(made, body)
    for asked_of in (None, exchange.asked):
        found, written = recorded(guard, asked_of)
        decided = retold(found, made, made)
        assert decided.decision == written["decision"]
        assert set(decided.rules()) == set(written["rules"])
        assert decided.untold == ()


_DRAFTS = (
    {"request": {"max_tokens": 3, "temperature": {"min": 0.7}}, "action": "flag"},
    {"request": {"n": {"max": 2}}, "input": {"max_messages": 1}},
    {"tools": {"allow": ["look"]}, "input": {"modalities": ["text"]}},
    {"tools": {"allow": ["look", "send"], "action": "flag"}},
)


@pytest.mark.parametrize("bounds", _DRAFTS, ids=range(len(_DRAFTS)))
@given(body=_BODIES, tools=st.lists(st.sampled_from(["look", "send"]), max_size=2), count=st.integers(1, 4))
def test_other_bounds_are_told_of_records(bounds, body, tools, count):
    """Under a draft with other bounds, a record that says what was asked is decided as the gateway would decide."""
    made, draft = policy(domain={"action": "flag", "input": {"max_messages": 3}}), policy(domain=bounds)
    listed = [{"type": "function", "function": {"name": name}} for name in tools]
    asking = {**body, "tools": listed, "n": count}
    guard, exchange = guarded(made, asking)
    would, _ = guarded(draft, asking)
    decided = retold(recorded(guard, exchange.asked)[0], draft, made)
    assert decided.decision is Decision.of(would.findings.action)
    assert set(decided.rules()) == set(would.findings.rules())
    assert decided.untold == ()
