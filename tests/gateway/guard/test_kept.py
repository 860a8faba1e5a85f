"""What is kept of the texts of an answer: redacted wherever anything was found, and nothing of what was not looked at."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.guard.kept import MAX_BYTES, AnswerTexts, KeepText, Span, Texts, redacted, spans
from gateway.guard.outcome import Findings
from gateway.guard.response import ResponseGuard
from gateway.guard.tokens import Tokens
from gateway.wire.anthropic.messages import Messages
from gateway.wire.model import Delta, Event, Form
from policies.conditions import Circumstances
from policies.decide import NotChecked
from policies.policy import Rule
from policies.subject import Asked, Subject
from policies.verdict import Action, Fired
from policies.vocabulary import Scope
from tests.support.guards import DIGITS, KEY, MAILS, Names, cut, plan, policy, rule


def guard_of(*rules: Rule, detectors: Any = (MAILS,), keep: KeepText = "redacted", tokens: Tokens | None = None) -> ResponseGuard:
    return ResponseGuard(plan(policy(*rules), detectors, keep), tokens or Tokens(KEY, "app"), lambda text: text.encode())


def event(*texts: str, channel: str = "content", form: Form = Form.TEXT) -> Event:
    return Event(b"", None, tuple(Delta((0, channel), Scope.OUTPUT, text, ("x",), form) for text in texts))


def hear(guard: ResponseGuard, *texts: str, answer: Any = Names.scan, ends: bool = True, **keys: Any) -> Texts:
    """What is kept of an answer that comes in these pieces; ``answer``: what a model says of a sentence."""
    for piece in texts:
        guard.feed(event(piece, **keys))
        settle(guard, answer)
        guard.release()
    if ends:
        guard.feed(Event(b"", None))
        guard.close()
        settle(guard, answer)
        guard.release()
    guard.covered()
    assert guard.findings.texts
    return guard.findings.texts


def settle(guard: ResponseGuard, answer: Any) -> None:
    while jobs := guard.needs():
        for job, _ in jobs:
            found = [answer(unit) for unit in job.units]
            guard.settle({job: found[0] if isinstance(found[0], NotChecked) else tuple(found)})


def said(texts: Texts) -> list[str]:
    return [text.text for text in texts.kept]


@pytest.mark.parametrize(
    ("text", "found", "expected"),
    [
        ("hello", [], "hello"),
        ("a@b.c", [Span(0, 5, "pii.EMAIL_ADDRESS")], "<EMAIL_ADDRESS>"),
        ("to a@b.c now", [Span(3, 8, "mail")], "to <mail> now"),
        ("0123456789", [Span(2, 4, "x.A"), Span(4, 6, "x.B")], "01<A><B>6789"),
        ("0123456789", [Span(4, 8, "x.B"), Span(2, 5, "x.A")], "01<B>89"),
        ("0123456789", [Span(2, 9, "x.A"), Span(3, 4, "x.B"), Span(8, 10, "x.C")], "01<A>"),
        ("0123456789", [Span(3, 4, "x.B"), Span(0, 10, "topics")], "<topics>"),
        ("0123", [Span(2, 99, "x.A")], "01<A>"),
        ("0123", [Span(4, 9, "x.A")], "0123"),
    ],
)
def test_redacted(text: str, found: list[Span], expected: str) -> None:
    """Every finding has its kind in its place; those that share a character have one."""
    assert redacted(text, found) == expected


@given(st.text("0123456789", max_size=30), st.lists(st.tuples(st.integers(0, 35), st.integers(0, 35)), max_size=6))
def test_nothing_of_a_finding_is_left(text: str, places: list[tuple[int, int]]) -> None:
    """What stays is what no finding has, in order."""
    found = [Span(min(place), max(place), "x.K") for place in places if place[0] != place[1]]
    stays = "".join([char for at, char in enumerate(text) if not any(span.start <= at < span.end for span in found)])
    assert redacted(text, found).replace("<K>", "") == stays


def test_a_check_that_did_not_run() -> None:
    """Where a rule could not look, it is not known where its findings are."""
    found = Fired("r", "pii.X", 0, 3, 0.9, Action.FLAG, shadow=True)
    assert spans([found]) == [Span(0, 3, "pii.X")]
    assert spans([found, found._replace(why="timeout")]) is None


@pytest.mark.parametrize("action", ["flag", "redact", "tokenize", "hash", "allow"])
@pytest.mark.parametrize("mode", ["enforce", "shadow"])
@given(places=st.lists(st.integers(0, 60), max_size=6))
def test_any_action_and_any_cutting(action: str, mode: str, places: list[int]) -> None:
    """An answer is kept as it would be if it came in one piece, whatever the rule does: also one that has nothing to do in an answer."""
    guard = guard_of(rule("mails", action, mode=mode))
    texts = hear(guard, *cut("write to a@b.c today or d@e.f, not 12 ", places))
    assert "".join(said(texts)) == "write to <EMAIL_ADDRESS> today or <EMAIL_ADDRESS> not 12 "
    assert (texts.left_out, texts.is_cut) == (0, False)


def test_what_a_restored_value_is_found_in_is_not_said() -> None:
    """A rule that replaces and restores looks at an answer for what is kept alone: nothing of the exchange changes by it."""
    guard = guard_of(rule("mails", "tokenize"))
    hear(guard, "it is a@b.c")
    assert guard.findings.placed == []
    assert guard.findings.action is Action.ALLOW
    assert [covered.rules for covered in guard.covered()] == [()]


def test_placeholders_stay() -> None:
    """What stands for a value is kept, and never the value."""
    tokens = Tokens(KEY, "app")
    placeholder = tokens.issue("EMAIL_ADDRESS", "a@b.c", restore=True)
    assert said(hear(guard_of(rule("mails", "tokenize"), tokens=tokens), f"I wrote to {placeholder} ")) == [f"I wrote to {placeholder} "]


def test_a_slow_rule_that_only_flags() -> None:
    """What a model says after a text is gone is taken out of what is kept."""
    texts = hear(guard_of(rule("names", "flag"), detectors=(Names(),)), "hello Alice. ", "bye Bob")
    assert said(texts) == ["hello <PERSON>. bye <PERSON>"]


def test_a_check_that_failed() -> None:
    """Nothing of its text is kept, which is counted."""
    texts = hear(guard_of(rule("names", "flag"), detectors=(Names(),)), "hello Alice", answer=lambda unit: NotChecked("pii", "timeout"))
    assert (said(texts), texts.left_out) == ([], 1)


def test_what_no_rule_looks_at() -> None:
    """It is not kept, and counted."""
    texts = hear(guard_of(rule("mails", "flag", scope=["user"])), "hello")
    assert (said(texts), texts.left_out) == ([], 1)


@pytest.mark.parametrize("action", ["redact", "tokenize"])
def test_what_is_rewritten_elsewhere(action: str) -> None:
    """A rule that rewrites a value anywhere looks for it in what is kept of an answer, and says nothing of that."""
    guard = guard_of(rule("mails", action, scope=["user"]), rule("numbers", "flag", scope=["output"]), detectors=(MAILS, DIGITS))
    assert said(hear(guard, "a@b.c or 12345")) == ["<EMAIL_ADDRESS> or <NUMBER>"]
    assert {hit.fired.rule for placed in guard.findings.placed for hit in placed.hits} == {"numbers"}


@pytest.mark.parametrize("app", ["shop", "other"])
def test_a_rule_that_is_not_asked(app: str) -> None:
    """Where a rule that rewrites is not asked, for its condition, nothing of the text is kept that others look at."""
    rules = rule("mails", "redact", when="exchange.app == 'shop'"), rule("numbers", "flag")
    about = Circumstances(Subject(app, "m", "chat"), Asked())
    guard = ResponseGuard(plan(policy(*rules), (MAILS,), "redacted"), Tokens(KEY, "app"), str.encode, about)
    texts = hear(guard, "to a@b.c")
    assert (said(texts), texts.left_out) == ((["to <EMAIL_ADDRESS>"], 0) if app == "shop" else ([], 1))


def test_rules_for_telemetry() -> None:
    """They need not look at exchanges, nor those for exchanges at telemetry."""
    made = plan(policy(rule("a", "redact", scope=["user"]), rule("b", "redact", scope=["telemetry"])), (MAILS,), "redacted")
    assert [made.may_keep(scope, made.on_request.rule_ids(scope)) for scope in (Scope.USER, Scope.TELEMETRY, Scope.SYSTEM)] == [
        True,
        True,
        False,
    ]


@pytest.mark.parametrize("action", ["flag", "redact", "tokenize"])
def test_an_answer_that_breaks_off(action: str) -> None:
    """What is not judged to its end is kept as far as it is, and said to be cut."""
    texts = hear(guard_of(rule("mails", action)), "hello you there, a@b", ends=False)
    assert "".join(said(texts)) in ("hello you there, ", "")
    assert texts.is_cut


@pytest.mark.parametrize("action", ["flag", "redact", "tokenize", "block"])
@given(places=st.lists(st.integers(0, 60), max_size=8), heard=st.integers(0, 9))
def test_broken_off_anywhere(action: str, places: list[int], heard: int) -> None:
    """However an answer comes and wherever it ends, what is kept of it is a beginning of what is kept of the whole."""
    texts = hear(guard_of(rule("mails", action)), *cut("write to a@b.c today or d@e.f, not 12 ", places)[: heard + 1], ends=False)
    assert "write to <EMAIL_ADDRESS> today or <EMAIL_ADDRESS> not 12 ".startswith("".join(said(texts)))


def test_what_is_said_over_again() -> None:
    """It is kept once."""
    guard = guard_of(rule("mails", "flag"))
    echo = Delta((0, "whole"), Scope.OUTPUT, "to a@b.c", ("y",), closes=True, echoes=True)
    guard.feed(Event(b"", None, (*event("to a@b.c").deltas, echo)))
    guard.close()
    guard.release()
    guard.covered()
    assert guard.findings.texts
    assert (said(guard.findings.texts), guard.findings.texts.left_out) == (["to <EMAIL_ADDRESS>"], 0)


def test_a_blocked_answer() -> None:
    """It is kept up to what was judged with it, without what it was blocked for."""
    texts = hear(guard_of(rule("mails", "block")), "hello a@b.c and ", "more", ends=False)
    assert (said(texts), texts.is_cut) == (["hello <EMAIL_ADDRESS> and "], True)


def test_arguments_of_a_call() -> None:
    """The texts in JSON are kept each by itself, with what was found in each taken out."""
    body = json.dumps({"to": "a@b.c", "body": 'say "hi"\n', "n": 12345678})
    for pieces in ([body], list(body)):
        texts = hear(guard_of(rule("mails", "flag"), detectors=(MAILS, DIGITS)), *pieces, form=Form.JSON)
        assert said(texts) == ["to", "<EMAIL_ADDRESS>", "body", 'say "hi"\n', "n", "<NUMBER>"]


def answer(*texts: str) -> Event:
    blocks = [{"type": "text", "text": text} for text in texts]
    raw = json.dumps({"type": "message", "role": "assistant", "content": blocks, "stop_reason": "end_turn"}).encode()
    return Messages().parse_completion(raw, "application/json")


@pytest.mark.parametrize("action", ["flag", "redact", "tokenize", "block"])
def test_a_value_over_two_texts(action: str) -> None:
    """Neither of the texts between which it is split is kept."""
    guard = guard_of(rule("mails", action))
    guard.feed(answer("write to a@", "b.c today"))
    guard.close()
    guard.release()
    guard.covered()
    assert guard.findings.texts
    assert (said(guard.findings.texts), guard.findings.texts.left_out) == ([], 2)


def test_two_texts_with_nothing_between() -> None:
    """Both are kept."""
    guard = guard_of(rule("mails", "flag"))
    guard.feed(answer("hello ", "you "))
    guard.close()
    guard.release()
    guard.covered()
    assert guard.findings.texts
    assert said(guard.findings.texts) == ["hello ", "you "]


def test_as_it_came() -> None:
    """In full, an answer is kept as it is, whatever a rule makes of it, and what none looks at as well."""
    assert said(hear(guard_of(rule("mails", "redact"), keep="full"), "to a@b.c ", "and d@e")) == ["to a@b.c and d@e"]
    assert said(hear(guard_of(keep="full"), "to a@b.c ")) == ["to a@b.c "]


@pytest.mark.parametrize("keep", ["none", "full", "redacted"])
@given(places=st.lists(st.integers(0, 60), max_size=6))
def test_the_answer_does_not_change(keep: KeepText, places: list[int]) -> None:
    """What goes out is the same, whatever is kept of it."""
    out, text = [], "write to a@b.c today or d@e.f, not 12 "
    guard = guard_of(rule("mails", "redact"), rule("names", "tokenize"), detectors=(MAILS,), keep=keep)
    for piece in [*cut(text, places), None]:
        guard.feed(Event(b"", None) if piece is None else event(piece))
        if piece is None:
            guard.close()
        release = guard.release()
        out += [*release.texts.values(), *(tail for _, tail in release.tails)] if release.texts or release.tails else [piece or ""]
    assert "".join(out) == "write to [EMAIL_ADDRESS] today or [EMAIL_ADDRESS] not 12 "


def test_nothing_is_kept_unless_it_is_asked_for() -> None:
    """Without the setting there are no texts at all."""
    guard = guard_of(rule("mails", "redact"), keep="none")
    guard.feed(event("to a@b.c"))
    guard.covered()
    assert guard.findings.texts is None


@pytest.mark.parametrize("keep", ["redacted", "full"])
def test_an_answer_without_end(keep: KeepText) -> None:
    """No more is kept than there is room for, which is said; so many texts take room as well."""
    guard = guard_of(rule("mails", "flag"), keep=keep)
    texts = hear(guard, *["word " * 1000] * 20)
    assert texts.is_cut
    assert MAX_BYTES - 200 < len("".join(said(texts)).encode()) <= MAX_BYTES
    many = guard_of(rule("mails", "flag"), keep=keep)
    texts = hear(many, json.dumps(["x"] * 10_000), form=Form.JSON)
    assert texts.is_cut
    assert len(texts.kept) < 1000


@pytest.mark.parametrize(("text", "kept"), [("ä" * MAX_BYTES, "ä" * ((MAX_BYTES - 64) // 2)), ("a\ud800b", "a?b"), ("", None)])
def test_bounds_and_strange_characters(text: str, kept: str | None) -> None:
    """The bound is one of bytes; what has no UTF-8 is replaced, and nothing is no text."""
    texts = Texts()
    texts.take(("x",), Scope.USER, text)
    assert said(texts) == ([] if kept is None else [kept])
    assert texts.is_cut is (len(text) > 10)


def test_texts_of_parts() -> None:
    """Those of a part come to stand below its place, within the bound of the whole."""
    whole, part = Findings(), Findings(texts=Texts(left_out=2))
    assert part.texts
    part.texts.take(("content",), Scope.USER, "hello")
    for number in range(2000):
        whole.absorb(part, ("rows", number), ("rows",))
    assert whole.texts
    assert whole.texts.kept[1] == (("rows", 1, "content"), Scope.USER, "hello")
    assert whole.texts.is_cut
    assert whole.texts.left_out == 4000
    assert len(whole.texts.kept) < 500


def test_a_text_that_says_nothing() -> None:
    """A channel without a character is no text, kept or left out."""
    texts = AnswerTexts(is_raw=False)
    texts.begin((0, "content"), Scope.OUTPUT, (), is_looked_at=True).take("")
    assert texts.texts() == Texts()
