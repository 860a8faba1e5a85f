"""Texts in parts of a body that have no names for them: every string, and every key that is more than a name."""

from random import Random
from string import ascii_letters, digits
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.encoded import encoded
from gateway.errors import BadRequest
from gateway.wire.model import Form
from gateway.wire.walk import MAX_DEPTH, dotted, is_name, is_structural, number_text, strings

VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=6)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=6), inner, max_size=4)),
)


def _all_texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value] if value else []
    if isinstance(value, list):
        return [text for item in value for text in _all_texts(item)]
    if isinstance(value, dict):
        return [text for key, item in value.items() for text in ([key] if not is_name(key) else []) + _all_texts(item)]
    return []


@given(VALUES)
def test_nothing_is_passed_over(value: object):
    """Each string and each prose key is given once, in order, with the place where it stands."""
    found = list(strings(value, ("root",)))
    assert [text for text, _, _ in found] == _all_texts(value)
    for text, place, form in found:
        at: object = {"root": value}
        for step in place[:-1]:
            at = at[step]
        assert (text in at) if form is Form.KEY else at[place[-1]] == text


def test_depth():
    """Nesting beyond the bound is an error that names a place and no text."""
    value: object = "deep"
    for _ in range(MAX_DEPTH + 1):
        value = [value]
    assert len(list(strings(value, ()))) == 1
    with pytest.raises(BadRequest) as raised:
        list(strings([value], ("metadata",)))
    assert (raised.value.code, raised.value.param) == ("too_deep", ".".join(["metadata", *["0"] * (MAX_DEPTH + 1)]))


@pytest.mark.parametrize(
    ("value", "structural", "name"),
    [
        ("function", True, True), ("gpt-4o-2024-08-06", True, False), ("call_Ab12Cd34", True, False), ("web_search/v1.2", True, True),
        ("", True, True), ("two words", False, False), ("a@b.org", False, False), ("<x>", False, False), ("é", False, False),
        ("a" * 256, True, True), ("a" * 257, False, False), ("line\n", False, False), ("４１１１", False, False),
        ("4111111111111111", False, False), ("203.0.113.7", True, False), ("10.0.0.1", True, False),
        ("DE89370400440532013000", True, False),
        ("536-90-4399", False, False), ("+12127365000", False, False), ("2024-08-06", True, False),
        ("12345678", True, False), ("$schema", True, True),
        ("$4111111111111111", False, False), ("$ 5", False, False),
        # numbers that are somebody's behind letters; those of a date, a version, a clock are nobody's
        ("card-4111-1111-1111-1111", False, False), ("id-4111111111111111", False, False), ("call_4111111111111111", False, False),
        ("call_4111_1111_1111_1111", False, False), ("a/4111.1111.1111.1111:b", False, False), ("x:4111111111111111", False, False),
        ("ssn-536-90-4399", False, False), ("id_536-90-4399", False, False), ("tel:+12127365000", False, False),
        ("tel-212-736-5000", False, False), ("tel-1-212-736-5000", False, False), ("call_4111111111111112", True, False),
        ("claude-3-5-sonnet-20241022", True, False), ("batch-1700000000", True, False), ("req_1700000000123", True, False),
        ("run-2024-08-06-12-30-45", True, False), ("ft:gpt-4o-2024-08-06:acme:v2:9abcDEF1", True, False),
        ("a4111111111111111b", True, False),
        # text in base64, of either alphabet and not padded, or in hexadecimal
        ("YW5uYS5rb3ZhY3NAZXhhbXBsZS5vcmc", False, False), ("NDExMTExMTExMTExMTExMQ", False, False),
        ("key-am9obkBleGFtcGxlLmNvbQ", False, False),
        ("6a6f686e406578616d706c652e636f6d", False, False),
        # ids as APIs give them out, and names that are as long
        ("chatcmpl-B9MHDbslfkBeAs8l4bebGdFOJ6PeG", True, False), ("toolu_01A09q90qw90lq917835lq9", True, False),
        ("9b2d7c1e-52f4-4b3a-9a63-0d2f1c7e8b45", True, False), ("d41d8cd98f00b204e9800998ecf8427e", True, False),
        ("msg_68af4030baa48193b0b43b4c2a176a1a0d7f4b5", True, False), ("code_interpreter_call.interpreting", True, True),
    ],
)  # fmt: skip
def test_identifiers_and_names(value: str, structural: bool, name: bool):
    """An identifier has no prose in it; a name has not even the digits of a number that means somebody."""
    assert is_structural(value) is structural
    assert is_name(value) is name


def test_ids_as_apis_make_them():
    """No id that is drawn at random in the shapes that APIs have for theirs is taken for text."""
    draw = Random(7)
    letters = ascii_letters + digits
    shapes = ("chatcmpl-", "call_", "msg_01", "toolu_01", "file-", "resp_", "run_", "fp_", "asst_", "batch_", "req_")
    for _ in range(3000):
        made = [f"{shape}{''.join(draw.choices(letters, k=24))}" for shape in shapes]
        made += [str(UUID(int=draw.getrandbits(128), version=4)), f"{draw.getrandbits(160):040x}", f"resp_{draw.getrandbits(200):050x}"]
        made += [f"chatcmpl-{UUID(int=draw.getrandbits(128), version=4)}", f"trace-{draw.randint(10**9, 2 * 10**9)}"]
        assert [each for each in made if not is_structural(each) and not encoded(each)] == []


@pytest.mark.parametrize(("value", "structural"), [(None, True), (1, True), (1.5, True), (True, True), ([], False), ({}, False)])
def test_values_that_are_no_text(value: object, structural: bool):
    """Numbers carry no prose; what may contain anything is not structural."""
    assert is_structural(value) is structural


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        (("messages", 0, "content"), "messages.0.content"),
        ((), ""),
        (("metadata", "my name is Anna"), "metadata.*"),
        (("metadata", "4111111111111111", "x"), "metadata.*.x"),
        (("metadata", "a@b.org"), "metadata.*"),
    ],
)
def test_dotted(place: tuple, expected: str):
    """A place is named without repeating a key that may be somebody's data."""
    assert dotted(place) == expected


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (4111111111111111, "4111111111111111"), (4111111111111111.0, "4111111111111111"), (-4155550123, "-4155550123"), (1e6, "1000000"),
        (1234567.5, "1234567.5"), (999_999, None), (0.5, None), (True, None), (None, None), ("4111111111111111", None),
        (float("inf"), "inf"),
    ],
)  # fmt: skip
def test_numbers_that_could_be_somebodys(value: object, text: str | None):
    """A number of seven digits and more has a text, in which detectors see its digits; smaller ones mean nobody."""
    assert number_text(value) == text
