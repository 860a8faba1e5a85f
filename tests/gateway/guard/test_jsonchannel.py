"""Tool arguments on their way."""

import json
from typing import Any

import pytest

from gateway.guard.jsonchannel import JsonChannel
from gateway.guard.tokens import Tokens
from policies.verdict import Action
from policies.vocabulary import Scope
from tests.support.guards import DIGITS, KEY, Names, channel, plan, policy, rule, stream


def arguments(*rules: Any, detectors: Any = (DIGITS,), tokens: Tokens | None = None) -> JsonChannel:
    made = channel(policy(), plan(policy(*rules), detectors).on_answer.of(Scope.TOOL_ARGUMENTS), tokens, json=True)
    assert isinstance(made, JsonChannel)
    return made


@pytest.mark.parametrize("value", ['say "hi"', "back\\slash", "line\nbreak", "é 日本 🙂", "\u2028", "</script>", "\x00\x1f"])
def test_a_restored_value_is_escaped(value: str) -> None:
    """Whatever a value holds, the arguments stay JSON and hold just that value."""
    tokens = Tokens(KEY, "app")
    mine = tokens.issue("PERSON", value, restore=True)
    text = json.dumps({"to": f"x {mine} y", "n": [1, 2.5, True, None]})
    for pieces in ([text], list(text)):
        out = "".join(stream(arguments(tokens=tokens), pieces))
        assert json.loads(out) == {"to": f"x {value} y", "n": [1, 2.5, True, None]}


def test_an_escaped_placeholder_is_found() -> None:
    """A model that writes the brackets as escapes is understood."""
    tokens = Tokens(KEY, "app")
    mine = tokens.issue("PERSON", "Anna", restore=True).replace("<", "\\u003c").replace(">", "\\u003E")
    assert json.loads("".join(stream(arguments(tokens=tokens), list(f'{{"to": "{mine}"}}')))) == {"to": "Anna"}


def test_a_number_that_is_rewritten_becomes_a_string() -> None:
    """A bare number that a rule takes out leaves valid JSON behind."""
    out = "".join(stream(arguments(rule("numbers", "redact")), list('{"card": 41111111, "n": 12, "s": "41111111"}')))
    assert json.loads(out) == {"card": "[NUMBER]", "n": 12, "s": "[NUMBER]"}


@pytest.mark.parametrize("number", ["4.1111111e7", "41111111.0", "4111111100E-2"])
def test_a_number_with_a_fraction_or_an_exponent(number: str) -> None:
    """It is judged by its digits written out, however it is cut, and goes on as it stood if nothing finds it."""
    text = f'{{"a": {number}, "b": 1.5e3}}'
    for pieces in ([text], list(text)):
        assert json.loads("".join(stream(arguments(rule("numbers", "redact")), pieces))) == {"a": "[NUMBER]", "b": 1500.0}
        assert "".join(stream(arguments(rule("numbers", "redact", entities=["OTHER"])), pieces)) == text


def test_a_run_that_is_too_long_for_a_number() -> None:
    """It is judged as it comes."""
    text = "[" + "x" * 5000 + " 41111111 " + "y" * 5000 + "]"
    for pieces in ([text], [text[i : i + 1500] for i in range(0, len(text), 1500)]):
        assert "".join(stream(arguments(rule("numbers", "redact")), pieces)) == text.replace("41111111", '"[NUMBER]"')


def test_what_nothing_touches_goes_on_character_for_character() -> None:
    """Escapes, white space and the order of keys stay as the model wrote them."""
    text = '{ "b" : "\\u00e9\\n",\t"a":1e5 , "c": "x" }'
    pieces = ['{ "b" : "\\u0', "0e9\\n", '",\t"a":1e5 , "c"', ': "x" }']
    assert "".join(stream(arguments(rule("numbers", "redact")), pieces)) == text


def test_arguments_that_are_not_json_are_plain_text() -> None:
    """A model that writes prose where arguments belong is guarded all the same."""
    assert "".join(stream(arguments(rule("numbers", "redact")), list("call 41111111 now"))) == "call [NUMBER] now"


def test_a_block_inside_a_leaf_ends_the_channel() -> None:
    """Nothing comes out after a rule has blocked, not even the closing brackets."""
    subject = arguments(rule("numbers", "block"))
    assert "".join(stream(subject, ['{"a": "ok", "b": "41111111 ", "c": "more"}'])) == '{"a": "ok", "b": "'
    assert subject.blocked
    assert subject.action is Action.BLOCK


def test_white_space_alone_goes_through() -> None:
    """Arguments that never begin are given back as they are."""
    assert "".join(stream(arguments(rule("numbers", "redact")), ["  ", "\n"])) == "  \n"


def test_a_late_check_is_heard() -> None:
    """A flag whose model answers after its leaf has gone out is recorded all the same."""
    subject = arguments(rule("names", "flag", on_error="flag", on_timeout="flag"), detectors=(Names(),))
    subject.feed('{"a": "ask Anna", "b": 1}')
    subject.close()
    needs = subject.needs()
    assert subject.release() == '{"a": "ask Anna", "b": 1}'
    assert not subject.is_settled
    for job, _ in needs:
        subject.settle(job, tuple(Names.scan(unit) for unit in job.units))
    subject.release()
    assert subject.is_settled
    assert [hit.fired.kind for hit in subject.hits] == ["pii.PERSON"]
