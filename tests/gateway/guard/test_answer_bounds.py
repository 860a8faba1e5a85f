"""The bounds of answers: what breaks them, as early as it can be told, and the same however the answer is cut."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.guard.answer_bounds import MAX_BROKEN, AnswerWatch, Heard, compile_bounds
from gateway.wire.model import Event, Form
from policies.policy import Policy
from policies.verdict import Action
from policies.vocabulary import Scope
from tests.support.guards import cut

CONTENT = (0, "content")
CALL = (0, "tool_calls", 0)
ARGUMENTS = (*CALL, "function", "arguments")
SCHEMA = {"type": "object", "properties": {"price": {"type": "number"}}, "required": ["price"], "additionalProperties": False}
PAY = {"type": "object", "properties": {"amount": {"type": "integer", "maximum": 100}}, "required": ["amount"]}


def bounds(mode: str = "enforce", **domain: Any):
    return compile_bounds(Policy.model_validate({"name": "test", "mode": mode, "domain": domain}, strict=False))


class Answer:
    """One answer under the bounds of a domain."""

    def __init__(self, *, may_reask: bool = False, mode: str = "enforce", **domain: Any) -> None:
        self.watch = AnswerWatch(bounds(mode, **domain), may_reask=may_reask)
        self.broken: list[Any] = []
        self.out = ""

    def feed(self, *heard: Heard, calls: Any = None, finished: Any = None, is_over: bool = False, **texts: str) -> "Answer":
        out = {each.channel: text for each, text in zip(heard, texts.values(), strict=False)}
        event = Event(b"", None, calls=[*(calls or {}).items()], finished=finished or {})
        self.broken += self.watch.judge(event, out, heard, is_over=is_over)
        self.out += "".join(out.values())
        return self

    def say(self, text: str, channel: Any = CONTENT) -> "Answer":
        return self.feed(Heard(channel, Scope.OUTPUT, Form.TEXT, False), text=text)

    def argue(self, text: str, channel: Any = ARGUMENTS, *, is_whole: bool = False, form: Form = Form.JSON) -> "Answer":
        return self.feed(Heard(channel, Scope.TOOL_ARGUMENTS, form, is_whole), text=text)

    def end(self, reason: str = "stop", choice: int = 0) -> "Answer":
        return self.feed(finished={choice: reason})

    @property
    def rules(self) -> list[str]:
        return [each.fired.rule for each in self.broken]


def test_no_bounds():
    """A policy that bounds no answer has nothing to hold them to."""
    assert bounds() is None


FORMS = [
    ({"json_schema": SCHEMA}, '{"price": 3.5}', '{"price": "three"}', "domain.output.json_schema"),
    ({"regex": "(yes|no)"}, "yes", "yellow", "domain.output.regex"),
    ({"grammar": 'start: "yes" | "no"'}, "no", "nothing", "domain.output.grammar"),
    ({"max_chars": 5}, "12345", "123456", "domain.output.max_chars"),
]


@pytest.mark.parametrize(("output", "good", "bad", "rule"), FORMS)
@given(places=st.lists(st.integers(0, 40), max_size=6))
def test_the_same_however_cut(output, good, bad, rule, places):
    """Cut anywhere, an answer within its bounds passes whole, and one outside of them is told once."""
    for text, rules in ((good, []), (bad, [rule])):
        answer = Answer(output=output)
        for piece in cut(text, places):
            answer.say(piece)
        answer.end()
        assert (answer.rules, answer.out) == (rules, text)


@pytest.mark.parametrize(("said", "at"), [(['{"price": ', '"', 'three"}'], 1), (['{"pri', "ze"], 1), (['{"price": 1}', " x"], 1)])
def test_as_soon_as_it_cannot_become_valid(said, at):
    """The piece with which a document breaks its schema is the one that is told."""
    answer = Answer(output={"json_schema": SCHEMA})
    for index, piece in enumerate(said):
        assert bool(answer.say(piece).broken) == (index >= at)


@pytest.mark.parametrize(("text", "reason"), [('{"price": 1', "stop"), ('{"price": 1', "length"), ("", "stop"), ("{}", "stop")])
def test_an_end_that_comes_too_soon(text, reason):
    """A document that is not whole, or not there, when its answer ends is none."""
    answer = Answer(output={"json_schema": SCHEMA})
    if text:
        answer.say(text)
    assert answer.end(reason).rules == ["domain.output.json_schema"]


def test_who_need_not_speak():
    """A choice that calls a tool, refuses or was cut off by the endpoint's own filter owes no document."""
    assert not Answer(output={"json_schema": SCHEMA}).feed(calls={CALL: "any"}).end("tool_calls").broken
    refusal = Heard((0, "refusal"), Scope.OUTPUT, Form.TEXT, False)
    assert not Answer(output={"json_schema": SCHEMA}).feed(refusal, text="no").end().broken
    assert not Answer(output={"json_schema": SCHEMA}).end("content_filter").broken


def test_choices_are_apart():
    """Each choice is held to the bounds by itself."""
    answer = Answer(output={"max_chars": 3}).say("abc").say("abc", (1, "content"))
    assert not answer.broken
    assert [each.place for each in answer.say("d", (1, "content")).broken] == [("choices", 1)]


def test_parts_of_one_answer():
    """Blocks one after the other are one text; one that goes on after the next has begun is out of order."""
    blocks = [(0, "content", index, "text") for index in range(2)]
    answer = Answer(output={"json_schema": SCHEMA}).say('{"price"', blocks[0]).say(": 1}", blocks[1])
    assert not answer.end().broken
    assert answer.rules == Answer(output={"json_schema": SCHEMA}).rules
    mixed = Answer(output={"json_schema": SCHEMA}).say('{"price"', blocks[0]).say(":", blocks[1]).say(" 1}", blocks[0])
    assert mixed.rules == ["domain.output.json_schema"]


def test_what_is_not_the_answer():
    """Reasoning and other texts are not held to the answer's bounds."""
    thought = Heard((0, "reasoning"), Scope.REASONING, Form.TEXT, False)
    assert not Answer(output={"max_chars": 1}).feed(thought, text="a long thought").say("a").end().broken


def test_tools_allowed():
    """A call of a tool that is not allowed, or of none that is named, is told; once for each tool."""
    answer = Answer(tools={"allow": ["pay"]}).feed(calls={CALL: "pay"}).argue("{}")
    assert not answer.broken
    answer.feed(calls={(0, "tool_calls", 1): "steal"}).feed(calls={(0, "tool_calls", 2): "steal"})
    assert answer.rules == ["domain.tools.allow"]
    assert "steal" not in answer.broken[0].reason
    assert Answer(tools={"allow": ["pay"]}).argue("{}").rules == ["domain.tools.allow"]


def test_a_name_in_pieces():
    """The pieces of a tool's name are one name, as SDKs take them."""
    answer = Answer(tools={"arguments": {"pay": PAY}}).feed(calls={CALL: "pa"}).feed(calls={CALL: "y"})
    assert answer.argue('{"amount": 500}', is_whole=True).rules == ["domain.tools.arguments"]


@pytest.mark.parametrize(
    ("allow", "pieces", "broken"),
    [
        (["pay"], ["pay"], 0),
        (["d"], ["d", "d"], 1),
        (["d", "dd"], ["d", "d"], 0),
        (["pay"], ["steal", "pay"], 2),
        (["pay", "paysteal"], ["pay", "steal"], 1),
        (["pay_bill"], ["pay", "_bill"], 2),
    ],
)
def test_a_name_in_pieces_is_allowed_however_it_is_taken(allow, pieces, broken):
    """SDKs take the first piece, the last or all joined: none of these may be a tool that is not allowed, and no piece is waited for."""
    answer = Answer(tools={"allow": allow})
    for piece in pieces:
        known = len(answer.broken)
        answer.feed(calls={CALL: piece})
        assert piece in allow or len(answer.broken) > known
    assert len(answer.broken) == broken


@pytest.mark.parametrize("pieces", [["pay", "pay"], ["pay", "er"], ["x", "pay"], ["p", "ay"]])
def test_a_name_in_pieces_is_bound_however_it_is_taken(pieces):
    """The arguments of a call are held to the bounds of each tool that it may be taken for, also where they never come."""
    for argued in (True, False):
        answer = Answer(tools={"arguments": {"pay": PAY}})
        for piece in pieces:
            answer.feed(calls={CALL: piece})
        (answer.argue("{}", is_whole=True) if argued else answer.end("tool_calls"))
        assert answer.rules == ["domain.tools.arguments"]


def test_many_calls_that_end_choice_by_choice():
    """To end a choice is no more work where others have calls as well: many of each are no trouble."""
    answer, number = Answer(tools={"arguments": {"pay": {"type": "object"}}}), 30_000
    answer.feed(calls={(choice, "tool_calls", 0): "pay" for choice in range(number)})
    answer.feed(finished=dict.fromkeys(range(number), "tool_calls"))
    assert not answer.broken


@given(places=st.lists(st.integers(0, 40), max_size=5), amount=st.integers(0, 200))
def test_arguments_wait_until_they_are_whole(places, amount):
    """Of the arguments of a call nothing goes out before all of them are known to be what they must be."""
    text = json.dumps({"amount": amount})
    answer = Answer(tools={"arguments": {"pay": PAY}}).feed(calls={CALL: "pay"})
    for piece in cut(text, places):
        assert answer.argue(piece).out == ""
    answer.argue("", is_whole=True)
    assert bool(answer.broken) == (amount > 100)
    assert answer.out == text


@pytest.mark.parametrize("text", ['{"amount": 1', "not json", '{"amount": 1, "amount": 2}', "[]", '{"amount": "1"}', "\ud800"])
def test_arguments_that_are_none(text):
    """Arguments that are not the JSON that the schema asks for break it, whatever they are."""
    answer = Answer(tools={"arguments": {"pay": PAY}}).feed(calls={CALL: "pay"}).argue(text, is_whole=True)
    assert answer.rules == ["domain.tools.arguments"]


def test_a_call_without_arguments():
    """A call that ends without any argument is judged as one that has none."""
    for answer in (Answer(tools={"arguments": {"pay": PAY}}), Answer(tools={"arguments": {"pay": {"type": "object"}}})):
        answer.feed(calls={CALL: "pay"}).end("tool_calls")
    assert Answer(tools={"arguments": {"pay": PAY}}).feed(calls={CALL: "pay"}).end("tool_calls").rules == ["domain.tools.arguments"]
    assert not Answer(tools={"arguments": {"pay": {"type": "object"}}}).feed(calls={CALL: "pay"}).end("tool_calls").broken
    over = Answer(tools={"arguments": {"pay": PAY}}).feed(calls={("output", 1): "pay"}).feed(is_over=True)
    assert over.rules == ["domain.tools.arguments"]


def test_a_call_named_again():
    """That a call is named once more when it ends does not make it another one."""
    answer = Answer(tools={"arguments": {"pay": PAY}}).feed(calls={("output", 0): "pay"})
    answer.argue('{"amount": 1}', ("output", 0, "function_call_arguments"), is_whole=True)
    assert not answer.feed(calls={("output", 0): "pay"}).feed(is_over=True).broken


def test_other_tools_are_free():
    """A tool without a schema takes what it likes, at once."""
    answer = Answer(tools={"arguments": {"pay": PAY}}).feed(calls={CALL: "other"}).argue("anything")
    assert (answer.broken, answer.out) == ([], "anything")


def test_an_input_that_is_no_json():
    """The input of a custom tool is a string to its schema."""
    custom = {"arguments": {"run": {"type": "string", "maxLength": 5}}}
    channel = (*CALL, "custom", "input")
    for text, rules in (("short", []), ("too long", ["domain.tools.arguments"])):
        answer = Answer(tools=custom).feed(calls={CALL: "run"}).argue(text, channel, is_whole=True, form=Form.TEXT)
        assert answer.rules == rules


def test_arguments_said_again():
    """What a stream says over again before it names the call belongs to the call that it repeats."""
    answer = Answer(tools={"allow": ["pay"], "arguments": {"pay": PAY}}).feed(calls={("output", 0): "pay"})
    answer.argue('{"amount": 1}', ("output", 0, "function_call_arguments"), is_whole=True)
    assert not answer.argue('{"amount": 1}', ("again", 0, "arguments"), is_whole=True).broken
    assert answer.argue('{"amount": 999}', ("again", 0, "arguments"), is_whole=True).rules == ["domain.tools.arguments"]


@pytest.mark.parametrize(
    ("action", "may_reask", "expected"),
    [("flag", True, Action.FLAG), ("block", True, Action.BLOCK), ("reask", True, Action.REASK), ("reask", False, Action.BLOCK)],
)
def test_actions(action, may_reask, expected):
    """An answer that cannot be asked for again is blocked instead."""
    for domain, text in (({"output": {"max_chars": 1, "action": action}}, "ab"), ({"tools": {"allow": [], "action": action}}, "")):
        answer = Answer(may_reask=may_reask, **domain)
        answer.say(text) if text else answer.feed(calls={CALL: "x"})
        assert [each.fired.action for each in answer.broken] == [expected]


def test_shadow():
    """In shadow mode bounds are told and stop nothing, and nothing waits for them."""
    domain = {"output": {"max_chars": 1, "action": "reask"}, "tools": {"arguments": {"pay": PAY}}}
    made = bounds("shadow", **domain)
    assert (made.max_reasks, made.holds_whole) == (0, False)
    answer = Answer(mode="shadow", **domain).say("ab").feed(calls={CALL: "pay"}).argue("{").argue("}", is_whole=True)
    assert [each.stops for each in answer.broken] == [False, False]
    assert answer.out == "ab{}"


@pytest.mark.parametrize(
    ("domain", "max_reasks", "holds_whole"),
    [
        ({"output": {"max_chars": 5}}, 0, False),
        ({"output": {"max_chars": 5, "stream": "whole"}}, 0, True),
        ({"output": {"max_chars": 5, "action": "reask", "max_reasks": 3}}, 3, True),
        ({"output": {"action": "reask"}, "tools": {"allow": []}}, 0, False),
        ({"tools": {"allow": [], "action": "reask"}}, 1, True),
        ({"output": {"uncertainty": {"max_entropy": 1.0}}}, 0, False),
        ({"output": {"uncertainty": {"max_entropy": 1.0, "action": "block"}}}, 0, True),
        ({"output": {"uncertainty": {"max_entropy": 1.0, "on_unavailable": "block"}}}, 0, True),
        ({"output": {"uncertainty": {"max_entropy": 1.0, "action": "reask"}}}, 1, True),
    ],
)
def test_what_waits(domain, max_reasks, holds_whole):
    """An answer that may be asked for again is held whole, as is one that may be blocked at its end."""
    made = bounds(**domain)
    assert (made.max_reasks, made.holds_whole) == (max_reasks, holds_whole)


def test_many_tools():
    """However many tools have been told, one that stops the answer still does."""
    answer = Answer(tools={"allow": [], "action": "flag"}, output={"max_chars": 1})
    for index in range(MAX_BROKEN + 10):
        answer.feed(calls={(0, "tool_calls", index): f"tool{index}"})
    assert len(answer.broken) == MAX_BROKEN
    assert answer.say("ab").rules[-1] == "domain.output.max_chars"
