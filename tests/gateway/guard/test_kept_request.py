"""What is kept of the texts of a request."""

import json
from collections import deque
from typing import Any

import pytest

from gateway.guard.kept import MAX_BYTES, KeepText, Texts
from gateway.guard.memo import Memo
from gateway.guard.request import Memos, RequestGuard
from gateway.guard.tokens import Tokens
from gateway.wire.anthropic.messages import Messages
from gateway.wire.dialect import Dialect
from gateway.wire.model import Call
from gateway.wire.openai.chat import ChatCompletions
from policies.decide import NotChecked
from policies.policy import Rule
from tests.support.guards import DIGITS, KEY, MAILS, Names, plan, policy, rule


def memos() -> Memos:
    return Memos(Memo(KEY, 1 << 20), Memo(KEY, 1 << 20))


def kept(
    messages: Any,
    *rules: Rule,
    detectors: Any = (MAILS,),
    keep: KeepText = "redacted",
    dialect: Dialect | None = None,
    remembered: Memos | None = None,
    answer: Any = Names.scan,
) -> Texts:
    raw = json.dumps({"model": "m", "messages": messages, "max_tokens": 5}).encode()
    request = (dialect or ChatCompletions()).parse_request(raw, Call())
    guard = RequestGuard(plan(policy(*rules), detectors, keep), request, remembered or memos(), Tokens(KEY, "app"), "app")
    answers = {}
    for job in guard.needs():
        found = [answer(unit) for unit in job.units]
        answers[job] = found[0] if isinstance(found[0], NotChecked) else tuple(found)
    guard.settle(answers)
    deque(guard.scan(), 0)
    guard.verdict()
    assert guard.findings.texts
    return guard.findings.texts


def said(texts: Texts) -> list[str]:
    return [text.text for text in texts.kept]


def turn(content: Any, role: str = "user") -> dict[str, Any]:
    return {"role": role, "content": content}


@pytest.mark.parametrize("action", ["allow", "flag", "redact", "tokenize", "hash", "mask", "block"])
@pytest.mark.parametrize("mode", ["enforce", "shadow"])
def test_any_action(action: str, mode: str) -> None:
    """Whatever a rule does with what it finds, that is not kept; and as little where the text is remembered from before."""
    remembered = memos()
    for _ in range(2):
        texts = kept([turn("I am a@b.c", "system"), turn("to a@b.c now")], rule("mails", action, mode=mode), remembered=remembered)
        assert said(texts) == ["I am <EMAIL_ADDRESS>", "to <EMAIL_ADDRESS> now"]
        assert [(text.place, text.scope.value) for text in texts.kept] == [
            (("messages", 0, "content"), "system"),
            (("messages", 1, "content"), "user"),
        ]
        assert (texts.left_out, texts.is_cut) == (0, False)


def test_every_rule_counts() -> None:
    """What one rule finds and another one does not is taken out as well."""
    rules = rule("mails", "flag", entities=["EMAIL_ADDRESS"]), rule("numbers", "allow", entities=["NUMBER"])
    assert said(kept([turn("a@b.c or 123456")], *rules, detectors=(MAILS, DIGITS))) == ["<EMAIL_ADDRESS> or <NUMBER>"]


def test_what_no_rule_looks_at() -> None:
    """It is left out and counted."""
    texts = kept([turn("secret plans", "system"), turn("hello")], rule("mails", "flag", scope=["user"]))
    assert (said(texts), texts.left_out) == (["hello"], 1)


def test_what_is_rewritten_elsewhere() -> None:
    """Where a rule that rewrites a value does not look, nothing is kept that another one looks at."""
    rules = rule("mails", "redact", scope=["user"]), rule("numbers", "flag")
    texts = kept([turn("to a@b.c", "system"), turn("hello")], *rules, detectors=(MAILS, DIGITS))
    assert (said(texts), texts.left_out) == (["hello"], 1)


def test_a_check_that_failed() -> None:
    """Nothing of its text is kept, of the others all the same."""
    detectors = (Names(),)
    texts = kept(
        [turn("hello", "system"), turn("hello Alice")],
        rule("names", "flag"),
        detectors=detectors,
        answer=lambda unit: NotChecked("pii", "timeout"),
    )
    assert (said(texts), texts.left_out) == (["hello"], 1)


def test_a_check_of_a_seam_that_failed() -> None:
    """None of the texts that a reader takes for one is kept: what lies across them is not known."""
    both = [turn("hello"), turn("hello Alice")]
    fails = lambda unit: NotChecked("pii", "timeout") if unit.startswith("hellohello") else ()  # noqa: E731 as short as it is
    texts = kept(both, rule("names", "flag"), detectors=(Names(),), answer=fails)
    assert (said(texts), texts.left_out) == ([], 2)


@pytest.mark.parametrize("action", ["flag", "redact", "tokenize"])
def test_a_value_over_two_texts(action: str) -> None:
    """Its part in each is taken out."""
    parts = [{"type": "text", "text": "write to a@"}, {"type": "text", "text": "b.c today"}]
    assert said(kept([turn(parts)], rule("mails", action), dialect=Messages())) == [
        "write to <EMAIL_ADDRESS>",
        "<EMAIL_ADDRESS> today",
    ]


def test_arguments_of_a_call() -> None:
    """The texts in JSON are kept each by itself."""
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": json.dumps({"to": "a@b.c", "text": "hi"})}}
    assert said(kept([{"role": "assistant", "tool_calls": [call]}], rule("mails", "redact"))) == [
        "f",
        "to",
        "<EMAIL_ADDRESS>",
        "text",
        "hi",
    ]


def test_as_it_came() -> None:
    """In full, every text is kept as it is, also where no rule looks."""
    texts = kept([turn("a@b.c", "system"), turn("to a@b.c")], rule("mails", "redact", scope=["user"]), keep="full")
    assert (said(texts), texts.is_raw, texts.left_out) == (["a@b.c", "to a@b.c"], True, 0)


def test_what_was_said_last_comes_first() -> None:
    """A long history is cut at its beginning."""
    texts = kept([turn(f"{number} " + "word " * 1000) for number in range(20)], rule("mails", "flag"))
    assert texts.is_cut
    assert [text.text.split()[0] for text in texts.kept] == [str(number) for number in range(13, 20)]
    assert sum(len(text.text) for text in texts.kept) <= MAX_BYTES
