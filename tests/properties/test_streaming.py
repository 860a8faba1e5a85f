"""However the upstream cuts an answer, what comes out is what the guard makes of the whole."""

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from detectors.contract import TextDetector
from detectors.registry import Options, build
from gateway.guard.plan import Check
from gateway.guard.tokens import Tokens
from policies.vocabulary import Scope
from tests.support.guards import DIGITS, KEY, MAILS, Names, Pattern, channel, cut, plan, policy, rule, stream

TOKENS = Tokens(KEY, "app")
MAIL = TOKENS.issue("EMAIL_ADDRESS", 'anna "a" <k@example.com>', restore=True)
PERSON = TOKENS.issue("PERSON", "Anna Kovács", restore=True)

_PLAIN = ["hello", "card", "call", "Anna", "Smith.", "ends. New", "\n", "\n\n", "!", "…", "é", "日本", "🙂", "<", ">", "PERSON", "person "]
_VALUES = [
    "4111111111111111",
    "4111 1111 1111 1111",
    "+1 (415) 555-0123",
    "john@example.com",
    "a@b",
    "12345",
    "DE89 3704 0044 0532 0130 00",
]
_MORE = ["078-05-1120", "10.0.0.1", "https://example.org/x?y=1", "<4111111111111111_0>", "<EMAIL_ADDRESS_zzzzz2>"]
_WRITTEN = [
    *(
        "4111\u200b1111\u200b1111\u200b1111",
        "john%40example.com",
        "jоhn@example.com",
        "４１１１１１１１１１１１１１１１",
        "john&#64;example.com",
        "a%40",
        "\\n",
        "%",
    ),
    *(
        "am9obkBleGFtcGxlLmNvbQ==",
        "NDExMTExMTExMTExMTExMQ",
        "6a6f686e406578616d706c652e636f6d",
        "\u200b" * 40,
        "415\u2011555\u20110132",
        "a\u00a0",
    ),
]
_OURS = [MAIL, MAIL.lower(), MAIL.replace("_", " "), MAIL.strip("<>"), MAIL.replace("_", "\\_"), f"&lt;{PERSON.strip('<>')}&gt;", PERSON]
_WORDS = st.sampled_from([*_PLAIN, *_VALUES, *_MORE, *_WRITTEN, *_OURS, PERSON[:7], MAIL[:-3]])
_TEXTS = st.lists(
    st.one_of(_WORDS, st.text(max_size=6), st.text(st.characters(categories=["Nd", "Zs", "Po", "Lu"]), max_size=9)), max_size=12
)
_JOINED = st.builds(lambda words, glue: glue.join(words), _TEXTS, st.sampled_from(["", " ", " ", ", "]))
_PLACES = st.lists(st.integers(0, 10_000), max_size=12)


@pytest.fixture(scope="module")
def patterns() -> tuple[TextDetector, ...]:
    entities = ("EMAIL_ADDRESS", "PHONE_NUMBER", "CREDIT_CARD", "US_SSN", "IBAN_CODE", "IP_ADDRESS", "URL")
    return build("pii", Options(entities=entities))


def _checks(detectors: tuple[TextDetector, ...], **keys: object) -> tuple[Check, ...]:
    rules = [rule("one", "redact", **keys), rule("two", "mask", entities=("PERSON", "CREDIT_CARD"), **keys)]
    return plan(policy(*rules), detectors).on_answer.of(Scope.OUTPUT)


def _guarded(text: str, pieces: list[str], checks: tuple[Check, ...], *, is_json: bool = False) -> str:
    return "".join(stream(channel(policy(), checks, TOKENS, json=is_json), pieces))


@settings(max_examples=400, deadline=None)
@given(_JOINED, _PLACES)
@example(f"x {PERSON}", list(range(40)))
def test_placeholders_are_restored_however_the_text_is_cut(text: str, places: list[int]) -> None:
    """Restoring is the same for one chunk, for each character alone, and for any cutting between."""
    whole = _guarded(text, [text], ())
    assert _guarded(text, cut(text, places), ()) == whole
    assert _guarded(text, list(text), ()) == whole


@settings(max_examples=300, deadline=None)
@given(_JOINED, _PLACES)
def test_pattern_rules_do_not_depend_on_the_cutting(patterns: tuple[TextDetector, ...], text: str, places: list[int]) -> None:
    """The real patterns, with two rules in different styles and placeholders to restore, release the same text for every cutting."""
    checks = _checks(patterns)
    whole = _guarded(text, [text], checks)
    assert _guarded(text, cut(text, places), checks) == whole
    assert _guarded(text, list(text), checks) == whole


@settings(max_examples=300, deadline=None)
@given(_JOINED, _PLACES, st.sampled_from(["sentence", "whole"]))
def test_pooled_rules_do_not_depend_on_the_cutting(text: str, places: list[int], mode: str) -> None:
    """A detector of whole sentences beside one of patterns releases the same text for every cutting."""
    checks = _checks((DIGITS, MAILS, Names()), stream=mode)
    whole = _guarded(text, [text], checks)
    assert _guarded(text, cut(text, places), checks) == whole
    assert _guarded(text, list(text), checks) == whole


_SCALARS = st.one_of(_JOINED, st.integers(), st.booleans(), st.none(), st.floats(allow_nan=False, allow_infinity=False))
_INNER = st.one_of(_SCALARS, st.lists(_SCALARS, max_size=3), st.dictionaries(_JOINED, _SCALARS, max_size=2))
_JSON = st.one_of(_SCALARS, st.lists(_INNER, max_size=3), st.dictionaries(_JOINED, _INNER, max_size=3))


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(_JOINED, _JSON, max_size=3), _PLACES, st.booleans(), st.sampled_from([None, 2]))
def test_tool_arguments_do_not_depend_on_the_cutting(value: dict[str, object], places: list[int], ascii_: bool, indent: int | None) -> None:
    """Arguments cut anywhere (in an escape, in a surrogate pair) stay JSON, and mean what the whole would have meant."""
    text = json.dumps(value, ensure_ascii=ascii_, indent=indent)
    checks = _checks((DIGITS, MAILS, Names()))
    whole = _guarded(text, [text], checks, is_json=True)
    for pieces in (cut(text, places), list(text)):
        assert json.loads(_guarded(text, pieces, checks, is_json=True)) == json.loads(whole)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(_JOINED, _JSON, max_size=3), st.booleans(), _PLACES)
def test_untouched_arguments_go_on_as_they_came(value: dict[str, object], ascii_: bool, places: list[int]) -> None:
    """Where no rule finds anything and no placeholder stands, arguments come out as the very characters that went in."""
    text = json.dumps(value, ensure_ascii=ascii_)
    subject = channel(policy(), _checks(()), Tokens(KEY, "app"), json=True)
    assert "".join(stream(subject, cut(text, places))) == text


@settings(max_examples=200, deadline=None)
@given(_JOINED, _PLACES)
def test_nothing_that_a_rule_takes_out_is_ever_released(text: str, places: list[int]) -> None:
    """No piece that was released ever holds a part of a value that the rule finds in the whole."""
    checks = plan(policy(rule("all", "redact")), (Pattern("AT", r"\S*@\S*", 64),)).on_answer.of(Scope.OUTPUT)
    released = "".join(stream(channel(policy(), checks, None), cut(text, places)))
    assert "@" not in released
