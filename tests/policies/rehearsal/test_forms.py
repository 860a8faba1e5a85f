"""What answers are held to besides rules."""

import pytest

from policies.rehearsal.exchange import Text
from policies.rehearsal.forms import Forms
from policies.vocabulary import Scope


def conforms(kind, form):
    """A text is of the form that it names."""
    return lambda text: text == kind


def call(text, tool, path="", is_answer=True):
    return Text(Scope.TOOL_ARGUMENTS, text, is_answer, tool, path)


@pytest.mark.parametrize(
    ("domain", "text", "fired", "untold"),
    [
        ("output: {max_chars: 3}", Text(Scope.OUTPUT, "abcd", True), [("domain.output.max_chars", "block")], []),
        ("output: {max_chars: 4}", Text(Scope.OUTPUT, "abcd", True), [], []),
        ("output: {max_chars: 3}", Text(Scope.OUTPUT, "abcd", False), [], []),
        ("action: flag, output: {regex: a}", Text(Scope.OUTPUT, "x", True), [("domain.output.regex", "flag")], []),
        ("output: {grammar: a}", Text(Scope.OUTPUT, "grammar", True), [], []),
        ("output: {json_schema: {}, action: reask}", Text(Scope.OUTPUT, "x", True), [("domain.output.json_schema", "reask")], []),
        ("output: {json_schema: {}}", Text(Scope.REASONING, "x", True), [], []),
        ("output: {uncertainty: {max_entropy: 1}}", Text(Scope.OUTPUT, "x", True), [], ["domain.output.uncertainty"]),
        ("tools: {allow: [a]}", call("{}", "a"), [], []),
        ("tools: {allow: [a]}", call("{}", "b"), [("domain.tools.allow", "block")], []),
        ("tools: {arguments: {a: {}}}", call("x", "a"), [("domain.tools.arguments", "block")], []),
        ("tools: {arguments: {a: {}}}", call("arguments", "a"), [], []),
        ("tools: {arguments: {a: {}}}", call("x", "a", "to"), [], ["domain.tools.arguments"]),
        ("tools: {arguments: {a: {}}}", call("x", "b"), [], []),
    ],
)
def test_violations(loaded, domain, text, fired, untold):
    """Each bound by its name, with the action that the domain has for it; what cannot be told from a text is named."""
    found, doubts = Forms(loaded(f"name: p\ndomain: {{{domain}}}").policy, conforms).violations([text])
    assert ([(each.rule, each.action) for _, each in found], list(doubts)) == (fired, untold)


def test_without_parsers(loaded):
    """Nothing can be told of a form, nor of arguments."""
    policy = loaded("name: p\ndomain: {output: {regex: a}, tools: {arguments: {a: {}}}}").policy
    texts = [Text(Scope.OUTPUT, "x", True), call("x", "a")]
    assert Forms(policy, None).violations(texts) == ([], ("domain.output.regex", "domain.tools.arguments"))
    assert not Forms(loaded("name: p").policy, None)
