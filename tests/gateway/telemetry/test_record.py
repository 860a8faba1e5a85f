"""The record of an exchange: one fixed shape, and none of the exchange's text."""

import json
import math
from collections import deque
from dataclasses import replace

import pytest

from detectors.contract import Disguise
from detectors.finding import Finding
from detectors.text.uncertainty import Uncertainty
from gateway.guard.glimpse import Glimpse
from gateway.guard.memo import Memo
from gateway.guard.outcome import Covered, Findings, Unread
from gateway.guard.plan import Gauge
from gateway.guard.request import Memos, RequestGuard
from gateway.guard.response import ResponseGuard
from gateway.guard.review import Hit, Scored
from gateway.guard.tokens import Tokens
from gateway.telemetry.course import Attempt, Stage
from gateway.telemetry.record import VERSION, Consistency, Exchange, render
from gateway.wire.asked import asked as asked_of
from gateway.wire.model import Call, Delta, Event, Json, Usage
from gateway.wire.openai.chat import ChatCompletions
from gateway.wire.tracing import Trace
from policies.rehearsal.recorded import entry
from policies.signals import ANOMALY, DISPARITY, DRIFT
from policies.subject import NO_SIGNALS, Asked, Signals
from policies.verdict import Action, Fired
from policies.vocabulary import Scope
from tests.support.guards import KEY, plan, policy, rule


def exchange(**fields: object) -> Exchange:
    return Exchange("req_1", 1_795_000_000.123456789, 10.0, **fields)


def fired(**fields: object) -> Fired:
    shape = {"rule": "pii", "kind": "pii.EMAIL_ADDRESS", "start": 3, "end": 9, "score": 0.123456, "action": Action.REDACT, "shadow": False}
    return Fired(**(shape | fields))


def shape(value: Json) -> Json:
    """The types of a JSON value, key by key."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__


def full() -> Exchange:
    request, response = Findings(), Findings()
    request.add(("messages", 0, "content"), Scope.USER, [Hit(fired(), "ab12")])
    request.covered.append(Covered(("messages", 0, "content"), Scope.USER, 40, ("pii",)))
    request.unread.append(Unread(("messages", 1, "content", 0), "image", Action.FLAG))
    request.raise_to(Action.REDACT)
    response.add((0, "content"), Scope.OUTPUT, [Hit(fired(shadow=True, rule="later", why="timeout"), "")])
    return exchange(
        app="support-bot", surface="chat", model="gpt-4o", is_stream=True, policy="default@0123456789ab", upstream="openai", status=200,
        request=request, response=response, response_covered=[Covered((0, "content"), Scope.OUTPUT, 7, ())],
        usage=Usage(3, 4), request_bytes=100, response_bytes=200, released_chars=7,
        trace=Trace("a" * 32, "b" * 16, "c" * 16), method="POST", route="/v1/chat/completions",
        stages=[Stage("input", 10.0, 10.5, 0.25)], attempts=[Attempt("d" * 16, "openai", 10.5, 11.0, 10.75, 200)],
        guard_s=0.001, upstream_s=1.5, client_s=0.25, first_byte=10.5, end=12.0,
    )  # fmt: skip


SHAPE = {
    "v": "int", "ts": "float", "request_id": "str", "trace": {"id": "str", "span": "str", "parent": "str", "flags": "int"},
    "method": "str", "route": "str", "app": "str", "surface": "str", "model": "str", "stream": "bool",
    "unguarded": "bool", "policy": "str",
    "decision": "str", "outcome": "str", "status": "int", "upstream": "str", "rules": ["str"], "would": ["str"],
    "findings": [{
        "rule": "str", "kind": "str", "place": "str", "scope": "str", "start": "int", "end": "int", "score": "float", "action": "str",
        "shadow": "bool", "why": "str", "fingerprint": "str",
    }],
    "findings_total": "int",
    "coverage": {
        "request": [{"scope": "str", "inspected_by": ["str"], "texts": "int", "chars": "int", "places": ["str"]}],
        "response": [{"scope": "str", "inspected_by": [], "texts": "int", "chars": "int", "places": ["str"], "why_not": "str"}],
    },
    "uninspectable": [{"place": "str", "kind": "str", "action": "str"}],
    "tokens": {"input": "int", "output": "int"},
    "bytes": {"request": "int", "response": "int"},
    "released_chars": "int",
    "stages": [{"stage": "str", "at": "float", "ms": "float", "busy": "float", "action": "str", "findings": "int"}],
    "attempts": [{
        "span": "str", "upstream": "str", "at": "float", "ms": "float", "first": "float", "status": "int", "error": "NoneType",
    }],
    "timings_ms": {"total": "float", "overhead": "float", "guards": "float", "upstream": "float", "first_byte": "float"},
}  # fmt: skip


def test_the_shape_is_stable():
    """Readers rely on these keys and types; a change of theirs is a new version."""
    record = json.loads(json.dumps(render(full()), default=list))
    assert (record["v"], VERSION) == (1, 1)
    assert shape(record) == SHAPE


def test_what_it_says():
    """Decision, rules, coverage and times are those of the exchange."""
    record = render(full())
    assert (record["decision"], record["rules"], record["would"], record["findings_total"]) == ("redact", ["pii"], ["later"], 2)
    assert record["timings_ms"] == {"total": 2000.0, "overhead": 250.0, "guards": 1.0, "upstream": 1500.0, "first_byte": 500.0}
    assert [finding["place"] for finding in record["findings"]] == ["messages.0.content", "0.content"]
    assert record["findings"][0]["score"] == 0.1235
    assert record["coverage"]["response"][0]["why_not"]
    assert record["stages"] == [{"stage": "input", "at": 0.0, "ms": 500.0, "busy": 250.0, "action": "redact", "findings": 1}]


def test_an_exchange_that_was_refused_at_the_door():
    """Nothing is known of it, and its record has the same keys."""
    record = render(exchange(outcome="unsupported_path", status=404, end=10.001))
    assert set(record) == set(SHAPE)
    assert (record["trace"], record["route"], record["stages"], record["attempts"]) == (None, "", [], [])
    assert (record["decision"], record["upstream"], record["timings_ms"]["first_byte"]) == ("allow", None, None)


@pytest.mark.parametrize(
    ("model", "written"),
    [
        ("gpt-4o-2024-08-06", "gpt-4o-2024-08-06"),
        ("org/model:v1.2", "org/model:v1.2"),
        ("I am Anna", ""),
        ("a@b.org", ""),
        ("x" * 300, ""),
        ("sk-proj-abcdefghijklmnop1234", ""),
    ],
)
def test_models(model: str, written: str):
    """A model's name that is no name, or a key, is left out."""
    assert render(exchange(model=model))["model"] == written


CANARY = "Canary Quux canary.quux@example.org 4111 1111 1111 1111"
BODY = {
    "model": CANARY,
    "messages": [
        {"role": "user", "content": CANARY, CANARY: CANARY},
        {"role": "user", "content": [{"type": "text", "text": CANARY}, {"type": CANARY, CANARY: [CANARY]}]},
        {"role": CANARY, "content": CANARY},
        {"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": json.dumps({CANARY: CANARY, "n": 4111})}}]},
    ],
    "metadata": {CANARY: {CANARY: CANARY}},
    "tools": [{"type": "function", "function": {"name": CANARY, "parameters": {CANARY: CANARY}}}, {"type": CANARY}],
    "temperature": CANARY,
    CANARY: 1,
}


CHOICE = {"index": 0, CANARY: CANARY, "message": {"content": CANARY, CANARY: CANARY, "role": CANARY}, "finish_reason": CANARY}
ANSWER = {"id": CANARY, "choices": [CHOICE], CANARY: CANARY, "usage": {CANARY: CANARY}}
CHAT = ChatCompletions()


class Everything:
    """A detector that finds the whole text."""

    name, digest, lookbehind = "pii", "everything", 0
    disguises = frozenset[Disguise]()

    def scan(self, text: str, start: int = 0) -> list[Finding]:
        return [Finding("pii", "pii.PERSON", start, len(text), 1.0)] if start < len(text) else []

    def settled(self, text: str, start: int = 0) -> int:
        return start


@pytest.mark.parametrize("action", ["flag", "redact", "mask", "hash", "tokenize", "block"])
def test_it_holds_no_text(action: str):
    """Whatever a body and an answer say, in values, keys, roles or names, no word of it is in the record."""
    guards = plan(policy(rule("all", action, restore=False), on_uninspectable={"unknown": "flag"}), [Everything()])
    done = exchange(model=CANARY)
    request = CHAT.parse_request(json.dumps(BODY).encode(), Call())
    asked = RequestGuard(
        guards,
        request,
        Memos(Memo(KEY, 1 << 20), Memo(KEY, 1 << 20)),
        Tokens(KEY, "app"),
        "app",
    )
    asked.needs()
    deque(asked.scan(), 0)
    asked.verdict()
    answered = ResponseGuard(guards, Tokens(KEY, "app"), str.encode)
    event = CHAT.parse_completion(json.dumps(ANSWER).encode(), "application/json")
    answered.feed(event)
    answered.release()
    done.request, done.response, done.asked = asked.findings, answered.findings, asked_of(request)
    done.note_answer(answered)
    done.note_event(event)
    record = render(done)
    assert record["findings_total"] > 8
    written = json.dumps(record, default=list).lower()
    assert [word for word in CANARY.lower().split() if word in written] == []


def test_decision_is_the_strictest():
    """Of the request's and the answer's."""
    done = exchange()
    assert done.decision == "allow"
    done.response.raise_to(Action.FLAG)
    assert done.decision == "flag"
    done.request.raise_to(Action.TOKENIZE)
    assert done.decision == "redact"
    done.response.raise_to(Action.BLOCK)
    assert done.decision == "block"


def test_overhead_is_what_was_not_waiting():
    """Neither for the upstream nor for the client; waits end once."""
    done = exchange(waits_since=11.0)
    done.waited(14.0)
    done.waited(20.0)
    done.client_s = 1.0
    assert (done.upstream_s, done.overhead_s(15.0), done.overhead_s(12.0)) == (3.0, 1.0, 0.0)


def test_many_places_are_counted_and_not_all_named():
    """A record's size is bounded."""
    done = exchange(response_covered=[Covered((index,), Scope.OUTPUT, 1, ("a",)) for index in range(1000)])
    (row,) = render(done)["coverage"]["response"]
    assert (row["texts"], row["chars"], len(row["places"])) == (1000, 1000, 256)


def test_usage_of_the_last_event_that_has_one():
    """Counts come once, at the end or in any event before."""
    done = exchange()
    for usage in (Usage(1, 2), None):
        done.note_event(Event(b"", None, usage=usage))
    assert done.usage == Usage(1, 2)


def test_why_something_was_not_read():
    """Said where it was tried, and only there."""
    given = exchange()
    given.request.unread += [Unread(("a",), "image", Action.FLAG, "timeout"), Unread(("b",), "image", Action.FLAG)]
    first, second = render(given)["uninspectable"]
    assert (first["why"], "why" in second) == ("timeout", False)


def test_what_is_said_of_answers():
    """How often the model was asked again, and how unsure it was, stand in the record if there is anything to say."""
    assert not {"reasks", "uncertainty", "consistency"} & render(exchange()).keys()
    consistency = Consistency(0.51239, 3, 2, Usage(4, 5))
    record = render(exchange(reasks=2, uncertainty={0: Uncertainty(0.51239, 2.0, None, 7)}, consistency=consistency))
    assert record["consistency"] == {"agreement": 0.5124, "asked": 3, "answered": 2, "tokens": {"input": 4, "output": 5}}
    assert record["reasks"] == 2
    assert record["uncertainty"] == [{"choice": 0, "mean": 0.5124, "tail": 2.0, "entropy": None, "tokens": 7}]


def test_usage_of_all_answers():
    """What the answers that were not accepted have cost counts with the last one's."""
    found = exchange()
    found.note_event(Event(b"", None, usage=Usage(3, 4)))
    found.note_reask()
    found.note_event(Event(b"", None, usage=Usage(5, None)))
    found.note_event(Event(b"", None, usage=Usage(5, 6)))
    assert (found.reasks, found.usage) == (1, Usage(8, 10))
    assert render(found)["tokens"] == {"input": 8, "output": 10}


def test_who_answered_when_asked_again():
    """Is who has given the answer that was accepted: an id leads to that one."""
    found = exchange()
    for id_ in ("chatcmpl-0123456789abcdef01", "chatcmpl-0123456789abcdef02"):
        found.note_event(Event(b"", {"model": "gpt-4o", "id": id_}))
        if not found.reasks:
            found.note_reask()
    assert render(found)["answer"]["id"] == "chatcmpl-0123456789abcdef02"


def test_tokens_in_parts():
    """Of a cache and of thinking, it is said where the endpoint tells; answers that were only compared are spent all the same."""
    consistency = Consistency(None, 1, 1, Usage(10, 1, 2))
    found = exchange(usage=Usage(30, 4, 20, 5, 3), consistency=consistency)
    assert render(found)["tokens"] == {"input": 30, "output": 4, "cached": 20, "cache_write": 5, "reasoning": 3}
    assert render(found)["consistency"]["tokens"] == {"input": 10, "output": 1, "cached": 2}
    assert found.usages == (Usage(30, 4, 20, 5, 3), Usage(10, 1, 2))
    assert exchange(usage=Usage(1, 2), consistency=Consistency(None, 1, 0, Usage())).usages == (Usage(1, 2),)
    assert exchange(usage=Usage(1, 2)).usages == (Usage(1, 2),)


def test_cost():
    """It is said where it is known, also where it is nothing; finely enough for a token."""
    assert "cost_usd" not in render(exchange())
    assert render(exchange(cost_usd=0.0))["cost_usd"] == 0.0
    assert render(exchange(cost_usd=2e-8 + 1e-12))["cost_usd"] == 2e-8


def test_scores():
    """Of calibrated rules, finely enough where they are near 1, with what made them; a record without any says nothing of it."""
    ended = exchange()
    assert "scores" not in render(ended)
    ended.request.note_scores([Scored("domain.topics", 1 - 1.23456e-6, Gauge("topics:1", 0.05))])
    assert render(ended)["scores"] == {"domain.topics": {"score": 0.999998765, "by": "topics:1"}}


def test_labels():
    """What the client says of itself is in the record if it says it, and a replay reads it there."""
    assert not {"user", "session", "group"} & render(exchange()).keys()
    found = entry(json.loads(json.dumps(render(exchange(user="u1", group="staff")), default=list))).exchange
    assert (found.subject.user, found.subject.group) == ("u1", "staff")
    assert {"exchange.session", "exchange.user"} & found.unknown == {"exchange.session"}


ASKED = Asked(messages=3, max_tokens=50.0, temperature=0.25, n=1.0, tools=("send_mail", "web.search"), kinds=frozenset({"text", "image"}))


def test_what_is_asked():
    """A replay reads of the record what the policy was asked about; where the policy asks nothing, the record says nothing."""
    assert "asked" not in render(exchange())
    found = entry(json.loads(json.dumps(render(exchange(asked=ASKED)), default=list))).exchange
    assert found.asked == ASKED
    fallbacks = replace(ASKED, models=("gpt-4o-mini", "Anna Miller"))
    found = entry(json.loads(json.dumps(render(exchange(asked=fallbacks)), default=list))).exchange
    assert found.asked.models == ("gpt-4o-mini", "")  # what could be a text is not told, and allowed nowhere
    assert not {"exchange.tools", "exchange.messages", "exchange.kinds", "exchange.top_p"} & found.unknown


def test_signals():
    """A replay reads of the record what the watch told, where the policy asks about it; what is 0 is not written, and is 0 again."""
    assert "signals" not in render(exchange())
    told = Signals(dict.fromkeys(DRIFT, 0.0) | {"topics": 0.31}, dict.fromkeys(DISPARITY, 0.0), dict.fromkeys(ANOMALY, 0.0), 2, 1)
    record = render(exchange(signals=told))
    assert record["signals"] == {"drift": {"topics": 0.31}, "incident_severity": 2, "incidents_open": 1}
    assert entry(json.loads(json.dumps(record, default=list))).exchange.signals == told
    assert render(exchange(signals=NO_SIGNALS))["signals"] == {}
    stale = entry(json.loads(json.dumps(render(exchange(signals=Signals(is_stale=True))), default=list))).exchange
    assert stale.signals.is_stale
    partly = Signals(told.drift, told.disparity, told.anomaly, stale_kinds=frozenset({"disparity", "drift"}))
    assert entry(json.loads(json.dumps(render(exchange(signals=partly)), default=list))).exchange.signals == partly


@pytest.mark.parametrize(
    "tools", [("Anna Miller",), ("send_mail", "4111111111111111"), ("QW5uYSBNaWxsZXIgb3dlcyBtZSBtb25leQ==",), ("f",) * 129]
)
def test_tools_that_are_not_named(tools: tuple[str, ...]):
    """Where one name could be a text, or there are too many, none is written, and a replay knows that it does not know them."""
    record = render(exchange(asked=replace(ASKED, tools=tools)))
    assert record["asked"] == {"messages": 3, "max_tokens": 50.0, "temperature": 0.25, "n": 1.0, "kinds": ["image", "text"]}
    assert "exchange.tools" in entry(json.loads(json.dumps(record, default=list))).exchange.unknown


@pytest.mark.parametrize(
    "changes",
    [
        {"max_tokens": 4111111111111111.0},
        {"max_tokens": 1e20},
        {"temperature": 0.4111111111111111},
        {"n": -491751234567.0},
        {"top_p": math.nan},
    ],
)
def test_numbers_that_could_be_somebodys(changes: dict[str, float]):
    """None of what is asked is written then, so that no number of a card is in it, nor what is no number; and a replay knows that it does
    not know.
    """
    record = render(exchange(asked=replace(ASKED, **changes)))
    assert "asked" not in record
    assert "exchange.max_tokens" in entry(json.loads(json.dumps(record, default=list))).exchange.unknown


@pytest.mark.parametrize(("model", "name"), [("gpt-4o-mini", "gpt-4o-mini"), ("card-4111-1111-1111-1111", ""), ("two words", "")])
def test_a_model_that_is_no_name(model: str, name: str):
    """What was read as text at the model's place is in no record."""
    assert Exchange("r", 0, 0, model=model).model_name == name


@pytest.mark.parametrize(
    ("bodies", "ends", "answer"),
    [
        (
            [{"model": "gpt-4o-2024-08-06"}, {"model": "other"}],
            [{}, {0: "stop", 1: "length"}],
            {"model": "gpt-4o-2024-08-06", "finish": ["stop", "length"]},
        ),
        (
            [{"model": "gpt-4o", "id": "chatcmpl-0123456789abcdef01"}, {"model": "gpt-4o", "id": "other"}],
            [{}, {}],
            {"model": "gpt-4o", "id": "chatcmpl-0123456789abcdef01", "finish": []},
        ),
        ([{"model": "anna kovacs", "id": "chatcmpl-0123456789abcdef01"}], [{0: "stop"}], {"finish": ["stop"]}),
        ([{"model": "gpt-4o"}], [{0: ""}], {"model": "gpt-4o", "finish": []}),
        ([{}], [{number: "x" * (number + 50) for number in range(40)}], {"finish": ["x" * (number + 50) for number in range(15)]}),
        ([None, []], [{}, {0: ""}], None),
    ],
)
def test_who_answered_and_why_it_ended(bodies: list[Json], ends: list[dict[int, str]], answer: Json):
    """As the endpoint says first, if it is a name; as many reasons as may be, in order of the choices. Nothing where it says nothing."""
    said = exchange()
    for body, finished in zip(bodies, ends, strict=True):
        said.note_event(Event(b"", body, finished=finished))
    assert render(said).get("answer") == answer


@pytest.mark.parametrize(("state", "flags", "said"), [("a=1", 1, "a=1"), ("", 1, None), ("a=1", 0, None), ("a=1", 3, "a=1")])
def test_what_callers_say_to_each_other(state: str, flags: int, said: str | None):
    """It is kept for the spans, and so where there are any."""
    trace = render(exchange(trace=Trace("a" * 32, "b" * 16, "", flags, state)))["trace"]
    assert trace.get("state") == said


def test_what_it_is_like():
    """Said where something was seen and somebody says it: of the last answer, and not of an error."""
    seen = exchange()
    assert "observed" not in render(seen, like=lambda glimpse: glimpse.said)
    seen.glimpse = Glimpse("", 0, "")
    assert "observed" not in render(seen)
    said = {name: Event(b"", None, (Delta((0, "content"), Scope.OUTPUT, name, ()),)) for name in ("fault", "first", "last")}
    seen.status = 500
    seen.note_event(said["fault"])
    seen.status = 200
    seen.note_event(said["first"])
    seen.note_reask()
    seen.note_event(said["last"])
    assert render(seen, like=lambda glimpse: glimpse.said)["observed"] == "last"
