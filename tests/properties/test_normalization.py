"""However a value is written, it is found, and nothing of it is left: in requests and answers, whole, cut, and split over texts."""

from base64 import b64encode, urlsafe_b64encode
from collections import deque
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from detectors.contract import TextDetector
from detectors.normalize import stands_for
from detectors.registry import Options, build
from gateway.guard.memo import Memo
from gateway.guard.plan import Plan, options_of
from gateway.guard.request import Memos, RequestGuard
from gateway.guard.tokens import Tokens
from gateway.wire.model import Form, Request, Segment
from policies.policy import PatternSpec
from policies.verdict import Action
from policies.vocabulary import Scope
from tests.support.guards import KEY, channel, cut, plan, policy, rule, stream

_ENTITIES = ("EMAIL_ADDRESS", "PHONE_NUMBER", "CREDIT_CARD", "US_SSN", "IBAN_CODE", "IP_ADDRESS")
_VALUES = [
    "john.doe@example.com",
    "415-555-0132",
    "4111-1111-1111-1111",
    "460-89-9847",
    "DE89370400440532013000",
    "192.168.12.7",
]
_LOOKALIKES = str.maketrans("aeopcxyABCEHKMOPTX", "аеорсхуАВСЕНКМОРТХ")
_FULL = {code: code + 0xFEE0 for code in range(33, 127)}

_WRITTEN: dict[str, Callable[[str], str]] = {
    "zero-width": "\u200b".join,
    "soft hyphen and bidi": lambda value: "\u202e" + "\u00ad".join(value) + "\u202c",
    "full width": lambda value: value.translate(_FULL),
    "look-alikes": lambda value: value.translate(_LOOKALIKES).replace("-", "\u2011"),
    "struck through": lambda value: "".join(f"{char}\u0336" for char in value),
    "percent": lambda value: "".join(f"%{byte:02X}" for byte in value.encode()),
    "HTML": lambda value: "".join(f"&#{ord(char)};" for char in value),
    "JSON": lambda value: "".join(f"\\u{ord(char):04x}" for char in value),
    r"\x": lambda value: "".join(f"\\x{byte:02x}" for byte in value.encode()),
}
_RUNS: dict[str, Callable[[str], str]] = {
    "base64": lambda value: b64encode(value.encode()).decode(),
    "base64url": lambda value: urlsafe_b64encode(value.encode()).decode().rstrip("="),
    "hex": lambda value: value.encode().hex(),
}
_ONE_TO_ONE = st.sampled_from(sorted(_WRITTEN))


@pytest.fixture(scope="module")
def guards() -> Plan:
    detectors: tuple[TextDetector, ...] = build("pii", Options(entities=_ENTITIES))
    return plan(policy(rule("pii", "redact", entities=_ENTITIES)), detectors)


def _reviewed(compiled: Plan, texts: list[str], form: Form = Form.TEXT) -> tuple[Action, list[str]]:
    segments = tuple(Segment(text, "user", Scope.USER, (index,), form, joins=("said",)) for index, text in enumerate(texts))
    body = list(texts)
    request = Request("chat", "m", False, body, b"", segments, ())
    guard = RequestGuard(compiled, request, Memos(Memo(KEY, 1 << 20), Memo(KEY, 1 << 20)), Tokens(KEY, "app"), "app")
    assert guard.needs() == []
    deque(guard.scan(), 0)
    return guard.verdict(), body


def _answered(compiled: Plan, pieces: list[str]) -> str:
    return "".join(stream(channel(policy(), compiled.on_answer.of(Scope.OUTPUT), Tokens(KEY, "app")), pieces))


def _is_hidden(out: str, before: str, after: str) -> bool:
    """What cannot be seen may be left: it is no part of the value."""
    return any(stands_for(out) == f"{before}[{entity}]{after}" for entity in _ENTITIES)


_slow = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@_slow
@given(st.sampled_from(_VALUES), st.lists(_ONE_TO_ONE, min_size=1, max_size=2), st.lists(st.integers(0, 999), max_size=6))
@example(_VALUES[0], ["full width", "percent"], [])
def test_no_way_of_writing_hides_a_value(guards: Plan, value: str, ways: list[str], places: list[int]) -> None:
    """Layers of one character after the other, in each other: found in a request and in an answer, however cut, to its last character."""
    written = value
    for way in ways:
        written = _WRITTEN[way](written)
    text = f"it is {written} ok"
    _, (request,) = _reviewed(guards, [text])
    assert _is_hidden(request, "it is ", " ok")
    for pieces in ([text], cut(text, places), list(text)):
        assert _answered(guards, pieces) == request


@_slow
@given(
    st.sampled_from(_VALUES), st.one_of(st.none(), _ONE_TO_ONE), st.lists(st.sampled_from(sorted(_RUNS)), min_size=1, max_size=2), st.data()
)
def test_no_encoding_hides_a_value(guards: Plan, value: str, way: str | None, runs: list[str], data: st.DataObject) -> None:
    """A run in which a value lies goes whole: what would be left of it could be decoded again."""
    written = _WRITTEN[way](value) if way else value
    for run in runs:
        written = _RUNS[run](f"this is {written}, keep it")
    text = f"see {written} ok"
    _, (request,) = _reviewed(guards, [text])
    assert _is_hidden(request, "see ", " ok")
    assert _answered(guards, cut(text, data.draw(st.lists(st.integers(0, 999), max_size=6)))) == request


@_slow
@given(st.sampled_from(_VALUES), st.one_of(st.none(), _ONE_TO_ONE), st.lists(st.integers(0, 999), min_size=1, max_size=5))
def test_no_seam_hides_a_value(guards: Plan, value: str, way: str | None, places: list[int]) -> None:
    """Split over the parts of a message, a value is replaced where it begins and gone from the others."""
    written = _WRITTEN[way](value) if way and "%" not in _WRITTEN[way]("a") else value
    text = f"it is {written} ok"
    _, parts = _reviewed(guards, cut(text, places))
    assert _is_hidden("".join(parts), "it is ", " ok")


_NEIGHBOURS = ["卡", "は", "전화", "ครับ", "карта", "رقم", "का", "ⵣ", "𐌰", "号，", ""]


@_slow
@given(
    st.sampled_from(_VALUES),
    st.one_of(st.none(), _ONE_TO_ONE),
    st.sampled_from(_NEIGHBOURS),
    st.sampled_from(_NEIGHBOURS),
    st.lists(st.integers(0, 999), max_size=6),
)
@example(_VALUES[2], None, "卡", "号", [])
@example("DE89370400440532013000", "HTML", "карта", "卡", [])
def test_no_neighbour_hides_a_value(guards: Plan, value: str, way: str | None, before: str, after: str, places: list[int]) -> None:
    """Right beside letters of another script, a value is gone to its last character, from a request and from an answer, however cut."""
    written = _WRITTEN[way](value) if way else value
    text = f"{before}{written}{after} ok"
    _, (request,) = _reviewed(guards, [text])
    assert stands_for(request).rpartition("]")[2] == f"{after} ok"
    assert stands_for(request).count("[") == 1
    for pieces in (cut(text, places), list(text)):
        assert _answered(guards, pieces) == request


_TERM = "Project Falcon"
_LEET = [("", ""), ("oae", "0@3"), ("l", "1")]


@pytest.fixture(scope="module")
def terms() -> Plan:
    spec = PatternSpec(name="CODENAME", regex="Project[ -]?Falcon", disguises=("spaced", "leet"))
    asking = rule("terms", "redact", entities=("CODENAME",), patterns=(spec,))
    return plan(policy(asking), build("pii", options_of(asking)))


@_slow
@given(
    st.sampled_from(_LEET),
    st.sampled_from(["", " ", ".", "\n", "--"]),
    st.one_of(st.none(), st.sampled_from(["zero-width", "full width", "HTML"])),
    st.sampled_from(["see ", "卡", "(", "it is 5 ", "a b c, "]),
    st.sampled_from([" ok", "号", "!", ". It is", ", x y"]),
    st.lists(st.integers(0, 999), max_size=6),
)
@example(_LEET[1], " ", None, "see ", " ok", [])
def test_no_disguise_hides_a_term(
    terms: Plan, leet: tuple[str, str], sign: str, way: str | None, before: str, after: str, places: list[int]
) -> None:
    """A term whose pattern asks for it is gone to its last character, spaced out, in leetspeak, or both, in whatever it is written."""
    written = sign.join(_TERM.translate(str.maketrans(*leet)))
    written = _WRITTEN[way](written) if way else written
    text = f"{before}{written}{after}"
    _, (request,) = _reviewed(terms, [text])
    assert stands_for(request) == f"{before}[CODENAME]{after}"
    for pieces in ([text], cut(text, places), list(text)):
        assert _answered(terms, pieces) == request


def test_who_does_not_ask_is_not_shown() -> None:
    """The same pattern without the key finds only what is written out."""
    plainly = rule("terms", "redact", entities=("CODENAME",), patterns=(PatternSpec(name="CODENAME", regex="Project[ -]?Falcon"),))
    compiled = plan(policy(plainly), build("pii", options_of(plainly)))
    texts = ["P r o j e c t - F a l c o n", "Pr0ject Falc0n", "Project Falcon"]
    assert [_reviewed(compiled, [text])[1] for text in texts] == [[texts[0]], [texts[1]], ["[CODENAME]"]]


def test_what_stands_in_a_key_blocks(guards: Plan) -> None:
    """A value across a seam that cannot be rewritten does not go on."""
    action, _ = _reviewed(guards, ["john@exam", "ple.com"], Form.KEY)
    assert action is Action.BLOCK


@_slow
@given(
    st.lists(
        st.sampled_from(
            ["Größe", "l’été", "Иван и Вера", "日本語。", "50% off", "AT&T", "C:\\new", "internationalisation", "a–b", "👩‍👧", " ", "\n"]
        )
    )
)
def test_what_is_harmless_stays(guards: Plan, words: list[str]) -> None:
    """Words of any language, and signs that spell nothing, go on as they came."""
    text = " ".join(words)
    assert _reviewed(guards, [text]) == (Action.ALLOW, [text])
    assert _answered(guards, list(text)) == text


@pytest.mark.parametrize("written", [quote("john@example.com", safe=""), "jo\u200bhn@example.com", "ｊohn@example.com"])
def test_a_value_has_one_placeholder_however_it_is_written(written: str) -> None:
    """It stands for what it says, and comes back as it was written."""
    detectors = build("pii", Options(entities=_ENTITIES))
    tokens = Tokens(KEY, "app")
    body = [written]
    request = Request("chat", "m", False, body, b"", (Segment(written, "user", Scope.USER, (0,)),), ())
    memos = Memos(Memo(KEY, 1 << 20), Memo(KEY, 1 << 20))
    guard = RequestGuard(plan(policy(rule("pii", "tokenize")), detectors), request, memos, tokens, "app")
    guard.needs()
    deque(guard.scan(), 0)
    guard.verdict()
    assert body == [Tokens(KEY, "app").issue("EMAIL_ADDRESS", "john@example.com", restore=True)]
    assert tokens.value_of(body[0][-7:-1]) == written
