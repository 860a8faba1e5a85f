"""The guard of an answer, on the chat dialect: what goes out, event by event."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.guard.answer_bounds import AnswerWatch
from gateway.guard.render import StreamRenderer, render_completion
from gateway.guard.response import Refuse, ResponseGuard
from gateway.guard.tokens import Tokens
from gateway.wire.model import Delta, Event, Form, Origin
from gateway.wire.openai.chat import ChatCompletions, ChatStream
from gateway.wire.sse import SseDecoder, encode_event
from policies.policy import Rule
from policies.verdict import Action
from policies.vocabulary import Scope
from tests.support.guards import DIGITS, KEY, Names, cut, plan, policy, rule

CHAT = ChatCompletions()


def chunk(index: int = 0, finish: str | None = None, logprobs: Any = None, **delta: Any) -> Any:
    return {
        "id": "c",
        "object": "chat.completion.chunk",
        "choices": [{"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": finish}],
    }


ORIGIN = Origin("req_1", "m", 7)


def _event(raw: bytes) -> Event:
    (event,) = ChatStream(ORIGIN).feed(raw)
    return event


class Playbook:
    """Feeds chunks and collects what goes out; ``refused`` once a rule has blocked."""

    def __init__(self, *rules: Rule, tokens: Tokens | None = None, detectors: Any = (DIGITS,), **keys: Any) -> None:
        tokens = tokens or Tokens(KEY, "app")
        self.guard = ResponseGuard(plan(policy(*rules, **keys), detectors), tokens, lambda text: text.encode())
        self.stream = ChatStream(ORIGIN)
        self.renderer = StreamRenderer(self.stream, self.guard)
        self.refused = False

    def __call__(self, *bodies: Any) -> list[Any]:
        """The events that go out for these."""
        out: list[Any] = []
        for body in bodies:
            raw = b"data: [DONE]\n\n" if body == "DONE" else encode_event(json.dumps(body).encode())
            for event in self.stream.feed(raw):
                self.guard.feed(event)
            if body == "DONE":
                self.guard.close()
            for job, _ in self.guard.needs():
                self.guard.settle({job: tuple(Names.scan(unit) for unit in job.units)})
            release = self.guard.release()
            if isinstance(release, Refuse):
                self.refused = True
                break
            out += [event.data for event in SseDecoder(1 << 20).feed(self.renderer.render(release))]
        return [json.loads(data) if data != b"[DONE]" else "DONE" for data in out]


def contents(events: list[Any], index: int = 0, key: str = "content") -> str:
    choices = [choice for event in events if event != "DONE" for choice in event["choices"] if choice["index"] == index]
    return "".join(choice["delta"].get(key) or "" for choice in choices)


def test_untouched_events_go_on_as_they_came() -> None:
    """Without a rule or a placeholder every event goes out byte for byte, unknown fields and spacing and all."""
    guard = ResponseGuard(plan(policy(), ()), Tokens(KEY, "app"), str.encode)
    raw = b'event: x\nid: 7\ndata: {"choices" : [{"index":0,"delta":{"content":"hi","new":{"a":[1]}}}],  "obj":1.0}\n\n'
    guard.feed(_event(raw))
    release = guard.release()
    assert not isinstance(release, Refuse)
    assert StreamRenderer(ChatStream(ORIGIN), guard).render(release) == raw


def test_what_is_held_at_the_end_goes_out_before_the_stop() -> None:
    """The rest of a text is an event of its own, before the one that ends its choice."""
    play = Playbook(rule("numbers", "redact"))
    events = play(chunk(role="assistant", content=""), chunk(content="call 1234"), chunk(content="5678"), chunk(finish="stop"), "DONE")
    assert contents(events) == "call [NUMBER]"
    assert events[-3]["choices"][0]["delta"] == {"content": "[NUMBER]"}
    assert events[-3]["id"] == "c"
    assert events[-2]["choices"][0]["finish_reason"] == "stop"
    assert events[-1] == "DONE"


def test_choices_are_guarded_each_on_its_own() -> None:
    """A value is not hidden by another choice's words between its halves, and each choice ends by itself."""
    play = Playbook(rule("numbers", "redact"))
    events = play(
        chunk(0, content="is 12"), chunk(1, content="no "), chunk(0, content="34 "), chunk(1, content="56"), chunk(0, finish="stop")
    )
    events += play(chunk(1, content="78"), chunk(1, finish="length"), "DONE")
    assert (contents(events, 0), contents(events, 1)) == ("is [NUMBER] ", "no [NUMBER]")


@pytest.mark.parametrize("key", ["content", "refusal", "reasoning_content", "reasoning", "some_new_text"])
def test_every_text_of_a_delta_is_guarded(key: str) -> None:
    """Content, refusal, reasoning and a field that nobody has named yet are guarded alike."""
    play = Playbook(rule("numbers", "redact"))
    assert contents(play(chunk(**{key: "12"}), chunk(**{key: "34 x"}), chunk(finish="stop"), "DONE"), key=key) == "[NUMBER] x"


def test_streamed_arguments_are_restored() -> None:
    """A placeholder cut over argument fragments comes back as its value, escaped, in the right call."""
    tokens = Tokens(KEY, "app")
    mine = tokens.issue("PERSON", 'An"na', restore=True)
    calls = [
        chunk(tool_calls=[{"index": i, "id": f"c{i}", "type": "function", "function": {"name": "f", "arguments": ""}}]) for i in (0, 1)
    ]
    calls += [chunk(tool_calls=[{"index": i, "function": {"arguments": piece}}]) for piece in ['{"a": "', *mine, '"}'] for i in (0, 1)]
    events = Playbook(tokens=tokens)(*calls, chunk(finish="tool_calls"), "DONE")
    for index in (0, 1):
        deltas = [c for e in events if e != "DONE" for c in e["choices"][0]["delta"].get("tool_calls", []) if c["index"] == index]
        assert json.loads("".join(d["function"]["arguments"] for d in deltas)) == {"a": 'An"na'}


def test_log_probabilities_ride_with_their_text() -> None:
    """They are held with the text they spell, and let out with it."""
    play = Playbook(rule("numbers", "redact"))
    (first,) = play(chunk(content="hold", logprobs={"content": [{"token": "hold"}]}))
    assert first["choices"][0]["logprobs"] is None
    (second,) = play(chunk(content=" on", logprobs={"content": [{"token": " on"}]}))
    assert second["choices"][0]["logprobs"] == {"content": [{"token": "hold"}]}
    tail, stop = play(chunk(finish="stop"))
    assert tail["choices"][0]["logprobs"] == {"content": [{"token": " on"}]}
    assert stop["choices"][0]["finish_reason"] == "stop"


def test_log_probabilities_of_a_rewritten_text_are_taken_out() -> None:
    """What a rule took out of the text is not spelled out beside it."""
    play = Playbook(rule("numbers", "redact"))
    sent = [chunk(content=piece, logprobs={"content": [{"token": piece}]}) for piece in ("my ", "12", "34", " is")]
    assert "12" not in json.dumps(play(*sent, chunk(finish="stop"), "DONE"))


def test_log_probabilities_of_a_whole_answer() -> None:
    """A whole answer keeps them, unless a rule rewrote its text."""
    for text, kept in (("hello", True), ("1234", False)):
        body = {
            "choices": [{"index": 0, "message": {"content": text}, "logprobs": {"content": [{"token": text}]}, "finish_reason": "stop"}]
        }
        guard = ResponseGuard(plan(policy(rule("numbers", "redact")), (DIGITS,)), Tokens(KEY, "app"), str.encode)
        guard.feed(CHAT.parse_completion(json.dumps(body).encode(), "application/json"))
        release = guard.release()
        assert not isinstance(release, Refuse)
        assert (json.loads(render_completion(release, guard))["choices"][0]["logprobs"] is not None) is kept


def test_a_block_lets_nothing_more_out() -> None:
    """Once a rule blocks, no choice says another word; the ending stops those that are open."""
    play = Playbook(rule("numbers", "block"))
    play(chunk(0, content="a "), chunk(1, content="b "), chunk(2, content="c", finish="stop"))
    assert play(chunk(0, content="1234 "), chunk(1, content="more ")) == []
    assert play.refused
    assert play.guard.open_choices() == (0, 1)


@pytest.mark.parametrize("body", [{"choices": ["x"]}, {"choices": [{"index": -1, "delta": {"content": "x"}}]}, ["x"], "x", 7])
def test_an_event_that_cannot_be_read_is_the_policys_to_decide(body: Any) -> None:
    """By default it blocks; a policy that flags lets it through as it came."""
    play = Playbook()
    play(body)
    assert play.refused
    play = Playbook(on_uninspectable={"unknown": "flag"})
    assert play(body) == [body]
    assert len(play.guard.findings.unread) >= 1


def test_text_after_a_choice_has_ended_is_not_readable() -> None:
    """A choice that goes on after its end could carry half of a value past the guard, so it is uninspectable."""
    play = Playbook(rule("numbers", "redact"))
    play(chunk(content="12", finish="stop"), chunk(content="34"))
    assert play.refused


def test_a_whole_answer_is_guarded_like_a_stream() -> None:
    """Every choice, its reasoning and its tool calls, in one event."""
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": '{"n": 12345}'}}
    messages = [{"role": "assistant", "content": "1234 ok", "reasoning_content": "is 5678"}, {"content": None, "tool_calls": [call]}]
    body = {"choices": [{"index": i, "message": message, "finish_reason": "stop"} for i, message in enumerate(messages)]}
    guard = ResponseGuard(plan(policy(rule("numbers", "redact")), (DIGITS,)), Tokens(KEY, "app"), str.encode)
    guard.feed(CHAT.parse_completion(json.dumps(body).encode(), "application/json"))
    release = guard.release()
    assert not isinstance(release, Refuse)
    first, second = (choice["message"] for choice in json.loads(render_completion(release, guard))["choices"])
    assert (first["content"], first["reasoning_content"]) == ("[NUMBER] ok", "is [NUMBER]")
    assert json.loads(second["tool_calls"][0]["function"]["arguments"]) == {"n": "[NUMBER]"}
    assert {(c.place, c.rules) for c in guard.covered()} == {
        ((0, "content"), ("numbers",)),
        ((0, "reasoning_content"), ("numbers",)),
        ((1, "tool_calls", 0, "function", "arguments"), ("numbers",)),
    }


def test_channels_are_bounded() -> None:
    """An answer with more channels than any real one has is not readable."""
    play = Playbook(rule("numbers", "redact"))
    for start in range(0, 2000, 100):
        play(chunk(0, **{f"field{start + index}": "x" for index in range(100)}))
    assert play.refused


def test_what_would_be_restored_at_once_is_left_alone() -> None:
    """A value that the model says of itself is not replaced on its way to the app by a rule that restores what it replaces."""
    play = Playbook(rule("numbers", "tokenize", scope=["output", "tool_arguments"]))
    assert contents(play(chunk(content="12"), chunk(content="34 "), chunk(finish="stop"), "DONE")) == "1234 "
    play = Playbook(rule("numbers", "tokenize", scope=["output"], restore=False))
    assert "<NUMBER_" in contents(play(chunk(content="12"), chunk(content="34 "), chunk(finish="stop"), "DONE"))


def test_a_stream_that_is_cut_before_any_text_has_a_choice_to_end() -> None:
    """A client that waits for a finish reason gets one, unless every choice has had its own."""
    play = Playbook(rule("numbers", "redact"))
    play(chunk(role="assistant"))
    assert play.guard.open_choices() == (0,)
    play(chunk(content="12 "), chunk(finish="stop"))
    assert play.guard.open_choices() == ()


@pytest.mark.parametrize("others", [(), (1,)])
def test_a_choice_that_is_blocked_at_its_end_is_still_open(others: tuple[int, ...]) -> None:
    """The client has not heard the ending that came with what a rule blocked, so it gets another one."""
    play = Playbook(rule("numbers", "block"))
    play(*(chunk(index, content="fine ") for index in others))
    assert play(chunk(0, content="1234", finish="stop")) == []
    assert play.refused
    assert set(play.guard.open_choices()) == {0, *others}


def test_a_key_that_is_prose_is_judged_and_never_rewritten() -> None:
    """It goes on as it came, and is recorded, unless a rule would rewrite it: that blocks, since a key cannot be rewritten."""
    play = Playbook(rule("numbers", "redact"))
    fine = {"novelty": {"two words": 1}}
    assert play(fine) == [fine]
    (covered,) = play.guard.covered()
    assert (covered.place, covered.chars, covered.rules) == (("key", "novelty", "two words"), 9, ("numbers",))
    assert play({"novelty": {"call 1234 now": 1}}) == []
    assert play.refused
    assert play.guard.findings.reasons() == ("numbers: pii.NUMBER in output stands where it cannot be rewritten",)


@pytest.mark.parametrize(("action", "goes"), [("flag", True), ("redact", False), ("block", False)])
def test_what_was_read_in_a_picture(action: str, goes: bool) -> None:
    """It is judged like any text, and the picture goes on as it came or not at all: no edit reaches into it, and nothing is restored."""
    tokens = Tokens(KEY, "app")
    placeholder = tokens.issue("NUMBER", "5678", restore=True)
    guard = ResponseGuard(plan(policy(rule("numbers", action, scope=["output"])), (DIGITS,)), tokens, str.encode)
    picture = Delta(("picture", "data", 0), Scope.OUTPUT, f"call 1234 or {placeholder}", ("data", 0), Form.PICTURE, closes=True)
    guard.feed(Event(b"raw", {"data": ["AAAA"]}, (picture,)))
    release = guard.release()
    assert isinstance(release, Refuse) is not goes
    assert ("picture" in "".join(guard.findings.reasons())) is (action == "redact")
    if not isinstance(release, Refuse):
        assert render_completion(release, guard) == b"raw"
        assert [(each.place, [hit.fired.kind for hit in each.hits]) for each in guard.findings.placed] == [
            (("picture", "data", 0), ["pii.NUMBER"])
        ]


def test_texts_at_one_place_of_several_events_are_counted_together() -> None:
    """Each is judged by itself, to its end; the record says how many there were, and how long they were in all."""
    play = Playbook(rule("numbers", "redact"))
    assert play(*({"note": note} for note in ("fine", "1234", "12", "34"))) == [{"note": note} for note in ("fine", "[NUMBER]", "12", "34")]
    (covered,) = play.guard.covered()
    assert (covered.place, covered.texts, covered.chars) == (("body", "note"), 4, 12)


def test_a_late_finding_is_heard_when_its_place_comes_again() -> None:
    """What a model that only flags says of a text is recorded, though another text has stood at the same place meanwhile."""
    guard = ResponseGuard(plan(policy(rule("names", "flag", scope=["output"])), (Names(),)), Tokens(KEY, "app"), str.encode)
    jobs = []
    for text in ("Anna came", "Bert came", "nobody came"):
        guard.feed(Event(b"x", {"note": text}, (Delta(("body", "note"), Scope.OUTPUT, text, ("note",), closes=True),)))
        jobs += [job for job, _ in guard.needs()]
        guard.release()
    for job in jobs:
        guard.settle({job: tuple(Names.scan(unit) for unit in job.units)})
        guard.release()
    assert sum(guard.findings.counts.values()) == 2
    assert not guard._active


SCHEMA = {"type": "object", "properties": {"to": {"type": "string", "maxLength": 12}}, "required": ["to"]}
PAY = {"domain": {"tools": {"allow": ["pay"], "arguments": {"pay": SCHEMA}}}}


def called(**function: Any) -> Any:
    return chunk(tool_calls=[{"index": 0, "function": function}])


def bounded(*rules: Rule, tokens: Tokens | None = None, **keys: Any) -> Playbook:
    play = Playbook(*rules, tokens=tokens, **keys)
    assert play.guard.plan.answer_bounds
    play.guard.bounds = AnswerWatch(play.guard.plan.answer_bounds)
    return play


def arguments(events: list[Any]) -> str:
    calls = [call for event in events if event != "DONE" for choice in event["choices"] for call in choice["delta"].get("tool_calls", ())]
    return "".join(call["function"].get("arguments", "") for call in calls)


def test_arguments_go_out_when_they_are_whole() -> None:
    """The call goes out at once, its arguments in one piece before the event with which the choice ends."""
    play = bounded(**PAY)
    begun = play(called(name="pay", arguments=""), called(arguments='{"to": "a'), called(arguments='nn"}'))
    assert arguments(begun) == ""
    ended = play(chunk(finish="tool_calls"), "DONE")
    assert arguments(ended) == '{"to": "ann"}'
    assert ended[-2]["choices"][0]["finish_reason"] == "tool_calls"
    assert not play.refused


def test_arguments_out_of_bounds_never_go_out() -> None:
    """Nor does anything after them; the record says which bound, and nothing of the text."""
    play = bounded(**PAY)
    out = play(called(name="pay", arguments='{"to": "'), called(arguments='somebody else"}'), chunk(finish="tool_calls"), "DONE")
    assert (play.refused, arguments(out)) == (True, "")
    (placed,) = play.guard.findings.placed
    assert (placed.place, [hit.fired.rule for hit in placed.hits]) == ((0, "tool_calls", 0), ["domain.tools.arguments"])


def test_bounds_are_of_what_the_app_sees() -> None:
    """A placeholder counts as the value that it stands for, and a value that a rule has rewritten as what it became."""
    tokens = Tokens(KEY, "app")
    placeholder = tokens.issue("NUMBER", "123456789012345678901234567890", restore=True)
    play = bounded(tokens=tokens, domain={"output": {"max_chars": 25}})
    assert contents(play(chunk(content=placeholder), chunk(finish="stop"), "DONE")) == ""
    assert play.refused
    play = bounded(rule("numbers", "redact", scope=["output"]), domain={"output": {"regex": "[a-z<>_A-Z\\[\\] ]*"}})
    assert "12345678" not in contents(play(chunk(content="see 12345678 there"), chunk(finish="stop"), "DONE"))
    assert not play.refused


def test_what_a_rule_blocks_breaks_no_bound_besides() -> None:
    """Of an answer that a rule stops only that is said."""
    play = bounded(rule("numbers", "block", scope=["output"]), domain={"output": {"json_schema": {"type": "object"}}})
    play(chunk(content='{"a": " 12345678 "'), chunk(finish="stop"), "DONE")
    assert play.refused
    assert play.guard.findings.rules() == ("numbers",)


def test_who_asks_again() -> None:
    """A bound that asks for another answer stops this one; not so if a rule blocks it as well."""
    domain = {"output": {"max_chars": 5, "action": "reask"}}
    play = Playbook(rule("numbers", "block", scope=["output"]), domain=domain)
    play.guard.bounds = AnswerWatch(play.guard.plan.answer_bounds, may_reask=True)
    play(chunk(content="too long"), chunk(finish="stop"), "DONE")
    assert (play.refused, [each.fired.rule for each in play.guard.asks_again()]) == (True, ["domain.output.max_chars"])
    play.guard.findings.raise_to(Action.BLOCK)
    assert play.guard.asks_again() == []


@given(places=st.lists(st.integers(0, 40), max_size=6))
def test_a_form_however_it_is_cut(places: list[int]) -> None:
    """With rules that hold text back, an answer within its bounds goes out whole and one outside is stopped, however it is cut."""
    domain = {"output": {"json_schema": {"type": "object", "properties": {"n": {"type": "integer"}}}}}
    for text, is_good in (('{"n": 12345, "m": "x y"}', True), ('{"n": "12345 x"}', False)):
        play = bounded(rule("numbers", "redact", scope=["output"]), domain=domain)
        out = play(*(chunk(content=piece) for piece in cut(text, places)), chunk(finish="stop"), "DONE")
        assert play.refused != is_good
        assert text.startswith(contents(out))
        assert not is_good or contents(out) == text
