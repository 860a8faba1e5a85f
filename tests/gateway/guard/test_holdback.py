"""What a channel releases, and when."""

from typing import Any

import pytest

from gateway.guard.holdback import TextChannel
from gateway.guard.tokens import Tokens
from policies.decide import NotChecked
from policies.verdict import Action
from policies.vocabulary import Scope
from tests.support.guards import DIGITS, KEY, MAILS, Names, Pattern, channel, plan, policy, rule, stream


def guarded(*rules: Any, detectors: Any = (DIGITS,), tokens: Tokens | None = None) -> TextChannel:
    made = channel(policy(), plan(policy(*rules), detectors).on_answer.of(Scope.OUTPUT), tokens)
    assert isinstance(made, TextChannel)
    return made


def test_a_number_split_across_pieces_is_never_released() -> None:
    """A value that a rule takes out does not leave, however the upstream cuts it."""
    subject = guarded(rule("numbers", "redact"))
    assert stream(subject, ["the number is 4111", "1111, keep", " it safe", " 12345678 "]) == [
        "the number is ",
        "41111111, ",  # the comma makes it no number
        "keep it ",
        "safe [NUMBER] ",
        "",
    ]
    assert [hit.fired.kind for hit in subject.hits] == ["pii.NUMBER"]


def test_words_leave_as_soon_as_they_are_whole() -> None:
    """Only the word that may still grow is held."""
    assert stream(guarded(rule("numbers", "redact")), ["Hello", " there", " my", " friend"]) == ["", "Hello ", "there ", "my ", "friend"]


def test_without_rules_nothing_is_held() -> None:
    """A channel that no rule and no placeholder concerns gives out what it is given."""
    assert stream(guarded(), ["a", "b <PERSON", "c"]) == ["a", "b <PERSON", "c", ""]


def test_a_flag_holds_nothing_back() -> None:
    """A rule that only flags lets text go at once and says what it found when it knows."""
    subject = guarded(rule("numbers", "flag"))
    assert stream(subject, ["12", "34", " x"]) == ["12", "34", " x", ""]
    assert [(hit.fired.start, hit.fired.end) for hit in subject.hits] == [(0, 4)]
    assert subject.action is Action.FLAG


def test_a_shadow_rule_changes_nothing() -> None:
    """A rule in shadow mode says what it would have done, holds nothing, and raises nothing."""
    subject = guarded(rule("numbers", "block", mode="shadow"))
    assert stream(subject, ["1234 x"]) == ["1234 x", ""]
    assert subject.action is Action.ALLOW
    assert [(hit.fired.action, hit.fired.shadow) for hit in subject.hits] == [(Action.BLOCK, True)]


def test_a_block_ends_the_channel() -> None:
    """After a rule blocks, not one more character comes out."""
    subject = guarded(rule("numbers", "block"))
    assert stream(subject, ["fine so far ", "1234 ", "and more"]) == ["fine so far ", "", "", ""]
    assert subject.blocked
    assert subject.is_settled


def test_a_placeholder_is_restored_and_other_text_that_looks_like_one_is_not() -> None:
    """Only what this exchange issued comes back as its value."""
    tokens = Tokens(KEY, "app")
    mine = tokens.issue("PERSON", "Anna", restore=True)
    other = Tokens(KEY, "other").issue("PERSON", "Anna", restore=True)
    assert "".join(stream(guarded(tokens=tokens), [f"{mine} and {other} "])) == f"Anna and {other} "


@pytest.mark.parametrize(
    "spelled",
    [
        "<EMAIL_ADDRESS_{}>",
        "<email_address_{}>",
        "EMAIL_ADDRESS_{}",
        "<EMAIL ADDRESS {}>",
        "<EMAIL-ADDRESS-{}>",
        "< EMAIL_ADDRESS_{} >",
        "&lt;EMAIL_ADDRESS_{}&gt;",
        r"<EMAIL\_ADDRESS\_{}>",
        "%3CEMAIL_ADDRESS_{}%3E",
        "<Email_Address_{}",
        "EMAIL_ADDRESS_{}>",
    ],
)
def test_what_models_do_to_placeholders_is_undone(spelled: str) -> None:
    """Case, spaces, hyphens, Markdown's backslashes and missing or escaped brackets do not keep a value from coming back."""
    tokens = Tokens(KEY, "app")
    keyed = tokens.issue("EMAIL_ADDRESS", "a@b.c", restore=True)[-7:-1]
    text = f"Mail {spelled.format(keyed)}, please"
    assert "".join(stream(guarded(tokens=tokens), list(text))) == "Mail a@b.c, please"
    assert "".join(stream(guarded(tokens=tokens), [text.replace(keyed, keyed.upper())])) == "Mail a@b.c, please"


def test_what_stands_around_a_placeholder_stays() -> None:
    """Spaces, signs and words beside a placeholder without brackets are not taken for a part of it."""
    tokens = Tokens(KEY, "app")
    bare = tokens.issue("EMAIL_ADDRESS", "a@b.c", restore=True).strip("<>")
    for text in (f"mail:  {bare} > 5", f"({bare})", f"- {bare} -", f"a < {bare} > b"):
        expected = text.replace(f"< {bare} >", "a@b.c").replace(bare, "a@b.c")
        assert "".join(stream(guarded(tokens=tokens), list(text))) == expected
        assert "".join(stream(guarded(tokens=tokens), [text])) == expected


@pytest.mark.parametrize("spelled", ["xEMAIL_ADDRESS_{}", "<EMAIL_ADDRESS_{}z>", "<PERSON_{}>", "{}"])
def test_what_is_no_placeholder_stays(spelled: str) -> None:
    """A part of a word, a longer word, another type, or the keyed part alone is not restored."""
    tokens = Tokens(KEY, "app")
    text = spelled.format(tokens.issue("EMAIL_ADDRESS", "a@b.c", restore=True)[-7:-1])
    assert "".join(stream(guarded(tokens=tokens), [text])) == text


def test_a_placeholder_is_not_a_finding() -> None:
    """Our own placeholder, though a rule finds something in it, is restored and neither rewritten nor recorded."""
    tokens = Tokens(KEY, "app")
    mine = tokens.issue("PERSON", "Zoe", restore=True)

    subject = guarded(rule("types", "redact"), detectors=(Pattern("TYPE", "PERSON", 6),), tokens=tokens)
    assert "".join(stream(subject, [f"{mine} wrote"])) == "Zoe wrote"
    assert subject.hits == []


def test_a_rule_outranks_restoring_where_they_meet() -> None:
    """A finding that reaches beyond a placeholder is rewritten whole: nothing of it leaves because a part would have been restored."""
    tokens = Tokens(KEY, "app")
    mine = tokens.issue("PERSON", "Zoe", restore=True)
    subject = guarded(rule("mails", "redact"), detectors=(MAILS,), tokens=tokens)
    assert "".join(stream(subject, [f"to {mine}@example.com now"])) == "to [EMAIL_ADDRESS] now"


def test_sentences_wait_for_their_model() -> None:
    """With ``stream: sentence`` a sentence is held until it has ended and its answer is there; the next one is not let out before it."""
    subject = guarded(rule("names", "redact", stream="sentence"), detectors=(Names(),))
    subject.feed("ask Anna. and then bob. and")
    (need,) = subject.needs()
    job, holds = need
    assert holds
    assert job.units == ("ask Anna. ",)
    assert subject.release() == ""
    subject.settle(job, (Names.scan("ask Anna. "),))
    assert subject.release() == "ask [PERSON]. and then bob. "
    subject.close()
    assert subject.needs() == []
    assert subject.release() == "and"


def test_whole_waits_for_the_end() -> None:
    """With ``stream: whole`` nothing leaves before the end."""
    subject = guarded(rule("names", "redact", stream="whole"), detectors=(Names(),))
    assert stream(subject, ["ask Anna. ", "now "]) == ["", "", "ask [PERSON]. now "]


@pytest.mark.parametrize(
    ("reason", "keys", "out"),
    [
        ("timeout", {}, ""),
        ("timeout", {"on_timeout": "allow"}, "ask Anna."),
        ("timeout", {"on_timeout": "flag", "on_error": "block"}, "ask Anna."),
        ("overload", {"on_timeout": "allow"}, ""),
        ("overload", {"on_unavailable": "flag"}, "ask Anna."),
        ("error", {"on_timeout": "allow"}, ""),
        ("unavailable", {"on_error": "flag"}, ""),
        ("unavailable", {"on_unavailable": "flag"}, "ask Anna."),
    ],
)
def test_a_check_that_could_not_run_is_decided_by_its_rule(reason: str, keys: dict[str, str], out: str) -> None:
    """What is missing takes the rule's ``on_timeout``, ``on_unavailable`` or ``on_error``; the default blocks, and it is recorded."""
    subject = guarded(rule("names", "redact", stream="sentence", **keys), detectors=(Names(),))
    subject.feed("ask Anna.")
    subject.close()
    for job, _ in subject.needs():
        subject.settle(job, NotChecked("pii", reason))
    assert subject.release() == out
    assert [hit.fired.why for hit in subject.hits] == [reason]


def test_held_text_is_forgotten_once_released() -> None:
    """A long answer does not stay in memory: what is kept is what is held and the look-behind."""
    subject = guarded(rule("numbers", "redact"))
    for _ in range(2000):
        subject.feed("some words of an answer ")
        subject.release()
    assert len(subject._text) < 2200


def test_fingerprints_are_equal_for_equal_values() -> None:
    """Two findings of one value have one fingerprint, and it is none of the value's characters."""
    subject = guarded(rule("numbers", "redact"))
    stream(subject, ["1234 5678 1234 "])
    first, second, third = (hit.fingerprint for hit in subject.hits)
    assert first == third != second
    assert "1234" not in first
